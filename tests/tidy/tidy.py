#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""
The style as a test: reads the sources and prints each violation as file:line and what to do.

Usage: tidy.py [ROOT]. Exit status 0 when all is tidy, 1 when not. The rules are the tables below.
"""

import os
import re
import sys

import csource
from tree import Tree

# ---- The rules ------------------------------------------------------------------------------------------

# A folder of src/ and those whose headers it may include besides its own, lowest first.
PURE = ("base", "calendar", "avro", "model", "engine")
PARTS = PURE + ("bus", "cluster")
LAYERS = {
    "base": (),
    "calendar": ("base",),
    "avro": ("base", "calendar"),
    "model": ("base", "calendar", "avro"),
    "engine": ("base", "calendar", "avro", "model"),
    "bus": ("base",),
    "cluster": ("base", "avro", "model", "bus"),
    "worker": PARTS,
    "connect": PARTS,
    "channel": PARTS + ("connect",),
    "health": PARTS + ("connect",),
    "connectors": PARTS + ("connect", "channel"),
    "survey": PARTS + ("worker", "connect", "health"),
    "web": ("base", "calendar"),
    "replica": PARTS + ("worker", "connect", "health", "survey"),
    "console": PARTS + ("worker", "connect", "health", "survey", "web", "replica"),
    "demo": PARTS + ("worker", "connect", "channel", "health", "connectors", "survey", "web", "replica", "console"),
    "cli": PARTS + ("worker", "connect", "health", "connectors", "survey", "web", "replica", "console", "demo"),
    "bench": PARTS + ("worker", "connect", "health", "connectors", "survey", "web", "replica", "console", "demo", "cli"),
}
# The outside world that the pure layers must not touch.
IMPURE_HEADERS = ("librdkafka/", "curl/", "microhttpd.h", "libpq-fe.h")

# Call: what to write instead, and where it may stand all the same. src and connectors only, unless "everywhere".
BANNED = {
    r"strcpy|strcat|strncpy|strncat|stpcpy": ("snprintf, memcpy, or a struct buffer (base/buffer.h)", ()),
    r"sprintf|vsprintf": ("snprintf, or buffer_printf (base/buffer.h)", ()),
    r"gets|alloca|tmpnam|tempnam|mktemp": ("a bounded call of the same kind", ()),
    r"strtok": ("strtok_r, or a loop over a struct text (base/text.h)", ()),
    r"atoi|atol|atoll|atof": ("text_to_int64 or text_to_double (base/text.h)", ()),
    r"strto(?:l|ll|ul|ull|imax|umax|d|f|ld)|sscanf": ("text_to_int64 or text_to_double (base/text.h)", ("src/base/", "tests/")),
    r"time|gettimeofday|clock_gettime|ftime": ("an instant or a struct clock as argument (base/clock.h)", ("src/base/", "tests/")),
    r"localtime|localtime_r|mktime|ctime|asctime|gmtime|strftime": ("the civil dates of src/calendar", ("tests/",)),
    r"getenv|secure_getenv|setenv|putenv": (
        "an argument; only the command line reads the environment", ("src/base/", "src/cli/", "tests/")),
    r"rand|srand|random|srandom|drand48|getrandom|arc4random": ("bytes as argument, or random_bytes (base/clock.h)", ("src/base/", "tests/")),
    r"sleep|usleep": ("a wait for the event, with a deadline", ()),
    r"system|popen": ("posix_spawn, with arguments that no shell reads", ()),
    # avro-c 1.11.1 resolves enums by the number of the symbol: of reordered ones it reads another, without a word. So it is no judge of resolution.
    r"avro_resolved_(?:reader|writer)_new": ("our own resolution (avro/record.h); avro-c reads with the schema that wrote, and no other", ()),
}
STATIC_ALLOWED = {}  # (path, variable): why it may be a mutable global

FILE_LINES_MAX = 1000
FILE_LINES_SMALL = 120  # a warning
PURPOSE_WORDS_MIN = 4
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 160
FUNCTION_ALLOWED = {}  # (path, function): why it may be longer

TOP_LEVEL = ("meson.build", "README.md", "LICENSE", "src", "schemas", "config", "connectors", "tests", "ops", "findings")
SPDX = "SPDX-License-Identifier: EUPL-1.2"
LOG_TABLE, LOG_PAGE = "src/base/log.def", "ops/log.md"

# Where people read which keys, options and commands there are, and where the code says so: (code, how a word stands there, page, how a word
# stands on it). Both must say the same.
OPTION, CONNECTORS_PAGE = r'\{\.key = "(\w+)"', "connectors/README.md"  # the options of each connector, besides
FIRST_CELL = r"^\| ((?:`[a-z_-]+[^`|]*`(?:, )?)+) \|"
PAGES = (
    ("src/model/protocol_key.def", r"^(?:KEY|REFERENCE)\(NORM, (\w+)", "config/protocols/README.md", r"^## Normen: (?:.|\n)*?(?=^## (?!Normen))"),
    ("src/model/protocol_key.def", r"^(?:KEY|REFERENCE)\(ROUTE, (\w+)", "config/protocols/README.md", r"^## Kopieën: (?:.|\n)*?(?=^## )"),
    ("src/connect/file.c", OPTION, CONNECTORS_PAGE, r"^### Keys of all connectors\n(?:.|\n)*?(?=^##)"),
    ("src/cli/main.c", r"^\s+X\((\w+)\)", "README.md", r"^## Commands\n(?:.|\n)*?(?=^## )"),
)

# What is said to people stands in both languages, side by side, where it is said (base/language.h): the call, the argument that holds the text,
# and where that is so. What a caller hands on as the name of a thing ("a rung") is such a text when it has a space.
IN_LANGUAGES = ("IN_LANGUAGE", "IN_READING")
SAID = (
    (("mistakes_at",), 3, ("src/", "connectors/")),
    (("mistakes_place", "reading_mistake", "mistake_at", "advice_of_norm"), 2, ("src/", "connectors/")),
    (("mistake",), 1, ("src/model/",)),
    (("error_set", "error_prefix", "wrong", "layout_wrong", "default_misfit", "program_note"), 1,
     ("src/avro/schemas.c", "src/avro/layout.c", "src/avro/program.c")),
    (("error_set",), 1, ("src/base/yaml.c", "src/calendar/term.c", "src/model/lines.c")),
    (("error_set", "buffer_printf", "buffer_add_text", "fprintf", "mistakes_place"), 1, ("src/cli/check",)),
)
NAMED = (("reading_mapping", "reading_sequence", "reading_scalar", "reading_text", "reading_name", "reading_flag", "reading_count", "reading_number",
          "reading_span", "reading_date"), 2), (("reading_keys", "reading_required"), 3)

# Put together here, so that this file does not contain what it looks for.
LEFTOVERS = tuple(a + b for a, b in (("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("HA", "CK")))
REGISTRY_HOSTS = tuple(".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs", "org"), ("registry", "yarnpkg", "com"), ("deb", "debian", "org"),
    ("security", "debian", "org"), ("ftp", "debian", "org"), ("snapshot", "debian", "org"), ("archive", "ubuntu", "com"),
    ("repo", "maven", "apache", "org"), ("repo1", "maven", "org"), ("search", "maven", "org"), ("central", "sonatype", "com"),
    ("packages", "confluent", "io"), ("proxy", "golang", "org"), ("static", "crates", "io"), ("index", "crates", "io"),
    ("rubygems", "org"), ("docker", "io"), ("ghcr", "io"), ("quay", "io")))


# ---- The checks: each yields (path, line, sentence) -----------------------------------------------------


def is_c(path):
    return path.endswith((".c", ".h"))


def is_product(path):
    return path.startswith(("src/", "connectors/"))


def is_source(tree, path):
    return is_c(path) or path.endswith((".def", ".py", ".sh")) or os.path.basename(path) == "meson.build" or tree.is_script(path)


def layer_of(path):
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return "connectors" if parts[0] == "connectors" else None


def check_spdx(tree):
    for path, text in tree.texts(lambda p: is_source(tree, p) and not p.endswith(".def")):
        lines = text.split("\n", 2)
        at = 1 if lines[0].startswith("#!") else 0
        if len(lines) <= at or SPDX not in lines[at]:
            yield path, at + 1, f"the first line (after a #! line) must be a comment with {SPDX}"


def check_layers(tree):
    for path, text in tree.texts(lambda p: is_c(p) and is_product(p)):
        layer = layer_of(path)
        if layer is not None and layer not in LAYERS:
            yield path, 1, f"src/{layer} is not a layer; add it to LAYERS in tests/tidy/tidy.py with what it may use"
            continue
        for line, quote, target in csource.includes(text):
            first = target.split("/")[0]
            if quote == "<":
                if first in LAYERS and "/" in target:
                    yield path, line, f'write "{target}" with quotes: it is ours'
                if layer in PURE and target.startswith(IMPURE_HEADERS):
                    yield path, line, f"{layer} is pure: <{target}> belongs in bus or above; hand the result in as an argument"
                continue
            if "/" not in target or first not in LAYERS or ".." in target:
                yield path, line, f'write the include as "layer/file.h", not "{target}"'
            elif first != layer and first not in LAYERS.get(layer, ()):
                yield path, line, f"{layer} must not use {first}; move what is needed down, or hand it in as an argument"
            elif layer == "connectors" and first == "connectors" and not (
                    os.path.dirname(target) in ("connectors", os.path.dirname(path)) or os.path.dirname(path) == "connectors"):
                yield path, line, "a connector must not use another connector; what both need belongs in src/connect"


def check_banned(tree):
    for path, text in tree.texts(is_c):
        plain = csource.code(text)
        for names, (instead, allowed) in BANNED.items():
            if path.startswith(allowed):
                continue
            # Not a member (x->time, x.time), nor a declaration of that name.
            for m in re.finditer(rf"(?<![\w.>])({names})\s*\(", plain):
                yield path, csource.line_of(plain, m.start()), f"{m.group(1)}() is banned here; use {instead}"


def check_mutable_globals(tree):
    pattern = re.compile(r"^[ \t]*(?:static|_Thread_local|__thread)\b(?![^;=({\n]*\b(?:const|sig_atomic_t)\b)[^;=({\n]*?(\w+)(?:\[[^;={\n]*\])*\s*[;=]",
                         re.MULTILINE)
    for path, text in tree.texts(lambda p: is_c(p) and is_product(p)):
        for m in pattern.finditer(csource.code(text)):
            if (path, m.group(1)) not in STATIC_ALLOWED:
                yield path, csource.line_of(text, m.start()), f"'{m.group(1)}' is a mutable global; put it in a struct that the caller owns, or make it const"


def check_sizes(tree):
    for path, text in tree.texts(lambda p: is_source(tree, p)):
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            yield path, FILE_LINES_MAX + 1, f"{len(lines)} lines; split the file by noun, {FILE_LINES_MAX} is the limit"
        for i, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX:
                yield path, i, f"{len(line)} columns; break the line, {COLUMNS_MAX} is the limit"
    for path, text in tree.texts(is_c):
        functions = csource.functions(text)
        if functions is None:
            yield path, 1, "the braces do not balance outside preprocessor lines; do not open a block in one #if branch and close it in another"
            continue
        for name, first, last in functions:
            if last - first + 1 > FUNCTION_LINES_MAX and (path, name) not in FUNCTION_ALLOWED:
                yield path, first, f"{name} has {last - first + 1} lines; split it, {FUNCTION_LINES_MAX} is the limit"


def check_leftovers(tree):
    pattern = re.compile(r"\b(" + "|".join(LEFTOVERS) + r")\b")
    for path, text in tree.texts():
        for m in pattern.finditer(text):
            yield path, csource.line_of(text, m.start()), f"leftover {m.group()}; do it, or file it as an issue and delete the mark"


def check_registry_hosts(tree):
    pattern = re.compile(r"(?<![\w-])(" + "|".join(re.escape(h) for h in REGISTRY_HOSTS) + r")\b", re.IGNORECASE)
    for path, text in tree.texts():
        for m in pattern.finditer(text):
            yield path, csource.line_of(text, m.start()), f"names the registry {m.group(1)}; say the package's name, its client knows where to find it"


def check_charsets(tree):
    """Of what we send: receivers in JavaScript refuse charset=UTF-8."""
    for path, text in tree.texts(lambda p: is_c(p) and is_product(p)):
        for m in re.finditer(r"charset=[\w-]+", text, re.IGNORECASE):
            if m.group() != "charset=utf-8":
                yield path, csource.line_of(text, m.start()), f"{m.group()}: some receivers know charset=utf-8 alone, in lower case"


def check_top_level(tree):
    present = {p.split("/")[0] for p in tree.paths}
    for name in sorted(present - set(TOP_LEVEL)):
        if not name.startswith("."):
            yield name, 1, "does not belong at the top level; there is only " + " ".join(TOP_LEVEL)
    for name in sorted(set(TOP_LEVEL) - present):
        yield name, 1, "is missing at the top level"


def check_rules(tree):
    """What the rules above name is there."""
    named = {path for _, allowed in BANNED.values() for path in allowed} | {path for path, _ in STATIC_ALLOWED} | {path for path, _ in FUNCTION_ALLOWED}
    named |= {path for _, _, where in SAID for path in where}
    named |= {path for source, _, page, _ in PAGES for path in (source, page)}
    for path in sorted(named):
        if not any(p == path or p.startswith(path) for p in tree.paths):
            yield "tests/tidy/tidy.py", 1, f"{path} is named in a rule and is not there"


def check_built(tree):
    builds = {os.path.dirname(p): t for p, t in tree.texts(lambda p: os.path.basename(p) == "meson.build")}
    for path in tree.paths:
        if not path.endswith(".c"):
            continue
        stem = os.path.basename(path)[:-2]
        names = {stem + ".c"}
        if path.startswith("tests/"):
            names |= {stem, stem.removeprefix("test_")}  # tests stand in tables of modules
        folder = os.path.dirname(path)
        while True:
            words = re.findall(r"'([^'\n]*)'", builds.get(folder, ""))
            if any(w in names or w.endswith("/" + stem + ".c") for w in words):
                break
            if not folder:
                yield path, 1, "is in no meson.build; list it, or delete it"
                break
            folder = os.path.dirname(folder)


def check_log_page(tree):
    table = tree.text(LOG_TABLE) if LOG_TABLE in tree.paths else ""
    page = tree.text(LOG_PAGE) if LOG_PAGE in tree.paths else ""
    explained = {}
    for i, line in enumerate(page.splitlines(), 1):
        cells = [c.strip(" `") for c in line.strip().strip("|").split("|")]
        if len(cells) < 2 or not re.fullmatch(r"[A-Z]+\d+", cells[0]):
            continue
        if len(cells) < 5 or not all(cells):
            yield LOG_PAGE, i, f"the row of {cells[0]} needs five filled cells: id, event, level, meaning, what to do"
        if cells[0] in explained:
            yield LOG_PAGE, i, f"{cells[0]} is explained twice"
        explained[cells[0]] = i, cells
    codes, names = {}, {}
    for m in re.finditer(r'^LOG_ROW\((\w+),\s*"(\w+)",\s*(\w+)', table, re.MULTILINE):
        line, event = csource.line_of(table, m.start()), m.group(1).lower().replace("_", "-")
        for seen, key in ((codes, m.group(2)), (names, m.group(1))):
            if key in seen:
                yield LOG_TABLE, line, f"{key} stands already in line {seen[key]}; codes and names are unique for ever"
            seen.setdefault(key, line)
        wanted = [m.group(2), event, m.group(3).lower()]
        if m.group(2) not in explained:
            yield LOG_TABLE, line, f"{m.group(2)} is not explained; add a row '| {' | '.join(wanted)} | meaning | what to do |' to {LOG_PAGE}"
        elif explained[m.group(2)][1][:3] != wanted:
            yield LOG_PAGE, explained[m.group(2)][0], f"the row must begin '| {' | '.join(wanted)} |', as {LOG_TABLE} says"
    for code, (line, _) in explained.items():
        if code not in codes:
            yield LOG_PAGE, line, f"{code} is not in {LOG_TABLE}"


def check_own_header(tree):
    """A .c has its own header, or it is the only one that its header serves."""
    product = [(p, t) for p, t in tree.texts(is_product) if is_c(p)]
    headers = {p: {name for name, _, _ in csource.prototypes(t)} for p, t in product if p.endswith(".h")}
    defines = {p: csource.exported(t) for p, t in product if p.endswith(".c")}
    owners = {}
    for path, names in defines.items():
        for name in names:
            owners[name] = path
    for path, names in defines.items():
        own = path[:-2] + ".h"
        for name in names:
            if own in headers and name in headers[own] or name == "main":
                continue
            at = sorted(h for h, declared in headers.items() if name in declared)
            if not at:
                yield path, 1, f"{name} is declared in no header; make it static, or declare it in {own}"
            elif at[0][:-2] + ".c" in defines or any(owners.get(other, path) != path for other in headers[at[0]]):
                yield path, 1, f"{at[0]} serves other files besides this one; give the module its own header {own}, or join the files"


def check_purpose(tree):
    """A .c says in its first comment what it is for, unless the header of its name does."""
    for path, text in tree.texts(lambda p: p.endswith(".c") and is_product(p)):
        rest = text.split("\n", 1)[1].lstrip("\n") if "\n" in text else ""
        words = re.match(r"/\*(.*?)\*/", rest, re.DOTALL)
        if words is None or len(words.group(1).split()) < PURPOSE_WORDS_MIN:
            yield path, 2, "say in a comment behind the licence line what this file is for"


def check_documented(tree):
    """Every exported prototype has words: above it, behind it, or above the group of lines in which it stands."""
    for path, text in tree.texts(lambda p: p.endswith(".h") and is_product(p)):
        lines, commented = text.split("\n"), set()
        for m in re.finditer(r"/\*.*?\*/", text, re.DOTALL):
            if not re.match(r"/\* ?-", m.group()) and "SPDX" not in m.group():
                commented.update(range(csource.line_of(text, m.start()), csource.line_of(text, m.end()) + 1))
        for name, first, last in csource.prototypes(text):
            at = first
            while at > 1 and lines[at - 2].strip() and at - 1 not in commented:
                at -= 1
            if at - 1 not in commented and not commented.intersection(range(first, last + 1)) and not name.endswith(("_free", "_done", "_unref")):
                yield path, first, f"{name} is not documented; say above it what it promises, who owns what, and its errors"


def check_names(tree):
    """A function's name, static or not, stands in one file, so that a search and a call graph answer rightly."""
    found = {}
    for path, text in tree.texts(lambda p: is_c(p) and is_product(p)):
        for name, first, _ in csource.functions(text) or ():
            if name != "main":
                found.setdefault(name, []).append((path, first))
    for name, places in sorted(found.items()):
        for path, line in places[1:]:
            if path != places[0][0]:
                yield path, line, f"{name} stands also in {places[0][0]}; put the module's noun before the verb"


