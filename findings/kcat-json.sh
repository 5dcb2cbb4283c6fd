#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a line of kcat -J is JSON from which the record can be had again: a binary body in some escaped form, headers as an object of names.
# Instead: bytes above 127 stand in the line as they are, so a body in Avro makes it no UTF-8: Python refuses the line, jq puts U+FFFD in the
#          place of such bytes without a word, and the fingerprint is gone. Headers are a list of name, value, name, value; --help says an object.
# Hurts:   who looks into an inbox with kcat and jq, or keeps what it prints: the events cannot be decoded from it. Take the body with -f '%s' or
#          -D, or read with ketenwacht tail. With text in the records (JSON) all is well but the headers.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install confluent-kafka==2.11.1 && apt-get download kcat=1.7.1-2 librdkafka1 libyajl2 jq libjq1 libonig5 &&
        for package in *.deb; do dpkg-deb -x "$package" root; done; } >install.log 2>&1 || { tail -3 install.log; exit 2; }
export PATH="$work/root/usr/bin:$PATH" LD_LIBRARY_PATH="$work/root/usr/lib/$(uname -m)-linux-gnu"

cat >records.py <<'END'
# The broker is librdkafka's own mock cluster, in this process: kcat reads from it over TCP.
import json
import subprocess
import confluent_kafka

producer = confluent_kafka.Producer({"test.mock.num.brokers": 1, "log_level": 3})
broker = next(iter(producer.list_topics(timeout=30).brokers.values()))
avro, text = bytes.fromhex("c301c3a95c0002ff"), "gemeente".encode()
for name, value in (("avro", avro), ("text", text)):
    producer.produce(name, value, headers=[("ce_id", b"1"), ("ce_type", b"feit")])
producer.flush(30)
for name in ("avro", "text"):
    line = subprocess.run(["kcat", "-b", f"{broker.host}:{broker.port}", "-C", "-t", name, "-o", "beginning", "-e", "-q", "-J"],
                          capture_output=True, check=True).stdout
    try:
        print(name, "read by Python:", json.loads(line)["payload"])
    except UnicodeDecodeError as e:
        print(name, "read by Python:", e.reason)
    read = subprocess.run(["jq", "-j", ".payload"], input=line, capture_output=True, check=True).stdout
    print(name, "read by jq:", read.hex(), "as it was" if read in (avro, text) else "not what it was", subprocess.run(
        ["jq", "-c", ".headers"], input=line, capture_output=True, check=True).stdout.decode().strip())
END
v/bin/python records.py >seen 2>&1
cat >expected <<'END'
avro read by Python: invalid continuation byte
avro read by jq: efbfbd01c3a95c0002efbfbd not what it was ["ce_id","1","ce_type","feit"]
text read by Python: gemeente
text read by jq: 67656d65656e7465 as it was ["ce_id","1","ce_type","feit"]
END
kcat -V | grep -o 'Version [0-9.]*'
jq --version
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
