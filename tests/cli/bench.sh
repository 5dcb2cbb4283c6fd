#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht bench` measures and prints what machines and people read. Method: the form of the output;
# how fast it is depends on the machine and is no matter of a test.
# Usage: bench.sh KETENWACHT CONFIG

ketenwacht=$1
schemas=$2/../schemas
failed=0

# row STATUS OUTPUT ARGUMENTS…: the output is an extended regular expression for a whole line.
row() {
        want_status=$1
        want=$2
        shift 2
        got=$("$ketenwacht" bench "$@" 2>&1)
        status=$?
        if ! printf '%s\n' "$got" | grep -Eqx -- "$want"; then
                printf 'bench %s\n  printed  %s\n  expected %s\n' "$*" "$got" "$want"
                failed=1
        fi
        if [ "$status" -ne "$want_status" ]; then
                printf 'bench %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

number='[0-9]+\.[0-9]+'
row 0 "\{\"decode_ns\":$number,\"encode_ns\":$number,\"avro_c_decode_ns\":$number,\"avro_c_encode_ns\":$number\}" codec --json --schemas "$schemas"
row 0 "decode +$number ns +$number ns +${number}x" codec --schemas "$schemas"
row 2 ".*cannot open /nothing/measure-started.avsc: .*" codec --schemas /nothing
row 2 ".*no benchmark 'codc' \(did you mean 'codec'\?\).*" codc
row 2 '.*say which benchmark.*' --json
row 0 'Usage: ketenwacht bench codec .*' codec --help
row 2 ".*no benchmark 'codc'.*" codc --help
row 2 ".*bench codec: 'more' is one argument too many.*" codec more
row 2 ".*no option '--jsn' \(did you mean '--json'\?\).*" codec --jsn

exit $failed
