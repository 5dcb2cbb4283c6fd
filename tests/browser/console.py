#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""The console in a real Chromium, on the demonstration.

Usage: console.py BINARY ROOT pages|live

Goal: people can use every page, whoever they are and whatever they look with. Method: the pages are found as people find them, by their links, until each
page that /openapi.json names was seen; of each the markup, the rules of WCAG and our own, the policy's reports, its width on a telephone and on a wall are
looked at, in Dutch and in English.
"""

import http.client
import os
import re
import signal
import sys
import tempfile
from urllib.parse import parse_qsl, quote, urljoin, urlsplit

from browser import Browser, run_checks
from site_demo import DEADLINE_S, Console, Demo, ask, expect, free_port, wait_for

PER_KIND = 2  # pages of one kind and with the same names in their query that are looked at
FIRST_PAGE_BYTES = 100_000
WATCHERS = 100
AWAY = "De broker antwoordt niet"
NARROW, WIDE = (320, 700), (3840, 2160)


class Pages:
    """What was found by following links, and what is wrong with it."""

    def __init__(self, browser, address, pages, known):
        """Begins at the pages that need no more in their path, and at those that are known."""
        named = sorted(pages, key=lambda page: "{" in page)  # of two that fit the one without braces
        self.browser, self.address, self.patterns = browser, address, [(page, re.compile(re.sub(r"\{[^}]*\}", "[^?]+", page) + "$")) for page in named]
        self.seen, self.found, self.waiting, self.faults = {}, set(), [page for page in named if "{" not in page] + known, []

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
            self.tell(link, [f"status {answer.status}: {answer.text.partition('<h1>')[2][:300]}"])
            return
        self.browser.get(self.address + link)
        self.tell(link, self.browser.faults())
        for size in [NARROW, WIDE]:
            self.browser.size(*size)
            self.tell(f"{link} at {size[0]}", self.browser.wide_faults())
        self.browser.size()
        if self.seen[self.kind(link)] == 1:
            self.look_in_english(link)
        hrefs = self.browser.run("return [...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))")
        self.waiting += [urljoin(link, href).split("#")[0] for href in hrefs if not urlsplit(href).netloc and not href.startswith("#")]

    def look_in_english(self, link):
        """The menu and the heading are in the language that the page says, and what is Dutch in it says so by itself."""
        menu, heading = self.browser.text("header nav"), self.browser.text("h1")
        self.browser.setting(language="en")
        self.browser.get(self.address + link)
        faults = self.browser.faults()
        if self.browser.find("html").get_attribute("lang") != "en" or self.browser.text("header nav") == menu:
            faults.append(f"is not in English: {heading}")
        self.tell(f"{link} in English", faults)
        self.browser.setting()

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
    pages = Pages(browser, demo.address, pages_of(demo.address), ["/zaken/" + demo.story()])
    demo.spoil()
    pages.follow()
    demo.pages = pages
    print(f"   {len(pages.found)} pages of {len(pages.seen)} kinds")
    for page in pages.missing():
        pages.faults.append(f"{page}: no link leads there")
    print("\n".join(pages.faults))
    expect(f"{len(pages.faults)} faults of pages; they stand above", not pages.faults)


def check_every_case(_, demo):
    """Whatever happened in a case there is a page of it, in both languages, and its twin."""
    for case_id in demo.cases():
        for address, language in [("/zaken/", "nl"), ("/zaken/", "en"), ("/api/cases/", "nl")]:
            answer = ask(demo.address + address + case_id, {"Accept-Language": language})
            expect(f"{address}{case_id} in {language}: {answer.status}", answer.status == 200 and case_id in answer.text)


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


BAD_PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title></title></head><body><p id="twice" style="width: 4000px">a</p><p id="twice">b</p>
<svg id="bare"></svg><svg id="links" role="img"><title>t</title><desc>d</desc><a href="/">x</a></svg><table><thead><tr><th></th></tr></thead></table>
<input name="bare"><img src="/x"><p><div></p></body></html>"""
BAD_PAGE_FAULTS = [
    "id twice stands there more than once", "svg bare has no role", "svg bare has no title", "svg bare has no desc", "svg links is an image with links",
    "a table has no caption", "a heading has no scope", "a heading is empty", "P stands in the page itself", "bare has no label", "not exactly one h1",
    "no title", "no language", "axe: image-alt", "markup: unexpected-end-tag", "4008 wide on 1280",
]


def check_checks(browser, _):
    """What is looked for is found where it is."""
    browser.get("data:text/html;charset=utf-8," + quote(BAD_PAGE))
    found = "\n".join(browser.markup_faults(BAD_PAGE) + browser.own_faults() + browser.axe_faults() + browser.wide_faults())
    missed = [fault for fault in BAD_PAGE_FAULTS if fault not in found]
    expect(f"these are found: {missed}, in {found}", not missed)


def check_first_page(browser, demo):
    browser.cdp("Network.clearBrowserCache")
    browser.get(demo.address + "/")
    addresses, size = browser.requests()
    print(f"   {size} bytes, {len(addresses)} requests")
    expect(f"the first page is {size} bytes, at most {FIRST_PAGE_BYTES}", 0 < size <= FIRST_PAGE_BYTES)


