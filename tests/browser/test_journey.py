"""The main job in a browser, as a newcomer does it; and every page under axe."""

import csv
import io
import json
import re
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from annexa.pure.registers import REGISTERS
from tests.browser.conftest import Server

PASSWORD = "correct horse battery staple"


def _inventory() -> bytes:
    """A small inventory as somebody might keep it: semicolons, an umlaut in cp1252, a date in another order."""
    out = io.StringIO()
    rows = csv.writer(out, delimiter=";")
    rows.writerow(["System name", "Purpose", "Department", "Stage", "Owner", "Go-live"])
    rows.writerow(
        ["Chatbot für Bürger", "Answers questions of citizens", "Service", "Operation", "kim@example.org", "24.12.2025"]
    )
    rows.writerow(["Route planner", "Plans delivery routes", "Logistics", "Development", "", ""])
    return out.getvalue().encode("cp1252")


def _upload(page: Page, name: str, data: bytes) -> None:
    page.get_by_label("File", exact=False).first.set_input_files({"name": name, "mimeType": "text/csv", "buffer": data})


def test_the_main_job(empty: Server, page: Page, tmp_path: Path) -> None:
    """Set up administrator → import → open a system → add evidence → verdict flips → open proof → download pack."""
    # set up
    page.goto(empty.link)
    page.get_by_label("Name of the organisation").fill("Browser House")
    page.get_by_label("Your name").fill("Ada Admin")
    page.get_by_label("Your email").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Set up organisation").click()
    expect(page).to_have_url(f"{empty.url}/systems/import")
    # import
    _upload(page, "inventory.csv", _inventory())
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_text("Chatbot für Bürger").first).to_be_visible()
    page.get_by_role("button", name="Import 2 systems").click()
    page.wait_for_url(f"{empty.url}/systems?*")
    # open a system
    page.get_by_role("link", name="Chatbot für Bürger").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Chatbot für Bürger")
    # a control nobody has shown
    page.goto(f"{empty.url}/controls/GOV-07")
    page.get_by_role("button", name="Declare state").or_(page.get_by_text("Declare state")).first.click()
    page.get_by_label("Implemented", exact=True).check()
    page.get_by_role("button", name="Declare", exact=False).last.click()
    expect(page.get_by_text("Unproven").first).to_be_visible()
    assert _verdict(empty, "9.3.3") == "unmet"
    # evidence for everything it expects
    while (asked := page.locator("li[id^='at-']").filter(has_text="No evidence yet")).count():
        one = asked.first
        one.get_by_text("Add evidence").or_(one.get_by_text("Add statement")).first.click()
        if one.locator("input[type=file]").count():
            one.locator("input[type=file]").set_input_files(
                {"name": "minutes.txt", "mimeType": "text/plain", "buffer": f"minutes {asked.count()}".encode()}
            )
            one.get_by_role("button", name="Keep as evidence").click()
        else:
            one.get_by_role("textbox").first.fill("The review took place and its results are minuted.")
            one.get_by_role("button", name="Record statement").click()
    expect(page.get_by_text("Effective").first).to_be_visible()
    # the verdict flips
    assert _verdict(empty, "9.3.3") == "met"
    page.goto(f"{empty.url}/frameworks/iso27001-2022")
    expect(page.get_by_text("met", exact=False).first).to_be_visible()
    # open the proof
    page.goto(f"{empty.url}/frameworks/iso27001-2022?requirement=9.3.3")
    proof = page.locator("#proof")
    while (closed := proof.locator("details:not([open]) > summary:visible")).count():
        closed.first.click()
    expect(proof.get_by_text("minutes.txt").first).to_be_visible()
    proof.get_by_role("link", name="entry", exact=False).first.click()
    page.wait_for_url(f"{empty.url}/ledger/*")
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Verified in this browser")).to_be_visible()
    # download the pack and verify it offline
    page.goto(f"{empty.url}/frameworks")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download audit pack").click()
    pack = tmp_path / "pack.zip"
    download.value.save_as(pack)
    verified = empty.annexa("verify", str(pack))
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_any_day_is_a_move_of_the_slider_away(demo: Server, page: Page) -> None:
    """Framework page → chart → slider by keyboard → another day in place → a point of the chart → hindsight."""
    page.goto(demo.link)
    page.goto(f"{demo.url}/frameworks/iso42001-2023?gaps=1")
    expect(page.locator("#over-time figcaption")).to_contain_text("Readiness")
    slider = page.get_by_label("Move to another day")
    slider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"at=\d{4}-\d\d-\d\d"))
    expect(page.get_by_text("A look ahead")).to_be_visible()
    assert "gaps=1" in page.url
    assert slider.get_attribute("aria-valuetext") == page.locator("#asof-words").inner_text()
    page.locator("#over-time summary").click()
    point = page.locator("#over-time tbody a").nth(5)
    day = point.get_attribute("data-on")
    point.click()
    expect(page).to_have_url(re.compile(f"at={day}"))
    expect(page.get_by_label("As of", exact=True).and_(page.locator("[type=date]"))).to_have_value(str(day))
    expect(page.get_by_text("A look back: as it stood then")).to_be_visible()
    mark = page.locator("#over-time [data-chosen]")
    first, last = (int(str(slider.get_attribute(one))) for one in ("min", "max"))
    assert slider.input_value() == str((date.fromisoformat(str(day)) - date(1970, 1, 1)).days)
    expect(mark).to_have_attribute("visibility", "visible")
    expect(mark).to_have_attribute("x1", f"{100 * (int(slider.input_value()) - first) / (last - first):.2f}%")
    page.locator("[type=date][name=at]").first.fill("2100-01-01")
    expect(page.locator("#asof-words")).to_contain_text("2100, not on the chart")
    expect(mark).to_have_attribute("visibility", "hidden")
    page.get_by_role("link", name="As we know it now").click()
    expect(page).to_have_url(re.compile("hindsight=1"))
    expect(page.get_by_text("learnt later")).to_be_visible()


