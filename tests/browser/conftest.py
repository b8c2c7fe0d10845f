"""A real server on a home of its own, and Chromium to look at it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
ANNEXA = Path(sys.executable).with_name("annexa")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a browser test; one server, so one worker."""
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass(frozen=True)
class Server:
    """A running server: where it is, what it printed at the start, and its home for commands beside it."""

    url: str
    printed: str
    home: Path

    @property
    def link(self) -> str:
        """The link printed for the first visitor."""
        found = re.search(r"http://\S+/(?:welcome|enter)/\S+", self.printed)
        assert found, self.printed
        return found[0]

    def annexa(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command on the same home."""
        return subprocess.run(
            [ANNEXA, *words], env=_environment(self.home), capture_output=True, text=True, check=False
        )


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANNEXA_", "DJANGO_"))}
    return kept | {"ANNEXA_HOME": str(home), "PYTHONUNBUFFERED": "1"}


def start(home: Path, *flags: str) -> Iterator[Server]:
    """Serves a home until the test run ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    output = home.with_suffix(".log")
    with output.open("w") as log:
        process = subprocess.Popen(
            [ANNEXA, "serve", "--port", str(port), *flags],
            env=_environment(home), stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process, output)
        yield Server(url=f"http://127.0.0.1:{port}", printed=output.read_text(), home=home)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], output: Path) -> None:
    for _ in range(3600):
        assert process.poll() is None, output.read_text()
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"no answer from {url}: {output.read_text()}")


@pytest.fixture(scope="package")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on an empty home."""
    yield from start(tmp_path_factory.mktemp("empty") / "home")


@pytest.fixture(scope="package")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on another empty home, for who begins."""
    yield from start(tmp_path_factory.mktemp("newcomer") / "home")


@pytest.fixture(scope="package")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the demo organisation."""
    yield from start(tmp_path_factory.mktemp("demo") / "home", "--demo")


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Chromium without a window; tests are skipped where it is not installed.

    It ends with the last test of the browser: while it is there, its loop runs in this thread, and Django asks no
    database from within a loop.
    """
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt install chromium)")
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*flags, "--disable-component-update"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page at desk size. Anything the browser complains about fails the test."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    found = context.new_page()
    complaints: list[str] = []
    found.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: complaints.append(str(error)))
    yield found
    context.close()
    expected = re.compile(r"status of (4\d\d)|favicon")
    assert not [text for text in complaints if not expected.search(text)]
