#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Goal: every check of tidy.py fires on what it forbids and on nothing else. Method: small trees in a temporary folder."""

import os
import subprocess
import tempfile
import unittest

import csource
import tidy
from tree import Tree

HEAD = f"/* {tidy.SPDX} */\n"


def found(check, files):
    """The (path, line) of each violation in a tree of these files."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as f:
                f.write(text)
        return [(path, line) for path, line, _ in tidy.violations(Tree(root), [check])]


def one(check, path, body):
    """The lines, behind the licence line, on which the check fires in a tree of one C file."""
    return [line - 1 for _, line in found(check, {path: HEAD + body})]


class Spdx(unittest.TestCase):
    def test_first_line(self):
        self.assertEqual(found(tidy.check_spdx, {
            "src/base/a.c": "int x;\n", "src/base/b.c": HEAD, "ops/run": "#!/bin/sh\n# " + tidy.SPDX + "\n", "ops/bare": "#!/bin/sh\n",
            "src/meson.build": "a = files()\n", "ops/page.md": "words\n", "tests/x.py": ""}),
            [("ops/bare", 2), ("src/base/a.c", 1), ("src/meson.build", 1), ("tests/x.py", 1)])


class Layers(unittest.TestCase):
    ROWS = (
        ("src/engine/a.c", '#include "model/norm.h"', False, "downward"),
        ("src/engine/a.c", '#include "engine/b.h"', False, "one's own"),
        ("src/model/a.c", '#include "engine/b.h"', True, "upward"),
        ("src/bus/a.c", '#include "model/norm.h"', True, "sideways"),
        ("src/connect/a.c", '#include "worker/w.h"', True, "the runtime knows no worker"),
        ("src/cli/a.c", '#include "connectors/file/file.h"', False, "the command line knows all"),
        ("connectors/file/a.c", '#include "connect/runtime.h"', False, "a connector stands on the runtime"),
        ("connectors/file/a.c", '#include "worker/w.h"', True, "a connector knows no worker"),
        ("connectors/file/a.c", '#include "connectors/file/b.h"', False, "a connector's own header"),
        ("connectors/file/a.c", '#include "connectors/fileset/b.h"', True, "another connector"),
        ("connectors/table.c", '#include "connectors/file/b.h"', False, "the table of connectors"),
        ("src/base/a.c", '#include "b.h"', True, "no layer named"),
        ("src/base/a.c", '#include "../base/b.h"', True, "a relative path"),
        ("src/base/a.c", "#include <base/b.h>", True, "ours in angle brackets"),
        ("src/base/a.c", "#include <string.h>", False, "libc"),
        ("src/engine/a.c", "#include <librdkafka/rdkafka.h>", True, "Kafka in the pure part"),
        ("src/model/a.c", "#include <microhttpd.h>", True, "HTTP in the pure part"),
        ("src/avro/schema.c", "#include <curl/curl.h>", True, "curl in the pure part"),
        ("src/bus/a.c", "#include <librdkafka/rdkafka.h>", False, "where Kafka belongs"),
        ("src/base/a.c", '/* #include "b.h" */', False, "in a comment"),
        ("src/magic/a.c", "", True, "an unknown layer"),
        ("tests/unit/test_a.c", '#include "a.h"', False, "tests are free"),
    )

    def test_rows(self):
        for path, include, fires, why in self.ROWS:
            with self.subTest(why):
                self.assertEqual(bool(one(tidy.check_layers, path, include + "\n")), fires)


class Banned(unittest.TestCase):
    ROWS = (
        ("src/engine/a.c", "strcpy(a, b);", True),
        ("tests/unit/test_a.c", "strcpy(a, b);", True),
        ("src/base/a.c", "sprintf(a, b);", True),
        ("src/base/a.c", "snprintf(a, 1, b);", False),
        ("src/engine/a.c", "x = strtoull(a, 0, 10);", True),
        ("src/base/a.c", "x = strtod(a, 0);", False),
        ("src/worker/a.c", "now = time (NULL);", True),
        ("src/base/a.c", "now = time(NULL);", False),
        ("tests/unit/test_a.c", "now = time(NULL);", False),
        ("src/worker/a.c", "now = clock->time(NULL);", False),
        ("src/worker/a.c", "now = event_time(NULL);", False),
        ("connectors/file/a.c", 'getenv("HOME");', True),
        ("src/cli/a.c", 'getenv("HOME");', False),
        ("src/worker/a.c", "usleep(1);", True),
        ("tests/unit/test_a.c", "sleep(1);", True),
        ("src/base/a.c", "localtime_r(&t, &tm);", True),
        ("src/base/a.c", "/* strcpy(a, b) is not for us */", False),
        ("src/base/a.c", 'puts("strcpy(a, b)");', False),
        ("src/base/a.c", "// rand()", False),
        ("tests/unit/test_a.c", "avro_resolved_reader_new(a, b);", True),
        ("tests/unit/test_a.c", "avro_value_read(a, b);", False),
    )

    def test_rows(self):
        for path, statement, fires in self.ROWS:
            with self.subTest(path=path, statement=statement):
                self.assertEqual(one(tidy.check_banned, path, statement + "\n"), [1] if fires else [])


class Charsets(unittest.TestCase):
    ROWS = (
        ("connectors/mail/a.c", 'put("text/plain; charset=utf-8");', False),
        ("connectors/mail/a.c", 'put("text/plain; charset=UTF-8");', True),
        ("src/health/a.c", 'put("text/plain; Charset=utf-8");', True),
        ("src/health/a.c", 'put("text/plain; charset=us-ascii");', True),
        ("src/connect/a.c", 'static const char charset[] = "charset=";', False),
        ("tests/unit/test_a.c", 'put("application/json; charset=UTF-8");', False),
    )

    def test_rows(self):
        for path, statement, fires in self.ROWS:
            with self.subTest(path=path, statement=statement):
                self.assertEqual(one(tidy.check_charsets, path, statement + "\n"), [1] if fires else [])


class MutableGlobals(unittest.TestCase):
    ROWS = (
        ("static int counter;", True),
        ("        static unsigned long seen[10];", True),
        ("static char *name = 0;", True),
        ("static const int limit = 3;", False),
        ("static const char *const names[] = {0};", False),
        ("static volatile sig_atomic_t stop;", False),
        ("static int f(int a);", False),
        ("static inline bool f(int a) { return a == 1; }", False),
        ("static_assert(1 < 2, \"order\");", False),
    )

    def test_rows(self):
        for line, fires in self.ROWS:
            with self.subTest(line):
                self.assertEqual(one(tidy.check_mutable_globals, "src/base/a.c", line + "\n"), [1] if fires else [])
                self.assertEqual(one(tidy.check_mutable_globals, "tests/unit/test_a.c", line + "\n"), [])


class Sizes(unittest.TestCase):
    @staticmethod
    def function(lines):
        return "int f(int a)\n{\n" + "        a++;\n" * (lines - 2) + "}\n"

    def test_limits(self):
        limit = tidy.FUNCTION_LINES_MAX
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", self.function(limit)), [])
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", self.function(limit + 1)), [2])
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", "\n" * (tidy.FILE_LINES_MAX - 1)), [])
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", "\n" * tidy.FILE_LINES_MAX), [tidy.FILE_LINES_MAX])
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", "é" * tidy.COLUMNS_MAX + "\n"), [])
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", "\n" + "x" * (tidy.COLUMNS_MAX + 1) + "\n"), [2])

    def test_braces_that_do_not_balance(self):
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", "int f(void) {\n"), [0])
        self.assertEqual(one(tidy.check_sizes, "src/base/a.c", "}\n"), [0])

    def test_what_is_a_function(self):
        text = ('#define M(a) \\\n        { (a) }\n'
                "static const struct row rows[] = {\n        {1}, {2},\n};\n"
                "struct s {\n        int a;\n};\n"
                "START_TEST(test_x) {\n        char c = '{', *s = \"}\\\"{\"; /* } */\n        if (c) {\n        }\n}\nEND_TEST\n"
                "struct point p = (struct point){1, 2};\n"
                "int f(int (*g)(void)) { return g(); }\n")
        self.assertEqual(csource.functions(text), [("START_TEST", 9, 13), ("f", 16, 16)])


class Pages(unittest.TestCase):
    def fires(self, page):
        code = HEAD + "#define COMMANDS(X) \\\n        X(demo) \\\n        X(check)\n"
        return found(tidy.check_pages, {"src/cli/main.c": code, "README.md": page})

    def test_the_same(self):
        self.assertEqual(self.fires("## Commands\n\n| `check` | reads |\n| `demo` | runs |\n\n## More\n"), [])

    def test_one_that_is_not_told(self):
        self.assertEqual(self.fires("## Commands\n\n| `check` | reads |\n\n## More\n"), [("README.md", 1)])

    def test_one_that_is_not_there(self):
        self.assertEqual(self.fires("## Commands\n\n| `check` | reads |\n| `demo` | runs |\n| `dmeo` | runs |\n\n## More\n"), [("README.md", 5)])

    def test_a_connector(self):
        code = HEAD + 'static const struct connector_option options[] = {\n        {.key = "url"},\n};\n'
        self.assertEqual(found(tidy.check_pages, {"connectors/x/x.c": code, "connectors/README.md": "### Keys of x\n\n| `url` | where |\n\n## More\n"}), [])
        self.assertEqual(found(tidy.check_pages, {"connectors/x/x.c": code, "connectors/README.md": "# Words\n"}), [("connectors/README.md", 1)])

    def test_no_such_part(self):
        self.assertEqual(self.fires("# Words\n"), [("README.md", 1)])


class Words(unittest.TestCase):
    def test_leftovers(self):
        for word in tidy.LEFTOVERS:
            self.assertEqual(found(tidy.check_leftovers, {"ops/page.md": f"one\n{word}: two\n"}), [("ops/page.md", 2)])
        self.assertEqual(found(tidy.check_leftovers, {"src/base/a.c": 'mkstemp("/tmp/XXXX' + 'XX");\n'}), [])

    def test_registry_hosts(self):
        for host in tidy.REGISTRY_HOSTS:
            self.assertEqual(found(tidy.check_registry_hosts, {"ops/run.sh": f"curl https://{host}/x\n"}), [("ops/run.sh", 1)])
        self.assertEqual(found(tidy.check_registry_hosts, {"ops/run.sh": "curl https://example.org/\n"}), [])

    def test_bytes_are_not_text(self):
        self.assertEqual(found(tidy.check_leftovers, {"tests/data/x.avro": "\0" + tidy.LEFTOVERS[0]}), [])


class Places(unittest.TestCase):
    def test_top_level(self):
        whole = {name if "." in name or name.isupper() else name + "/x": "" for name in tidy.TOP_LEVEL} | {".gitignore": ""}
        self.assertEqual(found(tidy.check_top_level, whole), [])
        self.assertEqual(found(tidy.check_top_level, whole | {"doc/a.md": "", "notes.txt": ""}), [("doc", 1), ("notes.txt", 1)])
        del whole["LICENSE"]
        self.assertEqual(found(tidy.check_top_level, whole), [("LICENSE", 1)])

    def test_built(self):
        self.assertEqual(found(tidy.check_built, {
            "src/base/meson.build": "base_src = files('a.c', 'sub/b.c')\n", "src/base/a.c": "", "src/base/sub/b.c": "", "src/base/c.c": "",
            "tests/meson.build": "unit = {\n  'base': [],\n}\nx = files('integration/kill.c')\n", "tests/unit/test_base.c": "",
            "tests/unit/test_more.c": "", "tests/integration/kill.c": ""}),
            [("src/base/c.c", 1), ("tests/unit/test_more.c", 1)])


class LogPage(unittest.TestCase):
    ROW = "| K001 | late-start | info | It means. | Do this. |\n"

    def lines(self, table, page):
        return found(tidy.check_log_page, {tidy.LOG_TABLE: table, tidy.LOG_PAGE: page})

    def test_agreement(self):
        row = 'LOG_ROW(LATE_START, "K001", INFO, "text")\n'
        self.assertEqual(self.lines("/* LOG_ROW(name, code, level, text) */\n" + row, self.ROW), [])
        self.assertEqual(self.lines(row, ""), [(tidy.LOG_TABLE, 1)], "not explained")
        self.assertEqual(self.lines("", self.ROW), [(tidy.LOG_PAGE, 1)], "explains what is not there")
        self.assertEqual(self.lines(row, self.ROW + self.ROW), [(tidy.LOG_PAGE, 2)], "explained twice")
        self.assertEqual(self.lines(row, self.ROW.replace("info", "error")), [(tidy.LOG_PAGE, 1)], "another level")
        self.assertEqual(self.lines(row, self.ROW.replace("Do this.", "")), [(tidy.LOG_PAGE, 1)], "nothing to do")
        again = row.replace("LATE_START", "OTHER")
        self.assertIn((tidy.LOG_TABLE, 2), self.lines(row + again, self.ROW), "a code twice")


class Files(unittest.TestCase):
    def test_without_git(self):
        self.assertEqual(found(tidy.check_spdx, {"build/a.c": "", "build-x/a.c": "", ".cache/a.c": "", "src/build/a.c": ""}), [("src/build/a.c", 1)])

    def test_with_git_only_what_is_tracked(self):
        with tempfile.TemporaryDirectory() as root:
            for name in ("a.c", "b.c"):
                with open(os.path.join(root, name), "w", encoding="utf-8"):
                    pass
            subprocess.run(["git", "init", "-q", root], check=True)
            subprocess.run(["git", "-C", root, "add", "a.c"], check=True)
            self.assertEqual(Tree(root).paths, ["a.c"])


class OwnHeader(unittest.TestCase):
    def fires(self, files):
        return [path for path, _ in found(tidy.check_own_header, {path: HEAD + text for path, text in files.items()})]

    def test_own_header(self):
        self.assertEqual(self.fires({"src/base/a.h": "int a_do(void);\n", "src/base/a.c": "static int a_help(void)\n{\n}\nint a_do(void) {\n}\n"}), [])

    def test_the_only_one_that_a_header_serves(self):
        self.assertEqual(self.fires({"src/bus/k.h": "int k_do(void);\n", "src/bus/k/open.c": "int k_do(void) {\n}\n"}), [])

    def test_a_header_for_two(self):
        files = {"src/base/parts.h": "int a_do(void);\nint b_do(void);\n",
                 "src/base/a.c": "int a_do(void) {\n}\n", "src/base/b.c": "int b_do(void) {\n}\n"}
        self.assertEqual(self.fires(files), ["src/base/a.c", "src/base/b.c"])

    def test_anothers_own_header(self):
        files = {"src/base/a.h": "int a_do(void);\nint a_more(void);\n", "src/base/a.c": "int a_do(void) {\n}\n",
                 "src/base/a_more.c": "int a_more(void) {\n}\n"}
        self.assertEqual(self.fires(files), ["src/base/a_more.c"])

    def test_no_header(self):
        self.assertEqual(self.fires({"src/base/a.c": "int a_do(void) {\n}\nint main(void) {\n}\n"}), ["src/base/a.c"])

    def test_macro_that_says_static(self):
        self.assertEqual(self.fires({"src/base/a.c": "#define HERE static inline\nHERE int a_do(void) {\n}\n"}), [])


class Words(unittest.TestCase):
    def test_purpose(self):
        for body, fires in (("\n/* Adds two numbers, with care. */\n", False), ("#include <a.h>\n/* Adds two numbers, with care. */\n", True),
                            ("/*\n * The sum of numbers,\n * with care\n */\n", False), ("\n/* A file. */\n", True), ("", True)):
            with self.subTest(body):
                self.assertEqual(one(tidy.check_purpose, "src/base/a.c", body), [1] if fires else [])

    def test_documented(self):
        rows = (("/* Does it. */\nint a_do(void);\n", False), ("int a_do(void);\n", True), ("int a_do(void); /* does it */\n", False),
                ("/* Both do it. */\nint a_do(void);\nint a_do_again(void);\n", False), ("/* Does it. */\nint a_do(void);\n\nint a_other(void);\n", True),
                ("/* -- doing -- */\nint a_do(void);\n", True), ("/* Does it. */\nint a_do(int x,\n         int y);\n", False),
                ("struct a {\n        int (*go)(void);\n};\n", False), ("struct a *a_free(struct a *a);\n", False),
                ("/* It\n * does. */\nstatic inline int a_do(void) {\n}\n", False), ("typedef int (*a_do)(void);\n", False))
        for body, fires in rows:
            with self.subTest(body):
                self.assertEqual(bool(one(tidy.check_documented, "src/base/a.h", body)), fires)

    def test_names(self):
        body = HEAD + "static int add(void) {\n}\n"
        self.assertEqual(found(tidy.check_names, {"src/base/a.c": body, "src/model/b.c": body, "tests/unit/test_a.c": body}), [("src/model/b.c", 2)])

    def test_loop_tests(self):
        for call, fires in (("tcase_add_loop_test(t, test_rows, 0, 2);", True), ("tcase_add_loop_test(t, test_rows, 0, (int)ELEMENTS(rows));", False),
                            ("tcase_add_loop_test(t, test_rows, 0, (int)2);", True), ("tcase_add_loop_test(t, test_rows, 0, ROWS);", False)):
            with self.subTest(call):
                self.assertEqual(one(tidy.check_loop_tests, "tests/unit/test_a.c", call + "\n"), [1] if fires else [])

    LANGUAGES = (
        ('mistakes_at(m, yaml, node, "it is wrong");', True, "one language"),
        ('mistakes_at(m, yaml, node, IN_LANGUAGE(m->language, "it is wrong", "het is fout"));', False, "both"),
        ('reading_mistake(r, node, IN_READING(r, "%s has no \'%.8s\'%s", "%s kent geen \'%.8s\'%s"), a, b, c);', False, "both, with values"),
        ('reading_mistake(r, node, IN_READING(r, "%s has no %u", "%u kent geen %s"), a, b);', True, "values in another order"),
        ('reading_mistake(r, node, IN_READING(r, "%s has no \'" SHOWN "\'", "%s kent geen"), a, b);', True, "a value in one of them only"),
        ('reading_mistake(r, node, IN_READING(r, "from %" PRId64, "vanaf %" PRIu64), n);', True, "another kind of number"),
        ('mistakes_place(m, path, IN_LANGUAGE(l, "no %s%s", "geen %s%s"), a, nearest_hint(&nearest, hint));', True, "a hint in English"),
        ('mistakes_place(m, path, IN_LANGUAGE(l, "no %s%s", "geen %s%s"), a, language_hint(l, &nearest, hint));', False, "a hint in the same"),
        ('reading_mistake(r, node, "%s: %s", a, b);', False, "what was said elsewhere"),
        ('reading_mistake(r, node, "\'%s\'", a);', False, "a word of the file"),
        ('reading_mistake(r, node, fmt, a);', False, "a text of the caller"),
        ('mistake_at(c, node, "no, it is; (wrong");', True, "in the macro of a folder, with signs"),
        ('mistakes_place(m, path,\n               "no /* comment */");', True, "on the next line"),
        ('reading_mapping(r, node, "valid");', False, "a key"),
        ('reading_mapping(r, node, "a rung");', True, "the name of a thing"),
        ('reading_required(r, node, "after", "a rung");', True, "its name behind a key"),
        ('reading_keys(r, node, keys, IN_READING(r, "a rung", "een trede"));', False, "both names"),
        ('error_set(err, "it is wrong");', False, "an error that goes elsewhere"),
        ('#define mistake_at(c, node, ...) reading_mistake(&(c)->r, (node), "no" __VA_ARGS__)', True, "what a macro says"),
        ('/* mistakes_at(m, yaml, node, "no"); */', False, "a comment"),
    )

    def test_languages(self):
        for body, fires, why in self.LANGUAGES:
            with self.subTest(why):
                self.assertEqual(one(tidy.check_languages, "src/base/a.c", body + "\n"), [1] if fires else [])
        self.assertEqual(one(tidy.check_languages, "src/base/yaml.c", 'error_set(err, "it is wrong");\n'), [1])
        self.assertEqual(one(tidy.check_languages, "src/cli/check.c", 'buffer_printf(out, "%u rules\\n", n);\n'), [1])
        self.assertEqual(one(tidy.check_languages, "src/cli/check.c", 'buffer_printf(out, "%s: %u\\n", s, n);\n'), [])

    def test_small_files_are_no_violation(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "src/base"))
            with open(os.path.join(root, "src/base/a.c"), "w", encoding="utf-8") as f:
                f.write(HEAD)
            self.assertEqual(list(tidy.small_files(Tree(root))), [("src/base/a.c", 1)])


if __name__ == "__main__":
    unittest.main()
