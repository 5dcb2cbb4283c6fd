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

# The program that works: neither the bus in memory nor what only measures is in it. The other shows that nm would say so.
for prefix in bench_ memory_ avro_value_; do
        if nm "$ketenwacht" | grep " $prefix" || ! nm "$ketenwacht-bench" | grep -q " $prefix"; then
                echo "$prefix…: what only measures belongs in $ketenwacht-bench, and not in $ketenwacht"
                failed=1
        fi
done
alone=$(mktemp -d) || exit 1
trap 'rm -rf "$alone"' EXIT
cp "$ketenwacht" "$alone/ketenwacht"
for arguments in codec --help; do
        got=$("$alone/ketenwacht" bench "$arguments" 2>&1)
        status=$?
        want="ketenwacht bench: the program $alone/ketenwacht-bench is not to be had: No such file or directory; it is built and installed beside this one"
        if [ $status -ne 3 ] || [ "$got" != "$want" ]; then
                printf 'bench %s without its program: status %s, printed %s\n' "$arguments" "$status" "$got"
                failed=1
        fi
done

number='[0-9]+\.[0-9]+'
keys="\{\"decode_ns\":$number,\"encode_ns\":$number,\"avro_c_decode_ns\":$number,\"avro_c_encode_ns\":$number"
keys="$keys,\"json_ns\":$number,\"nested_json_ns\":$number\}"
row 0 "$keys" codec --json --schemas "$schemas"
row 0 "decode +$number ns +$number ns +${number}x" codec --schemas "$schemas"
row 2 ".*cannot read /nothing/safety-raised.avsc: it does not exist.*" codec --schemas /nothing
row 2 ".*no benchmark 'codc' \(did you mean 'codec'\?\).*" codc
row 2 '.*say which benchmark.*' --json
row 0 'Usage: ketenwacht bench codec .*' codec --help
row 0 '  load      generated events, to measure with: as lines, or onto a broker' --help
row 2 ".*no benchmark 'codc'.*" codc --help
row 2 ".*bench codec: 'more' is one argument too many.*" codec more
row 2 ".*no option '--jsn' \(did you mean '--json'\?\).*" codec --jsn

# The load: the same seed says the same, another seed something else, and replay takes every line.
row 2 ".*no shape 'yaer' \(did you mean 'year'\?\).*" load --shape yaer
row 2 ".*--cases '9000000' is not a number from 1 to [0-9]+.*" load --shape year --cases 9000000
now=2026-11-22T07:00:00+01:00
for shape in four year; do
        load() {
                "$ketenwacht" bench load --shape $shape --cases 200 --now $now --config "$2" --schemas "$schemas" --seed "$1"
        }
        first=$(load 7 "$2" | cksum)
        if [ "$first" != "$(load 7 "$2" | cksum)" ] || [ "$first" = "$(load 8 "$2" | cksum)" ]; then
                echo "bench load --shape $shape: a seed does not say what comes"
                failed=1
        fi
        if load 7 "$2" | "$ketenwacht" replay --settle $now --config "$2" --schemas "$schemas" | grep -m 3 rejected; then
                echo "bench load --shape $shape: replay refused the lines above"
                failed=1
        fi
done

row 0 "plain +$number +$number" ids
row 0 "\\{.*\"plain_ns\":$number,\"plain_eight_ns\":$number\\}" ids --json
# The engine, with little work.
row 2 ".*--rounds '0' is not a number from 1 to 100.*" codec --rounds 0

deadlines=${0%/*}/../bench/four-deadlines
count='[0-9]+'
figures="\\{\"events_per_s\":$count,\"ns_per_event\":$number,\"memory_bytes_per_fact\":$number,\"topic_bytes_per_fact\":$number,\
\"memory_bytes_per_telling\":$number,\"topic_bytes_per_telling\":$number\\}"
row 0 "\\{\"5\":$figures,\"10\":$figures,\"100\":$figures,\"1000\":$figures\\}" \
        engine --json --rounds 1 --events 1000 --schemas "$schemas" --config "$deadlines"
row 0 " +10 +$count.*" engine --facts 10 --rounds 1 --events 1000 --schemas "$schemas" --config "$deadlines"
row 2 '.*cases have 5, 10, 100 or 1000 facts here, not 7.*' engine --facts 7 --schemas "$schemas" --config "$deadlines"
row 2 '.*--dump needs --facts.*' engine --dump "$alone" --schemas "$schemas" --config "$deadlines"
row 1 '.*/nothing/stream cannot be written; --dump takes a folder that is there.*' \
        engine --facts 5 --events 1000 --dump /nothing --schemas "$schemas" --config "$deadlines"
# What goes in and comes out, the same each time: a row of each fact, and effects.
mkdir "$alone/once" "$alone/again"
for folder in once again; do
        row 0 " +5 +$count.*" engine --facts 5 --rounds 1 --events 1000 --dump "$alone/$folder" --schemas "$schemas" --config "$deadlines"
done
cmp "$alone/once/stream" "$alone/again/stream" && cmp "$alone/once/outputs" "$alone/again/outputs" || failed=1
python3 - "$alone/once" <<'CHECK' || failed=1
import pathlib, struct, sys
def pieces(name, head):
    data, at = (pathlib.Path(sys.argv[1]) / name).read_bytes(), 0
    while at < len(data):
        n, = struct.unpack_from("<I", data, at + head)
        yield data[at:at + head], data[at + head + 4:at + head + 4 + n]
        at += head + 4 + n
events = [body for _, body in pieces("stream", 0)]
outputs = list(pieces("outputs", 1))
facts = [body for kind, body in outputs if kind == b"R" and body[16:17] == b"f"]
assert len(events) == len(facts) == 1000, (len(events), len(facts))
assert all(body[:2] == b"\xc3\x01" for body in events + [body for kind, body in outputs if kind == b"E"])
assert {kind for kind, _ in outputs} == {b"E", b"R"}
CHECK

# json NAME JQ ARGUMENTS…: exactly one line, an object of which the expression of jq holds.
json() {
        name=$1
        holds=$2
        shift 2
        got=$("$ketenwacht" bench "$name" --json --schemas "$schemas" "$@" 2>/dev/null)
        status=$?
        if [ "$status" -ne 0 ] || [ "$(printf '%s\n' "$got" | wc -l)" -ne 1 ] || ! printf '%s\n' "$got" | jq -e "$holds" >/dev/null; then
                printf 'bench %s %s: status %s\n  printed  %s\n  expected %s\n' "$name" "$*" "$status" "$got" "$holds"
                failed=1
        fi
}

# The whole country: every region has norms, of which only its own cases hear.
country=$(mktemp -d)
"$2/../tests/bench/country.py" "$2/.." "$country"
json engine '(keys == ["5"]) and .["5"].events_per_s > 0 and .["5"].memory_bytes_per_telling > 0' --facts 5 --events 500 --rounds 1 --config "$country"
rm -rf "$country"

# Four deadlines: two fall due together, and two by themselves. Each tells one municipality.
json timers '.cases == 2000 and .engine_fired == 6000 and .engine_told == 8000 and .worker_cases == 2000
        and .worker_fired == .engine_fired and .worker_told == .engine_told and .fired_per_s > 0 and .heap_insert_pop_per_s > 0
        and .heap_insert_pop_per_s < .heap_insert_per_s and .memory_bytes_per_case > 100 and .memory_bytes_per_case < 2000
        and (.resident_bytes_per_case | type) == "number"' --cases 2000 --config "$2/../tests/bench/four-deadlines"
row 2 ".*--cases '0' is not a number from 1 to 20000000.*" timers --cases 0

exit $failed