def check_loop_tests(tree):
    """The bounds of a loop test come from its table, so that a new row is tested too."""
    for path, text in tree.texts(lambda p: p.endswith(".c") and p.startswith("tests/")):
        plain = csource.code(text)
        for m in re.finditer(r"tcase_add_loop_test\s*\([^;]*?,\s*\w+\s*,\s*[^,;]+,\s*(?:\(int\)\s*)?(\d+)\s*\)", plain):
            yield path, csource.line_of(plain, m.start()), f"the bound {m.group(1)} leaves out what is added to the table; write ELEMENTS(table)"


def check_pages(tree):
    """The tables that people read name the very keys, options and commands that the code knows."""
    connectors = tuple((path, OPTION, CONNECTORS_PAGE, rf"^### Keys of {path.split('/')[1]}\n(?:.|\n)*?(?=^##)") for path, text in tree.texts(
        lambda p: re.match(r"connectors/[^/]+/.*\.c$", p)) if re.search(r"struct connector_option \w+\[\]", text))
    for source, in_code, page, part in PAGES + connectors:
        code, text = (tree.text(path) if path in tree.paths else None for path in (source, page))
        if code is None or text is None:
            continue
        section = re.search(part, text, re.MULTILINE)
        if section is None:
            yield page, 1, f"has no part that matches {part!r}, for the words of {source}"
            continue
        known = set(re.findall(in_code, code, re.MULTILINE))
        for _, shared in tree.texts(lambda p: re.match(r"src/channel/.*\.h$", p)):  # rows that several connectors have
            for macro, rows in re.findall(r"^#define (\w+_OPTION_ROWS)\b((?:.*\\\n)*.*)", shared, re.MULTILINE):
                known |= set(re.findall(in_code, rows)) if in_code == OPTION and re.search(rf"\b{macro}\(", code) else set()
        if source == "src/cli/main.c":
            known = {word.replace("_", "-") for word in known}  # a command's name in C
        told = {}
        for row in re.finditer(FIRST_CELL, section.group(), re.MULTILINE):
            for word in re.findall(r"`([a-z_-]+)", row.group(1)):
                told.setdefault(word, csource.line_of(text, section.start() + row.start()))
        for word in sorted(known - told.keys()):
            yield page, csource.line_of(text, section.start()), f"`{word}` of {source} has no row here"
        for word in sorted(told.keys() - known):
            yield page, told[word], f"`{word}` is not in {source}"


