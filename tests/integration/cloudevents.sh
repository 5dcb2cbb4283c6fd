#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: what gi-http, webhook and inboxes on Kafka send is what CloudEvents SDKs read, and what these SDKs send is taken, in structured and in
# binary mode; time is when it was recorded, and ketenwacht's own messages have the source that is configured.
# Method: each SDK, with what it fills in by itself, posts events to a gi-http on a real broker with a worker; what then comes by webhook in both modes, in
# pages and on Kafka is recorded, and each SDK must read in it what stands there. Needs python3-venv, npm, Go, Maven, Java and Cargo; the SDKs come through
# pip, npm, Go, Maven and Cargo.
#
# Usage: cloudevents.sh KETENWACHT PROJECT
set -uo pipefail

readonly python_sdk=cloudevents==2.2.0 kafka_client=confluent-kafka==2.16.1 javascript_sdk=cloudevents@10.0.0
readonly go_sdk=github.com/cloudevents/sdk-go/v2@v2.16.2 java_sdk=4.0.1
readonly copy_plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies
readonly urn=urn:nld:oin:00000099000000000014:systeem:ketenwacht
ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
. "$project/tests/integration/quietly.sh"
programs=$project/tests/integration/cloudevents
python=$fixture_dir/venv/bin/python
came=$fixture_dir/came
export PYTHONDONTWRITEBYTECODE=1 EVENT=measure-started

fail() {
        echo "cloudevents: $*" >&2
        exit 1
}

fetch_python() { python3 -m venv "$fixture_dir/venv" && "$fixture_dir/venv/bin/pip" -q install "$python_sdk" "$kafka_client"; }
fetch_javascript() { cd "$fixture_dir" && npm install --silent --no-audit --no-fund "$javascript_sdk" && cp "$programs/sdk.cjs" .; }
fetch_go() {
        mkdir "$fixture_dir/go" && cp "$programs/main.go" "$fixture_dir/go/" && cd "$fixture_dir/go" && go mod init sdk && go get "$go_sdk" && go build -o sdk .
}
fetch_java() {
        mkdir "$fixture_dir/java" && cp "$programs/Sdk.java" "$fixture_dir/java/" && cd "$fixture_dir/java" && cat >pom.xml <<END_POM &&
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>f</groupId><artifactId>f</artifactId>
<version>1</version><dependencies>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-http-basic</artifactId><version>$java_sdk</version></dependency>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-json-jackson</artifactId><version>$java_sdk</version></dependency>
</dependencies></project>
END_POM
                mvn -q -B "$copy_plugin" -DoutputDirectory=lib && javac -cp 'lib/*' -d . Sdk.java
}

fetch_rust() { cp -r "$programs/rust" "$fixture_dir/rust" && cd "$fixture_dir/rust" && cargo build -q -j 2; }

# sdk NAME ARGUMENTS...: what each does, by one word; plain is none of them.
sdk() {
        local name=$1 what=$2
        shift 2
        case $name in
                python-old) "$python" "$programs/sdk.py" "$what" old "$@" ;;
                python-new) "$python" "$programs/sdk.py" "$what" new "$@" ;;
                plain) "$python" "$programs/sdk.py" "$what" plain "$@" ;;
                javascript) (cd "$fixture_dir" && node sdk.cjs "$what" "$@") ;;
                go) "$fixture_dir/go/sdk" "$what" "$@" ;;
                rust) "$fixture_dir/rust/target/debug/sdk" "$what" "$@" ;;
                java) java -cp "$fixture_dir/java/lib/*:$fixture_dir/java" Sdk "$what" "$@" ;;
        esac
}
sdks=(python-old python-new javascript go java rust)

echo "-- SDKs"
for language in python javascript go java rust; do
        (quietly "fetch_$language") || exit 1
done

echo "-- a door, a worker, and receivers in both modes"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP KETENWACHT_CONFIG=$fixture_dir/config KETENWACHT_SCHEMAS=$project/schemas
fixture_configuration "$KETENWACHT_CONFIG" "$fixture_name" 2
echo "ketenwacht: {urn: '$urn'}" >>"$KETENWACHT_CONFIG/organisations.yaml"
printf 'connector: gi-http\nlisten: 127.0.0.1:0\ntokens: {gi-a: {env: TOKEN_GI}, gm0001: {env: TOKEN_GM}}\n' >"$fixture_dir/door.yaml"
TOKEN_GI=$(head -c 32 /dev/urandom | base64)
TOKEN_GM=$(head -c 32 /dev/urandom | base64)
export TOKEN_GI TOKEN_GM
mkdir "$came"
"$python" "$programs/record.py" "$came" >"$fixture_dir/port" &
wait_for 60 "the receiver" test -s "$fixture_dir/port" || exit 1
quietly "$ketenwacht" topics apply
"$ketenwacht" rules 2>"$fixture_dir/rules.log" &
"$ketenwacht" connect "$fixture_dir/door.yaml" 2>"$fixture_dir/door.log" &
for mode in structured binary; do
        printf 'connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:%s/%s\nmode: %s\n' "$(<"$fixture_dir/port")" $mode $mode \
                >"$fixture_dir/$mode.yaml"
        "$ketenwacht" connect "$fixture_dir/$mode.yaml" 2>"$fixture_dir/$mode.log" &
