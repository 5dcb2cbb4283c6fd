#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   the Kafka binding of a CloudEvents SDK takes a record as that language's Kafka client hands it out.
# Instead: kafkajs hands out headers as Buffers, and the JavaScript SDK's Kafka.toEvent then fails with a TypeError; headers made text first, it
#          works. confluent-kafka hands out headers as a list of pairs, and the Python SDK refuses a list; made a dict, its new interface gives
#          the Avro body as bytes, and its old one tries to read it as UTF-8 JSON although content-type says application/avro.
# Hurts:   who reads an inbox of ketenwacht from Kafka with an SDK: the first record already fails, in a way that looks like a bad record.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install cloudevents==2.2.0 && npm i --silent --no-audit --no-fund cloudevents@10.0.0 kafkajs@2.2.4; } \
        >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >read.py <<'END'
from cloudevents.core.bindings import kafka
from cloudevents.v1 import kafka as old

pairs = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"urn:x"), ("ce_type", b"t"), ("content-type", b"application/avro")]
body = b"\xc3\x01\x00\xff"
for name, headers in (("a list of pairs", pairs), ("a dict", dict(pairs))):
    for which, read in (("new", lambda h: kafka.from_kafka_event(kafka.KafkaMessage(headers=h, key=b"k", value=body)).get_data()),
                        ("old", lambda h: old.from_binary(old.KafkaMessage(headers=h, key=b"k", value=body)).get_data())):
        try:
            print(f"python, {which}, {name}:", read(headers))
        except Exception as e:
            print(f"python, {which}, {name}:", type(e).__name__)
END
cat >read.cjs <<'END'
const { Kafka } = require('cloudevents'), Decoder = require('kafkajs/src/protocol/decoder')
const encode = require('kafkajs/src/protocol/recordBatch/record/v0'), decode = require('kafkajs/src/protocol/recordBatch/record/v0/decoder')
const headers = { ce_specversion: '1.0', ce_id: '1', ce_source: 'urn:x', ce_type: 't', 'content-type': 'application/avro' }
const wire = new Decoder(encode({ key: Buffer.from('k'), value: Buffer.from([0xc3, 1, 0, 255]), headers }).buffer)
wire.readVarInt()
const record = decode(wire, { firstOffset: '0', firstTimestamp: '0', magicByte: 2 })
console.log('kafkajs hands out headers as', record.headers.ce_id.constructor.name)
for (const [name, h] of [['as handed out', record.headers], ['as text', Object.fromEntries(Object.entries(record.headers).map(([k, v]) => [k, v.toString()]))]])
        try {
                console.log(`javascript, headers ${name}:`, Kafka.toEvent({ headers: h, key: record.key, value: record.value }).data)
        } catch (e) {
                console.log(`javascript, headers ${name}:`, e.constructor.name)
        }
END
{ v/bin/python read.py; node read.cjs; } >seen 2>&1
cat >expected <<'END'
python, new, a list of pairs: AttributeError
python, old, a list of pairs: AttributeError
python, new, a dict: b'\xc3\x01\x00\xff'
python, old, a dict: DataUnmarshallerError
kafkajs hands out headers as Buffer
javascript, headers as handed out: TypeError
javascript, headers as text: <Buffer c3 01 00 ff>
END
v/bin/pip freeze | grep cloudevents
npm ls 2>/dev/null | grep -oE '(cloudevents|kafkajs)@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
