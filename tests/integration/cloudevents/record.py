#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Takes webhooks and remembers them as they came: one JSON line {"headers", "body"} each, in FOLDER/<path>.jsonl; part of cloudevents.sh.

Usage: record.py FOLDER       prints its port, and serves until it is ended
       record.py FOLDER TOPIC...  the same of what stands on topics of KETENWACHT_BOOTSTRAP, in FOLDER/kafka.jsonl, values as hex; then it ends
"""

import http.server
import json
import os
import sys

DEADLINE_S = 60


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(os.path.join(sys.argv[1], self.path.strip("/") + ".jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps({"headers": {name.lower(): value for name, value in self.headers.items()}, "body": body}) + "\n")
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def record_topics(folder, topics):
    import confluent_kafka

    consumer = confluent_kafka.Consumer({"bootstrap.servers": os.environ["KETENWACHT_BOOTSTRAP"], "group.id": "unused", "enable.auto.commit": False,
                                         "enable.partition.eof": True, "isolation.level": "read_committed"})
    consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING) for topic in topics])
    ended = set()
    with open(os.path.join(folder, "kafka.jsonl"), "w", encoding="utf-8") as file:
        while len(ended) < len(topics):
            record = consumer.poll(DEADLINE_S)
            if record is None:
                sys.exit("the topics do not end")
            if record.error():
                ended.add(record.topic())
                continue
            headers = {name: value.decode() for name, value in record.headers()}
            file.write(json.dumps({"headers": headers, "key": record.key().decode(), "body": record.value().hex()}) + "\n")


if len(sys.argv) > 2:
    record_topics(sys.argv[1], sys.argv[2:])
else:
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    print(server.server_port, flush=True)
    server.serve_forever()
