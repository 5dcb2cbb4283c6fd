#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: what `schema compatible` says of two schemas is what Java's Avro says, but where we are stricter by name; and what `decode` reads by
# them is what Java's and fastavro's readers read. Method: the stored pairs and random evolutions (evolutions.py), each judged and read by
# all three; the comparison names every disagreement that there may be. Needs python3-venv, Maven and Java; what else there is comes
# through pip and Maven. KETENWACHT_SEED: another seed.
#
# Usage: evolutions.sh KETENWACHT PROJECT
set -uo pipefail

readonly avro=1.12.2 fastavro=1.13.1 pairs=1000
readonly copy=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies
ketenwacht=$1
here=$2/tests/integration
. "$here/quietly.sh"
seed=${KETENWACHT_SEED:-1}
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export PYTHONDONTWRITEBYTECODE=1

echo "-- Java avro $avro and fastavro $fastavro"
quietly python3 -m venv "$work/venv"
quietly "$work/venv/bin/pip" -q install "fastavro==$fastavro"
cat >"$work/pom.xml" <<END
<project><modelVersion>4.0.0</modelVersion><groupId>nl.ketenwacht</groupId><artifactId>evolutions</artifactId><version>1</version><dependencies>
<dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>$avro</version></dependency></dependencies></project>
END
quietly mvn -q -B -f "$work/pom.xml" "-Dmaven.repo.local=$work/maven" "$copy" "-DoutputDirectory=$work/jars"
quietly javac -d "$work/classes" -cp "$work/jars/*" "$here/Evolutions.java"

echo "-- stored pairs and $pairs random ones, seed $seed"
quietly python3 "$here/evolutions.py" "$seed" "$pairs" "$2/tests/unit/avro_pairs.jsonl"
mv "$work/said" "$work/pairs.jsonl"
java -cp "$work/classes:$work/jars/*" Evolutions <"$work/pairs.jsonl" >"$work/java.jsonl" 2>"$work/said" || { tail "$work/said" >&2 && exit 1; }
"$work/venv/bin/python" "$here/evolutions_read.py" <"$work/pairs.jsonl" >"$work/fastavro.jsonl" || exit 1
python3 "$here/evolutions_compare.py" "$ketenwacht" "$work"
