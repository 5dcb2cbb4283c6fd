# SPDX-License-Identifier: EUPL-1.2
"""Writes files as arrays of C, with a digest of each: embed.py OUTPUT FILE..."""

import hashlib
import pathlib
import sys


def array(path: pathlib.Path) -> str:
    data = path.read_bytes()
    name = path.name.replace(".", "_")
    digest = hashlib.sha256(data).hexdigest()[:16]
    rows = [", ".join(str(b) for b in data[i : i + 32]) for i in range(0, len(data), 32)]
    body = ",\n        ".join(rows)
    return (
        f"static const unsigned char asset_{name}[] = {{\n        {body}\n}};\n"
        f'#define ASSET_{name.upper()}_PATH "/{path.stem}.{digest}{path.suffix}"\n'
    )


def main() -> None:
    output, *files = sys.argv[1:]
    pathlib.Path(output).write_text("\n".join(array(pathlib.Path(f)) for f in files), encoding="utf-8")


main()
