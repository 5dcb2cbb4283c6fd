#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: whichever library a writer has, the fingerprint that it puts before its records is one by which the schema is known here.
# Method: each library computes those of every schema of schemas/, its history, and some odd ones, as bytes on the wire; they must be what
# `schema fingerprint --all` says. Needs python3-venv, Maven with Java, Cargo and Go; the libraries come by pip, Maven, Cargo and Go.
#
# Usage: fingerprints.sh KETENWACHT PROJECT
set -uo pipefail

readonly python=(avro==1.12.2 fastavro==1.13.1) java=1.12.2 rust=0.22.0
readonly go=(github.com/hamba/avro/v2@v2.31.0 github.com/linkedin/goavro/v2@v2.15.0 github.com/twmb/avro@v1.9.1)
ketenwacht=$(realpath "$1") # it goes to another folder below
project=$2
programs=$project/tests/integration/fingerprints
. "$project/tests/integration/quietly.sh"
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

echo "-- Python"
quietly python3 -m venv "$work/venv"
quietly "$work/venv/bin/pip" -q install "${python[@]}"

echo "-- Java"
mkdir "$work/java"
sed "s/VERSION/$java/" "$programs/pom.xml" >"$work/java/pom.xml"
quietly mvn -q -B -f "$work/java/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies "-DoutputDirectory=$work/java/lib"

echo "-- Rust"
mkdir -p "$work/rust/src"
sed "s/VERSION/$rust/" "$programs/Cargo.toml" >"$work/rust/Cargo.toml"
cp "$programs/main.rs" "$work/rust/src/"
quietly cargo build --quiet --manifest-path "$work/rust/Cargo.toml" --target-dir "$work/rust/target"

echo "-- Go"
mkdir "$work/go"
cp "$programs/main.go" "$work/go/"
export GOFLAGS=-modcacherw
cd "$work/go" || exit 1
quietly go mod init fingerprints
quietly go get "${go[@]}"
quietly go build -o "$work/go/fingerprints" .

echo "-- every schema"
cp -r "$project/schemas" "$work/schemas"
cp "$programs"/odd/*.avsc "$work/schemas/"
cd "$work/schemas" || exit 1
"$ketenwacht" schema fingerprint --all --schemas . >"$work/ours.json" || exit 1
mapfile -t files < <(find . -name '*.avsc' -printf '%P\n')
{
        "$work/venv/bin/python" -W ignore "$programs/print.py" "${files[@]}" &&
                java -cp "$work/java/lib/*" "$programs/Print.java" "${files[@]}" 2>/dev/null &&
                "$work/rust/target/debug/fingerprints" "${files[@]}" &&
                "$work/go/fingerprints" "${files[@]}"
} >"$work/theirs" || exit 1
python3 "$programs/compare.py" "$work/ours.json" "$work/theirs"
