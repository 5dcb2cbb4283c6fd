#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a program that reads with check.crcs=true reads from librdkafka's own mock cluster what it reads from Kafka: sums that fit.
# Instead: the marker that the mock cluster leaves behind a transaction carries the checksum 0. With check.crcs=true the consumer gives the committed
#          record and then BAD_MSG at the marker, for good; with the default (false) it reads to the end. Records of the producer itself are sound.
# Hurts:   tests of transactions on the mock cluster by whoever checks sums in production: they fail since markers came to it, and blame the log.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install confluent-kafka==2.16.1; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >read.py <<'END'
import confluent_kafka as kafka

print("librdkafka", kafka.libversion()[0])
producer = kafka.Producer({"test.mock.num.brokers": 1, "log_level": 3, "transactional.id": "t"})
broker = next(iter(producer.list_topics(timeout=30).brokers.values()))
producer.init_transactions(30)
producer.begin_transaction()
producer.produce("events", b"one", partition=0)
producer.commit_transaction(30)
for check in ("false", "true"):
    reader = kafka.Consumer({"bootstrap.servers": f"{broker.host}:{broker.port}", "group.id": "g", "check.crcs": check, "isolation.level": "read_committed",
                             "enable.partition.eof": True})
    reader.assign([kafka.TopicPartition("events", 0, 0)])
    seen = []
    while not seen or not seen[-1].startswith("_"):
        message = reader.poll(30)
        seen.append("nothing came" if message is None else message.error().name() if message.error() else message.value().decode())
        if message is None:
            break
    print("check.crcs", check, *seen)
    reader.close()
END
v/bin/python read.py >seen 2>errors || tail -3 errors
cat >expected <<'END'
librdkafka 2.16.0
check.crcs false one _PARTITION_EOF
check.crcs true one _BAD_MSG
END
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1
