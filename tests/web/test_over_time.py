"""The chart of verdicts over time and the slider beside it: what they say, where they lead, without a script too."""

import re
from datetime import UTC, date, datetime, timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from annexa.answers.over_time import Extent, OverTime, Point
from annexa.library.load import library
from annexa.pure.facts import ORGANISATION
from annexa.pure.posture import Verdict
from annexa.web.over_time import EPOCH, drawn
from tests.answers.small_house import found_house

TODAY = date(2026, 11, 20)
PAGE = "/frameworks/iso42001-2023"
CHART = f"{PAGE}/over-time"


@pytest.fixture
def client(db) -> Client:
    """The administrator of the small house, as of today."""
    from annexa.records.people import Person

    found_house(timezone.now())
    found = Client()
    found.force_login(Person.objects.get())
    return found


def point(on: date, met: int, unmet: int, begins: int = 0) -> Point:
    """A day with so many requirements met and unmet."""
    counts = dict.fromkeys(
        (Verdict.MET, Verdict.AT_RISK, Verdict.PARTIAL, Verdict.UNMET, Verdict.UNCOVERED), 0
    ) | {Verdict.MET: met, Verdict.UNMET: unmet}  # fmt: skip
    return Point(on=on, counts=counts, begins=begins)


def series(*points: Point, laws: dict[date, int] | None = None, since: date = date(2024, 1, 1)) -> OverTime:
    """A series around the twentieth of November."""
    first = max(date(2025, 11, 30), since)
    return OverTime(
        frameworks=(library().frameworks["iso42001-2023"],), scope=ORGANISATION, points=points, laws=laws or {},
        extent=Extent(first=first, last=date(2027, 11, 1), today=TODAY, since=since), unreadable=0,
    )  # fmt: skip


YEAR_AGO, AHEAD, LAST = date(2025, 11, 30), date(2027, 3, 1), date(2027, 11, 1)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        (
            (point(YEAR_AGO, 41, 59), point(TODAY, 56, 44), point(AHEAD, 38, 62), point(LAST, 38, 62)),
            "Readiness rose from 41 % to 56 % in a year; if nobody acts it falls to 38 % by 1 March 2027",
        ),
        (
            (point(date(2026, 6, 30), 56, 44), point(TODAY, 41, 59), point(LAST, 40, 60)),
            "Readiness fell from 56 % to 41 % since 30 June 2026; if nobody acts it falls to 40 % by 1 November 2027",
        ),
        (
            (point(YEAR_AGO, 41, 59), point(TODAY, 41, 59), point(LAST, 50, 50)),
            "Readiness is 41 %, as a year ago; if nobody acts it does not fall before 1 November 2027",
        ),
        (
            (point(TODAY, 0, 3), point(LAST, 0, 3)),
            "Readiness is 0 % today; if nobody acts it does not fall before 1 November 2027",
        ),
        (
            (point(TODAY, 0, 0), point(LAST, 0, 5)),
            "Nothing applies today; the first requirements bind on 1 November 2027",
        ),
        ((point(date(2026, 6, 30), 1, 3),), "Readiness was 25 % on 30 June 2026; nothing is judged today"),
        (
            (point(YEAR_AGO, 0, 0), point(date(2026, 8, 31), 1, 3), point(TODAY, 2, 2)),
            "Readiness rose from 25 % to 50 % since 31 August 2026",
        ),
    ],
)  # fmt: skip
def test_the_finding_is_one_sentence(points, said) -> None:
    drawing = drawn(series(*points), PAGE, {})
    assert drawing is not None
    assert drawing.finding == said


def test_nothing_that_applies_is_no_chart() -> None:
    assert drawn(series(point(TODAY, 0, 0)), PAGE, {}) is None
    assert drawn(series(), PAGE, {}) is None


