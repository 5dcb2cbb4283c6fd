# SPDX-License-Identifier: EUPL-1.2
"""The console as a process of the fault tests, and what a browser asks of it."""

import http.client
import json
import os
import re
import urllib.parse

from fault_run import Worker, expect, wait_for

HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')
SECRET = "geheim-van-de-proef-dat-lang-genoeg-is"
PROXY = """listen: 127.0.0.1:0
proxy:
  user_header: X-User
  groups_header: X-Groups
  secret_header: X-Secret
  secret: {file: secret}
  from: [127.0.0.1]
  groups:
"""


def write_proxy(world, groups):
    """A file by which a login site before the console names people: {group: "roles: [...], ..."}. Its path."""
    path = os.path.join(world.folder, "console.yaml")
    with open(os.path.join(world.folder, "secret"), "w", encoding="utf-8") as file:
        file.write(SECRET + "\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write(PROXY + "".join(f"    {group}: {{{what}}}\n" for group, what in groups.items()))
    return path


class Console(Worker):
    """Open to everybody, or by the file of write_proxy(); then each person is in one group of the same name."""

    def __init__(self, world, path=None):
        self.path = path
        super().__init__(world, "console", ())
        world.workers.append(self)

    def arguments(self):
        return ("console", self.path) if self.path else ("console", "--open-on-localhost", "--port", "0")

    def port(self):
        expect(f"the console runs: {self.text()}", self.lives_on())
        return [line["port"] for line in self.said("console-listens")]

    def request(self, method, path, fields=None, person=None):
        port = wait_for("the console listens", self.port)[0]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"X-User": person, "X-Groups": person, "X-Secret": SECRET} if person else {}
        if fields is not None:
            headers.update({"Origin": f"http://127.0.0.1:{port}", "Content-Type": "application/x-www-form-urlencoded"})
        try:
            connection.request(method, path, urllib.parse.urlencode(fields) if fields is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def get(self, path, person=None):
        status, _, text = self.request("GET", path, None, person)
        expect(f"GET {path} is answered: {status} {text[-300:]}", status == 200)
        return text

    def json(self, path, person=None):
        return json.loads(self.get(path, person))

    def hidden(self, path, action, person=None, which=0):
        """The hidden fields of the form with this action on a page, or of a later one of them."""
        forms = self.get(path, person).split(f'action="{action}"')[1:]
        expect(f"{path} has a form for {action}", len(forms) > which)
        return dict(HIDDEN.findall(forms[which].split("</form>")[0]))

    def act(self, path, action, want=303, person=None, **fields):
        """Fills in the form of a page."""
        return self.post(action, want, person, {**self.hidden(path, action, person), **fields})

    def post(self, action, want, person, fields):
        status, _, text = self.request("POST", action, fields, person)
        expect(f"{action} is answered with {want}: {status} {text[-600:]}", status == want)
        return text
