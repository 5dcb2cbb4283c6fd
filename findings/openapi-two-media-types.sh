#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   from an operation that takes application/json with one schema or application/cloudevents+json with another, a generated client can
#          send either, each with its own schema.
# Instead: OpenAPI Generator (java, python, typescript-fetch) makes classes of both schemas and an operation that takes only the first. The
#          Python client lets the second content type be chosen, and then sends the first schema's body under it. openapi-python-client knows
#          both bodies, but its module for such an operation uses a name (Unset) that it does not import, and cannot be loaded by Python 3.11.
# Hurts:   who generates a client from /openapi.json of gi-http: a CloudEvent without its envelope is refused (422), or nothing can be posted.
#          A document for generators offers one media type a body.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install openapi-python-client==0.29.1 pydantic==2.14.4 python-dateutil==2.9.0.post0 urllib3==2.8.0 &&
        mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get -Dtransitive=false \
                -Dartifact=org.openapitools:openapi-generator-cli:7.25.0; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >api.json <<'END'
{"openapi": "3.1.0", "info": {"title": "events", "version": "1"}, "paths": {"/events/help-started": {"post": {"operationId": "helpStarted",
 "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fact"}},
  "application/cloudevents+json": {"schema": {"$ref": "#/components/schemas/Cloudevent"}}}},
 "responses": {"202": {"description": "taken"}}}}},
 "components": {"schemas": {"Fact": {"type": "object", "required": ["case_id"], "properties": {"case_id": {"type": "string"}}},
  "Cloudevent": {"type": "object", "required": ["specversion", "id", "data"],
   "properties": {"specversion": {"type": "string"}, "id": {"type": "string"}, "data": {"$ref": "#/components/schemas/Fact"}}}}}}
END
jar=$(find m2 -name 'openapi-generator-cli-*.jar')
for kind in java python typescript-fetch; do
        java -jar "$jar" generate -i api.json -g $kind -o $kind >$kind.log 2>&1
done
v/bin/openapi-python-client generate --path api.json --output-path other --meta none >other.log 2>&1
cat >post.py <<'END'
import sys

sys.path[:0] = ["python", "."]
import openapi_client
from openapi_client.api.default_api import DefaultApi

fact = openapi_client.Fact(case_id="c")
event = openapi_client.Cloudevent(specversion="1.0", id="1", data=fact)
for name, body, kind in (("Fact", fact, None), ("Fact", fact, "application/cloudevents+json"), ("Cloudevent", event, "application/cloudevents+json")):
    try:
        sent = []
        api = DefaultApi()
        api.api_client.call_api = lambda method, url, headers, body, *rest, **more: sent.append((headers["Content-Type"], body)) or sys.exit()
        api.help_started(body, _content_type=kind)
    except SystemExit:
        print(f"python, {name}:", *sent[0])
    except Exception as e:
        print(f"python, {name}:", type(e).__name__)
try:
    import other.api.default.help_started
    print("openapi-python-client: module loads")
except NameError as e:
    print("openapi-python-client:", e.args[0])
END
java=java/src/main/java/org/openapitools/client
{
        echo "java has" "$(ls $java/model | grep -oE '^(Fact|Cloudevent)' | xargs), posts" \
                "$(grep -oE 'helpStarted\(@[a-zA-Z.]+ [A-Za-z]+' $java/api/DefaultApi.java | grep -oE '[A-Za-z]+$' | sort -u | xargs)"
        echo "typescript-fetch has" "$(ls typescript-fetch/models | grep -oE '^(Fact|Cloudevent)' | xargs), posts" \
                "$(sed -n '/interface HelpStartedRequest/,/}/p' typescript-fetch/apis/DefaultApi.ts | grep -oE ': [A-Z][a-z]+' | tr -d ': ')"
        v/bin/python post.py
} >seen 2>&1
cat >expected <<'END'
java has Cloudevent Fact, posts Fact
typescript-fetch has Cloudevent Fact, posts Fact
python, Fact: application/json {'case_id': 'c'}
python, Fact: application/cloudevents+json {'case_id': 'c'}
python, Cloudevent: ValidationError
openapi-python-client: name 'Unset' is not defined
END
v/bin/python --version
v/bin/pip freeze | grep openapi
basename "$jar"
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
