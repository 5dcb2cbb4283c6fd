#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Nobody sees or does in the console what is not theirs.

Usage: console_access.py BINARY ROOT ROUTES CASE

ROUTES: the program that prints the console's table of pages. Goal: what console.yaml gives somebody is what they get, on every page, in every form, with every
method; who guesses waits; only the proxy that is meant is believed; and whatever is answered has the headers that protect it. Method: the real console on the
embedded broker, asked as browsers, proxies and others ask.
"""

import base64
import concurrent.futures
import datetime
import http.client
import json
import os
import pty
import pwd
import re
import select
import socket
import subprocess
import sys
import tempfile
import uuid

from console_site import PASSWORD, Broker, Console, Site, end, expect, hash_of, users, wait_for

ROLES = ("meta", "zaak", "gegevens", "beheer")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; "
                               "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
FOREIGN = ("http://127.0.0.1:1", "http://evil.example", "null")


def check_headers(what, answer, cached=False):
    for name, value in HEADERS.items():
        expect(f"{what}: {name} is {answer.headers[name]}", answer.headers[name] == value)
    expect(f"{what}: Cache-Control is {answer.headers['Cache-Control']}", cached or answer.headers["Cache-Control"] in ("no-store", "no-cache"))
    for cookie in answer.headers.get_all("Set-Cookie") or ():
        expect(f"{what}: {cookie}", "; HttpOnly" in cookie and "; SameSite=Strict" in cookie and "; Path=/" in cookie and "Domain" not in cookie)


def told(answer):
    """All that an answer says, but for when, and where the menu says that one is: that is the address."""
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in ("Date", "Content-Length"))
    return answer.status, headers, re.sub(r'<time .*?</time>|name="token" value="[^"]*"| aria-current="page"', "", answer.text)


class Matrix:
    """Each page and act with each person."""

    def __init__(self, console, routes):
        self.console, self.routes, self.asked = console, routes, 0

    def forms(self, route):
        """The addresses of a route: for people, for programs; with something behind it where it takes that."""
        return [path + (str(uuid.uuid4()) if path.endswith("/") and path != "/" else "") for path in (route["path"], route.get("api")) if path]

    def nothing(self, path):
        """An address of that form at which nothing can be."""
        return ("/api" if path.startswith("/api/") else "") + "/niets-van-dien-aard"

    def may(self, route, roles, organisation):
        roles = set(roles) | ({"zaak"} if "gegevens" in roles else set())
        return not (route["whole_chain"] and organisation) and (not route["roles"] or bool(roles & set(route["roles"])))

    def check_hidden(self, what, answer, nothing):
        expect(f"{what} is as if it were not there:\n{told(answer)}\n{told(nothing)}", told(answer) == told(nothing) and answer.status == 404)

    def ask(self, method, path, headers, **more):
        self.asked += 1
        answer = self.console.post(path, more.pop("fields", {}), headers, **more) if method == "POST" else self.console.ask(method, path, headers)
        check_headers(f"{method} {path}", answer)
        return answer

    def check_page(self, route, who, may, headers):
        acts_too = any(other["acts"] and other["path"] == route["path"] for other in self.routes)
        for path in self.forms(route):
            if path == "/api/stream":
                continue # it has no end: check_stream()
            answer = self.ask("GET", path, headers)
            if may:
                usual = (200, 202, 400, 404) if route["path"].endswith("/") and route["path"] != "/" else (200, 202, 400)
                expect(f"{who} GET {path}: {answer.status} {answer.text[-300:]}", answer.status in usual)
            else:
                self.check_hidden(f"{who} GET {path}", answer, self.ask("GET", self.nothing(path), headers))
            head = self.ask("HEAD", path, headers)
            expect(f"{who} HEAD {path}: {head.status}", (head.status == answer.status or answer.status == 202) and head.text == "")
            if not acts_too:
                expect(f"{who} POST {path}", self.ask("POST", path, headers).status in (404, 405))
            for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
                refused = self.ask(method, path, headers)
                expect(f"{who} {method} {path}: {refused.status}", refused.status == 405 and "GET" in refused.headers["Allow"])

    def check_act(self, route, who, may, headers, token):
        for path in self.forms(route):
            right = {"token": token}
            if not may:
                nothing = self.ask("POST", self.nothing(path), headers, fields=right)
                self.check_hidden(f"{who} POST {path}", self.ask("POST", path, headers, fields=right), nothing)
                continue
            for fields in ({}, {"token": ""}, {"token": token[:-1]}, {"token": token + "A"}):
                answer = self.ask("POST", path, headers, fields=fields)
                expect(f"{who} POST {path} without the token: {answer.status}", answer.status == 403)
            for origin in (None, *FOREIGN):
                answer = self.ask("POST", path, headers, fields=right, origin=origin)
                expect(f"{who} POST {path} from {origin}: {answer.status}", answer.status == 403)
            answer = self.ask("POST", path, headers, fields=right)
            expect(f"{who} POST {path} as it must be, but for what is asked: {answer.status} {answer.text[-300:]}", answer.status in (303, 400, 404, 409))

    def check_person(self, name, roles, organisation):
        headers = self.console.login(name)
        page = self.console.get("/", headers)
        token = page.hidden("/uitloggen")["token"]
        for route in self.routes:
            may = self.may(route, roles, organisation)
            if route["acts"]:
                self.check_act(route, name, may, headers, token)
            else:
                self.check_page(route, name, may, headers)
            if not route["acts"] and f'href="{route["path"]}"' in page.text.split("<main")[0]:
                expect(f"{name}: the menu has {route['path']} only for who may", may)

    def check_nobody(self):
        for route in self.routes:
            for path in self.forms(route):
                answer = self.ask("GET", path, ())
                if path.startswith("/api/"):
                    expect(f"nobody GET {path}: {answer.status}", told(answer) == told(self.ask("GET", self.nothing(path), ())) and answer.status == 401)
                else:
                    there = answer.headers["Location"] or ""
                    expect(f"nobody GET {path}: {answer.status}", answer.status == 303 and there.startswith("/inloggen") and not answer.text)
                expect(f"nobody POST {path}", self.ask("POST", path, (), fields={"token": "x"}).status == 401)

    def check_stream(self, headers):
        """Server-sent events, of which the first is waited for."""
        connection = self.console.connection()
        connection.request("GET", "/api/stream", headers=dict(headers))
        response = connection.getresponse()
        expect(f"the stream: {response.status} {response.headers}", response.status == 200 and response.headers["Content-Type"].startswith("text/event-stream"))
        line = response.fp.readline()
        connection.close()
        return line


def check_audited(console, headers, people):
    """Who logged in stands in audit, on the page, for programs, and on the command line alike."""
    def lines():
        answer = console.get("/api/audit?action=LOGIN&limit=1000", headers)
        expect(f"/api/audit: {answer.status}", answer.status == 200)
        found = answer.json()["audit"]
        return found if len(found) == console.logins else None # they come a moment later

    found = wait_for("all logins in /api/audit", lines)
    expect(f"{found[0]}", set(found[0]) == {"event_id", "at", "user", "roles", "organisation", "address", "action", "object", "result", "reason"})
    for name, (roles, organisation) in people.items():
        one = next(line for line in found if line["user"] == name)
        expect(f"{one}", (one["organisation"], one["address"], one["object"], one["result"]) == (organisation, "127.0.0.1", "console", "DONE"))
        expect(f"{one}", set(roles) <= set(one["roles"].split()))
    printed = [json.loads(line) for line in console.broker.run("audit", "--action", "LOGIN", "--json").splitlines()]
    expect("audit prints what the page has, the oldest first", printed[::-1][-len(found):] == found)
    one = console.get("/api/audit?action=LOGIN&limit=1", headers).json()
    two = console.get(f"/api/audit?action=LOGIN&limit=1&after={one['next']}", headers).json()
    expect(f"pages of it: {one['next']}", one["audit"] == found[:1] and two["audit"] == found[1:2])
    expect("of one user", {line["user"] for line in console.get("/api/audit?user=meta", headers).json()["audit"]} == {"meta"})
    expect("before all time", console.get("/api/audit?until=2020-01-01", headers).json()["audit"] == [])
    expect("from the topic", console.get("/api/audit?action=LOGIN&limit=1000&older=true", headers).json()["audit"] == found)
    page = console.get("/logboek?action=LOGIN", headers).text
    expect("on the page", all(f"<td>{name}" in page for name in people))
    mine = console.get("/api/audit?limit=1000", console.login("beheer-gm0014")).json()["audit"]
    expect("of one organisation", mine and {line["organisation"] for line in mine} == {"gm0014"})
    text = console.broker.run("audit", "--user", "meta", "--action", "LOGIN")
    expect(text, re.match(r"^\S+  meta  LOGIN  console  \[127\.0\.0\.1\]\n", text))


def check_matrix(ketenwacht, routes, broker, folder):
    people = {role + (f"-{organisation}" if organisation else ""): ((role,), organisation) for role in ROLES for organisation in (None, "gm0014")}
    with Console(broker, folder, "listen: 127.0.0.1:0\n" + users(people, hash_of(ketenwacht))) as console:
        matrix = Matrix(console, routes)
        matrix.check_nobody()
        meta = console.login("meta")
        wait_for("the first look at the broker", lambda: console.ask("GET", "/api/topics", headers=meta).status == 200)
        for name, (roles, organisation) in people.items():
            matrix.check_person(name, roles, organisation)
        if any(route["path"] == "/api/stream" for route in routes):
            matrix.check_stream(console.login("meta"))
        check_audited(console, console.login("beheer"), people)
        print(f"   {matrix.asked} answers")


# -- Logging in --------------------------------------------------------------------------------------------


def check_cookie(console):
    answer = console.try_login("anna", PASSWORD, "/logboek?user=a b")
    expect(f"to where it was wanted: {answer.headers['Location']}", answer.headers["Location"] == "/")
    answer = console.try_login("anna", PASSWORD, "/logboek?user=a%20b")
    expect(f"to where it was wanted: {answer.headers['Location']}", answer.headers["Location"] == "/logboek?user=a%20b")
    for elsewhere in ("//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nSet-Cookie: x=y"):
        answer = console.try_login("anna", PASSWORD, elsewhere)
        expect(f"not to {elsewhere}: {answer.headers['Location']}", answer.headers["Location"] == "/" and len(answer.headers.get_all("Set-Cookie")) == 1)
    cookie = answer.headers["Set-Cookie"]
    expect(cookie, re.fullmatch(r"ketenwacht=[\w-]{43}; Path=/; HttpOnly; SameSite=Strict", cookie))
    host = [("Host", "keten.example")]
    fields = {**console.get("/inloggen", host).hidden("/inloggen"), "naam": "anna", "wachtwoord": PASSWORD}
    expect("a page of another host than is asked", console.post("/inloggen", fields, host).status == 403)
    cookie = console.post("/inloggen", fields, host, origin="https://keten.example").headers["Set-Cookie"]
    expect(cookie, re.fullmatch(r"__Host-ketenwacht=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict", cookie))


def check_session(console):
    headers = console.login("anna")
    expect("anna is in", console.get("/", headers).status == 200)
    token = console.get("/", headers).hidden("/uitloggen")["token"]
    expect("another session has another token", console.get("/", console.login("anna")).hidden("/uitloggen")["token"] != token)
    expect("who asks the login page is in already", console.get("/inloggen", headers).headers["Location"] == "/")
    for origin in (None, *FOREIGN):
        expect("a foreign page logs nobody out", console.post("/uitloggen", {"token": token}, headers, origin=origin).status == 403)
    expect("nor one that knows no token", console.post("/uitloggen", {}, headers).status == 403)
    expect("a GET logs nobody out", console.get("/uitloggen", headers).status == 405 and console.get("/", headers).status == 200)
    out = console.post("/uitloggen", {"token": token}, headers)
    expect(f"out: {out.status} {out.headers}", out.status == 303 and "Max-Age=0" in out.headers["Set-Cookie"])
    expect("the cookie is of no use any more", console.get("/", headers).status == 303)
    for cookie in ("ketenwacht=", "ketenwacht=x", "ketenwacht=" + "A" * 43, "__Host-ketenwacht=" + headers[-1][1].split("=")[1]):
        expect(f"{cookie} is nobody's", console.get("/", [("Cookie", cookie)]).status == 303)


def check_landing(console):
    """A link from elsewhere comes without the cookie; the page that goes on by itself gets it."""
    headers = [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]
    answer = console.get("/logboek?user=a%22%3Eb&from=2026-01-01", headers)
    want = '<meta http-equiv="refresh" content="0; url=/logboek?user=a%22%3Eb&amp;from=2026-01-01">'
    expect(f"a page that goes on: {answer.status} {answer.text}", answer.status == 200 and want in answer.text)
    expect("and from there to the login page", console.get("/logboek", [("Sec-Fetch-Site", "same-origin")]).status == 303)
    cookie = console.login("anna")
    expect("with the cookie there is no need", console.get("/", headers + cookie).status == 200 and "refresh" not in console.get("/", headers + cookie).text)


def check_guesses(console, broker):
    """One sentence for every wrong login; after a few the name waits, whether or not it exists, and its right password too."""
    said = {}
    for name in ("bram", "niemand"):
        answers = []
        for _ in range(10):
            answers.append(console.try_login(name, "geen goed wachtwoord"))
            if answers[-1].status == 429:
                break
        expect(f"{name}: {[a.status for a in answers]}", [a.status for a in answers[:-1]] == [401] * (len(answers) - 1) and answers[-1].status == 429)
        expect(f"Retry-After: {answers[-1].headers['Retry-After']}", 0 < int(answers[-1].headers["Retry-After"]) <= 60)
        expect("nothing was asked of the password", console.try_login(name, PASSWORD).status == 429)
        said[name] = [str(told(answer)).replace(name, "NAME") for answer in answers]
    last = {name: re.sub(r"\d+", "", texts.pop()) for name, texts in said.items()} # seconds
    expect(f"a name that exists is answered as one that does not: {said}", said["bram"] == said["niemand"] and last["bram"] == last["niemand"])
    expect("others do not wait", console.try_login("anna", PASSWORD).status == 303)
    lines = wait_for("failures in audit", lambda: [json.loads(line) for line in broker.run("audit", "--action", "LOGIN_FAILED", "--json").splitlines()])
    expect(f"only who exists is named in audit: {lines}", {line["user"] for line in lines} == {"bram", "-"})
    expect(f"it was refused: {lines}", {line["result"] for line in lines} == {"REFUSED"})
    expect("no password stands there", PASSWORD not in json.dumps(lines))


def check_feed(console):
    """A reader of feeds comes with name and password each time; that opens feeds, its own, and nothing else."""
    def basic(name, password=PASSWORD):
        return [("Authorization", "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode())]

    feed = "/meldingen/gm0014.atom"
    for headers in ([], basic("gm0014", "geen goed wachtwoord"), [("Authorization", "Basic ???")], [("Authorization", "Bearer " + PASSWORD)]):
        answer = console.get(feed, headers)
        expect(f"asked for name and password: {answer.status}", answer.status == 401 and answer.headers["WWW-Authenticate"].startswith("Basic "))
    answer = console.get(feed, basic("gm0014"))
    expect(f"the feed: {answer.status} {answer.headers}", answer.status == 200 and answer.headers["Content-Type"].startswith("application/atom+xml"))
    expect("no session begins", "Set-Cookie" not in answer.headers)
    expect(f"read: {answer.text}", "<id>urn:ketenwacht:meldingen:gm0014</id><title>Open meldingen aan Groningen</title>" in answer.text)
    expect("another's is not there", console.get("/meldingen/gm0037.atom", basic("gm0014")).status == 404)
    expect("who may see no case has none", console.get(feed, basic("anna")).status == 404)
    for path in ("/meldingen", "/zaken/x.atom", "/meldingen/.atom"):
        expect(f"{path} is for sessions", console.get(path, basic("gm0014")).status == 303)
    expect("nor a page of programs", console.get("/api/alerts", basic("gm0014")).status == 401)


def check_flood(console):
    """However many log in at once, pages go on, and nobody's thread is kept."""
    fields = console.get("/inloggen").hidden("/inloggen")
    headers = console.login("anna")
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        tries = [pool.submit(console.post, "/inloggen", {**fields, "naam": f"n{i}", "wachtwoord": "x" * 20}) for i in range(32)]
        pages = [console.get("/", headers).status for _ in range(20)]
        statuses = {answer.result().status for answer in tries}
    expect(f"pages while many log in: {pages}", set(pages) == {200})
    expect(f"logins: {statuses}", statuses <= {401, 429} and 429 in statuses)