def test_areas_stack_and_today_parts_what_was_from_what_will_be() -> None:
    """Met stands on the ground, the next verdict on it; what will be holds until the day on which it moves."""
    october = date(2026, 10, 31)
    points = (point(october, 1, 3), point(TODAY, 2, 2), point(LAST, 1, 3))
    drawing = drawn(series(*points, since=october), PAGE, {})
    assert drawing is not None
    now = drawing.now
    met, unmet = (one.outline for one in drawing.areas if one.kind == "solid")
    assert met == f"M0 75L{now:g} 50L{now:g} 100L0 100z"
    assert unmet == f"M0 0L{now:g} 0L{now:g} 50L0 75z"
    later = next(one.outline for one in drawing.areas if one.kind == "later" and one.verdict is Verdict.MET)
    assert later == f"M{now:g} 50L100 50L100 75L100 100L100 100L{now:g} 100z"
    assert drawing.verdicts == (Verdict.MET, Verdict.UNMET)


def test_a_gap_in_the_past_is_not_bridged() -> None:
    days = (YEAR_AGO, date(2025, 12, 31), date(2026, 10, 31), TODAY)
    drawing = drawn(series(*(point(on, 1, 1) for on in days)), PAGE, {})
    assert drawing is not None
    assert drawing.was.count("M") == 2


def test_days_in_law_have_a_label_where_there_is_room() -> None:
    """Those to come first; two that lie close to each other do not write over each other."""
    laws = {date(2026, 11, 1): 3, date(2026, 12, 2): 2, date(2027, 8, 2): 4}
    drawing = drawn(series(point(TODAY, 1, 1), point(LAST, 1, 1), laws=laws), PAGE, {})
    assert drawing is not None
    assert {law.on: law.labelled for law in drawing.laws} == {
        date(2026, 11, 1): False, date(2026, 12, 2): True, date(2027, 8, 2): True,
    }  # fmt: skip


def test_strips_cover_the_chart_and_lead_to_their_days() -> None:
    kept = {"gaps": ["1"], "at": ["2026-01-01"], "hindsight": ["1"]}
    drawing = drawn(series(point(YEAR_AGO, 1, 1), point(TODAY, 1, 1), point(LAST, 1, 1)), PAGE, kept)
    assert drawing is not None
    assert [one.url for one in drawing.points] == [
        f"{PAGE}?gaps=1&at=2025-11-30", f"{PAGE}?gaps=1", f"{PAGE}?gaps=1&at=2027-11-01",
    ]  # fmt: skip
    assert drawing.points[0].x == 0
    assert sum(one.width for one in drawing.points) == pytest.approx(100)


def test_the_page_has_the_slider_and_a_link_to_the_chart(client) -> None:
    """The page does not wait for the chart; without a script the link leads to a page with it."""
    text = client.get(PAGE, {"gaps": "1"}).content.decode()
    assert 'hx-trigger="load"' in text
    link = unescape(re.findall(r'<p><a href="([^"]*over-time[^"]*)"', text)[0])
    assert link == f"{CHART}?gaps=1"
    today = timezone.now().date()
    found = re.search(
        r'<input type="range"[^>]*min="(\d+)" max="(\d+)" value="(\d+)"[^>]*aria-valuetext="([^"]+)"', text
    )
    assert found
    assert int(found[3]) == (today - EPOCH).days
    assert int(found[1]) < int(found[3]) < int(found[2])
    assert found[4] == f"{today.day} {today:%B %Y}"
    assert 'label for="asof-slider"' in text
    whole = client.get(link).content.decode()
    assert "<h1" in whole
    assert f'href="{PAGE}?gaps=1"' in whole  # the way back
    part = client.get(link, headers={"HX-Request": "true"}).content.decode()
    assert "<h1" not in part
    assert part.startswith('<div id="over-time">')


def test_the_slider_stands_at_the_day_that_is_shown(client) -> None:
    at = timezone.now().date() - timedelta(days=100)
    text = client.get(PAGE, {"at": at.isoformat()}).content.decode()
    assert f'value="{(at - EPOCH).days}" data-words' in text
    for beyond in ("2001-01-01", "2100-01-01"):
        found = re.search(r'min="(\d+)" max="(\d+)" value="(\d+)"', client.get(PAGE, {"at": beyond}).content.decode())
        assert found
        assert found[3] in found.group(1, 2)


