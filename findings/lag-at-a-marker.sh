#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a consumer group that has read everything, and committed, has a lag of 0: its offset is the end of the partition, which is what lag is told by.
# Instead: behind a transaction stands a marker, which is no record and takes an offset. kafkajs commits the offset behind the last record, before the marker,
#          so its group is 1 behind in every partition for as long as nothing more comes; librdkafka commits the offset behind the marker, and is at the end.
# Hurts:   whoever watches the lag of readers of a topic that is written in transactions, by end minus committed: an alarm for lag above 0 never stops, and one
#          for lag that stands still says that a reader hangs which has nothing to read.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install confluent-kafka==2.16.1 && npm install --silent kafkajs@2.2.4; } >install.log 2>&1 || {
        tail -3 install.log
        exit 2
}

cat >read.js <<'END'
const { Kafka, logLevel } = require('kafkajs')

async function main (broker, topic) {
  const kafka = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'kafkajs' })
  const admin = kafka.admin()
  const seen = []
  await Promise.all([consumer.connect(), admin.connect()])
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const committed = new Promise(resolve => consumer.on(consumer.events.COMMIT_OFFSETS, resolve))
  await consumer.run({ eachMessage: async ({ message }) => { seen.push(message.value.toString()) } })
  await committed
  await consumer.disconnect()
  const [offsets] = await admin.fetchOffsets({ groupId: 'kafkajs', topics: [topic] })
  const ends = await admin.fetchTopicOffsets(topic)
  const at = offsets.partitions.find(p => p.partition === 0).offset
  const end = ends.find(p => p.partition === 0).high
  console.log(`kafkajs ${require('kafkajs/package.json').version}: read ${seen}, committed ${at}, end ${end}, lag ${end - at}`)
  await admin.disconnect()
}
main(...process.argv.slice(2))
END
cat >write.py <<'END'
import subprocess

import confluent_kafka as kafka

producer = kafka.Producer({"test.mock.num.brokers": 1, "log_level": 3, "transactional.id": "writer"})
broker = next(iter(producer.list_topics(timeout=30).brokers.values()))
address = f"{broker.host}:{broker.port}"
producer.init_transactions(30)
producer.begin_transaction()
producer.produce("events", b"one", partition=0)
producer.commit_transaction(30)

reader = kafka.Consumer({"bootstrap.servers": address, "group.id": "librdkafka", "auto.offset.reset": "earliest", "enable.auto.commit": False,
                         "enable.partition.eof": True})
reader.subscribe(["events"])
seen, at_end = [], False
while not at_end:
    message = reader.poll(30)
    at_end = message is None or message.error() is not None and message.partition() == 0
    if message is not None and message.error() is None:
        seen.append(message.value().decode())
reader.commit(asynchronous=False)
place = kafka.TopicPartition("events", 0)
at, end = reader.committed([place])[0].offset, reader.get_watermark_offsets(place, timeout=30)[1]
print(f"librdkafka {kafka.libversion()[0]}: read {','.join(seen)}, committed {at}, end {end}, lag {end - at}", flush=True)
reader.close()
subprocess.run(["node", "read.js", address, "events"], check=True, timeout=120)
END
v/bin/python write.py >seen 2>errors || tail -3 errors
cat >expected <<'END'
librdkafka 2.16.0: read one, committed 2, end 2, lag 0
kafkajs 2.2.4: read one, committed 1, end 2, lag 1
END
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