def check_assets(_, demo):
    """Stylesheet, script and icon may be kept for ever, since another text has another name."""
    page = ask(demo.address + "/").text
    names = re.findall(r'(?:href|src)="(/[a-z]+\.[0-9a-f]{16}\.[a-z]+)"', page)
    expect(f"three files: {names}", sorted(name.rsplit(".", 1)[1] for name in names) == ["css", "js", "svg"])
    for name in names:
        answer = ask(demo.address + name)
        expect(f"{name} may be kept", answer.status == 200 and "immutable" in answer.headers["Cache-Control"])
        other = re.sub(r"\.[0-9a-f]{16}\.", ".0123456789abcdef.", name)
        expect("there is no other", ask(demo.address + other).status == 404)


def check_sorting(browser, demo):
    """By keyboard: the heading of a column sorts by it, and the other way round; numbers as numbers."""
    browser.get(demo.address + "/stromen")
    column = lambda n: browser.run("return [...document.querySelector('table').tBodies[0].rows].map(r => r.cells[arguments[0] - 1].textContent)", n)
    before = column(1)
    expect("there is something to sort", len(before) > 2)
    browser.run("document.querySelector('thead th button').focus()")
    browser.keys("\ue007")
    first, state = column(1), browser.find("thead th").get_attribute("aria-sort")
    browser.keys("\ue007")
    expect("first up, then down", state == "ascending" and column(1) == first[::-1] and sorted(first) == sorted(before))
    expect("and it is said", browser.find("thead th").get_attribute("aria-sort") == "descending")


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


# -- Live --


def live(browser):
    """What the page says of its stream: "up", "down", "" before it knows."""
    found = browser.all("footer .live")
    return "" if not found else "down" if "wrong" in found[0].get_attribute("class") else "up"


def own_console(demo):
    """A console of our own on the demonstration's broker."""
    port = free_port()
    return port, lambda: Console(demo.binary, demo.folder, demo.env, port, "--open-on-localhost", "--port", str(port))


def check_restart(browser, demo):
    """Who has the overview before them sees that the console is away, and later that it is back, without doing anything."""
    port, start = own_console(demo)
    with start() as console:
        browser.get(console.address + "/")
        browser.wait("live figures", lambda: live(browser) == "up")
        browser.run("window.stillThere = true")
        expect("it ends cleanly, also with somebody who watches", console.stop() == 0)
        browser.wait("the page to say that the console is away", lambda: live(browser) == "down")
    with start():
        browser.wait("live figures again", lambda: live(browser) == "up")
        expect("it is the same page", browser.run("return window.stillThere"))


def check_broker_away(browser, demo):
    """The page says that the broker does not answer, and when it answers again goes on by itself."""
    _, start = own_console(demo)
    with start() as console:
        browser.get(console.address + "/")
        browser.wait("live figures", lambda: live(browser) == "up" and "niet bekeken" not in browser.text())
        browser.run("window.stillThere = true")
        demo.send(signal.SIGSTOP)
        try:
            browser.wait("the page to say that the broker is away", lambda: "De broker is niet te bekijken" in browser.text())
            expect("it is the same page", browser.run("return window.stillThere"))
            wait_for("every page to say so", lambda: AWAY in ask(console.address + "/meldingen").text)
            browser.get(console.address + "/meldingen")
            expect("also to people", AWAY in browser.text())
        finally:
            demo.send(signal.SIGCONT)
        browser.wait("the page to go on by itself", lambda: AWAY not in browser.text())


def check_watchers(_, demo):
    """A hundred who watch get the same messages, each once and in order."""
    host, port = urlsplit(demo.address).hostname, urlsplit(demo.address).port
    watchers = [Watcher(host, port) for _ in range(WATCHERS)]
    for watcher in watchers:
        watcher.read_until(lambda w: w.ids)
    demo.start_measure()
    goal = max(w.ids[-1] for w in watchers) + 2
    for watcher in watchers:
        watcher.read_until(lambda w: w.ids[-1] >= goal)
        expect(f"each message once and in order: {watcher.ids}", watcher.ids == list(range(watcher.ids[0], watcher.ids[-1] + 1)))
        watcher.close()


class Watcher:
    """One who watches the stream, without a browser."""

    def __init__(self, host, port):
        self.connection = http.client.HTTPConnection(host, port, timeout=DEADLINE_S)
        self.connection.request("GET", "/api/stream")
        self.response, self.ids = self.connection.getresponse(), []
        wanted = {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no", "Cache-Control": "no-cache"}
        heads = {name: self.response.headers.get(name) for name in wanted}
        expect(f"the stream is one: {heads}", heads == wanted)

    def read_until(self, truth):
        while not truth(self):
            line = self.response.readline()
            expect("the stream goes on", line)
            if line.startswith(b"id:"):
                self.ids.append(int(line[3:]))

    def close(self):
        self.connection.close()


PAGES = [check_checks, check_first_page, check_assets, check_sorting, check_languages, check_paper, check_keyboard, check_pages, check_every_case, check_twins]
LIVE = [check_restart, check_broker_away, check_watchers]


def main():
    binary, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    checks = {"pages": PAGES, "live": LIVE}[sys.argv[3]]
    with tempfile.TemporaryDirectory(prefix="ketenwacht-console-") as folder, Demo(binary, root, folder) as demo, Browser(root) as browser:
        run_checks(browser, checks, demo)


if __name__ == "__main__":
    main()
