"""The posture over time: every point is what a page says as of its day, and what was does not change."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from annexa.actions.controls import adopt_control, judge
from annexa.actions.evidence import add_evidence
from annexa.actions.organisation import choose_frameworks
from annexa.actions.systems import add_system, change_system
from annexa.answers.errors import UnknownError
from annexa.answers.over_time import MOST, OverTime, _memories, extent, over_time, system_over_time
from annexa.answers.posture import standpoint
from annexa.answers.systems import asking
from annexa.pure.facts import ORGANISATION
from annexa.pure.instants import parse_instant
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.posture import Verdict
from annexa.records.people import Person
from annexa.records.systems import AiSystem

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
DAY = timedelta(days=1)


def show(actor: Actor, control: str, expectation: str, now: datetime, **more: object) -> None:
    add_evidence(
        actor=actor, person=Person.objects.get(email="ada@example.org"), control=control, expectation=expectation,
        limit_bytes=100, now=now, file=b"x", name="x.txt", **more,
    )  # fmt: skip


def agrees(now: datetime, *series: OverTime) -> None:
    """Every point, asked for as a page asks."""
    for on in sorted({point.on for found in series for point in found.points}):
        at = None if on == now.date() else parse_instant(on.isoformat(), now=now)
        stand = standpoint(actor=ANNEXA, now=now, at=at)
        for found in series:
            for point in (one for one in found.points if one.on == on):
                held = [stand.posture(framework.id, found.scope) for framework in found.frameworks]
                assert point.counts == {verdict: sum(one.counts[verdict] for one in held) for verdict in point.counts}
                assert point.applicable == sum(one.applicable for one in held), on


def test_a_point_is_what_the_page_says_as_of_that_day(house) -> None:
    series = [
        over_time(actor=house, now=NOW, framework=framework, scope=scope)
        for framework, scope in (("iso42001-2023", ORGANISATION), ("eu-ai-act", "credit-score"))
    ]
    assert all(len(found.points) > 20 for found in series)
    agrees(NOW, *series)


def test_the_days_are_month_ends_today_and_month_starts(house) -> None:
    found = over_time(actor=house, now=NOW, framework="iso42001-2023")
    days = [point.on for point in found.points]
    assert days == sorted(set(days))
    assert len(days) <= MOST
    assert days[0] == date(2025, 11, 30)
    assert days[-1] == date(2027, 11, 1)
    past = [on for on in days if on < NOW.date()]
    assert len(past) == 12
    assert all((on + DAY).day == 1 for on in past)
    assert found.today is not None
    assert {date(2026, 12, 1), date(2027, 3, 1)} <= set(days)


def test_the_day_on_which_evidence_expires_is_a_point(house) -> None:
    """Between two months something certain happens: that day is there, and the counts move on it."""
    show(house, "SUP-01", "due-diligence-files", NOW, expires_at=datetime(2027, 2, 10, 12, tzinfo=UTC))
    found = over_time(actor=house, now=NOW, framework="iso27001-2022")
    points = {point.on: point for point in found.points}
    stand = standpoint(actor=house, now=NOW, at=datetime(2027, 2, 9, tzinfo=UTC))
    due = [line for line in stand.posture("iso27001-2022").lines if line.due and line.due.date() == date(2027, 2, 10)]
    assert due
    assert points[date(2027, 2, 10)].counts != points[date(2027, 2, 1)].counts
    between = [on for on in points if on > NOW.date() and on.day != 1]
    for on in between:  # and nothing is there on which nothing happens
        before = max(other for other in points if other < on)
        assert points[on].counts != points[before].counts or points[on].begins


def test_a_day_of_the_law_is_a_point_and_is_marked(house) -> None:
    """Chapter III binds providers of systems in Annex III from 2 December 2027."""
    now = datetime(2027, 3, 5, tzinfo=UTC)
    found = over_time(actor=house, now=now, framework="eu-ai-act", scope="credit-score")
    points = {point.on: point for point in found.points}
    law = date(2027, 12, 2)
    assert found.laws[law] == points[law].begins > 0
    assert points[law].applicable > points[date(2027, 12, 1)].applicable
    assert points[date(2027, 12, 1)].begins == 0


def test_what_was_does_not_change_and_what_will_be_does(house) -> None:
    before = over_time(actor=house, now=NOW, framework="iso42001-2023")
    later = NOW + timedelta(minutes=5)
    show(house, "GOV-02", "approved-policies", later, passing=False)
    for control in ("GOV-01", "IMP-02"):
        adopt_control(
            actor=house, person=Person.objects.get(), control=control, state="excluded", because="Test", now=later
        )
    after = over_time(actor=house, now=later, framework="iso42001-2023")
    today = NOW.date()
    assert [p for p in before.points if p.on < today] == [p for p in after.points if p.on < today]
    assert [p.counts for p in before.points if p.on >= today] != [p.counts for p in after.points if p.on >= today]
    agrees(later, after)


def test_the_past_is_remembered_and_months_ahead_serve_every_framework(house) -> None:
    """After a change only what will be is computed, and once for all frameworks and scopes."""
    over_time(actor=house, now=NOW, framework="iso42001-2023")
    held = dict(_memories[None].points)
    later = NOW + timedelta(minutes=5)
    show(house, "GOV-02", "approved-policies", later)
    over_time(actor=house, now=later, framework="iso42001-2023")
    assert all(_memories[None].points[key] is counts for key, counts in held.items())
    assert min(at for _, at, _ in _memories[None].instants) > later
    ahead = dict(_memories[None].instants)
    over_time(actor=house, now=later, framework="eu-ai-act", scope="chatbot")
    assert all(_memories[None].instants[key] is portfolio for key, portfolio in ahead.items())


def test_a_fact_that_comes_late_into_the_ledger_makes_a_past_point_anew(house) -> None:
    """What was known by an instant is part of what is remembered: nothing stale is shown."""
    over_time(actor=house, now=NOW, framework="iso42001-2023")
    show(house, "GOV-02", "approved-policies", NOW - 200 * DAY)  # recorded then, in the ledger only now
    agrees(NOW, over_time(actor=house, now=NOW, framework="iso42001-2023"))


def test_where_there_was_no_record_there_is_no_point(house) -> None:
    """A system begins on the day it was recorded, with that day."""
    begun = NOW - 75 * DAY
    facts = replace(AiSystem.objects.get(slug="credit-score").facts(), name="Late")
    add_system(actor=house, facts=facts, now=begun)
    found = over_time(actor=house, now=NOW, framework="eu-ai-act", scope="late")
    assert found.extent.since == found.extent.first == begun.date()
    assert [p.on for p in found.points if p.on < NOW.date()] == [begun.date(), date(2026, 9, 30), date(2026, 10, 31)]
    agrees(NOW, found)


def test_a_retired_system_has_a_past_and_no_future(house) -> None:
    row = AiSystem.objects.get(slug="credit-score")
    facts = replace(row.facts(), stage="retirement")
    change_system(actor=house, slug="credit-score", facts=facts, seen=row.changed_at, now=NOW - 15 * DAY)
    found = system_over_time(actor=house, now=NOW, slug="credit-score")
    assert found.today is None
    assert max(point.on for point in found.points) == date(2026, 10, 31)
    with pytest.raises(UnknownError, match="in use"):
        over_time(actor=house, now=NOW, framework="eu-ai-act", scope="credit-score")


def test_a_passport_sums_over_the_adopted_frameworks_that_ask_of_systems(house) -> None:
    choose_frameworks(actor=house, frameworks=("iso42001-2023", "gdpr"), now=NOW)
    found = system_over_time(actor=house, now=NOW, slug="credit-score")
    stand = standpoint(actor=house, now=NOW)
    assert tuple(one.id for one in found.frameworks) == asking(stand)
    assert found.today is not None
    agrees(NOW, found)
    assert found.today.met == sum(stand.posture(f, "credit-score").counts[Verdict.MET] for f in asking(stand))


def test_judgements_with_an_end_move_a_day_ahead(house) -> None:
    """An exclusion lapses on a certain day, and the requirement binds again."""
    ends = datetime(2027, 4, 15, 9, tzinfo=UTC)
    judge(
        actor=house, person=Person.objects.get(), kind="exclusion", framework="iso42001-2023", subject="6.1.4",
        because="Not now", ends_at=ends, now=NOW,
    )  # fmt: skip
    found = over_time(actor=house, now=NOW, framework="iso42001-2023")
    points = {point.on: point for point in found.points}
    assert points[date(2027, 4, 15)].applicable == points[date(2027, 4, 1)].applicable + 1


def test_what_is_not_there_is_said_and_strangers_learn_nothing(house) -> None:
    for asked in ({"framework": "iso9001"}, {"framework": "gdpr", "scope": "nobody"}):
        with pytest.raises(UnknownError):
            over_time(actor=house, now=NOW, **asked)
    with pytest.raises(UnknownError):
        system_over_time(actor=house, now=NOW, slug="nobody")
    with pytest.raises(UnknownError):
        over_time(actor=Actor(id="x", name="X", role="nobody"), now=NOW, framework="gdpr")


def test_the_extent_is_the_year_around_today(house) -> None:
    found = extent(actor=house, now=NOW)
    assert (found.first, found.last) == (date(2025, 11, 30), date(2027, 11, 1))
    assert found.since == (NOW - 400 * DAY).date()
    leap = extent(actor=house, now=datetime(2028, 2, 29, 1, tzinfo=UTC))
    assert (leap.first, leap.last) == (date(2027, 2, 28), date(2029, 2, 1))
