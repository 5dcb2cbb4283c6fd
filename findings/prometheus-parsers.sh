#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a parser of the Prometheus text format gives the families by the names in their # TYPE lines, and the buckets of a histogram in the
#          order in which they stand, which is rising.
# Instead: prometheus_client calls the family of a counter x_total just x (its samples keep the name). parse-prometheus-text-format makes the
#          buckets members of a JavaScript object, which puts whole numbers first: 0.5, 1, 5, +Inf become 1, 5, 0.5, +Inf.
# Hurts:   who tests or reads /metrics of ketenwacht in a script: a counter looked up by its family's name is not found, and a share computed
#          by walking the buckets of a histogram with bounds on both sides of 1 is wrong without a sign.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install prometheus-client==0.26.0 && npm i --silent --no-audit --no-fund parse-prometheus-text-format@1.1.1; } \
        >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >metrics.txt <<'END'
# HELP x_events_total Events.
# TYPE x_events_total counter
x_events_total 3
# HELP x_late_seconds Lateness.
# TYPE x_late_seconds histogram
x_late_seconds_bucket{le="0.5"} 1
x_late_seconds_bucket{le="1"} 2
x_late_seconds_bucket{le="5"} 3
x_late_seconds_bucket{le="+Inf"} 4
x_late_seconds_sum 9
x_late_seconds_count 4
END
cat >read.py <<'END'
from prometheus_client.parser import text_string_to_metric_families

for family in text_string_to_metric_families(open("metrics.txt").read()):
    print("prometheus_client:", family.name, family.type, [sample.labels["le"] for sample in family.samples if "le" in sample.labels])
END
cat >read.mjs <<'END'
import parse from 'parse-prometheus-text-format'
import fs from 'fs'
for (const { name, type, metrics } of parse(fs.readFileSync('metrics.txt', 'utf8')))
        console.log('parse-prometheus-text-format:', name, type.toLowerCase(), Object.keys(metrics[0].buckets || {}))
END
{ v/bin/python read.py; node read.mjs; } >seen 2>&1
cat >expected <<'END'
prometheus_client: x_events counter []
prometheus_client: x_late_seconds histogram ['0.5', '1', '5', '+Inf']
parse-prometheus-text-format: x_events_total counter []
parse-prometheus-text-format: x_late_seconds histogram [ '1', '5', '0.5', '+Inf' ]
END
v/bin/pip freeze | grep prometheus
npm ls 2>/dev/null | grep -o 'parse-prometheus.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
