#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Reads what was recorded, and posts events, with the CloudEvents SDK for Python, by its new interface and its old one; part of cloudevents.sh.

Usage: sdk.py read new|old|plain KIND FILE     one line for each event: its attributes and the event_id of its data; plain: without an SDK
       sdk.py send new|old structured|binary ADDRESS    posts the event on standard input; prints the status

KIND: http, page (an answer of GET /inbox) or kafka.
"""

import datetime
import json
import os
import sys
import urllib.request

import cloudevents.core.bindings.http as http
import cloudevents.core.bindings.kafka as kafka
import cloudevents.v1.http as old
import cloudevents.v1.kafka as old_kafka
from cloudevents.core.v1.event import CloudEvent

STRUCTURED = {"content-type": "application/cloudevents+json"}


def line(event_id, source, kind, time, data):
    """Instants in milliseconds, since SDKs write them in their own way; of Avro its first bytes, which stand for its frame."""
    if isinstance(time, str):
        time = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    said = data["event_id"] if isinstance(data, dict) else bytes(data[:2]).hex()
    print(event_id, source, kind, round(time.timestamp() * 1000), said)


def messages(kind, path):
    """Pairs of headers and a body; a page is taken apart, as the SDKs read no batch."""
    with open(path, encoding="utf-8") as file:
        if kind == "page":
            return [(STRUCTURED, json.dumps(event).encode()) for event in json.load(file)]
        rows = [json.loads(row) for row in file]
    return [(row["headers"], bytes.fromhex(row["body"]) if kind == "kafka" else row["body"].encode()) for row in rows]


def read_plain(kind, headers, body):
    if kind == "kafka":
        line(headers["ce_id"], headers["ce_source"], headers["ce_type"], headers["ce_time"], body)
    elif "ce-id" in headers:
        line(headers["ce-id"], headers["ce-source"], headers["ce-type"], headers["ce-time"], json.loads(body))
    else:
        event = json.loads(body)
        line(event["id"], event["source"], event["type"], event["time"], event["data"])


def read_new(kind, headers, body):
    if kind == "kafka":
        event = kafka.from_kafka_event(kafka.KafkaMessage(headers={name: value.encode() for name, value in headers.items()}, key=b"k", value=body))
    else:
        event = http.from_http_event(http.HTTPMessage(headers=headers, body=body))
    line(event.get_id(), event.get_source(), event.get_type(), event.get_time(), event.get_data())


def read_old(kind, headers, body):
    if kind == "kafka":
        message = old_kafka.KafkaMessage(headers={name: value.encode() for name, value in headers.items()}, key=b"k", value=body)
        event = old_kafka.from_binary(message, data_unmarshaller=lambda data: data)
    else:
        event = old.from_http(headers, body)
    line(event["id"], event["source"], event["type"], event["time"], event.data)


def made(interface, mode, event):
    """Headers and body of a post; what is not said is left to the library, time above all."""
    attributes = {"id": event["event_id"], "source": "urn:ketenwacht:" + event["source"], "type": f"nl.ketenwacht.{os.environ['EVENT']}.v1"}
    if interface == "old":
        cloudevent = old.CloudEvent(dict(attributes, datacontenttype="application/json"), event)
        return old.to_structured(cloudevent) if mode == "structured" else old.to_binary(cloudevent)
    cloudevent = CloudEvent(dict(attributes, specversion="1.0", datacontenttype="application/json"), event)
    message = http.to_structured_event(cloudevent) if mode == "structured" else http.to_binary_event(cloudevent)
    return message.headers, message.body


def send(interface, mode, address):
    headers, body = made(interface, mode, json.load(sys.stdin))
    request = urllib.request.Request(f"{address}/events/{os.environ['EVENT']}", body if isinstance(body, bytes) else body.encode(),
                                     {**headers, "Authorization": "Bearer " + os.environ["TOKEN_GI"]})
    try:
        with urllib.request.urlopen(request) as answer:
            print(answer.status)
    except urllib.error.HTTPError as error:
        print(error.code, error.read().decode())


if sys.argv[1] == "send":
    send(*sys.argv[2:])
else:
    for said, content in messages(*sys.argv[3:]):
        {"plain": read_plain, "new": read_new, "old": read_old}[sys.argv[2]](sys.argv[3], said, content)
