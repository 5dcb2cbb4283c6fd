# SPDX-License-Identifier: EUPL-1.2
"""
Reads C just well enough for the style checks: what is code, and where functions begin and end.

Knows comments, literals, preprocessor lines and braces. Knows no types and expands no macros.
"""

import functools
import re

_TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
_INCLUDE = re.compile(r"""^[ \t]*#[ \t]*include[ \t]+([<"])([^>"\n]+)[>"]""", re.MULTILINE)


def _blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def _blank_keep_quotes(match):
    text = match.group()
    if text[0] in "\"'":
        return text[0] + _blank(match)[1:-1] + text[0]
    return _blank(match)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(text):
    """(line, "<" or '"', path) of each include."""
    without_comments = re.sub(r"/\*.*?\*/", _blank, text, flags=re.DOTALL)
    return [(line_of(text, m.start()), m.group(1), m.group(2)) for m in _INCLUDE.finditer(without_comments)]


@functools.lru_cache(maxsize=None)
def code(text):
    """The text, same length and lines, with comments and the inside of literals blanked."""
    return _TOKEN.sub(_blank_keep_quotes, text)


@functools.lru_cache(maxsize=None)
def functions(text):
    """(name, first line, last line) of each function body; None when the braces do not balance."""
    plain = _ATTRIBUTE.sub(_blank, _DIRECTIVE.sub(_blank, code(text)))
    found, depth, start, head_start, is_function = [], 0, 0, 0, False
    for i, c in enumerate(plain):
        if c == "{":
            if depth == 0:
                head = plain[head_start:i]
                name = re.search(r"(\w+)\s*\(", head)
                is_function = head.rstrip().endswith(")") and name is not None and "=" not in head
                start = i
            depth += 1
        elif c == "}":
            depth -= 1
            if depth < 0:
                return None
            if depth == 0 and is_function:
                found.append((name.group(1), line_of(plain, start), line_of(plain, i)))
            if depth == 0:
                head_start = i + 1
        elif c == ";" and depth == 0:
            head_start = i + 1
    return found if depth == 0 else None


def calls(text, names):
    """(name, offset, arguments) of each call of one of these functions or macros: the text of each argument, comments blanked."""
    if not any(name in text for name in names):
        return
    plain, shown = code(text), re.sub(r"/\*.*?\*/", _blank, text, flags=re.DOTALL)
    for m in re.finditer(rf"(?<![\w.>#])({'|'.join(map(re.escape, names))})\s*\(", plain):
        if re.search(r"#[ \t]*define[ \t]+$", plain[plain.rfind("\n", 0, m.start()) + 1:m.start()]):
            continue
        depth, begin, arguments = 1, m.end(), []
        for sign in re.compile(r"[][(){},]").finditer(plain, m.end()):
            depth += (sign.group() in "([{") - (sign.group() in ")]}")
            if depth == 0 or (depth == 1 and sign.group() == ","):
                arguments.append(shown[begin:sign.start()].strip())
                begin = sign.end()
            if depth == 0:
                break
        yield m.group(1), m.start(), arguments


_ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)", re.DOTALL)
_PROTOTYPE = re.compile(r"^(?!static\b|typedef\b|#|\s|return\b|extern\b)[\w][\w \t*]*?[ \t*](\w+)\s*\([^;{}]*\)[^;{}()]*(?:\([^;{}]*\)[^;{}]*)*;", re.MULTILINE)


def prototypes(text):
    """(name, first line, last line) of each function declared at the outermost level."""
    plain = _DIRECTIVE.sub(_blank, code(text))
    depth, flat = 0, []
    for c in plain:
        depth -= c == "}"
        flat.append(c if c == "\n" or depth == 0 else " ")
        depth += c == "{"
    return [(m.group(1), line_of(plain, m.start()), line_of(plain, m.end())) for m in _PROTOTYPE.finditer("".join(flat))]


def exported(text):
    """The names of the functions that the text defines and other files can call."""
    lines = _DIRECTIVE.sub(_blank, code(text)).split("\n")
    private = "|".join(["static"] + re.findall(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+[^\n]*\bstatic\b", text, re.MULTILINE))
    names = []
    for name, first, _ in functions(text) or ():
        head = first - 1
        while head > 0 and not re.search(rf"\b{name}\s*\(", lines[head]):
            head -= 1
        while head > 0 and lines[head - 1].strip() and not lines[head - 1].rstrip().endswith((";", "}")):
            head -= 1
        if not re.search(rf"\b({private})\b", " ".join(lines[head:first])):
            names.append(name)
    return names
