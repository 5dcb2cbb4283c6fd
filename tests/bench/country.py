#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Writes a configuration as large as the country: 342 municipalities in 42 regions, 20 norms of each, and the four national ones.

Usage: country.py SOURCES FOLDER, then `ketenwacht bench engine --facts 5 --config FOLDER`

Of the norms of a region four ask something of every measure, the others of another kind than the benchmark has.
"""

import pathlib
import shutil
import sys

REGIONS, MUNICIPALITIES, NORMS = 42, 342, 20
MET_BY = ["protector-assigned", "first-contact-held", "course-agreed", "help-started"]


def organisations():
    yield "organisations:"
    for number in range(MUNICIPALITIES):
        yield f"  - {{id: gm{number:04d}, kind: municipality, name: Gemeente {number}, region: regio-{number % REGIONS}}}"
    yield "  - {id: gi-een, kind: gi, name: GI}"
    yield "  - {id: operators, kind: operators, name: Beheer}"
    yield "regions:"
    for region in range(REGIONS):
        yield f"  - {{id: regio-{region}, name: Regio {region}}}"


def protocol(region):
    yield f"protocol: afspraken-{region}\nregion: regio-{region}\nvalid: {{from: 2015-01-01}}\nnorms:"
    for number in range(NORMS):
        yield f"  - norm: afspraak-{region}-{number}"
        yield "    basis: {kind: agreement, ref: proef}\n    starts: measure-started.informed_date"
        if number >= len(MET_BY):
            yield "    when: {kind: VOTS}"
        yield f"    term: {number + 1} weeks\n    met_by: [{MET_BY[number % len(MET_BY)]}]\n    ends_with: measure-ended"
        yield "    announce: [gi]\n    escalate: [{after: 0 days, to: [municipality]}]"


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    shutil.copytree(pathlib.Path(sys.argv[1]) / "tests/bench/four-deadlines", folder, dirs_exist_ok=True)
    write(folder / "organisations.yaml", organisations())
    for region in range(REGIONS):
        write(folder / "protocols" / f"afspraken-{region}.yaml", protocol(region))


if __name__ == "__main__":
    main()