def _verdict(server: Server, requirement: str) -> str:
    said = server.annexa("explain", requirement, "--framework", "iso27001-2022", "--format", "json")
    assert said.returncode == 0, said.stderr
    return str(json.loads(said.stdout)["verdict"])


def test_verification_in_the_browser(demo: Server, page: Page) -> None:
    """The browser recomputes an inclusion proof itself, and says what broke when the entry was altered."""
    page.goto(demo.link)
    page.goto(f"{demo.url}/ledger/5")
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Verified in this browser")).to_be_visible()

    def altered(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        told["body"] = told["body"].replace("a", "b", 1)
        route.fulfill(response=answer, json=told)

    page.route("**/ledger/5/proof*", altered)
    page.goto(f"{demo.url}/ledger/5")
    page.get_by_role("button", name="Verify in this browser").click()
    expect(page.get_by_text("Verified in this browser")).not_to_be_visible()
    expect(page.locator("[data-v=fail]").first).to_be_visible()


PAGES = (
    "/",
    "/frameworks",
    "/frameworks/iso42001-2023",
    "/frameworks/iso42001-2023?requirement=A.6.2.6",
    "/frameworks/eu-ai-act",
    "/frameworks/iso27001-2022?requirement=A.5.24&at=2027-06-30",
    "/frameworks/nist-ai-rmf-1.0?scope={slug}",
    "/frameworks/iso42001-2023/requirements/A.5.2",
    "/frameworks/eu-ai-act/requirements/Art.49(2)",
    "/frameworks/library",
    "/frameworks/choose",
    "/mappings",
    "/mappings?show=matrix&from=iso27001-2013&to=iso27001-2022",
    "/obligations",
    "/obligations/eu-ai-act",
    "/obligations/clocks",
    "/library",
    "/library?q=prompt+injection",
    "/systems",
    "/systems?q=nothing+like+this",
    "/systems/{slug}",
    "/systems/{slug}/edit",
    "/systems/add",
    "/path",
    "/path/gaps",
    "/tasks?whose=all",
    "/portfolio",
    "/assessments?show=all",
    "/systems/{slug}/assessments",
    "/systems/{slug}/classification",
    "/systems/{slug}/classification?law=us-co-sb26-189",
    "/systems/classification",
    "/systems/classification?law=us-co-sb26-189&q=a",
    "/library/classification/eu-ai-act?show=presumptions",
    "/organisation/classification",
    "/what-if",
    "/what-if?suppose=control-effective~SUP-03",
    "/frameworks/eu-ai-act/over-time",
    "/frameworks/iso42001-2023?at=2026-06-30&hindsight=1",
    "/systems/import",
    "/controls",
    "/controls/GOV-02",
    "/controls/LIF-07",
    "/controls/LIF-07?scope={slug}",
    "/training",
    "/training/everybody",
    "/courses/management-body",
    "/ledger",
    "/ledger/5",
    "/search?q=A.5.19",
    "/registers",
    "/assets/about",
    "/assets/import",
    "/risks/map",
    "/risks/money",
    "/risks/scale",
    "/uses/requests",
    "/uses/found",
    "/tools/catalogue",
    "/statement",
    "/statement/versions",
    "/context",
    "/due-diligence",
    "/reading",
    "/training",
    "/access-reviews",
    "/oversight",
    "/oversight/statistics",
    "/oversight/systems/{slug}",
    "/activity",
    "/activity/retention",
    "/activity/retention/hold",
    "/activity/retention/erase",
    "/governance",
    "/password",
    "/account/second-factors",
    "/account/second-factors/app",
    "/account/second-factors/passkey",
    "/account/sessions",
    "/account/again",
    "/people",
    "/people/add",
    "/people/1",
    "/style",
    "/no-such-page",
)


WIDTHS = (1440, 390)
OF_REGISTERS = [f"/{one.plural}{page}" for page in ("", "/add") for one in REGISTERS.values()]
"""Lists and forms come from the same templates for every register; each is looked at once."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing(demo: Server, chromium: Browser, width: int) -> None:
    """WCAG 2.2 AA on every page, in both themes, on desk and phone; and nothing runs off sideways."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    found: list[str] = []
    page.goto(f"{demo.url}/sign-in")
    _examine(page, "/sign-in", found)
    page.goto(demo.link)
    slug = json.loads(demo.annexa("export", "systems", "--format", "json").stdout)[0]["Slug"]
    for path in (*PAGES, *OF_REGISTERS[WIDTHS.index(width) :: len(WIDTHS)]):
        page.goto(demo.url + path.format(slug=slug))
        _examine(page, path, found)
    context.close()
    assert not found, "\n".join(found)


def _examine(page: Page, path: str, found: list[str]) -> None:
    """By all rules in the light, by those about colours in the dark, where nothing else is different."""
    looks: tuple[tuple[Literal["light", "dark"], dict[str, object]], ...] = (
        ("light", {"type": "tag", "values": RULES}),
        ("dark", {"type": "rule", "values": ["color-contrast"]}),
    )
    for theme, rules in looks:
        page.emulate_media(color_scheme=theme)
        result = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
        for violation in result.response["violations"]:
            nodes = "; ".join(node["html"][:160] for node in violation["nodes"][:3])
            found.append(f"{path}, {theme}: {violation['id']}: {violation['help']}: {nodes}")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        found.append(f"{path}: {wide} px run off sideways")


def test_works_without_javascript(demo: Server, chromium: Browser) -> None:
    """Reading and finding need no script."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.link)
    page.goto(f"{demo.url}/systems")
    page.get_by_role("searchbox").last.fill("assistant")
    page.keyboard.press("Enter")
    expect(page.locator("#register tbody tr")).to_have_count(1)
    page.goto(f"{demo.url}/frameworks/iso42001-2023?requirement=A.6.2.6")
    expect(page.locator("#proof").get_by_text("A.6.2.6").first).to_be_visible()
    expect(page.get_by_label("Move to another day")).to_be_hidden()
    page.get_by_role("link", name="How it went and will go").click()
    page.get_by_text("Show as table").click()
    page.locator("#over-time tbody a").first.click()
    expect(page.get_by_text("A look back")).to_be_visible()
    context.close()