def test_the_day_beyond_the_slider_is_the_day_it_says(client) -> None:
    """Rule: words beside the slider never name another day than the page."""
    text = client.get(PAGE, {"at": "2100-01-01"}).content.decode()
    assert 'id="asof-words">1 January 2100, not on the chart<' in text
    assert 'aria-valuetext="1 January 2100, not on the chart"' in text


def test_the_chart_marks_the_day_that_is_shown(client) -> None:
    """As the chart comes, and for the script that moves the mark while the chart stays."""
    at = (timezone.now().date() - timedelta(days=100)).isoformat()
    mark = r'<line class="line" data-chosen x1="([\d.]+)%" x2="([\d.]+)%" y1="20" y2="100%"( visibility="hidden")?/>'
    chosen = re.search(mark, client.get(CHART, {"at": at}).content.decode())
    assert chosen
    assert 0 < float(chosen[1]) < 50
    assert not chosen[3]
    today = (timezone.now().date() - EPOCH).days
    assert f'data-today="{today}"' in client.get(PAGE, {"at": at}).content.decode()
    for query in ({}, {"at": "2100-01-01"}, {"at": "tomorrowish"}):
        hidden = re.search(mark, client.get(CHART, query).content.decode())
        assert hidden
        assert hidden[3], query


def test_every_point_of_the_table_leads_to_the_page_that_says_the_same(client) -> None:
    response = client.get(CHART, headers={"HX-Request": "true"})
    text = response.content.decode()
    assert 'role="img" aria-labelledby="over-time-said"' in text
    assert "style=" not in text
    shown = response.context["drawing"].points
    rows = re.findall(r'<th scope="row"><a href="([^"]+)"', text)
    assert [unescape(url) for url in rows] == [one.url for one in shown]
    for one in shown[:: len(shown) // 3]:
        page = client.get(one.url)
        assert page.context["met"] == one.point.met
        assert page.context["page"].posture.applicable == one.point.applicable


def test_one_system_has_its_chart_on_its_page_and_on_its_passport(client) -> None:
    text = client.get("/frameworks/eu-ai-act", {"scope": "credit-score"}).content.decode()
    assert "/frameworks/eu-ai-act/over-time?scope=credit-score" in text
    found = client.get("/frameworks/eu-ai-act/over-time", {"scope": "credit-score"})
    assert found.context["over"].scope == "credit-score"
    passport = client.get("/systems/credit-score").content.decode()
    assert "/systems/credit-score/over-time" in passport
    chart = client.get("/systems/credit-score/over-time", headers={"HX-Request": "true"})
    assert 'href="/systems/credit-score?at=' in chart.content.decode()
    assert {one.id for one in chart.context["over"].frameworks} >= {"eu-ai-act", "iso42001-2023"}
    # a new day brings the rest of the passport; the chart that is there stays
    part = client.get("/systems/credit-score?at=2027-01-01", headers={"HX-Request": "true"}).content.decode()
    assert 'id="over-time" hx-preserve="true"' in part


def test_a_retired_system_says_what_it_was(client) -> None:
    """It was never in use in the small house: there is nothing to draw, and that is said."""
    text = client.get("/systems/old-planner/over-time").content.decode()
    assert "Nothing is asked in this year or the next" in text


def test_since_when_there_is_a_record_is_said(organisation, admin) -> None:
    """Set up on a day that the tests know; the pages are asked in real time."""
    client = Client()
    client.force_login(admin)
    text = client.get(CHART).content.decode()
    begun = datetime(2026, 11, 20, tzinfo=UTC)
    if timezone.now() - begun < timedelta(days=330):
        assert "There is a record since 20 November 2026." in text
    assert "as it was known then" in text


def test_what_is_not_there_is_404(client) -> None:
    assert client.get("/frameworks/iso9001/over-time").status_code == 404
    assert client.get("/frameworks/gdpr/over-time?scope=nobody").status_code == 404
    assert client.get("/systems/nobody/over-time").status_code == 404
    assert Client().get(CHART).status_code == 302
