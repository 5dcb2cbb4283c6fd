#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: the console's service file is one that systemd takes without a word, and leaves the process little to do harm with.
# Method: systemd-analyze on a copy that runs this program. What it says counts, since verify ends with 0 whatever it finds.
# Usage: service.sh KETENWACHT ROOT

ketenwacht=$(realpath "$1")
root=$2
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
export SYSTEMD_LOG_COLOR=0 SYSTEMD_LOG_TARGET=console

sed "s|^ExecStart=[^ ]*|ExecStart=$ketenwacht|" "$root/ops/ketenwacht-console.service" >"$work/ketenwacht-console.service"
grep -q "^ExecStart=$ketenwacht console " "$work/ketenwacht-console.service" || {
        echo "the service does not run ketenwacht console"
        exit 1
}
said=$(systemd-analyze verify "$work/ketenwacht-console.service" 2>&1 | grep ketenwacht-console)
[ -z "$said" ] || {
        echo "$said"
        exit 1
}
systemd-analyze security --offline=true --threshold=30 "$work/ketenwacht-console.service"
