#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Who logs in at the console, on a real broker, in a real Chromium.

Usage: acts.py BINARY ROOT

Goal: what people come for works from the login on, by keyboard and mouse, with a script and without: a refused event is sent again and its alert appears, a
case is found by its measure, an organisation sees what it was told and nothing else. Method: a worker that does not know a source refuses its event; its
configuration is mended; then a browser does what the three users do.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

from browser import Browser, run_checks
from site_demo import DEADLINE_S, Console, Process, ask, expect, free_port

PASSWORD = "vier losse woorden samen"
REASON = "gi-b staat nu in de configuratie"
USERS = {
    "piet": ["--roles", "meta,zaak,gegevens,beheer"],
    "anna": ["--roles", "meta,zaak", "--organisation", "gm0001"],
    "bea": ["--roles", "meta,zaak", "--organisation", "gm0002"],
}
ORGANISATIONS = """organisations:
  - {{id: gm0001, kind: municipality, name: Een, region: noord}}
  - {{id: gm0002, kind: municipality, name: Twee, region: noord}}
  - {{id: gi-a, kind: gi, name: A}}
{more}  - {{id: operators, kind: operators, name: Beheer}}
regions:
  - {{id: noord, name: Noord}}
"""
GI_B = "  - {id: gi-b, kind: gi, name: B}\n"


class World:
    """Two configurations, a refused event, and a worker that goes by the second one."""

    def __init__(self, binary, root, folder):
        self.binary, self.root, self.folder = binary, root, folder
        self.prefix = f"console{os.getpid()}."
        self.case_id, self.measure_id, self.event_id = (str(uuid.uuid4()) for _ in range(3))
        self.configuration("before", 5, "")
        self.configuration("after", 6, GI_B)
        self.env = {"KETENWACHT_BOOTSTRAP": os.environ["KETENWACHT_TEST_BOOTSTRAP"], "KETENWACHT_CONFIG": os.path.join(folder, "after"),
                    "KETENWACHT_SCHEMAS": os.path.join(root, "schemas")}

    def configuration(self, name, version, more):
        folder = os.path.join(self.folder, name)
        os.makedirs(os.path.join(folder, "protocols"))
        shutil.copy(os.path.join(self.root, "config/calendar.yaml"), folder)
        shutil.copy(os.path.join(self.root, "tests/cli/proef.yaml"), os.path.join(folder, "protocols"))
        for file, text in {"version": f"{version}\n", "broker.yaml": f"prefix: {self.prefix}\npartitions: 2\n",
                           "organisations.yaml": ORGANISATIONS.format(more=more)}.items():
            with open(os.path.join(folder, file), "w", encoding="utf-8") as out:
                out.write(text)

    def run(self, *arguments, config="after", given=None):
        run = subprocess.run([self.binary, *arguments], env={**os.environ, **self.env, "KETENWACHT_CONFIG": os.path.join(self.folder, config)},
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, input=given, text=True, check=False, timeout=DEADLINE_S)
        expect(f"{' '.join(arguments)}: {run.returncode}: {run.stdout[-2000:]}", run.returncode == 0)
        return run.stdout

    def refuse_an_event(self):
        then = time.strftime("%Y-%m-%d", time.localtime(time.time() - 21 * 86400))
        event = {"event": "measure-started", "event_id": self.event_id, "case_id": self.case_id, "source": "gi-b", "occurred_at": then + "T10:00:00Z",
                 "recorded_at": then + "T10:00:00Z", "measure_id": self.measure_id, "kind": "OTS", "verdict_date": then, "informed_date": then,
                 "gi": "gi-b", "municipality": "gm0001"}
        self.run("topics", "apply")
        self.run("publish", "-", given=json.dumps(event) + "\n")
        expect("the worker refuses whom it does not know", '"dead":1' in self.run("rules", "--once", config="before"))

    def console(self):
        """The port and the file of a console with the three users."""
        path = os.path.join(self.folder, "console.yaml")
        port = free_port()
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"listen: 127.0.0.1:{port}\nusers:\n")
            for name, what in USERS.items():
                file.write(self.run("console", "user", name, *what, given=PASSWORD + "\n"))
        return port, path


# -- What people do --


def log_in(browser, address, name, password=PASSWORD):
    browser.cdp("Network.clearBrowserCookies")
    browser.get(address + "/")
    browser.find("input[name=naam]").send_keys(name)
    browser.find("input[name=wachtwoord]").send_keys(password + "\ue007")


def check_wrong_login(browser, world, address):
    """Whoever does not get in learns nothing: not whether the name exists, nor what there is."""
    said = []
    for name, password in [("piet", "een ander wachtwoord"), ("niemand", PASSWORD)]:
        log_in(browser, address, name, password)
        browser.wait("the answer", lambda: browser.all("[role=alert]"))
        said.append(browser.text("[role=alert]"))
    expect(f"one sentence for every wrong login: {said}", said[0] == said[1])
    expect("and no page", not browser.all("header nav li"))
    expect("nor data", ask(f"{address}/api/cases/{world.case_id}").status == 401)


