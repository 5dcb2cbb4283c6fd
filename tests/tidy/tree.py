# SPDX-License-Identifier: EUPL-1.2
"""The files that the checks look at: what git tracks, or without git all that is not built or cached."""

import os
import subprocess

SKIPPED_FOLDERS = (".git", ".cache", "__pycache__")


class Tree:
    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.paths = sorted(p for p in set(self._list()) if os.path.isfile(os.path.join(self.root, p)))
        self._texts = {}

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            # The checkout may belong to another user than the one who tests.
            out = subprocess.run(["git", "-c", "safe.directory=*", "-C", self.root, "ls-files", "-z"], capture_output=True, check=False)
            if out.returncode == 0:
                return [p for p in out.stdout.decode().split("\0") if p]
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS and not (folder == self.root and f.startswith("build"))]
            found += [os.path.relpath(os.path.join(folder, n), self.root) for n in names]
        return found

    def text(self, path):
        """The file's text; None when it is not UTF-8 text."""
        if path not in self._texts:
            try:
                with open(os.path.join(self.root, path), encoding="utf-8", newline="") as f:
                    text = f.read()
                self._texts[path] = None if "\0" in text else text
            except UnicodeDecodeError:
                self._texts[path] = None
        return self._texts[path]

    def texts(self, chosen=lambda path: True):
        """(path, text) of each chosen text file."""
        for path in self.paths:
            if chosen(path) and self.text(path) is not None:
                yield path, self.text(path)

    def is_script(self, path):
        """A file without a suffix that says how to run it."""
        return "." not in os.path.basename(path) and (self.text(path) or "").startswith("#!")
