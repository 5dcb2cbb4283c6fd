#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Makes the pictures of README.md: pages of the console on the demonstration, as they are today.

Usage: pictures.py BINARY ROOT [FOLDER]

Writes NAME.png into FOLDER (default: pictures beside this file). What is in them changes with the clock, so no test compares them; console.py looks at the
same pages.
"""

import os
import sys
import tempfile

from browser import Browser
from site_demo import Demo

SHARP = 1.5   # dots of the picture for one of the page
WIDTH = 1000
# name: page, and how much of it
PICTURES = {
    "overzicht": ("/", 760),
    "zaak": ("/zaken/{story}", 2200),
    #"meldingen": ("/meldingen", 560),
}


def main():
    binary, root = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    to = os.path.abspath(sys.argv[3]) if len(sys.argv) > 3 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "pictures")
    os.makedirs(to, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ketenwacht-pictures-") as folder, Demo(binary, root, folder) as demo, Browser(root) as browser:
        for name, (page, height) in PICTURES.items():
            browser.get(demo.address + page.format(story=demo.story()))
            browser.cdp("Emulation.setDeviceMetricsOverride", width=WIDTH, height=height, deviceScaleFactor=SHARP, mobile=False)
            path = os.path.join(to, name + ".png")
            browser.driver.save_screenshot(path)
            print(f"{path}: {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
