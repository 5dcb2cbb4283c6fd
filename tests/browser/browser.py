# SPDX-License-Identifier: EUPL-1.2
"""A real Chromium, and what is asked of every page in it.

Debian's, without a window, driven over WebDriver. One browser serves a whole run: language, script, size and colours are set for the pages that come next.
axe-core comes by pip, pinned, once, into .cache/axe (or axe under the folder that KETENWACHT_CACHE names).
"""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import traceback
from urllib.parse import urlsplit

import html5lib
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

AXE = "axe-playwright-python==0.1.8"  # holds axe-core 4.12.1, and nothing else of it is used
AXE_FILE = "axe_playwright_python/axe.min.js"
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
WAIT_S = 60
INSTALL_S = 300

# Of every page, once it stands: the policy's reports, which no script of the page sees otherwise.
WATCH_POLICY = "window.policyReports = []; addEventListener('securitypolicyviolation', e => policyReports.push(`${e.violatedDirective} ${e.blockedURI}`))"

FAULTS_OF_PAGE = """
const faults = [], ids = {};
document.querySelectorAll('[id]').forEach(e => { ids[e.id] = (ids[e.id] || 0) + 1; });
Object.entries(ids).filter(([, n]) => n > 1).forEach(([id]) => faults.push(`id ${id} stands there more than once`));
document.querySelectorAll('svg').forEach(svg => {
  const named = selector => svg.querySelector(':scope > ' + selector)?.textContent.trim();
  if (svg.getAttribute('aria-hidden') === 'true') return;
  if (!['img', 'group', 'list'].includes(svg.getAttribute('role'))) faults.push(`svg ${svg.id} has no role`);
  if (!named('title')) faults.push(`svg ${svg.id} has no title`);
  if (!named('desc')) faults.push(`svg ${svg.id} has no desc`);
  if (svg.getAttribute('role') === 'img' && svg.querySelector('a')) faults.push(`svg ${svg.id} is an image with links`);
  if (!document.querySelector('table')) faults.push(`svg ${svg.id} has no table beside it`);
});
document.querySelectorAll('table').forEach(table => {
  const caption = table.caption?.textContent.trim();
  if (!caption) faults.push('a table has no caption');
  table.querySelectorAll('th').forEach(th => { if (!th.hasAttribute('scope')) faults.push(`${caption}: a heading has no scope`); });
  table.querySelectorAll('thead th').forEach(th => { if (!th.textContent.trim()) faults.push(`${caption}: a heading is empty`); });
});
document.querySelectorAll('[style], style, script:not([src])').forEach(e => faults.push(`${e.tagName} stands in the page itself`));
document.querySelectorAll('input:not([type=hidden]), select, textarea').forEach(e => {
  if (!e.labels?.length && !e.hasAttribute('aria-label')) faults.push(`${e.name} has no label`);
});
if (document.querySelectorAll('h1').length !== 1) faults.push('not exactly one h1');
if (!document.title.trim()) faults.push('no title');
if (!document.documentElement.lang) faults.push('no language');
return faults;
"""

# As the server sent it: what stands in the browser was mended by its parser.
READ_AGAIN = "const r = new XMLHttpRequest(); r.open('GET', location.href, false); r.send(); return r.responseText"

