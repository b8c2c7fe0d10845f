"""From an empty organisation to a gap list and a statement of applicability, with the pages alone.

Prints what that cost: fields typed, fields typed twice, choices, clicks, seconds. With ANNEXA_TEST_SHOTS, a folder,
each step leaves a screenshot there.
"""

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Server

SHOTS = os.environ.get("ANNEXA_TEST_SHOTS", "")


@dataclass(kw_only=True)
class Hand:
    """Somebody at the keyboard, and what they had to do."""

    page: Page
    typed: list[tuple[str, str]] = field(default_factory=list)
    choices: int = 0
    clicks: int = 0
    steps: list[tuple[str, float]] = field(default_factory=list)

    def type(self, label: str, text: str) -> None:
        """Types into a field."""
        self.page.get_by_label(re.compile(rf"^{label}( \(optional\))?$")).first.fill(text)
        self.typed.append((label, text))

    def press(self, name: str, *, role: str = "button") -> None:
        """Clicks a button or a link."""
        self.page.get_by_role(role, name=name).first.click()  # type: ignore[arg-type]
        self.page.wait_for_load_state()
        self.clicks += 1

    def reached(self, step: str, since: float) -> None:
        """A step is done."""
        self.steps.append((step, time.monotonic() - since))
        if SHOTS:
            name = f"{len(self.steps):02}-{step.replace(' ', '-')}.png"
            self.page.screenshot(path=Path(SHOTS) / name, full_page=True)


def test_a_newcomer_reaches_a_gap_list_and_a_statement(newcomer: Server, page: Page) -> None:
    """Nothing is asked for twice, and nothing is to be typed but what only the newcomer knows."""
    hand, since = Hand(page=page), time.monotonic()
    page.goto(newcomer.link)
    hand.type("Name of the organisation", "Quayside Lending")
    hand.type("Your name", "Nora Newcomer")
    hand.type("Your email", "nora@quayside.example")
    hand.type("Password", "a long sentence about boats")
    hand.press("Set up organisation")
    hand.reached("set up", since)

    page.goto(f"{newcomer.url}/frameworks")
    hand.press("Choose frameworks", role="link")
    for box in page.get_by_role("checkbox").all():
        wanted = (box.get_attribute("value") or "") in {"iso27001-2022", "iso42001-2023"}
        if box.is_checked() != wanted:
            box.set_checked(wanted)
            hand.choices += 1
    page.locator("main form button.primary").first.click()
    page.wait_for_load_state()
    hand.clicks += 1
    hand.reached("frameworks chosen", since)

    page.goto(f"{newcomer.url}/systems")
    hand.press("Add", role="link")
    hand.type("Name", "Credit scoring")
    hand.type("Purpose", "Scores applications for consumer loans")
    page.locator("main form button.primary").last.click()
    page.wait_for_load_state()
    hand.clicks += 1
    expect(page.get_by_role("heading", level=1)).to_have_text("Credit scoring")
    hand.reached("first system", since)

    for standard in ("ISO/IEC 27001", "ISO/IEC 42001"):
        page.goto(f"{newcomer.url}/frameworks")
        expect(page.get_by_role("link", name=standard).first).to_be_visible()
    page.goto(f"{newcomer.url}/path/gaps")
    gaps = int(page.locator(".lead b").filter(has_text="gap").first.inner_text().split()[0].replace(",", ""))
    assert gaps > 50, "an empty organisation has nearly everything to do"
    hand.reached("gap list", since)

    page.goto(f"{newcomer.url}/statement")
    hand.press("Confirm all")
    expect(page.get_by_text("waits for a decision")).to_have_count(0)
    expect(page.get_by_text("wait for a decision")).to_have_count(0)
    lines = set()
    for standard in [one.evaluate("link => link.href") for one in page.locator("nav.segmented a").all()]:
        page.goto(standard)
        lines |= set(page.locator("main tbody th[scope=row]").all_inner_texts())
    assert len(lines) == 93 + 38, "both annexes are in the statement, each control once"
    hand.reached("statement drafted", since)

    page.goto(f"{newcomer.url}/")
    hand.reached("today", since)
    texts = [text.casefold() for _label, text in hand.typed]
    twice = len(texts) - len(set(texts))
    print(
        f"\n{len(hand.typed)} fields typed, {twice} typed twice, {hand.choices} choices, {hand.clicks} clicks,"
        f" {hand.steps[-1][1]:.0f} s; {gaps:,} gaps, {len(lines):,} lines of the statement"
    )
    for step, seconds in hand.steps:
        print(f"  {seconds:6.1f} s  {step}")
    assert twice == 0
    assert len(hand.typed) <= 8
