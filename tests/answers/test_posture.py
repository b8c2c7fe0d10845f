"""Where everything stands is computed once, kept up fact by fact, and seen from any instant in two ways."""

from datetime import timedelta

import pytest

from annexa.actions.controls import adopt_control
from annexa.actions.evidence import add_evidence
from annexa.actions.systems import add_system, change_system
from annexa.answers.errors import UnknownError
from annexa.answers.posture import standpoint
from annexa.pure.permits import Actor
from annexa.pure.posture import Engine, Verdict
from annexa.records.snapshot import snapshot
from tests.web.test_today import system

DAY = timedelta(days=1)


@pytest.fixture
def two(organisation, actor, admin, now):
    """Two systems, one control that is done, evidence of it that was observed a month before it was recorded."""
    for name in ("Alpha", "Beta"):
        add_system(actor=actor, facts=system(name, owner="Mei Tanaka", roles=("provider",)), now=now)
    adopt_control(actor=actor, person=admin, control="GOV-07", state="implemented", because="Done.", now=now)


def show(actor, admin, now, control: str = "GOV-07", **more: object) -> None:
    """Evidence for the first expectation of a control that takes a file."""
    held = standpoint(actor=actor, now=now).library.controls[control]
    asked = next(one for one in held.expectations if one.max_age)
    add_evidence(
        actor=actor, person=admin, control=control, expectation=asked.id, scope="organisation",
        name="report.txt", file=b"report", limit_bytes=1000, now=now, **more,
    )  # fmt: skip


def agrees(stand) -> None:
    """What was kept up is what an engine over all facts computes anew."""
    fresh = Engine(library=stand.library, facts=snapshot().facts, at=stand.at)
    for framework in ("iso42001-2023", "eu-ai-act", "gdpr"):
        for scope in ("organisation", *fresh.systems):
            assert stand.posture(framework, scope) == fresh.posture(framework, scope)
    for control in stand.library.controls:
        assert stand.judged(control).standing == fresh.control(control).standing
        assert stand.control(control).standing == fresh.control(control).standing


def test_it_is_kept_up_fact_by_fact(two, actor, admin, now) -> None:
    first = standpoint(actor=actor, now=now)
    agrees(first)
    assert standpoint(actor=actor, now=now + timedelta(seconds=1)) is first
    later = now + timedelta(minutes=1)
    adopt_control(actor=actor, person=admin, control="PHY-01", state="planned", plan_due=later + DAY, now=later)
    second = standpoint(actor=actor, now=later)
    assert second is not first
    assert second.portfolio._lines  # what the fact did not reach was taken over
    agrees(second)
    show(actor, admin, later)
    agrees(standpoint(actor=actor, now=later + timedelta(minutes=1)))
    held = standpoint(actor=actor, now=later + timedelta(minutes=1)).systems["alpha"]
    assert held.name == "Alpha"
    agrees(standpoint(actor=actor, now=later + 500 * DAY))


def test_a_system_that_changes_is_judged_anew(two, actor, now) -> None:
    standpoint(actor=actor, now=now)
    seen = standpoint(actor=actor, now=now).systems["beta"].recorded_at
    change_system(
        actor=actor, slug="beta", seen=seen, now=now + DAY,
        facts=system("Beta", owner="Mei Tanaka", roles=("deployer",), classes=("high-risk",)),
    )  # fmt: skip
    found = standpoint(actor=actor, now=now + DAY)
    assert found.systems["beta"].roles == ("deployer",)
    agrees(found)


def test_the_past_is_seen_as_it_was_known_then_or_in_hindsight(two, actor, admin, now) -> None:
    """Evidence of last month that was recorded today changes what we know now of last month, not what was known."""
    shown = now + 40 * DAY
    show(actor, admin, shown, observed_at=now + 10 * DAY)
    then = now + 20 * DAY
    known = standpoint(actor=actor, now=shown, at=then).control("GOV-07")
    hindsight = standpoint(actor=actor, now=shown, at=then, hindsight=True).control("GOV-07")
    states = [[one.state for one in proof.expectations if one.check is None] for proof in (known, hindsight)]
    assert states[0][0] == "never"
    assert states[1][0] == "passing"
    assert standpoint(actor=actor, now=shown, at=now + 5 * DAY, hindsight=True).control("GOV-07").verdict is (
        Verdict.UNPROVEN
    )


def test_hindsight_says_what_it_adds_and_is_remembered_until_more_is_learnt(two, actor, admin, now) -> None:
    then = now + 20 * DAY
    assert standpoint(actor=actor, now=now + 30 * DAY, at=then).learnt_later == 0
    show(actor, admin, now + 40 * DAY, observed_at=now + 10 * DAY)
    first = standpoint(actor=actor, now=now + 41 * DAY, at=then, hindsight=True)
    assert first.learnt_later == 1
    assert standpoint(actor=actor, now=now + 42 * DAY, at=then, hindsight=True) is first
    # asked earlier than it was learnt, it is not known yet
    assert standpoint(actor=actor, now=now + 39 * DAY, at=then, hindsight=True).control("GOV-07").verdict is (
        Verdict.UNPROVEN
    )
    show(actor, admin, now + 43 * DAY, observed_at=now + 11 * DAY)
    assert standpoint(actor=actor, now=now + 44 * DAY, at=then, hindsight=True).learnt_later == 2


def test_other_instants_are_read_off_the_columns_of_now(two, actor, now) -> None:
    """They are not made again, which at ten thousand systems takes seconds; a later fact makes new ones."""
    here = standpoint(actor=actor, now=now)
    ahead = standpoint(actor=actor, now=now, at=now + 90 * DAY)
    assert ahead.portfolio.columns is here.portfolio.columns
    agrees(ahead)


def test_hindsight_of_the_future_is_the_future(two, actor, now) -> None:
    ahead = standpoint(actor=actor, now=now, at=now + DAY, hindsight=True)
    assert ahead.learnt_by is None
    assert ahead is standpoint(actor=actor, now=now, at=now + DAY)


def test_a_stranger_learns_nothing(two, now) -> None:
    with pytest.raises(UnknownError):
        standpoint(actor=Actor(id="x", name="X", role="nobody"), now=now)