def typed(command, lines):
    """Answers at a terminal: status, what it printed, what was seen on the terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        os.close(theirs)
        seen = b""
        for question, line in lines:
            while question not in seen.decode():
                expect(f"it asks '{question}': {seen}", select.select([ours], [], [], 60)[0])
                seen += os.read(ours, 4096)
            os.write(ours, line.encode() + b"\n") # at once: nothing is shown from before the question on
        out = process.communicate(timeout=60)[0]
        while select.select([ours], [], [], 0)[0]:
            try:
                seen += os.read(ours, 4096)
            except OSError: # nobody is at the other end any more
                break
    os.close(ours)
    return process.returncode, out, seen.decode()


def check_user_line(ketenwacht, root):
    """The command asks twice, shows nothing, and its line lets somebody in; also from a pipe."""
    command = [ketenwacht, "console", "user", "carla", "--roles", "zaak,meta", "--organisation", "gm0014", "--config", os.path.join(root, "config")]
    status, line, seen = typed(command, [("Password:", PASSWORD), ("Once more:", PASSWORD)])
    expect(f"{status} {line} {seen}", status == 0 and PASSWORD not in seen)
    expect(line, re.fullmatch(r'  - \{name: "carla", roles: \[meta, zaak\], organisation: gm0014, password: "\$argon2id\$[^"]*"\}\n', line))
    status, nothing, seen = typed(command, [("Password:", PASSWORD), ("Once more:", PASSWORD + "x")])
    expect(f"{status} {nothing} {seen}", status == 2 and not nothing and PASSWORD not in seen)
    for arguments, given, said_so in (
            (["carla", "--roles", "zak"], PASSWORD, "(did you mean 'zaak'?)"),
            (["carla"], PASSWORD, "--roles"),
            ([], PASSWORD, "NAME"),
            (["carla", "--roles", "zaak", "--organisation", "gm0041", "--config", os.path.join(root, "config")], PASSWORD, "(did you mean 'gm0014'?)"),
            (["carla", "--roles", "zaak"], "te kort", "at least 12 characters"),
            (["carla", "--roles", "zaak"], "", "12 characters")):
        told_so = subprocess.run([ketenwacht, "console", "user", *arguments], input=given + "\n", capture_output=True, text=True, timeout=60, check=False)
        expect(f"{arguments}: {told_so}", told_so.returncode == 2 and not told_so.stdout and said_so in told_so.stderr)
        expect(f"no password is repeated: {told_so.stderr}", not given or given not in told_so.stderr)
    return "listen: 127.0.0.1:0\nusers:\n" + line


def check_login(ketenwacht, root, broker, folder):
    with Console(broker, folder, check_user_line(ketenwacht, root)) as console:
        expect("carla is in", console.get("/", console.login("carla")).status == 200)
    people = {"anna": (("meta", "beheer"), None), "bram": (("meta",), None), "gm0014": (("zaak",), "gm0014")}
    with Console(broker, folder, "listen: 127.0.0.1:0\n" + users(people, hash_of(ketenwacht))) as console:
        check_cookie(console)
        check_session(console)
        check_landing(console)
        check_guesses(console, broker)
        check_feed(console)
        check_flood(console)
        page = console.get("/inloggen", [("Accept-Language", "en")])
        expect("in English", 'lang="en"' in page.text and "Log in" in page.text)
        with open(console.log, encoding="utf-8") as log:
            text = log.read()
        expect("no password and no name stands in the log", PASSWORD not in text and "niemand" not in text)


# -- Cases -------------------------------------------------------------------------------------------------

REFERENCE = "KENMERK-VAN-DE-GI" # a personal field


class Case:
    """A measure of three weeks ago, for which no protector was assigned: its municipality hears of that."""

    def __init__(self, municipality):
        self.case_id, self.event_id, self.measure_id, self.municipality = *(str(uuid.uuid4()) for _ in range(3)), municipality
        self.alert_id = None

    def line(self):
        day = (datetime.date.today() - datetime.timedelta(days=21)).isoformat()
        at = f"{day}T10:00:00Z"
        return json.dumps({"event": "measure-started", "event_id": self.event_id, "case_id": self.case_id, "source": "gi-jbn", "occurred_at": at,
                           "recorded_at": at, "measure_id": self.measure_id, "kind": "OTS", "verdict_date": day, "informed_date": day, "gi": "gi-jbn",
                           "municipality": self.municipality, "reference": REFERENCE}) + "\n"

    def ids(self):
        return [self.case_id, self.event_id, self.measure_id, *([self.alert_id] if self.alert_id else [])]


def asked(console, headers, path):
    """An address for people and for programs."""
    return [told(console.get(path, headers)), told(console.get("/api" + path.replace("/zaken", "/cases"), headers))]


def without(answers, text):
    return [(status, headers, body.replace(text, "ID")) for status, headers, body in answers]


def check_others_case(console, theirs, other, headers):
    """What an organisation was not told is as if it were not there."""
    nobody = str(uuid.uuid4())
    expect("its own case", [answer[0] for answer in asked(console, headers, f"/zaken/{theirs.case_id}")] == [200, 200])
    found, nothing = (without(asked(console, headers, f"/zaken/{id}"), id) for id in (other.case_id, nobody))
    expect(f"another's case:\n{found}\n{nothing}", found == nothing and found[0][0] == 404)
    for one in other.ids():
        found, nothing = (without(asked(console, headers, f"/zaken?zoek={id}"), id) for id in (one, nobody))
        expect(f"by {one}:\n{found}\n{nothing}", found == nothing)
    expect("its own is found", theirs.case_id in console.get(f"/api/cases?zoek={theirs.measure_id}", headers).text)


def check_everywhere(console, routes, headers, hidden):
    """On no page, in no form, stands what somebody may not see."""
    for route in routes:
        for path in (route["path"], route.get("api")):
            if not path or route["acts"] or path == "/api/stream":
                continue
            for form in (path + ("gm0014" if path.endswith("/") and path != "/" else ""), f"{path}?limit=1000", f"{path}?format=csv", f"{path}?show=counts"):
                text = console.get(form, headers).text
                for word in hidden:
                    expect(f"{form} has {word}", word not in text)


def check_personal(console, broker, headers, case):
    """Personal fields are shown with a reason, which stands in audit before."""
    path = f"/zaken/{case.case_id}"
    page = console.get(path, headers)
    expect("not by itself", page.status == 200 and REFERENCE not in page.text)
    fields = page.hidden(path)
    answer = console.post(path, fields, headers)
    expect(f"nor without a reason: {answer.status}", answer.status == 400 and REFERENCE not in answer.text)
    answer = console.post(path, {**fields, "reason": "vraag van de jeugdbeschermer"}, headers)
    expect(f"with one: {answer.status} {answer.text[-400:]}", answer.status == 200 and REFERENCE in answer.text)
    lines = [json.loads(line) for line in broker.run("audit", "--action", "VIEW_PERSONAL", "--case", case.case_id, "--json").splitlines()]
    expect(f"{lines}", [(line["user"], line["reason"]) for line in lines] == [("gegevens", "vraag van de jeugdbeschermer")])
    seen = wait_for("that it was shown", lambda: broker.run("audit", "--action", "VIEW_CASE", "--case", case.case_id))
    expect(seen, "  gegevens  VIEW_CASE  " in seen)


def check_away(console, headers, case):
    """The broker does not take the record: nothing is shown."""
    path = f"/zaken/{case.case_id}"
    page = console.get(path, headers)
    fields = {**page.hidden(path), "reason": "vraag van de jeugdbeschermer"}
    console.broker.process.kill()
    console.broker.process.wait()
    answer = console.post(path, fields, headers)
    expect(f"{answer.status}", answer.status == 503 and REFERENCE not in answer.text and answer.headers["Retry-After"])
    expect("a case is shown from memory", console.get(path, headers).status == 200)
    console.process.kill() # what waits for the broker would wait for it


def check_cases(ketenwacht, routes, broker, folder):
    ours, other = Case("gm0014"), Case("gm1979")
    people = {"zaak": (("zaak",), None), "gegevens": (("gegevens",), None), "meta": (("meta",), None), "g14": (("meta", "zaak", "beheer"), "gm0014")}
    with Console(broker, folder, "listen: 127.0.0.1:0\n" + users(people, hash_of(ketenwacht))) as console:
        broker.run("publish", "-", input=ours.line() + other.line())
        with open(f"{folder}/rules.log", "wb") as log:
            worker = subprocess.Popen([ketenwacht, "rules", *broker.options], stderr=log)
        try:
            zaak = console.login("zaak")

            def alert(case):
                found = console.get("/api/alerts?limit=1000&organisation=" + case.municipality, zaak).json()["alerts"]
                return next((row["alert_id"] for row in found if row["case_id"] == case.case_id), None)

            for case in (ours, other):
                case.alert_id = wait_for(f"the alert of {case.municipality}", lambda case=case: alert(case))
        finally:
            end(worker)
        g14 = console.login("g14")
        check_everywhere(console, routes, g14, other.ids() + [REFERENCE]) # before they look for it, which is theirs to read in the audit
        check_others_case(console, ours, other, g14)
        check_everywhere(console, routes, console.login("meta"), ours.ids() + other.ids() + [REFERENCE])
        check_everywhere(console, routes, zaak, [REFERENCE])
        token = console.get("/", g14).hidden("/uitloggen")["token"]
        act = {"token": token, "form": str(uuid.uuid4()), "by": "wachtdienst"}
        found, nothing = (told(console.post("/meldingen/bevestigen", {**act, "alert": id}, g14)) for id in (other.alert_id, str(uuid.uuid4())))
        expect(f"another's alert: {found} {nothing}", found == nothing and found[0] == 404)
        gegevens = console.login("gegevens")
        check_personal(console, broker, gegevens, ours)
        check_away(console, gegevens, ours)


# -- A proxy before it -------------------------------------------------------------------------------------

SECRET = "0123456789abcdef0123456789abcdef"
PROXY = """
proxy:
  secret: {env: SECRET}
  from: [127.0.0.2]
  groups:
    keten: {roles: [meta, beheer]}
    inzage: {roles: [zaak]}
    g14: {roles: [zaak], organisation: gm0014}
    g19: {roles: [zaak], organisation: gm1979}
