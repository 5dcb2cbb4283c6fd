#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The console in a real Chromium, on the demonstration.

Usage: console.py BINARY ROOT pages

Goal: people can use every page, whoever they are and whatever they look with. Method: the pages are found as people find them, by their links, until each
page that /openapi.json names was seen; of each the markup, the rules of WCAG and our own, the policy's reports, its width on a telephone and on a wall are
looked at, in Dutch and in English.
"""

import os
import re
import sys
import tempfile
import traceback
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from browser import Browser
from site_demo import Demo, ask, expect

PER_KIND = 2  # pages of one kind and with the same names in their query that are looked at
FIRST_PAGE_BYTES = 100_000
NARROW, WIDE = (320, 700), (3840, 2160)


class Pages:
    """What was found by following links, and what is wrong with it."""

    def __init__(self, browser, address, pages):
        self.browser, self.address, self.patterns = browser, address, [(page, re.compile(re.sub(r"\{[^}]*\}", "[^?]+", page) + "$")) for page in pages]
        self.seen, self.found, self.waiting, self.faults = {}, set(), ["/"], []

    def kind(self, link):
        parts = urlsplit(link)
        page = next((page for page, pattern in self.patterns if pattern.match(parts.path)), None)
        return page, tuple(sorted({name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}))

    def follow(self):
        while self.waiting:
            link = self.waiting.pop(0)
            kind = self.kind(link)
            if link in self.found or self.seen.get(kind, 0) >= PER_KIND:
                continue
            self.found.add(link)
            self.seen[kind] = self.seen.get(kind, 0) + 1
            self.look(link)

    def look(self, link):
        answer = ask(self.address + link)
        if not answer.headers["Content-Type"].startswith("text/html"):
            self.tell(link, [] if answer.status == 200 else [f"status {answer.status}"])
            return
        if answer.status != 200:
            self.tell(link, [f"status {answer.status}: {answer.text[-600:]}"])
            return
        self.browser.get(self.address + link)
        self.tell(link, self.browser.faults())
        for size in [NARROW, WIDE]:
            self.browser.size(*size)
            self.tell(f"{link} at {size[0]}", self.browser.wide_faults())
        self.browser.size()
        hrefs = self.browser.run("return [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        self.waiting += [urljoin(link, href).split("#")[0] for href in hrefs if not urlsplit(href).netloc and not href.startswith("#")]

    def tell(self, link, faults):
        for fault in faults:
            self.faults.append(f"{link}: {fault}")

    def missing(self):
        return [page for page, _ in self.patterns if not any(kind[0] == page for kind in self.seen)]


def document_of(address):
    return ask(address + "/openapi.json").json()


def pages_of(address):
    return [path["get"]["x-page"] for path in document_of(address)["paths"].values() if "x-page" in path["get"]]


def check_pages(browser, demo):
    pages = Pages(browser, demo.address, pages_of(demo.address))
    pages.follow()
    demo.pages = pages
    print(f"   {len(pages.found)} pages of {len(pages.seen)} kinds")
    for page in pages.missing():
        pages.faults.append(f"{page}: no link leads there")
    print("\n".join(pages.faults))
    expect(f"{len(pages.faults)} faults of pages; they stand above", not pages.faults)


TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}


def twin_faults(answer, described):
    """How an answer differs from what the document says of it. What is null is not there."""
    if answer.status != 200:
        return [f"status {answer.status}: {answer.text[-300:]}"]
    content = described["responses"]["200"]["content"]
    media_type = answer.headers["Content-Type"].split(";")[0]
    if media_type not in content:
        return [f"is {media_type}, not {' or '.join(content)}"]
    if media_type != "application/json":
        return []
    members = content[media_type]["schema"]["properties"]
    faults = [f"{name} is not described" for name in answer.json() if name not in members]
    for name, value in answer.json().items():
        kind = members.get(name, {}).get("type")
        if kind and value is not None and not isinstance(value, TYPES[kind]):
            faults.append(f"{name} is no {kind}: {str(value)[:60]}")
    return faults


def page_faults(address, described):
    """A list of pages: one row of each, and what comes behind it is something else."""
    if not {"limit", "after"} <= {p["name"] for p in described["parameters"]}:
        return []
    mark, seen = "&" if "?" in address else "?", []
    after = ""
    for _ in range(3):
        answer = ask(f"{address}{mark}limit=1{after}")
        if answer.status != 200:
            return [f"limit=1{after}: status {answer.status}: {answer.text[-300:]}"]
        rows = next((value for value in answer.json().values() if isinstance(value, list)), [])
        if len(rows) > 1:
            return [f"limit=1{after}: {len(rows)} rows"]
        if rows and rows[0] in seen:
            return [f"limit=1{after}: the same row again"]
        seen += rows
        if answer.json().get("next") is None:
            break
        after = f"&after={quote(str(answer.json()['next']), safe='')}"
    return []


def check_twins(_, demo):
    """Programs get what the document says; behind a path stands what stands behind that of a page that was found."""
    faults, asked = [], 0
    for path, operations in document_of(demo.address)["paths"].items():
        described = operations["get"]
        api, brace, _ = path.partition("{")
        page = described["x-page"].partition("{")[0]
        rests = [urlsplit(link).path[len(page):] for link in demo.pages.found if brace and demo.pages.kind(link)[0] == described["x-page"]]
        for address in [api + rest for rest in rests[:1]] if brace else [path]:
            asked += 1
            found = twin_faults(ask(demo.address + address), described) or page_faults(demo.address + address, described)
            faults += [f"{address}: {fault}" for fault in found]
    refused = ask(demo.address + "/api/nothing")
    if (refused.status, refused.headers["Content-Type"]) != (404, "application/problem+json") or refused.json()["status"] != 404:
        faults.append(f"what is not there is told otherwise: {refused.text}")
    print(f"   {asked} asked")
    print("\n".join(faults))
    expect(f"{len(faults)} faults of twins; they stand above", not faults and asked)


def check_first_page(browser, demo):
    browser.cdp("Network.clearBrowserCache")
    browser.get(demo.address + "/")
    addresses, size = browser.requests()
    print(f"   {size} bytes, {len(addresses)} requests")
    expect(f"the first page is {size} bytes, at most {FIRST_PAGE_BYTES}", 0 < size <= FIRST_PAGE_BYTES)


def check_languages(browser, demo):
    for language, title in [("nl", "Overzicht"), ("en", "Overview")]:
        browser.setting(language=language)
        browser.get(demo.address + "/")
        expect(f"{language}: the first page says so", browser.find("html").get_attribute("lang") == language and browser.text("h1") == title)


def check_paper(browser, demo):
    browser.get(demo.address + "/")
    browser.setting(paper=True)
    expect("no navigation on paper", not browser.find("header nav").is_displayed() and browser.find("h1").is_displayed())
    browser.setting()


def check_keyboard(browser, demo):
    """The first tab leads to the contents; / to the search box, unless that was turned off."""
    browser.get(demo.address + "/")
    browser.keys("\ue004")
    skip = browser.driver.switch_to.active_element
    expect("the first stop leads past the menu, and is seen", skip.get_attribute("href").endswith("#main") and skip.rect["x"] >= 0)
    browser.keys("/")
    expect("/ leads to the search box", browser.driver.switch_to.active_element.get_attribute("id") == "search")
    button = browser.find("footer button.plain")
    button.send_keys("\ue007")
    browser.keys("/")
    expect("unless the key is off", browser.driver.switch_to.active_element.get_attribute("id") != "search")
    button.send_keys("\ue007")


PAGES = [check_first_page, check_languages, check_paper, check_keyboard, check_pages, check_twins]


def main():
    binary, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    checks = {"pages": PAGES}[sys.argv[3]]
    with tempfile.TemporaryDirectory(prefix="ketenwacht-console-") as folder, Demo(binary, root, folder) as demo, Browser(root) as browser:
        failed = 0
        for check in checks:
            print(f"-- {check.__name__[6:].replace('_', ' ')}", flush=True)
            browser.setting()
            try:
                check(browser, demo)
            except (Exception, SystemExit):  # each check by itself: one that fails says nothing of the next
                traceback.print_exc(file=sys.stdout)
                failed += 1
        sys.exit(f"{failed} of {len(checks)} checks failed" if failed else 0)


if __name__ == "__main__":
    main()
