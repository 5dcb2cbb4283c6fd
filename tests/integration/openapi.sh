#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: the OpenAPI document of gi-http is right, and gi-http does what it says, to whoever posts what is valid and what is not. That of the console is
# right, too (tests/browser/console.py asks what is in it).
# Method: a validator judges both forms of the document; schemathesis posts every example, and to operations that between them have every form of a
# field all that it can think of, valid and invalid, to a running gi-http on the embedded broker. What no schema can say stands in schemathesis_hooks.py.
# Needs python3-venv; the rest comes through pip.
#
# Usage: openapi.sh KETENWACHT PROJECT
set -uo pipefail

readonly schemathesis=schemathesis==4.32.5 validator=openapi-spec-validator==0.9.0
readonly seed=1 examples=25
# Booleans, enums, names, dates, what may be null, personal fields, own fields, organisations, regions; and what is read.
readonly thorough='^(/events/(measure-started|residence-changed|help-waitlisted|deviation-explained|meeting-held|protocol-adopted|{event_id})|/inbox)$'
ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
. "$project/tests/integration/quietly.sh"
bin=$fixture_dir/venv/bin
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$project/tests/integration SCHEMATHESIS_HOOKS=schemathesis_hooks

fail() {
        echo "openapi: $*" >&2
        exit 1
}

echo "-- tools"
quietly python3 -m venv "$fixture_dir/venv"
quietly "$bin/pip" -q install "$schemathesis" "$validator"

echo "-- a door"
export KETENWACHT_CONFIG=$fixture_dir/config KETENWACHT_SCHEMAS=$project/schemas
fixture_configuration "$KETENWACHT_CONFIG" "$fixture_name" 2
printf 'connector: gi-http\nlisten: 127.0.0.1:0\ntokens: {gi-a: {env: TOKEN_GI}, gm0001: {env: TOKEN_GM}, operators: {env: TOKEN_OPERATORS}}\n' \
        >"$fixture_dir/door.yaml"
for name in TOKEN_GI TOKEN_GM TOKEN_OPERATORS; do
        export "$name=$(head -c 32 /dev/urandom | base64)"
done
"$ketenwacht" mock >"$fixture_dir/mock" &
wait_for 60 "the broker" grep -q bootstrap "$fixture_dir/mock" || exit 1
KETENWACHT_BOOTSTRAP=$(sed -n 's/.*"bootstrap":"\([^"]*\)".*/\1/p' "$fixture_dir/mock")
export KETENWACHT_BOOTSTRAP
"$ketenwacht" connect "$fixture_dir/door.yaml" 2>"$fixture_dir/door.log" &
wait_for 60 "the door" grep -q '"desk-ready"' "$fixture_dir/door.log" || fail "$(tail -n 5 "$fixture_dir/door.log")"
address=http://$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$fixture_dir/door.log" | head -n 1)

echo "-- the document"
for form in '' '?media=json'; do
        quietly curl -sSf -o "$fixture_dir/api.json" "$address/openapi.json$form"
        quietly "$bin/openapi-spec-validator" "$fixture_dir/api.json"
done

"$ketenwacht" console --open-on-localhost --port 0 2>"$fixture_dir/console.log" &
wait_for 60 "the console" grep -q '"console-listens"' "$fixture_dir/console.log" || fail "$(tail -n 5 "$fixture_dir/console.log")"
quietly curl -sSf -o "$fixture_dir/console.json" "http://127.0.0.1:$(sed -n 's/.*"port":\([0-9]*\).*/\1/p' "$fixture_dir/console.log" | head -n 1)/openapi.json"
quietly "$bin/openapi-spec-validator" "$fixture_dir/console.json"

# found PHASES ARGUMENTS...: schemathesis finds nothing. A NUL is refused in every text, which no schema can say.
printf '[generation]\nallow-x00 = false\ndatabase = "none"\n' >"$fixture_dir/st.toml"
found() {
        quietly "$bin/st" --config-file "$fixture_dir/st.toml" --no-color run "$address/openapi.json" --mode all --seed $seed -n $examples --checks all \
                --continue-on-failure --no-shrink --warnings off --phases "$@"
        sed -n 's/^ *\([0-9]* generated, .*\)/\1/p' "$fixture_dir/said"
}

echo "-- every example"
found examples
echo "-- all that can be thought of"
found coverage,fuzzing --include-path-regex "$thorough"
quietly kill -0 %1 %2 %3 # all run still