"""


def said(user=None, groups=None, secret=SECRET):
    pairs = (("X-Console-Secret", secret), ("X-Forwarded-User", user), ("X-Forwarded-Groups", groups))
    return [(name, value) for name, value in pairs if value is not None]


def check_believed(site):
    """Over a way that is believed."""
    rows = (
        ("whom it names", said("anna@example.nl", "keten"), 200),
        ("and one of more groups", said("anna", "x, inzage ,keten"), 200),
        ("nobody without the secret", said("anna", "keten", None), 401),
        ("nor with another", said("anna", "keten", SECRET[:-1] + "x"), 401),
        ("nor with more", said("anna", "keten", SECRET + "x"), 401),
        ("nor with two", said("anna", "keten") + said(), 401),
        ("nobody", said(None, "keten"), 401),
        ("nobody", said("", "keten"), 401),
        ("who is named twice", said("anna", "keten") + said("bram", None, None), 403),
        ("or with groups twice", said("anna", "inzage") + said(None, "keten", None), 403),
        ("who is of no group", said("anna", None), 403),
        ("or of none that is known", said("anna", "kete,ketens"), 403),
        ("or of two organisations", said("anna", "g14,g19"), 403),
        ("or has no name", said("a" * 65, "keten"), 403),
    )
    for what, headers, status in rows:
        answer = site.get("/", headers)
        expect(f"{what}: {answer.status} {answer.text[-300:]}", answer.status == status)
        check_headers(what, answer)
        answer = site.get("/api/audit", headers)
        expect(f"{what}, for a program: {answer.status} {answer.text[-300:]}", answer.status == status or (status == 200 and answer.status in (200, 404)))


def check_proxied_acts(site):
    """Who is named by a proxy acts with the token of their own, and logs out where they logged in."""
    anna, bram = said("anna", "keten"), said("bram", "keten")
    page = site.get("/dode-letters", anna)
    expect("no button to log out", "/uitloggen" not in page.text and page.status == 200)
    token = page.hidden("/dode-letters/proef")["token"]
    expect("by her own token", site.post("/dode-letters/proef", {"token": token}, anna).status != 403)
    expect("not by another's", site.post("/dode-letters/proef", {"token": token}, bram).status == 403)
    expect("not from elsewhere", site.post("/dode-letters/proef", {"token": token}, anna, origin="https://evil.example").status == 403)


class From(Site):
    """Who asks from another address of this machine."""

    def __init__(self, site, address):
        super().__init__(site.port)
        self.address = address

    def connection(self):
        return http.client.HTTPConnection(self.host, self.port, timeout=60, source_address=(self.address, 0))


NGINX = """
worker_processes 1;
user %(user)s;
pid %(folder)s/nginx.pid;
error_log %(folder)s/error.log;
daemon off;
events {}
http {
  access_log off;
  client_body_temp_path %(folder)s/body; proxy_temp_path %(folder)s/proxy; fastcgi_temp_path %(folder)s/fastcgi;
  uwsgi_temp_path %(folder)s/uwsgi; scgi_temp_path %(folder)s/scgi;
  map $remote_user $groups { default ""; anna "keten,inzage"; dirk "onbekend"; }
  server {
    listen 127.0.0.1:%(port)d ssl;
    ssl_certificate %(folder)s/c.pem;
    ssl_certificate_key %(folder)s/k.pem;
    location / {
      auth_basic keten;
      auth_basic_user_file %(folder)s/people;
%(recipe)s
    }
  }
}
"""


def recipe(root, folder):
    """The lines that ops/console.md gives for nginx, with the places of this test in them."""
    with open(os.path.join(root, "ops", "console.md"), encoding="utf-8") as f:
        lines = re.search(r"```nginx\n(.*?)```", f.read(), re.DOTALL).group(1)
    for there, here in (("/run/ketenwacht/console.sock", f"{folder}/console.sock"), ("GEHEIM", SECRET), ("$groups_of_user", "$groups")):
        expect(f"ops/console.md names {there}", there in lines)
        lines = lines.replace(there, here)
    return lines


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{folder}/k.pem", "-out", f"{folder}/c.pem"], check=True, capture_output=True)
    return f"{folder}/c.pem"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def basic(user, password="geheim"):
    return [("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())]


def check_nginx(root, broker, folder):
    """A real proxy, with the lines that we recommend; it speaks TLS and knows who is who."""
    port, authority = free_port(), make_certificate(folder)
    with open(f"{folder}/people", "w", encoding="utf-8") as f:
        f.write("anna:{PLAIN}geheim\ndirk:{PLAIN}geheim\n")
    with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as f:
        f.write(NGINX % {"folder": folder, "port": port, "user": pwd.getpwuid(os.getuid()).pw_name, "recipe": recipe(root, folder)})
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"])
    try:
        site = Site(port, authority=authority, host="localhost")

        def answers():
            expect("nginx runs", nginx.poll() is None)
            try:
                return site.get("/")
            except OSError:
                return None

        wait_for("nginx", answers)
        settings = f"listen: unix:{folder}/console.sock\norigin: {site.origin}\n{PROXY}"
        with Console(broker, folder, settings, {"SECRET": SECRET}, unix=f"{folder}/console.sock", host="localhost"):
            check_behind_nginx(site)
            wait_for("her address, as nginx saw it", lambda: broker.run("audit", "--user", "anna", "--action", "VIEW_AUDIT").find("[127.0.0.1]") > 0)
    finally:
        end(nginx)


def check_behind_nginx(site):
    expect("who is not known to it", site.get("/").status == 401)
    page = site.get("/", basic("anna"))
    expect(f"anna: {page.status}", page.status == 200 and "anna" in page.text)
    check_headers("behind nginx", page)
    expect("of no group", site.get("/", basic("dirk")).status == 403)
    for header in said("koning", "keten"):
        answer = site.get("/logboek", basic("dirk") + [header])
        expect(f"what somebody says of themselves: {header[0]} {answer.status}", answer.status == 403)
    expect("nor instead of her", "koning" not in site.get("/", basic("anna") + said("koning", None, None)).text)
    expect("the audit", site.get("/logboek", basic("anna") + [("X-Forwarded-For", "192.0.2.1")]).status == 200)
    token = site.get("/dode-letters", basic("anna")).hidden("/dode-letters/proef")["token"]
    expect("she acts", site.post("/dode-letters/proef", {"token": token}, basic("anna")).status != 403)
    expect("from here alone", site.post("/dode-letters/proef", {"token": token}, basic("anna"), origin="https://localhost").status == 403)
    connection = site.connection()
    connection.request("GET", "/api/stream", headers=dict(basic("anna")))
    response = connection.getresponse()
    expect(f"a stream: {response.status} {response.headers}", response.status == 200 and response.headers["Content-Type"].startswith("text/event-stream"))
    expect("what is told at once comes at once: nginx collects nothing", response.fp.readline())
    connection.close()


def check_proxy(ketenwacht, root, broker, folder):
    settings = f"listen: unix:{folder}/console.sock\n{PROXY}"
    with Console(broker, folder, settings, {"SECRET": SECRET}, unix=f"{folder}/console.sock", host="localhost") as console:
        check_believed(console)
        check_proxied_acts(console)
        expect("there is nothing to log in to", console.get("/inloggen").status == 404)
    people = users({"bram": (("meta",), None)}, hash_of(ketenwacht))
    with Console(broker, folder, "listen: 127.0.0.1:0\n" + people + PROXY, {"SECRET": SECRET}) as console:
        expect("from an address that is not named", console.get("/", said("anna", "keten")).status == 303)
        near = From(console, "127.0.0.2")
        near.origin = console.origin
        expect("from one that is", near.get("/", said("anna", "keten")).status == 200)
        expect("users beside it", near.get("/", near.login("bram")).status == 200 and near.get("/", near.login("bram", said())).status == 200)
        far = [("X-Forwarded-For", "203.0.113.1, 203.0.113.2, 192.0.2.7")]
        statuses = [near.try_login(f"n{i}", "x" * 20, headers=said() + far).status for i in range(22)]
        expect(f"the address that the proxy saw waits: {statuses}", statuses[-1] == 429)
        for other in ([], [("X-Forwarded-For", "192.0.2.7, 192.0.2.8")]):
            expect("and no other", near.get("/", near.login("bram", said() + other)).status == 200)
    check_nginx(root, broker, folder)


# -- TLS of its own ----------------------------------------------------------------------------------------


def check_tls(ketenwacht, _, broker, folder):
    authority = make_certificate(folder)
    settings = "listen: 127.0.0.1:0\ntls: {certificate: c.pem, key: k.pem}\n" + users({"anna": (("meta",), None)}, hash_of(ketenwacht))
    with Console(broker, folder, settings, authority=authority, host="localhost") as console:
        answer = console.try_login("anna", PASSWORD)
        cookie = answer.headers["Set-Cookie"]
        expect(cookie, re.fullmatch(r"__Host-ketenwacht=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict", cookie))
        expect("anna is in", console.get("/", [("Cookie", cookie.split(";")[0])]).status == 200)
        fields = console.get("/inloggen").hidden("/inloggen")
        plain = f"http://localhost:{console.port}"
        expect("not from a page without TLS", console.post("/inloggen", {**fields, "naam": "anna", "wachtwoord": PASSWORD}, origin=plain).status == 403)
        try:
            Site(console.port).get("/inloggen")
            expect("nothing is answered without TLS", False)
        except (http.client.HTTPException, OSError):
            pass
    with open(f"{folder}/k.pem", "w", encoding="utf-8") as f:
        f.write("no key\n")
    told_so = subprocess.run([ketenwacht, "console", f"{folder}/console.yaml", *broker.options], capture_output=True, text=True, timeout=60, check=False)
    expect(f"a key that is none: {told_so.returncode} {told_so.stderr[-500:]}", told_so.returncode == 2 and "ketenwacht console: " in told_so.stderr)


CASES = {"matrix": check_matrix, "cases": check_cases, "login": check_login, "proxy": check_proxy, "tls": check_tls}


def main(ketenwacht, root, routes, case):
    table = json.loads(subprocess.run([routes], check=True, capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory() as folder, Broker(ketenwacht, root) as broker:
        CASES[case](ketenwacht, table if case in ("matrix", "cases") else root, broker, folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
