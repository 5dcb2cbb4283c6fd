#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The contrast of the console's palette, by formula.

Usage: palette.py console.css

Goal: text and shapes can be told from what they stand on, in light, in dark and on paper (WCAG 2.1, 1.4.3 and 1.4.11). Method: each :root of the
stylesheet is one palette; the ratio of relative luminances is computed for each --ink-… (4.5) and --mark-… (3) on each --ground-…, and each --on-… on
its --fill-… (4.5). A palette that does not name a colour has that of the first one; no colour stands anywhere else.
"""

import re
import sys

TEXT, SHAPE = 4.5, 3.0


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def palettes(css):
    found = [dict(re.findall(r"--([a-z-]+):\s*(#[0-9a-f]{6})", block)) for block in re.findall(r":root\s*{([^}]*)}", css)]
    if len(found) != 3:
        sys.exit(f"{len(found)} palettes; expected those of light, dark and paper")
    return [dict(found[0], **palette) for palette in found]


def pairs(palette):
    grounds = [name for name in palette if name.startswith("ground-")]
    for name in palette:
        if name.startswith(("ink-", "mark-")):
            yield from ((name, ground, TEXT if name.startswith("ink-") else SHAPE) for ground in grounds)
        if name.startswith("on-"):
            yield name, "fill-" + name[3:], TEXT


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        css = file.read()
    failed, n = 0, 0
    for which, palette in zip(("light", "dark", "paper"), palettes(css)):
        for over, under, least in pairs(palette):
            ratio = contrast(palette[over], palette[under])
            n += 1
            if ratio < least:
                failed += 1
                print(f"{which}: --{over} on --{under} has {ratio:.2f}, expected {least}")
    outside = re.findall(r"^(?!\s*--).*#[0-9a-f]{3,6}\b.*$", re.sub(r"--[a-z-]+:\s*#[0-9a-f]{6};", "", css), re.M)
    for line in outside:
        failed += 1
        print(f"a colour outside the palette: {line.strip()}")
    print(f"{n} pairs, {failed} faults")
    sys.exit(1 if failed or n < 100 else 0)


if __name__ == "__main__":
    main()