done
wait_for 60 "the door" grep -q '"address":"' "$fixture_dir/door.log" || fail "$(tail -n 5 "$fixture_dir/door.log")"
address=http://$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$fixture_dir/door.log" | head -n 1)

echo "-- what they send is taken"
quietly curl -sSf -o "$fixture_dir/api.json" "$address/openapi.json"
count=0
for name in "${sdks[@]}"; do
        for mode in structured binary; do
                # Informed weeks ago, so that each is alerted of too; recorded yesterday, which is not the present that an SDK fills in.
                "$python" - "$fixture_dir/api.json" >"$fixture_dir/event.json" <<'END_EVENT'
import json, sys, uuid
event = json.load(open(sys.argv[1]))["components"]["schemas"]["measure-started"]["examples"][0]
ids = {name: str(uuid.uuid4()) for name in ("event_id", "case_id", "measure_id")}
print(json.dumps(dict(event, verdict_date="2026-01-05", informed_date="2026-01-05", **ids)))
END_EVENT
                said=$(sdk $name send $mode "$address" <"$fixture_dir/event.json")
                [ "${said%% *}" = 202 ] || fail "$name, $mode: $said"
                count=$((count + 1))
        done
done

# same WANTED WHO: what was read is what stands there.
same() {
        cmp -s "$fixture_dir/read" "$fixture_dir/$1" && return
        diff "$fixture_dir/$1" "$fixture_dir/read" | head -n 5 >&2
        fail "$2 reads otherwise: $(tail -n 5 "$fixture_dir/said")"
}

echo "-- what comes is read"
has_come() { [ "$(cat "$came/$1.jsonl" 2>/dev/null | wc -l)" -ge $((2 * count)) ]; } # a copy and an alert of each
for mode in structured binary; do
        wait_for 120 "what is delivered in $mode mode" has_come $mode || fail "$(tail -n 5 "$fixture_dir/$mode.log")"
done
quietly curl -sSf -H "Authorization: Bearer $TOKEN_GM" -o "$came/page.json" "$address/inbox?limit=1000"
quietly "$python" "$programs/record.py" "$came" "$fixture_name.inbox.gm0001"
sdk plain read page "$came/page.json" | sort >"$fixture_dir/wanted"
for said in "$urn nl.ketenwacht.escalation-raised.v1" "urn:ketenwacht:gi-a nl.ketenwacht.measure-started.v1"; do
        [ "$(grep -cF " $said " "$fixture_dir/wanted")" -eq $count ] || fail "not $count of $said: $(<"$fixture_dir/wanted")"
done
# time is when it was recorded: of the copies that of the example, yesterday at 10:05.
recorded=$(sed -n 's/.* nl.ketenwacht.measure-started.v1 \([0-9]*\) .*/\1/p' "$fixture_dir/wanted" | sort -u)
[ "$recorded" = "$(date -d 'TZ="Europe/Amsterdam" yesterday 10:05' +%s)000" ] || fail "time is not recorded_at: $recorded"
for name in plain "${sdks[@]}"; do
        for what in structured binary page; do
                kind=http
                file=$came/$what.jsonl
                [ $what != page ] || { kind=page && file=$came/page.json; }
                sdk $name read $kind "$file" 2>"$fixture_dir/said" | sort -u >"$fixture_dir/read"
                same wanted "$name, $what"
        done
done
sed 's/ [^ ]*$/ c301/' "$fixture_dir/wanted" >"$fixture_dir/wanted.kafka" # of the data only the frame is compared
for name in plain python-old python-new javascript; do
        sdk $name read kafka "$came/kafka.jsonl" 2>"$fixture_dir/said" | sort >"$fixture_dir/read"
        same wanted.kafka "$name, kafka"
done
! grep -il 'charset=UTF-8' "$came"/*.jsonl | xargs -r grep -l 'charset=UTF-8' || fail "a charset in capitals, which receivers in JavaScript refuse"
echo "$count events sent by ${#sdks[@]} SDKs in two modes and taken; $((2 * count)) messages read by each, by webhook, in pages and on Kafka"
