#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht schema` prints what it promises, and its exit status says how it went.
# Method: rows of arguments, a pattern of the output (standard output and error together) and the status.
# Usage: schema.sh KETENWACHT CONFIG

ketenwacht=$1
schemas=$2/../schemas
failed=0
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

# row STATUS OUTPUT ARGUMENTS…: the output is a pattern of the shell.
row() {
        want_status=$1
        want=$2
        shift 2
        got=$("$ketenwacht" schema "$@" 2>&1)
        status=$?
        # shellcheck disable=SC2254 # the pattern is meant
        case $got in
        $want) ;;
        *)
                printf 'schema %s\n  printed  %s\n  expected %s\n' "$*" "$got" "$want"
                failed=1
                ;;
        esac
        if [ "$status" -ne "$want_status" ]; then
                printf 'schema %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

# The names and fingerprints of the Avro specification.
printf '{"type": "null"}' >"$scratch/null.avsc"
printf '{ "fields":[],\n"type":"record", "name":"foo", "namespace":"x.y", "doc":"Useful"}' >"$scratch/foo.avsc"
printf '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "strin"}]}' >"$scratch/wrong"
row 0 '63dd24e7cc258f8a  8a8f25cce724dd63  the specification: *Java*63dd24e7cc258f8a  8a8f25cce724dd63  hamba/avro' fingerprint "$scratch/null.avsc"
row 0 '"null"' canonical "$scratch/null.avsc"
row 0 '521d1a6b830ec4ab  abc40e836b1a1d52  the specification*' fingerprint "$scratch/foo.avsc"
row 0 '{"record":"x.y.foo","fingerprints":{"specification":{"number":"521d1a6b830ec4ab","wire":"abc40e836b1a1d52"},"avro":*' \
        fingerprint --json "$scratch/foo.avsc"
# As four libraries have it: each otherwise; of a time of day only the specification's is known.
row 0 'b61714847ab38fa1  a18fb37a841417b6  the specification*
0dc26a9e7fb6bc24  24bcb67f9e6ac20d  avro (PyPI)
0dc26a9e7fb6bc24  24bcb67f9e6ac20d  apache-avro (Rust)
f7749f197323bed5  d5be2373199f74f7  goavro
421a804dfe80c10e  0ec180fe4d801a42  hamba/avro' fingerprint "$schemas/measure-started.avsc"
printf '{"type": "int", "logicalType": "time-millis"}' >"$scratch/time.avsc"
row 0 '7275d51a3f395c8f  8f5c393f1ad57572  the specification: ketenwacht, Java, fastavro, twmb/avro' fingerprint "$scratch/time.avsc"
rm "$scratch/time.avsc"
row 0 '{"name":"x.y.foo","type":"record","fields":\[\]}' canonical "$scratch/foo.avsc"
row 2 "*/wrong: field 'a': no type 'strin' is known here (did you mean 'string'?)" fingerprint "$scratch/wrong"
row 2 "*cannot read $scratch/nothing: it does not exist*" canonical "$scratch/nothing"

row 0 '*measure-started  * [0-9a-f]*  Start van een kinderbeschermingsmaatregel*' list --schemas "$schemas"
row 0 'foo *521d1a6b830ec4ab  Useful*null *63dd24e7cc258f8a*' list --schemas "$scratch"
row 0 '{"name":"foo","fingerprint":"521d1a6b830ec4ab","wire":"abc40e836b1a1d52","record":"x.y.foo","doc":"Useful"}*' list --json --schemas "$scratch"
row 2 "*cannot open the folder $scratch/nothing*" list --schemas "$scratch/nothing"
mkdir "$scratch/empty"
row 2 '*holds no .avsc files*' list --schemas "$scratch/empty"
# One that is wrong does not hide the others.
mkdir "$scratch/some" && cp "$scratch/wrong" "$scratch/some/a.avsc" && cp "$scratch/null.avsc" "$scratch/some/b.avsc"
row 2 "*b *63dd24e7cc258f8a*a.avsc: field 'a'*" list --schemas "$scratch/some"

row 0 '*nl.ketenwacht.event.MeasureStarted*identity: "measure_id"*kind *enum*one of OTS, VOTS,*birth_date *date[?]*personal: true*' \
        show measure-started --schemas "$schemas"
row 2 "*no schema 'mesure-started' in *(did you mean 'measure-started'[?])*" show mesure-started --schemas "$schemas"
row 2 "*no schema '../config/version'*" show ../config/version --schemas "$schemas"

# Where nothing answers nothing is registered; a registry that answers is tried by integration/registry.sh.
mkdir "$scratch/config"
row 2 "*broker.yaml names no registry*" register --schemas "$schemas" --config "$scratch/config"
printf 'registry: {url: "http://127.0.0.1:1"}\n' >"$scratch/config/broker.yaml"
row 3 '*the registry at http://127.0.0.1:1 does not answer*' register --schemas "$schemas" --config "$scratch/config"
printf 'registry: {url: "http://127.0.0.1:1", auth: {token: {env: NOT_THERE}}}\n' >"$scratch/config/broker.yaml"
row 2 '*no variable NOT_THERE*' register --schemas "$schemas" --config "$scratch/config"

