"""Passkeys in a real browser, with the authenticator that Chromium has for tests; and codes of an app."""

import base64
import re
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from annexa.pure.second_factors import totp_code
from tests.browser.conftest import Server, start

PASSWORD = "correct horse battery staple"
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for these tests alone."""
    yield from start(tmp_path_factory.mktemp("signing") / "home")


@pytest.fixture
def key(page: Page) -> None:
    """The browser has a passkey reader."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def _sign_out(page: Page) -> None:
    page.get_by_role("button", name="Ada Admin").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def _password(page: Page) -> None:
    page.get_by_label("Email").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _examine(page: Page) -> None:
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": tags}).response["violations"]
    assert not found, [(one["id"], one["nodes"][0]["html"]) for one in found]


def test_passkeys_and_codes(own: Server, page: Page, key: None) -> None:
    """Make a passkey → sign in with it after the password → with it alone → add an app → a code → a recovery code."""
    url = own.url.replace("127.0.0.1", "localhost")  # passkeys belong to names, not to numbers
    page.goto(own.link.replace("127.0.0.1", "localhost"))
    page.get_by_label("Name of the organisation").fill("Browser House")
    page.get_by_label("Your name").fill("Ada Admin")
    page.get_by_label("Your email").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set up organisation").click()
    # none yet
    _sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    _password(page)
    expect(page).to_have_url(f"{url}/")
    # a passkey
    page.goto(f"{url}/account/second-factors")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name", exact=False).fill("This laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("Your recovery codes")).to_be_visible()
    _examine(page)
    recovery = page.locator("main li code").all_inner_texts()
    assert len(recovery) == 10
    # after the password
    _sign_out(page)
    _password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Second step")
    _examine(page)
    page.get_by_role("button", name="Use your passkey").click()
    expect(page).to_have_url(f"{url}/")
    # alone
    _sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(f"{url}/")
    # an app
    page.goto(f"{url}/account/second-factors/app")
    typed = page.locator("#secret").inner_text().replace(" ", "")
    secret = base64.b32decode(typed + "=" * (-len(typed) % 8))
    page.get_by_label("Code", exact=False).last.fill(totp_code(secret, int(time.time()) // 30 - 1))
    page.get_by_role("button", name="Use this app").click()
    expect(page.get_by_role("rowheader", name="Code app")).to_be_visible()
    # a code of it
    _sign_out(page)
    _password(page)
    page.get_by_label("Code", exact=False).fill(totp_code(secret, int(time.time()) // 30 + 1))
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{url}/")
    # a code on paper
    _sign_out(page)
    _password(page)
    page.get_by_label("Code", exact=False).fill(recovery[0])
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(f"{url}/")
    page.goto(f"{url}/account/second-factors")
    expect(page.get_by_text("9 left")).to_be_visible()
    # a session elsewhere
    page.goto(f"{url}/account/sessions")
    expect(page.get_by_text(re.compile("Chrom"))).to_be_visible()
    # lost: the administrator on the machine helps
    done = own.annexa("people", "reset-mfa", "ada@example.org", "--because", "Lost")
    assert done.returncode == 0, done.stderr
    page.goto(f"{url}/")
    _password(page)
    expect(page).to_have_url(f"{url}/")
    verified = own.annexa("ledger", "verify")
    assert verified.returncode == 0, verified.stdout
