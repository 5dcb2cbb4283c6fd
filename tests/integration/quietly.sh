# SPDX-License-Identifier: EUPL-1.2
#
# For scripts that fetch and build what others made, which is worth a word only when it goes wrong. To be sourced.

# quietly COMMAND...: shows the end of what it says, and ends the script, when it fails. What it said stands in the file "said" of the script's own
# folder ($fixture_dir, or $work) until the next.
quietly() {
        local said=${fixture_dir-$work}/said
        "$@" >"$said" 2>&1 || {
                tail -n 100 "$said" >&2
                echo "$(basename "$0" .sh): failed: $*" >&2
                exit 1
        }
}
