#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht decode` prints what it promises, whatever way the bytes come, and its exit status says how it went.
# Method: rows of bytes and arguments, a pattern of the output (standard output and error together) and the status; a stream that
# comes in pieces, one that does not end, one that nobody reads.
# Usage: decode.sh KETENWACHT CONFIG

ketenwacht=$(realpath "$1") # it goes to another folder below
schemas=$2/../schemas
failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
unset LC_ALL LC_MESSAGES LANG

# check NAME STATUS GOT WANTED_STATUS PATTERN
check() {
        # shellcheck disable=SC2254 # the pattern is meant
        case $3 in
        $5) ;;
        *)
                printf 'decode %s\n  printed  %s\n  expected %s\n' "$1" "$3" "$5"
                failed=1
                ;;
        esac
        if [ "$2" -ne "$4" ]; then
                printf 'decode %s: status %s, expected %s\n' "$1" "$2" "$4"
                failed=1
        fi
}

# row STATUS OUTPUT BYTES ARGUMENTS…: bytes as printf writes them.
row() {
        want_status=$1 want=$2 bytes=$3
        shift 3
        # shellcheck disable=SC2059 # the bytes are the format
        got=$(printf "$bytes" | "$ketenwacht" decode "$@" 2>&1)
        check "$*" $? "$got" "$want_status" "$want"
}

cd "$scratch" || exit 2
cat >order.avsc <<'END'
{"type": "record", "name": "shop.Order", "fields": [
  {"name": "id", "type": {"type": "string", "logicalType": "uuid"}},
  {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
    {"name": "name", "type": "string"},
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}},
    {"name": "tags", "type": {"type": "map", "values": ["null", "string", "Item"]}}]}}},
  {"name": "paid", "type": ["null", {"type": "long", "logicalType": "timestamp-micros"}, "string"]}]}
END
cat >order2.avsc <<'END'
{"type": "record", "name": "Order", "fields": [
  {"name": "paid", "type": ["string", {"type": "long", "logicalType": "timestamp-micros"}, "null"]},
  {"name": "currency", "type": {"type": "enum", "name": "Currency", "symbols": ["EUR"]}, "default": "EUR"},
  {"name": "goods", "aliases": ["items"], "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
    {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}},
    {"name": "name", "type": "string"}]}}}]}
END
echo '"int"' >int.avsc
echo '"string"' >string.avsc
echo '"bytes"' >bytes.avsc
echo '"null"' >null.avsc
echo '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "strin"}]}' >wrong.avsc
order='\002x\002\002b\004\373\036\004\002k\000\002l\002\002v\000\000\000'
line='{"id":"x","items":\[{"name":"b","price":"-12.50","tags":{"k":null,"l":"v"}}\],"paid":null}'

row 0 "$line
$line" "$order$order" --writer order.avsc
row 0 '{"paid":null,"currency":"EUR","goods":\[{"price":"-12.50","name":"b"}\]}' "$order" --writer order.avsc --reader order2.avsc
row 0 '{"id":"","items":\[\],"paid":"1970-01-01T01:00:00.000001+01:00"}' '\000\000\002\002' --writer order.avsc
row 0 '' '' --writer order.avsc
row 0 '1
-1
64' '\002\001\200\001' --writer int.avsc
row 0 '"01ff"' '\004\001\377' --writer bytes.avsc
row 0 '' '' --writer null.avsc

# Frames: of the writer, of the reader, of neither; the id of a registry is passed over.
print_fingerprint() {
        "$ketenwacht" schema fingerprint "$1" | sed -n '1s/^\([0-9a-f]*\).*/\1/p' | fold -w 2 | tac | sed 's/^/\\x/' | tr -d '\n'
}
row 0 '1
2' "\303\001$(print_fingerprint int.avsc)\002\303\001$(print_fingerprint int.avsc)\004" --writer int.avsc --framing single
echo '"long"' >long.avsc
row 0 '1
2' "\303\001$(print_fingerprint int.avsc)\002\303\001$(print_fingerprint long.avsc)\004" --writer int.avsc --reader long.avsc --framing single
row 1 '1
ketenwacht decode: datum 2: byte 11: this was written by a schema with fingerprint ????????????????, and not by int.avsc (7275d51a3f395c8f)' \
        "\303\001$(print_fingerprint int.avsc)\002\303\001$(print_fingerprint long.avsc)\004" --writer int.avsc --framing single