RUN_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, { runOnly: arguments[0], resultTypes: ['violations', 'incomplete'] }).then(done, e => done({ error: String(e) }));
"""


def axe_source(root):
    cache = os.path.join(os.environ.get("KETENWACHT_CACHE", os.path.join(root, ".cache")), "axe")
    path = os.path.join(cache, AXE.replace("==", "-"), AXE_FILE)
    os.makedirs(cache, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path):
            fetch_axe(cache, path[: -len(AXE_FILE)])
    with open(path, encoding="utf-8") as file:
        return file.read()


def fetch_axe(cache, folder):
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        steps = [[sys.executable, "-m", "venv", f"{scratch}/v"], [f"{scratch}/v/bin/pip", "-q", "install", "--no-deps", "--target", f"{scratch}/got", AXE]]
        for step in steps:
            run = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=INSTALL_S)
            if run.returncode:
                sys.exit(f"{' '.join(step)}: {run.stdout[-2000:]}")
        os.rename(f"{scratch}/got", folder)


class Browser:
    """Chromium. Use as a context; its own folder goes with it."""

    def __init__(self, root):
        self.axe = axe_source(root)
        self.folder = tempfile.TemporaryDirectory(prefix="ketenwacht-browser-")
        options = webdriver.ChromeOptions()
        for argument in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--disable-extensions",
                         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", f"--user-data-dir={self.folder.name}"]:
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(WAIT_S)
        self.driver.set_script_timeout(WAIT_S)
        self.cdp("Network.enable")
        self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCH_POLICY)
        self.setting()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()
        self.folder.cleanup()

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def setting(self, language="nl", script=True, width=1280, height=900, dark=False, paper=False):
        """How the pages that come next are asked for and shown."""
        self.cdp("Network.setExtraHTTPHeaders", headers={"Accept-Language": language})
        self.cdp("Emulation.setScriptExecutionDisabled", value=not script)
        self.size(width, height)
        self.cdp("Emulation.setEmulatedMedia", media="print" if paper else "screen",
                 features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}, {"name": "prefers-reduced-motion", "value": "reduce"}])

    def size(self, width=1280, height=900):
        """Of the window, also around the page that stands there."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def get(self, address):
        self.driver.get_log("performance")
        self.driver.get_log("browser")
        # One that is being made (202), or is for somebody else now (503), is asked for again: it would go on to change under our eyes.
        self.wait("the page to be made", lambda: self.open(address) not in (202, 503))

    def open(self, address):
        """Return: the status of the answer."""
        self.driver.get(address)
        return self.run("return performance.getEntriesByType('navigation')[0]?.responseStatus")

    def find(self, selector):
        """Waited for: what was pressed before may still be on its way to another page."""
        self.wait(selector, lambda: self.all(selector))
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector="main"):
        return self.find(selector).text

    def wait(self, what, truth, seconds=WAIT_S):
        """Until truth() holds; what for the sentence when it does not."""
        waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.1, ignored_exceptions=[StaleElementReferenceException])
        waiting.until(lambda _: truth(), f"waited in vain for {what}: {self.driver.current_url}")

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def keys(self, *keys):
        """To whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    # -- What is asked of every page --

    def faults(self):
        """What is wrong with the page that stands there: its markup, our own rules, axe, the policy, requests to others. Sentences."""
        found = self.markup_faults(self.run(READ_AGAIN)) + self.own_faults() + self.axe_faults()
        found += ["policy: " + report for report in self.run("return window.policyReports")]
        said = [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        found += ["console: " + message for message in said if "Failed to load resource" not in message]
        return found + self.host_faults()

    def own_faults(self):
        """Against rules of ours that no checker of others knows."""
        return self.run(FAULTS_OF_PAGE)

    @staticmethod
    def markup_faults(source):
        """What an HTML5 parser stumbles over."""
        parser = html5lib.HTMLParser(strict=False)
        parser.parse(source)
        faults = []
        for (line, column), code, details in parser.errors:
            faults.append(f"markup: {code} {details} at {line}:{column}: {source.splitlines()[line - 1][max(0, column - 60):column]}")
        return faults

    def axe_faults(self):
        if not self.run("return Boolean(window.axe)"):
            self.run(self.axe)
        results = self.driver.execute_async_script(RUN_AXE, AXE_RULES)
        if "error" in results:
            return ["axe: " + results["error"]]
        found = [f"axe: {rule['id']}: {rule['help']}: {node['html'][:200]}" for rule in results["violations"] for node in rule["nodes"]]
        for rule in results["incomplete"]:
            nodes = [node for node in rule["nodes"] if not (rule["id"] == "color-contrast" and self.is_settled(node))]
            found += [f"axe is not sure: {rule['id']}: {node['html'][:200]}: {node['any'] and node['any'][0]['data']}" for node in nodes]
        return found

    def is_settled(self, node):
        """Contrast that axe cannot see and palette.py computes: in pictures, of a sign of one character, of what a table's box has scrolled away."""
        reasons = {(check["data"] or {}).get("messageKey") for check in node["any"]}
        if reasons & {"nonBmp", "shortTextContent", "outsideViewport", "elmPartiallyObscured"}:
            return True
        return self.run("return Boolean(document.querySelector(arguments[0])?.closest('svg'))", node["target"][0])

    def requests(self):
        """Addresses that were asked for since the last get(), and the bytes that came, heads included."""
        addresses, size = [], 0
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                addresses.append(message["params"]["request"]["url"])
            if message["method"] == "Network.loadingFinished":
                size += message["params"]["encodedDataLength"]
        return addresses, size

    def host_faults(self):
        own = urlsplit(self.driver.current_url).netloc
        return [f"asked elsewhere: {address}" for address in self.requests()[0] if urlsplit(address).netloc not in ("", own)]

    def wide_faults(self):
        """Whether the page as a whole must be moved sideways."""
        widths = self.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        if widths[0] <= widths[1]:
            return []
        culprits = self.run("""return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5
            && !e.closest('.scroll')).slice(-3).map(e => e.outerHTML.slice(0, 120))""")
        return [f"{widths[0]} wide on {widths[1]}: {culprits}"]


def run_checks(browser, checks, *arguments):
    """Each check by itself: one that fails says nothing of the next. Ends the process."""
    failed = 0
    for check in checks:
        print(f"-- {check.__name__[6:].replace('_', ' ')}", flush=True)
        browser.setting()
        try:
            check(browser, *arguments)
        except (Exception, SystemExit) as error:
            failed += 1
            frames = [f"{os.path.basename(f.filename)}:{f.lineno}" for f in traceback.extract_tb(error.__traceback__) if "selenium" not in f.filename]
            print(f"{' '.join(frames)}: {str(error).partition('Stacktrace')[0].strip()}\n   at {browser.driver.current_url}")
    sys.exit(f"{failed} of {len(checks)} checks failed" if failed else 0)