CONVERSION = re.compile(r"%[-+#0-9.*$]*(?:hh|ll|[hljztL])?[a-zA-Z%]")


def conversions(texts):
    """The conversions of a format and the macros between its parts, which both languages must take in the same order."""
    parts = re.findall(r'"((?:\\.|[^"\\])*)"|(\w+)', texts)
    return [found for literal, word in parts for found in ([word] if word else CONVERSION.findall(literal))]


def says_words(text):
    """Whether a literal in this argument has words of its own, besides conversions and keys that stand in quotation marks."""
    literals = "".join(re.findall(r'"((?:\\.|[^"\\])*)"', text))
    return re.search(r"[a-z]{2}", re.sub(r"\\.|'[^']*'", "", CONVERSION.sub("", literals))) is not None


def check_languages(tree):
    """What is said to people is said in both languages, of the same things."""
    for path, text in tree.texts(lambda p: is_product(p) and p.endswith(".c")):
        for name, at, arguments in csource.calls(text, IN_LANGUAGES):
            if len(arguments) == 3 and all('"' in a for a in arguments[1:]) and conversions(arguments[1]) != conversions(arguments[2]):
                yield path, csource.line_of(text, at), "the two languages do not take the same values in the same order"
        for names, which, where in SAID:
            for name, at, arguments in csource.calls(text, names) if path.startswith(where) else ():
                if len(arguments) > which and not arguments[which].startswith(IN_LANGUAGES) and says_words(arguments[which]):
                    yield path, csource.line_of(text, at), f"{name}() speaks one language; write IN_LANGUAGE(…, \"…\", \"…\")"
                if any(re.match(r"nearest_hint\(", a) for a in arguments):
                    yield path, csource.line_of(text, at), f"the hint of {name}() is in English; write language_hint() or reading_hint()"
        for names, which in NAMED:
            for name, at, arguments in csource.calls(text, names):
                if len(arguments) > which and re.match(r'"[^"]* ', arguments[which]):
                    yield path, csource.line_of(text, at), f"{arguments[which]} is said in one language; write IN_READING(…, \"…\", \"…\")"


def small_files(tree):
    """(path, lines) of sources so short that they may be half of a module: for a warning, not a limit."""
    for path, text in tree.texts(lambda p: p.endswith(".c") and is_product(p)):
        lines = text.count("\n")
        if lines < FILE_LINES_SMALL:
            yield path, lines


CHECKS = (check_spdx, check_layers, check_banned, check_mutable_globals, check_sizes, check_leftovers, check_registry_hosts, check_charsets,
          check_top_level, check_built, check_log_page, check_own_header, check_purpose, check_documented, check_names, check_loop_tests,
          check_pages, check_languages, check_rules)


def violations(tree, checks=CHECKS):
    return sorted(v for check in checks for v in check(tree))


def main(argv):
    tree = Tree(argv[1] if len(argv) > 1 else os.path.join(os.path.dirname(__file__), "..", ".."))
    found = violations(tree)
    for path, line, sentence in found:
        print(f"{path}:{line}: {sentence}")
    for path, lines in small_files(tree):
        print(f"warning: {path} has {lines} lines; is it a module, or half of one?")
    print(f"tidy: {len(tree.paths)} files, {len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
