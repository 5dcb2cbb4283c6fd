#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""What a reader of feeds (feedparser) makes of one: of the feed and of each entry a line of what a subscriber sees.

Usage: read_feed.py FILE
"""

import sys

import feedparser

read = feedparser.parse(sys.argv[1])
if read.bozo or read.version != "atom10":
    sys.exit(f"{read.version}: {read.get('bozo_exception')}")
print(read.feed.id, read.feed.title, read.feed.updated, *(f"{link.rel}={link.href}" for link in read.feed.links), sep=" | ")
for entry in read.entries:
    print(entry.id, entry.title, entry.updated, entry.link, entry.tags[0].term, entry.summary, sep=" | ")