def check_letter_sent_again(browser, world, address):
    log_in(browser, address, "piet")
    browser.wait("the menu", lambda: browser.all("header nav li"))
    expect("nothing is told yet", world.case_id not in ask_as(browser, address + "/api/alerts").text)
    browser.driver.find_element("link text", "Dode letters").click()
    browser.wait("the letter", lambda: browser.all("th a[href^='/dode-letters/']"))
    browser.find("th a[href^='/dode-letters/']").click()
    browser.wait("the letter itself", lambda: "UNKNOWN_ORGANISATION" in browser.text())
    expect("what would happen now", "aangenomen" in browser.text())
    form = browser.find("form.act[action$='/opnieuw']")
    form.find_element("css selector", "input[type=text]").send_keys(REASON)
    form.find_element("css selector", "button").click()
    browser.wait("it to be sent", lambda: "verstuurd" in browser.text())
    browser.get(address + "/meldingen")
    browser.wait("its alert", lambda: world.case_id in reloaded(browser).page_source)


def untimed(answer):
    """Without the instants at which it was given."""
    return re.sub(r"<time.*?</time>", "", answer.text)


def reloaded(browser):
    browser.driver.refresh()
    return browser.driver


def ask_as(browser, address):
    """As whoever is logged in."""
    cookies = "; ".join(f"{c['name']}={c['value']}" for c in browser.driver.get_cookies())
    return ask(address, {"Cookie": cookies})


def find_case(browser, world):
    field = browser.find("#search")
    field.clear()
    field.send_keys(world.measure_id + "\ue007")
    browser.wait("the case", lambda: world.case_id in browser.driver.current_url)


def check_case_and_picture(browser, world, address):
    """Found by its measure, by keyboard alone; the picture is read as a screen reader does, and has its table."""
    browser.get(address + "/")
    browser.keys("/")
    browser.keys(world.measure_id + "\ue007")
    browser.wait("the case", lambda: world.case_id in browser.driver.current_url)
    svg = browser.find("figure svg")
    expect("the picture has a name and a description", svg.get_attribute("role") in ("img", "group", "list") and
           browser.run("return arguments[0].querySelector('desc').textContent.length", svg) > 20)
    words = browser.text()
    for word in ["Jeugdbeschermer binnen vijf werkdagen", "measure-started", "Een"]:
        expect(f"the page of the case says {word}", word in words)
    tree = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    names = [node["name"].get("value", "") for node in tree if node.get("role", {}).get("value") in ("image", "img", "graphics-document", "SvgRoot")]
    expect(f"assistive software sees the picture: {names}", any(names))


def check_without_script(browser, world, address):
    browser.setting(script=False)
    log_in(browser, address, "piet")
    find_case(browser, world)
    expect("the whole page", "Jeugdbeschermer binnen vijf werkdagen" in browser.text() and browser.all("figure svg"))
    browser.driver.find_element("link text", "Meldingen").click()
    browser.wait("the next one", lambda: "melding" in browser.text("h1").lower())


def check_own_part_only(browser, world, address):
    """Who was told of the case sees it; to others it is as if it were not there, by whatever address."""
    log_in(browser, address, "anna")
    find_case(browser, world)
    expect("the municipality that was told sees it", "Jeugdbeschermer binnen vijf werkdagen" in browser.text())
    log_in(browser, address, "bea")
    browser.wait("the menu", lambda: browser.all("header nav li"))
    for form in ["/zaken/{}", "/api/cases/{}"]:
        there, not_there = (ask_as(browser, address + form.format(case)) for case in (world.case_id, str(uuid.uuid4())))
        expect(f"{form}: the same answer as for what does not exist", (there.status, untimed(there)) == (404, untimed(not_there)) and not_there.status == 404)
    for path in ["/dode-letters", "/stromen", "/logboek"]:
        expect(f"{path} is not there either", ask_as(browser, address + path).status == 404)
    browser.get(address + "/zaken/" + world.case_id)
    expect("a page says so", browser.text("h1") == "Niet gevonden")
    expect("the alert is not hers", world.case_id not in ask_as(browser, address + "/api/alerts").text)


def check_audit(browser, world, address):
    log_in(browser, address, "piet")
    browser.wait("the menu", lambda: browser.all("header nav li"))
    browser.get(address + "/logboek")
    words = browser.text()
    for word in ["REDRIVE", REASON, "LOGIN_FAILED", "VIEW_CASE", "bea"]:
        expect(f"the audit says {word}", word in words)
    expect("no password", PASSWORD not in world.run("tail", "audit", "--until-end"))


CHECKS = [check_wrong_login, check_letter_sent_again, check_case_and_picture, check_without_script, check_own_part_only, check_audit]


def main():
    if "KETENWACHT_TEST_BOOTSTRAP" not in os.environ:
        sys.exit(77)
    binary, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="ketenwacht-acts-") as folder, Browser(root) as browser:
        world = World(binary, root, folder)
        world.refuse_an_event()
        with Process(folder, "rules", [binary, "rules"], world.env), Console(binary, folder, world.env, *world.console()) as console:
            run_checks(browser, CHECKS, world, console.address)


if __name__ == "__main__":
    main()
