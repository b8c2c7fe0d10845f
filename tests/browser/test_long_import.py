"""An import of thousands is told while it goes; who leaves calls it off, and nothing of it is kept."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Server, start

ROWS = 4_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, on an empty home."""
    yield from start(tmp_path_factory.mktemp("long") / "home")


def test_it_is_told_and_can_be_called_off(server: Server, page: Page, tmp_path: Path) -> None:
    _set_up(page, server)
    file = tmp_path / "assets.csv"
    file.write_text("Name,Kind\n" + "".join(f"Thing {number},model\n" for number in range(ROWS)))
    assert _imported(page, server, file, leave_after="1,000 of 4,000")[-1] == "1,000 of 4,000"
    told = _imported(page, server, file)  # all of it is new: nothing was kept of what was left
    assert (told[0], told[-1]) == ("0 of 4,000", f"{ROWS:,} added")
    assert "All rows are written" in told
    page.goto(f"{server.url}/assets")
    assert "4,000" in page.inner_text("main")


def _set_up(page: Page, server: Server) -> None:
    page.goto(server.link)
    given = {"name": "X Ltd", "person_name": "Ada", "email": "ada@example.org", "password": "a long enough pass phrase"}
    for name, value in given.items():
        page.fill(f"[name={name}]", value)
    page.locator("form button").last.click()
    page.wait_for_load_state()


def _imported(page: Page, server: Server, file: Path, *, leave_after: str = "") -> list[str]:
    """What the page of an import tells, line by line; left once it tells that."""
    page.goto(f"{server.url}/assets/import")
    page.set_input_files("input[type=file]", file)
    page.locator("main form button").last.click()
    page.wait_for_selector("#take")
    fields = page.evaluate("Object.fromEntries(new FormData(document.getElementById('take-form')))")
    where = urlsplit(page.url)
    connection = http.client.HTTPConnection(where.netloc, timeout=60)
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    kind = "application/x-www-form-urlencoded"
    headers = {"Cookie": cookies, "Content-Type": kind, "Origin": server.url, "Referer": page.url}
    connection.request("POST", where.path, urlencode(fields), headers)
    answer, told = connection.getresponse(), list[str]()
    while part := answer.read1(65536).decode(errors="replace"):
        told += re.findall(r"[\d,]+ of [\d,]+(?= rows)|All rows are written|[\d,]+ added", part)
        if leave_after in told:
            answer.close()
            break
    connection.close()
    return told
