#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Makes the pictures of README.md: pages of the console on the demonstration, as they are today.

Usage: pictures.py BINARY ROOT [FOLDER]

Writes NAME.png into FOLDER (default: pictures beside this file). On the broker that KETENWACHT_TEST_BOOTSTRAP names, which knows who reads, else on the
embedded one. What is in them changes with the clock, so no test compares them; console.py looks at the same pages.
"""

import os
import sys
import tempfile
import time

from browser import Browser
from site_demo import Demo, ask, wait_for

WIDTH = 1040
MEASURES = 40 # that begin while it is looked at
# name: page, and how much of it
PICTURES = {
    "overzicht": ("/", 1000),
    "zaak": ("/zaken/{case_id}", 1240),
}


def main():
    binary, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    to = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
    os.makedirs(to, exist_ok=True)
    bootstrap = os.environ.get("KETENWACHT_TEST_BOOTSTRAP")
    where = ["--bootstrap", bootstrap] if bootstrap else []
    with tempfile.TemporaryDirectory(prefix="ketenwacht-pictures-") as folder, Demo(binary, root, folder, *where) as demo, Browser(root) as browser:
        browser.get(demo.address + "/") # from now on flows are looked at
        wait_for("the first look at flows", lambda: "nog niet bekend" not in ask(demo.address + "/").text)
        for _ in range(MEASURES):
            case_id, measure_id = demo.start_measure()
        # The case of README.md: its protector comes late.
        demo.post("protector-assigned", case_id, measure_id=measure_id, date=time.strftime("%Y-%m-%d"), worker="jb-40", role="FIXED",
                  working_with_family=True, reason="FIRST")
        wait_for("the late protector", lambda: "te laat gehaald" in ask(f"{demo.address}/zaken/{case_id}").text)
        wait_for("what flows", lambda: "/stromen/measure-started" in ask(demo.address + "/").text)
        for name, (page, height) in PICTURES.items():
            browser.get(demo.address + page.format(case_id=case_id))
            browser.cdp("Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=1, mobile=False)
            path = os.path.join(to, name + ".png")
            browser.driver.save_screenshot(path)
            print(f"{path}: {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