# All of a folder: what it ships is what it holds, the versions of its history in their order.
"$ketenwacht" schema fingerprint --all --schemas "$schemas" >"$scratch/all" 2>&1
cmp -s "$scratch/all" "$schemas/fingerprints.json" || {
        echo "schemas/fingerprints.json is not of these schemas; ketenwacht schema fingerprint --all >schemas/fingerprints.json makes it anew"
        failed=1
}
mkdir -p "$scratch/versions/history/foo" && cp "$scratch/foo.avsc" "$scratch/versions/"
for version in 10 2 1; do cp "$scratch/foo.avsc" "$scratch/versions/history/foo/$version.avsc"; done
row 0 '*"version":1,"file":"history/foo/1.avsc",*"version":2,*"version":10,*"version":null,"file":"foo.avsc","record":"x.y.foo",*' \
        fingerprint --all --schemas "$scratch/versions"
cp "$scratch/foo.avsc" "$scratch/versions/history/foo/old.avsc"
row 2 '*history/foo/old.avsc: a published version is called by its number: 1.avsc*' fingerprint --all --schemas "$scratch/versions"
cp "$scratch/wrong" "$scratch/versions/history/foo/1.avsc"
row 2 "*history/foo/1.avsc: field 'a': no type 'strin'*" fingerprint --all --schemas "$scratch/versions"
row 2 '*fingerprint --all takes nothing more*' fingerprint --all "$scratch/foo.avsc"
row 2 '*canonical knows no --all*' canonical --all

# Two schemas: every reason in both directions, in both languages, and for programs.
# record TYPE-OF-A FIELDS-OF-THE-ITEMS: a record with a number and a list of records.
record() {
        printf '{"type": "record", "name": "R", "fields": [{"name": "a", "type": "%s"}, {"name": "k", "type": {"type": "array", "items":' "$1"
        printf '{"type": "record", "name": "K", "fields": [%s]}}}]}' "$2"
}
record int '{"name": "s", "type": "string"}' >"$scratch/old.avsc"
record long '{"name": "s", "type": "string"}, {"name": "n", "type": "int"}' >"$scratch/new.avsc"
backward="BACKWARD: $scratch/new.avsc does not read all that $scratch/old.avsc writes
  field 'k.items.n' is not written and has no default"
forward="FORWARD: $scratch/old.avsc does not read all that $scratch/new.avsc writes
  field 'a' is written as long and cannot be read as int"
row 1 "$backward
$forward" compatible "$scratch/old.avsc" "$scratch/new.avsc" --lang en
row 1 "$backward" compatible "$scratch/old.avsc" "$scratch/new.avsc" --lang en --level BACKWARD
row 1 "$forward" compatible "$scratch/old.avsc" "$scratch/new.avsc" --lang en --level=FORWARD
row 1 "BACKWARD: *new.avsc leest niet alles wat *old.avsc schrijft*veld 'k.items.n' wordt niet geschreven en heeft geen default*" \
        compatible --lang nl "$scratch/old.avsc" "$scratch/new.avsc"
row 0 "BACKWARD: *reads all*FORWARD: *reads all*" compatible "$scratch/old.avsc" "$scratch/old.avsc" --lang en
row 1 '{"level":"BACKWARD","code":"DEFAULT","avro":true,"writer":"k.items","reader":"k.items.n","reason":"field *"}
{"level":"BACKWARD","compatible":false,"reasons":1}' compatible "$scratch/old.avsc" "$scratch/new.avsc" --level BACKWARD --json --lang en
row 0 '{"level":"FULL","compatible":true,"reasons":0}' compatible "$scratch/foo.avsc" "$scratch/foo.avsc" --json
row 2 "*no level 'BACKWRD' (did you mean 'BACKWARD'[?]); it can be BACKWARD, FORWARD or FULL*" \
        compatible "$scratch/old.avsc" "$scratch/new.avsc" --level BACKWRD
row 2 "*/wrong: veld 'a': *" compatible "$scratch/old.avsc" "$scratch/wrong" --lang nl
row 2 "*cannot read $scratch/nothing: it does not exist*" compatible "$scratch/nothing" "$scratch/new.avsc" --lang en
row 2 '*compatible takes OLD NEW*' compatible "$scratch/old.avsc"
row 2 '*list knows no --level*' list --level FULL

row 2 '*say what: list,*see ketenwacht schema --help'
row 2 "*no 'lst' of schemas (did you mean 'list'[?])*" lst
row 2 '*show takes NAME*' show
row 2 '*list takes nothing more*' list x
row 2 '*canonical knows no --json*' canonical --json "$scratch/foo.avsc"
row 2 "*no option '--jsn' (did you mean '--json'[?])*" list --jsn
row 2 '*the option --schemas needs a value*' list --schemas
row 0 'Usage: ketenwacht schema list*Exit status:*' --help

exit $failed
