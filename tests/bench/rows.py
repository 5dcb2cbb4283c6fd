#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Prints what tests/bench/all has measured as the table of tests/bench/README.md.

Usage: rows.py FOLDER

FOLDER holds <name>.jsonl files: one object of `ketenwacht bench … --json` a line, one line a run. A row without its file or key says so.
"""
import json
import pathlib
import statistics
import sys

FOUR, ALL = "engine-four", "engine-all"


def at(*path):
    """The value under these keys of one run."""
    def read(run):
        for key in path:
            run = run[key]
        return run
    return read


def ratio(over, under):
    return lambda run: at(*over)(run) / at(*under)(run)


# What, target as said, least or most, file, figure of a run, its digits
ROWS = [
    ("codec: decode, ns", "at most 60", 60, False, "codec", at("decode_ns"), 1),
    ("codec: encode, ns", "at most 60", 60, False, "codec", at("encode_ns"), 1),
    ("codec: decode, times faster than avro-c", "at least 10", 10, True, "codec", ratio(["avro_c_decode_ns"], ["decode_ns"]), 1),
    ("codec: encode, times faster than avro-c", "at least 10", 10, True, "codec", ratio(["avro_c_encode_ns"], ["encode_ns"]), 1),
    ("codec: a field of nested records to JSON, times one of a flat record", "at most 2", 2, False, "codec", ratio(["nested_json_ns"], ["json_ns"]), 2),
    ("engine, four deadlines, events/s of one core", "at least 1,000,000", 1e6, True, FOUR, at("5", "events_per_s"), 0),
    ("engine, all protocols, events/s of one core", "goal 400,000", 4e5, True, ALL, at("5", "events_per_s"), 0),
    ("worker: client CPU over the floor's with the same writes", "at most 1.5", 1.5, False, "compare",
     at("ratios", "ketenwacht_client_over_floor"), 2),
    ("the same, all protocols", "reported", None, False, "compare", at("all_protocols", "ratios", "ketenwacht_client_over_floor"), 2),
    ("Streams warm, client CPU over ketenwacht's", "at least 6", 6, True, "compare", at("ratios", "streams_client_warm"), 2),
    ("Streams with start, client CPU over ketenwacht's", "at least 8", 8, True, "compare", at("ratios", "streams_client_with_start"), 2),
    ("events/s over Streams'", "at least 3", 3, True, "compare", at("ratios", "events_per_s_over_streams"), 2),
    ("Streams' memory over ketenwacht's", "at least 4", 4, True, "compare", at("ratios", "streams_rss"), 2),
    ("restart, times faster than Streams", "at least 5", 5, True, "compare", at("ratios", "streams_restart"), 2),
    ("restart, times less CPU than Streams", "at least 5", 5, True, "compare", at("ratios", "streams_restart_cpu"), 2),
    ("state: bytes in memory a fact", "at most 120", 120, False, FOUR, at("10", "memory_bytes_per_fact"), 1),
    ("state: bytes on the topic a fact", "at most 150", 150, False, FOUR, at("10", "topic_bytes_per_fact"), 1),
    ("state: bytes in memory a telling", "at most 64", 64, False, FOUR, at("5", "memory_bytes_per_telling"), 1),
    ("memory beside the state: a live worker, less 104 bytes for each fact of the backlog, MB", "at most 150", 150, False, "worker",
     lambda run: run["at_rate"]["rss_mb"] - 104e-6 * run["events"], 0),
    ("an event at 100 facts a case, times one at 10", "at most 2", 2, False, FOUR, ratio(["100", "ns_per_event"], ["10", "ns_per_event"]), 2),
    ("an event at 1,000 facts a case, times one at 10", "at most 10", 10, False, FOUR, ratio(["1000", "ns_per_event"], ["10", "ns_per_event"]), 2),
    ("restore, rows/s of one thread", "at least 1,000,000", 1e6, True, "restore", at("rows_per_s"), 0),
    ("admission: records/s of one core", "at least 100,000", 1e5, True, "admission", at("records_per_s_core"), 0),
    ("admission: client CPU over that of bare librdkafka that copies", "reported", None, False, "admission", at("ratio"), 2),
    ("timers: open cases", "10,000,000", 1e7, True, "timers", at("cases"), 0),
    ("timers: bytes in memory a case that waits", "reported", None, False, "timers", at("memory_bytes_per_case"), 0),
    ("timers: heap, insert and pop, items/s", "at least 5,000,000", 5e6, True, "timers", at("heap_insert_pop_per_s"), 0),
    ("timers: fired by the worker on the memory bus, cases/s", "at least 300,000", 3e5, True, "timers", at("fired_per_s"), 0),
    ("timers: fired by the engine alone, cases/s", "reported", None, True, "timers", at("engine_fired_per_s"), 0),
    ("latency at 2,000 events/s, append to readable, p99, ms", "at most 60", 60, False, "worker", at("at_rate", "visible_ms", "p99"), 0),
    ("the same, p99.9, ms", "reported", None, False, "worker", at("at_rate", "visible_ms", "p999"), 0),
    ("broker CPU at that rate, us an event", "reported", None, False, "worker", at("at_rate", "broker_us_per_event"), 0),
    ("kill -9 at that rate, a million facts: start of the next one to its first readable output, s", "at most 2", 2, False, "worker",
     at("killed", "first_output_s", "middle"), 2),
    ("the same, the longest", "reported", None, False, "worker", at("killed", "first_output_s", "most"), 2),
    ("two processes over one, by CPU of the workers", "at least 1.6", 1.6, True, "scale", at("processes_ratio_by_cpu"), 2),
    ("two threads over one, by CPU of the workers", "at least 1.6", 1.6, True, "scale", at("threads_ratio_by_cpu"), 2),
    ("two processes over one, events/s, broker on the same machine", "reported", None, True, "scale", at("processes_ratio"), 2),
    ("console: the slowest page, p99, ms", "at most 20", 20, False, "console", lambda run: max(page["p99_ms"] for page in run["pages"]), 2),
    ("console: a case by an id, p99, ms", "at most 20", 20, False, "console",
     lambda run: max(page["p99_ms"] for page in run["pages"] if "zoek=" in page["path"]), 2),
    ("console: memory beside the stores, MB", "at most 150", 150, False, "console", at("beside_mb"), 0),
    ("console: 100 watchers, of one core", "at most 0.05", 0.05, False, "console", at("watchers", "share"), 3),
    ("console: events/s of a worker beside it over those without", "at least 0.95", 0.95, True, "console", at("worker", "ratio"), 2),
    ("console: the largest page, kB", "reported", None, False, "console", lambda run: max(page["bytes"] for page in run["pages"]) / 1000, 0),
]


def figures(runs, read):
    values = []
    for run in runs:
        try:
            values.append(read(run))
        except (KeyError, TypeError, ZeroDivisionError):
            pass  # null or not there: not measured in this run
    return [v for v in values if isinstance(v, (int, float))]


def verdict(median, target, least):
    if target is None:
        return ""
    return "met" if (median >= target if least else median <= target) else "**missed**"


def main(folder):
    files = {path.stem: [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
             for path in pathlib.Path(folder).glob("*.jsonl")}
    print("| what | target | min / median / max | | measured by |")
    print("|---|---|---|---|---|")
    for what, said, target, least, name, read, digits in ROWS:
        values = figures(files.get(name, []), read)
        if not values:
            print(f"| {what} | {said} | not measured | | `{name}` |")
            continue
        median = statistics.median(values)
        cells = " / ".join(f"{v:,.{digits}f}" for v in (min(values), median, max(values)))
        print(f"| {what} | {said} | {cells} | {verdict(median, target, least)} | `{name}`, {len(values)} |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
