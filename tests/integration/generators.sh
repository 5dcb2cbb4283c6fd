#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: who generates a client from the OpenAPI document of gi-http can post every event with it, read what became of one, and read
# what was wrong. Method: two generators, from a running gi-http's document on a real broker with a worker; each client posts the example of every
# event by the classes that were made for it. Needs python3-venv, Maven and Java; what else there is comes through pip and Maven.
#
# Usage: generators.sh KETENWACHT PROJECT
set -uo pipefail

readonly openapi_python_client=0.29.1 openapi_generator=7.25.0
readonly generator_get=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get
readonly libraries=(pydantic==2.14.4 python-dateutil==2.9.0.post0 urllib3==2.8.0 httpx==0.28.1 attrs==26.1.0)
ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
. "$project/tests/integration/quietly.sh"
configuration=$fixture_dir/config
python=$fixture_dir/venv/bin/python
export PYTHONDONTWRITEBYTECODE=1

fail() {
        echo "generators: $*" >&2
        exit 1
}


echo "-- generators"
quietly python3 -m venv "$fixture_dir/venv"
quietly "$fixture_dir/venv/bin/pip" -q install "openapi-python-client==$openapi_python_client" "${libraries[@]}"
quietly mvn -q -B "-Dmaven.repo.local=$fixture_dir/maven" "$generator_get" -Dtransitive=false \
        "-Dartifact=org.openapitools:openapi-generator-cli:$openapi_generator"
jar=$(find "$fixture_dir/maven" -name "openapi-generator-cli-$openapi_generator.jar")

echo "-- a door"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP KETENWACHT_CONFIG=$configuration KETENWACHT_SCHEMAS=$project/schemas
fixture_configuration "$configuration" "$fixture_name" 2
printf 'connector: gi-http\nlisten: 127.0.0.1:0\ntokens: {gi-a: {env: TOKEN_GI}, gm0001: {env: TOKEN_GM}}\n' >"$fixture_dir/door.yaml"
TOKEN_GI=$(head -c 32 /dev/urandom | base64)
TOKEN_GM=$(head -c 32 /dev/urandom | base64)
export TOKEN_GI TOKEN_GM
quietly "$ketenwacht" topics apply
"$ketenwacht" rules 2>"$fixture_dir/rules.log" &
"$ketenwacht" connect "$fixture_dir/door.yaml" 2>"$fixture_dir/door.log" &
wait_for 60 "the door" grep -q '"address":"' "$fixture_dir/door.log" || fail "$(tail -n 5 "$fixture_dir/door.log")"
address=http://$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$fixture_dir/door.log" | head -n 1)
quietly curl -sSf -o "$fixture_dir/api.json" "$address/openapi.json?media=json"

echo "-- openapi-python-client $openapi_python_client"
quietly "$fixture_dir/venv/bin/openapi-python-client" generate --path "$fixture_dir/api.json" --output-path "$fixture_dir/first_client" --meta none
"$python" "$project/tests/integration/generated_client.py" openapi-python-client "$fixture_dir" "$address" || fail "its client does not do"

echo "-- OpenAPI Generator $openapi_generator"
quietly java -jar "$jar" generate -i "$fixture_dir/api.json" -g python --package-name second_client -o "$fixture_dir/second"
mv "$fixture_dir/second/second_client" "$fixture_dir/"
"$python" "$project/tests/integration/generated_client.py" openapi-generator "$fixture_dir" "$address" || fail "its client does not do"
