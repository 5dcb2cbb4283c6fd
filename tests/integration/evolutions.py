#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Random pairs of Avro schemas, the second made of the first by a few changes, with datums of the first: one JSON object a line.

The same seed gives the same lines. Datums are encoded here, so that every branch and every symbol comes up, whatever a library's
writer would choose. Usage: evolutions.py SEED PAIRS [STORED], where STORED holds pairs that go before.
"""

import copy
import json
import random
import struct
import sys

DATUMS = 6
DEPTH_MAX = 4
PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"]
PROMOTED = {"int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"], "bytes": ["string"], "string": ["bytes"]}
LOGICAL = {"int": ["date", "time-millis"], "long": ["timestamp-millis", "timestamp-micros"], "string": ["uuid"], "bytes": ["decimal"]}
NAMES = ["Alfa", "Bravo", "Charlie", "Delta", "Echo", "Foxtrot"]
FIELDS = ["a", "b", "c", "d", "e", "f", "g"]
SPACES = [[""], ["n", "n.m", "k"], ["n", "n.m", "k"]]  # of one pair: without a name space nothing can be named from within one
SYMBOLS = ["A", "B", "C", "D", "E"]


class Type:
    """A type: kind, and what the kind has. Named types are shared by those who refer to them."""

    def __init__(self, kind, **more):
        self.kind = kind
        self.name = self.space = self.logical = self.default = None
        self.aliases, self.fields, self.symbols, self.branches, self.size, self.items = [], [], [], [], 0, None
        self.__dict__.update(more)

    def named(self):
        return self.kind in ("record", "enum", "fixed")

    def full(self):
        return f"{self.space}.{self.name}" if self.space else self.name


class Field:
    """A field of a record."""

    def __init__(self, name, of, has_default):
        self.name, self.type, self.has_default, self.aliases = name, of, has_default, []


class Maker:
    """Makes schemas, changes them, and writes datums of them."""

    def __init__(self, rng):
        self.rng = rng
        self.spaces = rng.choice(SPACES)

    # -- Schemas --

    def type(self, depth, known, union=True):
        kinds = ["primitive"] * 4 + ["enum", "fixed", "array", "map", "record", "record"] + (["union", "union"] if union else [])
        kind = self.rng.choice(kinds if depth < DEPTH_MAX else ["primitive"])
        if known and self.rng.random() < 0.15:
            return self.rng.choice(known)
        if kind == "primitive":
            return self.primitive()
        if kind == "union":
            return Type("union", branches=self.branches(depth, known))
        if kind in ("array", "map"):
            return Type(kind, items=self.type(depth + 1, known))
        return self.named(kind, depth, known)

    def primitive(self):
        kind = self.rng.choice(PRIMITIVES)
        made = Type(kind)
        if kind in LOGICAL and self.rng.random() < 0.15:
            made.logical = self.rng.choice(LOGICAL[kind])
        return made

    def named(self, kind, depth, known):
        used = {t.full() for t in known}
        for _ in range(50):
            name, space = self.rng.choice(NAMES), self.rng.choice(self.spaces)
            made = Type(kind, name=name, space=space)
            if made.full() not in used:
                break
        else:
            return self.primitive()
        known.append(made)
        if kind == "enum":
            made.symbols = self.rng.sample(SYMBOLS, self.rng.randint(1, 4))
            made.default = self.rng.choice(made.symbols) if self.rng.random() < 0.3 else None
        elif kind == "fixed":
            made.size = self.rng.choice([1, 4, 16])
            made.logical = "uuid" if made.size == 16 and self.rng.random() < 0.3 else None
        else:
            for name in self.rng.sample(FIELDS, self.rng.randint(0, 4)):
                made.fields.append(Field(name, self.type(depth + 1, known), self.rng.random() < 0.4))
        return made

    def branches(self, depth, known):
        made = []
        for _ in range(self.rng.randint(1, 4)):
            of = Type("null") if self.rng.random() < 0.3 else self.type(depth + 1, known, union=False)
            if fits_union(made, of):
                made.append(of)
        return made

    def schema(self):
        return self.type(0, []) if self.rng.random() < 0.2 else self.named("record", 0, [])

    # -- Changes --

    def evolved(self, root):
        root = copy.deepcopy(root)
        for _ in range(self.rng.choice([0, 1, 1, 1, 2, 2, 3])):
            places = list(walk(root))
            holder = Type("array", items=root)
            self.rng.choice([self.change_type, self.change_named, self.change_field])(places, holder)
            root = holder.items
        return root

    def change_type(self, places, holder):
        """Another type in the place of one."""
        slots = [(holder, "items", None)]
        for t in places:
            slots += [(f, "type", None) for f in t.fields] + [(t, "branches", i) for i in range(len(t.branches))]
            slots += [(t, "items", None)] if t.items else []
        owner, key, index = self.rng.choice(slots)
        old = getattr(owner, key) if index is None else owner.branches[index]
        new = self.other(old, [t for t in places if t.named()])
        if index is None:
            setattr(owner, key, new)
        elif fits_union(owner.branches[:index] + owner.branches[index + 1:], new):
            owner.branches[index] = new

    def other(self, old, known):
        roll = self.rng.random()
        if roll < 0.35 and old.kind in PROMOTED:
            return Type(self.rng.choice(PROMOTED[old.kind]))
        if roll < 0.45 and old.kind in LOGICAL:
            return Type(old.kind, logical=self.rng.choice(LOGICAL[old.kind] + [None]))
        if roll < 0.65 and old.kind != "union":
            return Type("union", branches=[Type("null"), old] if old.kind != "null" else [old, Type("string")])
        if old.kind == "union":
            return self.other_union(old, known)
        return self.type(DEPTH_MAX - 1, known)

    def other_union(self, old, known):
        branches = list(old.branches)
        roll = self.rng.random()
        if roll < 0.3 and len(branches) > 1:
            branches.pop(self.rng.randrange(len(branches)))
        elif roll < 0.6:
            more = self.type(DEPTH_MAX - 1, known, union=False)
            if fits_union(branches, more):
                branches.insert(self.rng.randint(0, len(branches)), more)
        elif roll < 0.8:
            self.rng.shuffle(branches)
        else:
            return self.rng.choice(branches)
        return Type("union", branches=branches)

    def change_named(self, places, _holder):
        """Another name, name space, size, symbol or alias."""
        named = [t for t in places if t.named()]
        if not named:
            return
        t, taken = self.rng.choice(named), {u.full() for u in named}
        before = (t.name, t.space, t.full())
        roll = self.rng.random()
        if t.kind == "enum" and roll < 0.6:
            self.change_symbols(t)
        elif t.kind == "fixed" and roll < 0.3:
            t.size = self.rng.choice([1, 4, 16])
            t.logical = t.logical if t.size == 16 else None
        elif roll < 0.8:
            t.name, t.space = (self.rng.choice(NAMES), t.space) if self.rng.random() < 0.5 else (t.name, self.rng.choice(self.spaces))
            if t.full() in taken:
                t.name, t.space = before[:2]
            elif self.rng.random() < 0.6:
                t.aliases.append(before[2] if before[1] != t.space or self.rng.random() < 0.5 else before[0])

    def change_symbols(self, t):
        roll = self.rng.random()
        spare = [s for s in SYMBOLS if s not in t.symbols]
        if roll < 0.4 and spare:
            t.symbols.insert(self.rng.randint(0, len(t.symbols)), self.rng.choice(spare))
        elif roll < 0.7 and len(t.symbols) > 1:
            t.symbols.pop(self.rng.randrange(len(t.symbols)))
            t.default = t.default if t.default in t.symbols else None
        elif roll < 0.85:
            self.rng.shuffle(t.symbols)
        else:
            t.default = None if t.default else self.rng.choice(t.symbols)

    def change_field(self, places, _holder):
        """A field more, less, elsewhere, or with another name."""
        records = [t for t in places if t.kind == "record"]
        if not records:
            return
        t = self.rng.choice(records)
        spare = [n for n in FIELDS if n not in [f.name for f in t.fields]]
        roll = self.rng.random()
        if (roll < 0.35 or not t.fields) and spare:
            known = [u for u in places if u.named()]
            t.fields.insert(self.rng.randint(0, len(t.fields)), Field(self.rng.choice(spare), self.type(DEPTH_MAX - 1, known), self.rng.random() < 0.6))
        elif roll < 0.55:
            t.fields.pop(self.rng.randrange(len(t.fields)))
        elif roll < 0.8 and spare:
            f = self.rng.choice(t.fields)
            f.aliases += [f.name] if self.rng.random() < 0.7 else [self.rng.choice(FIELDS)] if self.rng.random() < 0.3 else []
            f.name = self.rng.choice(spare)
        elif roll < 0.9:
            self.rng.shuffle(t.fields)
        else:
            f = self.rng.choice(t.fields)
            f.has_default = not f.has_default

    # -- Datums --

    def datum(self, t, depth=0):
        rng = self.rng
        if depth > 40:
            raise RecursionError
        if t.kind == "boolean":
            return bytes([rng.randint(0, 1)])
        if t.kind in ("int", "long"):
            edge = 31 if t.kind == "int" else 63
            return number(rng.choice([0, 1, -1, 77, 2 ** edge - 1, -2 ** edge, rng.randint(-2 ** edge, 2 ** edge - 1)]))
        if t.kind in ("float", "double"):
            return struct.pack("<f" if t.kind == "float" else "<d", rng.choice([0.0, -0.0, 1.5, -2.25, rng.uniform(-1e9, 1e9)]))
        if t.kind in ("bytes", "string"):
            text = rng.choice(["", "abc", "\u00e9\u20ac", "x" * 70]).encode()
            return number(len(text)) + text
        if t.kind == "fixed":
            return bytes(rng.randrange(256) for _ in range(t.size))
        if t.kind == "enum":
            return number(rng.randrange(len(t.symbols)))
        if t.kind in ("array", "map"):
            return self.items(t, depth)
        if t.kind == "union":
            return self.branch(t, depth)
        return b"".join(self.datum(f.type, depth + 1) for f in t.fields)

    def branch(self, t, depth):
        ways = list(range(len(t.branches)))
        if depth > 8:  # out of types that hold themselves
            ways = [i for i in ways if t.branches[i].kind not in ("record", "array", "map")] or ways
        i = self.rng.choice(ways)
        return number(i) + self.datum(t.branches[i], depth + 1)

    def items(self, t, depth):
        n = 0 if depth > 8 else self.rng.choice([0, 1, 1, 2])
        made = b""
        for _ in range(n):
            if t.kind == "map":
                key = f"k{self.rng.randrange(1000)}".encode()
                made += number(len(key)) + key
            made += self.datum(t.items, depth + 1)
        if n and self.rng.random() < 0.3:  # a block that says its size
            return number(-n) + number(len(made)) + made + b"\0"
        return (number(n) + made if n else b"") + b"\0"


def number(i):
    i = (i << 1) ^ (i >> 63)
    made = bytearray()
    while i > 0x7f:
        made.append(i & 0x7f | 0x80)
        i >>= 7
    return bytes(made + bytes([i]))


def fits_union(branches, of):
    if of.kind == "union":
        return False
    key = of.full() if of.named() else of.kind
    return key not in [t.full() if t.named() else t.kind for t in branches]


def walk(root, seen=None):
    """Every type once."""
    seen = {} if seen is None else seen
    if id(root) in seen:
        return
    seen[id(root)] = root
    yield root
    for t in [f.type for f in root.fields] + root.branches + ([root.items] if root.items else []):
        yield from walk(t, seen)


def default_of(t, depth=0):
    """A default in JSON, or ValueError for a type that holds itself."""
    if depth > 6:
        raise ValueError
    if t.kind == "union":
        return default_of(t.branches[0], depth + 1)
    if t.kind == "record":
        return {f.name: default_of(f.type, depth + 1) for f in t.fields}
    if t.logical == "uuid" and t.kind == "string":
        return "6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11"
    plain = {"null": None, "boolean": True, "int": 7, "long": 8, "float": 1.5, "double": 2.5, "bytes": "\u00ff", "string": "d\u00e9",
             "fixed": "\u00fe" * t.size, "enum": t.symbols[-1] if t.symbols else None, "array": [], "map": {}}
    return plain[t.kind]


def write(t, seen, space=""):
    """The schema in JSON; a named type is written out where it stands first, in one of the forms that a name may have."""
    if t.kind == "union":
        return [write(b, seen, space) for b in t.branches]
    if t.named() and t.full() in seen:
        return t.name if t.space == space else t.full()
    made = {"type": t.kind}
    if t.logical:
        made["logicalType"] = t.logical
        if t.logical == "decimal":
            made["precision"], made["scale"] = 8, 2
    if t.named():
        seen.add(t.full())
        if t.space and len(seen) % 2:
            made["name"] = t.full()
        else:
            made["name"], made["namespace"] = t.name, t.space
        space = t.space
        if t.aliases:
            made["aliases"] = t.aliases
    if t.kind == "enum":
        made["symbols"] = t.symbols
        if t.default:
            made["default"] = t.default
    elif t.kind == "fixed":
        made["size"] = t.size
    elif t.kind == "array":
        made["items"] = write(t.items, seen, space)
    elif t.kind == "map":
        made["values"] = write(t.items, seen, space)
    elif t.kind == "record":
        made["fields"] = [write_field(f, seen, space) for f in t.fields]
    return made if len(made) > 1 else t.kind


def write_field(f, seen, space):
    made = {"name": f.name, "type": write(f.type, seen, space)}
    if f.aliases:
        made["aliases"] = [a for a in dict.fromkeys(f.aliases) if a != f.name] or [f.name]
    if f.has_default:
        try:
            made["default"] = default_of(f.type)
        except ValueError:
            pass
    return made


def pair(seed, number_of_pair):
    """One line, by its number alone: a failure is made again without those before it."""
    maker = Maker(random.Random(f"{seed}/{number_of_pair}"))
    while True:
        old = maker.schema()
        new = maker.evolved(old)
        try:
            data = [maker.datum(old).hex() for _ in range(DATUMS)]
        except RecursionError:  # a record that holds itself has no datum
            continue
        return {"pair": number_of_pair, "writer": write(old, set()), "reader": write(new, set()), "data": data}


if __name__ == "__main__":
    for path in sys.argv[3:]:
        with open(path, encoding="utf-8") as stored:
            for line in stored:
                row = json.loads(line)
                print(json.dumps({"pair": row["why"], "writer": row["writer"], "reader": row["reader"], "data": row.get("data", []), "wanted": row["reads"]}))
    for i in range(int(sys.argv[2])):
        print(json.dumps(pair(sys.argv[1], i)))