row 1 'ketenwacht decode: datum 1: byte 0: no frame of single encoding stands here (C3 01 *' '\002' --writer int.avsc --framing single
row 1 'ketenwacht decode: datum 1: byte 0: no frame of single encoding stands here (C3 01 *' '\303\001\000' --writer int.avsc --framing=single
row 0 'null
null' "\303\001$(print_fingerprint null.avsc)\303\001$(print_fingerprint null.avsc)" --writer null.avsc --framing single
row 0 '1
2' '\000\000\000\000\007\002\000\000\000\001\000\004' --writer int.avsc --framing confluent
row 1 '1
ketenwacht decode: datum 2: byte 6: no frame of confluent encoding stands here (00 *' \
        '\000\000\000\000\007\002\001' --writer int.avsc --framing confluent

# Bytes that are wrong: what was right before them is printed.
row 1 "$line
ketenwacht decode: datum 2: field 'items\[1\].name', byte 28: not a value that can stand here" \
        "$order"'\002x\004\002a\002\000\000\002\377' --writer order.avsc
row 1 "ketenwacht decode: datum 1: field 'items\[0\].price', byte 5: not a value that can stand here" \
        '\002x\002\002b\000\000\000' --writer order.avsc
row 1 "ketenwacht decode: datum 1: field 'items\[0\].tags{1}', byte 14: the bytes end too early" \
        '\002x\002\002b\002\000\004\002k\000\002l\002\004v' --writer order.avsc
row 1 'ketenwacht decode: datum 1: byte 0: the bytes end too early' '\200' --writer int.avsc
row 1 'ketenwacht decode: datum 1: byte 0: what null.avsc describes takes no bytes, and yet there are some' '\000' --writer null.avsc

row 1 'ketenwacht decode: this is a container file, which has its schema inside: *' 'Obj\001\004' --writer string.avsc

# Schemas and options.
row 2 "*: wrong.avsc: field 'a': no type 'strin' is known here (did you mean 'string'?)" '' --writer wrong.avsc
row 2 "*: wrong.avsc: veld 'a': hier is geen type 'strin' bekend (bedoelde u 'string'?)" '' --writer wrong.avsc --lang nl
row 2 '*what int.avsc writes cannot be read as string.avsc: the value was written as int and cannot be read as string' '' \
        --writer int.avsc --reader string.avsc
row 2 '*wat int.avsc schrijft, is niet te lezen als string.avsc: de waarde is geschreven als int en niet te lezen als string' '' --lang nl \
        --writer int.avsc --reader string.avsc
row 2 '*cannot read nothing.avsc: it does not exist*' '' --writer nothing.avsc
row 2 '*--writer FILE is missing*' ''
row 2 "*--framing is none, single or confluent, not 'singel' (did you mean 'single'?)*" '' --writer int.avsc --framing singel
row 2 "*no option '--reder' (did you mean '--reader'?)*" '' --writer int.avsc --reder x
row 2 "*'x.avro' is too much: datums come from standard input*" '' --writer int.avsc x.avro
row 0 'Usage: ketenwacht decode --writer FILE*Exit status:*' '' --help

# An event that we ship.
id=6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11
row 0 "{\"event_id\":\"$id\",\"case_id\":\"$id\",*\"recorded_at\":\"1970-01-01T01:00:00.001+01:00\",*\"goals\":true,\"help\":false,*}" \
        "\\110$id\\110$id"'\014gi-jbn\000\002\000\110'"$id"'\000\001\000\001\000\001' \
        --writer "$schemas/course-agreed.avsc" --reader "$schemas/course-agreed.avsc"

# A line comes when its bytes have come, and not only at the end: the other end waits for it before it writes on.
mkfifo to from
"$ketenwacht" decode --writer string.avsc <to >from &
exec 8>to 9<from
printf '\006abc\006d' >&8
read -r -t 60 -u 9 got
check 'in pieces, the first' 0 "$got" 0 '"abc"'
printf 'ef' >&8
read -r -t 60 -u 9 got
check 'in pieces, the second' 0 "$got" 0 '"def"'
exec 8>&-
wait $!
check 'in pieces' $? '' 0 ''
exec 9<&-

# A datum larger than what is read at once, and one larger than any may be.
got=$( (printf '\200\200\200\001'; head -c 1048576 /dev/zero; printf '\002\001') |
        "$ketenwacht" decode --writer bytes.avsc | { head -c 2097154 | tail -c 3; tail -n 1; })
check 'a large datum' 0 "$got" 0 '00""01"'
got=$( (printf '\202\200\200\020'; head -c 1000 /dev/zero) | "$ketenwacht" decode --writer bytes.avsc 2>&1)
check 'too large a datum' $? "$got" 1 '*datum 1: byte 0: not a value that can stand here'
echo '{"type": "array", "items": "bytes"}' >list.avsc
got=$( (printf '\004\200\200\200\012'; head -c 10485760 /dev/zero; printf '\200\200\200\012'; head -c 10485760 /dev/zero) |
        "$ketenwacht" decode --writer list.avsc 2>&1)
check 'a datum without end' $? "$got" 1 '*datum 1: byte 0: the datum that begins here is larger than 16777216 bytes'

# Input that does not end, and nobody who reads on: it stops at once, without a word.
got=$( (yes | tr -d '\n' | "$ketenwacht" decode --writer int.avsc; printf '%s' "$?" >status) 2>&1 | head -n 1)
check 'cut off' 0 "$got$(cat status)" 0 '-61141'

exit $failed
