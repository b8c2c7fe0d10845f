"""The path to ready counts what the engine counts, is worked out once, and proposes no plan that would take back."""

from datetime import timedelta

import pytest

from annexa.actions.controls import adopt_control
from annexa.answers import path as asked
from annexa.answers.errors import UnknownError
from annexa.answers.path import gaps, path_page
from annexa.answers.posture import standpoint
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.posture import Verdict
from annexa.records.people import Person
from tests.answers.small_house import FRAMEWORKS


@pytest.fixture
def admin(house) -> Person:
    return Person.objects.get(email="ada@example.org")


@pytest.fixture
def page(house, now):
    return path_page(actor=house, now=now, frameworks=FRAMEWORKS)


def test_what_it_wins_adds_up_per_framework_and_in_all(page) -> None:
    assert [one.framework.id for one in page.gains] == list(FRAMEWORKS)
    assert sum(one.met for one in page.gains) == page.met
    assert sum(one.after for one in page.gains) == page.met_after
    assert sum(one.total for one in page.gains) == page.total
    assert page.met < page.met_after <= page.total
    for one in page.steps:
        assert sum(won for _, won in one.gains) == len(one.step.wins)


def test_it_begins_where_the_posture_stands(page, house, now) -> None:
    posture = standpoint(actor=house, now=now).posture("iso42001-2023")
    assert page.gains[0].met == posture.counts[Verdict.MET]


def test_what_binds_now_is_counted_as_the_posture_counts_it(page, house, now) -> None:
    """Rule: the page and Today say the same number, and what binds later is said apart."""
    counts = [standpoint(actor=house, now=now).posture(one).counts for one in FRAMEWORKS]
    assert page.met_now == sum(one[Verdict.MET] for one in counts)
    assert page.binding_now == sum(sum(one.values()) - one.get(Verdict.NOT_APPLICABLE, 0) for one in counts)
    later = [one for one in gaps(page) if one.later]
    assert page.binding_later == len(later) > 0
    assert page.ready_later == sum(not one.missing and not one.because for one in later)
    assert {one.verdict for one in later} == {Verdict.NOT_APPLICABLE}


def test_without_a_choice_the_adopted_frameworks_count(house, now) -> None:
    page = path_page(actor=house, now=now)
    assert page.frameworks == page.adopted
    assert page.frameworks


def test_it_is_worked_out_once_for_each_choice_and_day(house, now, monkeypatch) -> None:
    made = []
    real = asked._made
    monkeypatch.setattr(asked, "_made", lambda *args: made.append(args) or real(*args))
    for _ in range(2):
        first = path_page(actor=house, now=now, frameworks=FRAMEWORKS, capacity=4)
        path_page(actor=house, now=now, frameworks=FRAMEWORKS, capacity=2)
    assert len(made) == 2
    assert path_page(actor=house, now=now, frameworks=FRAMEWORKS, capacity=4) is first
    for number in range(asked.KEPT + 1):
        path_page(actor=house, now=now, frameworks=FRAMEWORKS[:1], capacity=number + 1)
    assert len(asked._kept) == asked.KEPT


def test_a_new_fact_makes_a_new_path(page, house, admin, now) -> None:
    step = next(one.step for one in page.steps if one.can_be_planned)
    later = now + timedelta(minutes=1)
    due = now + timedelta(days=30)
    adopt_control(
        actor=house, person=admin, control=step.control.id, state="planned", because="Path", plan_due=due, now=later
    )
    after = path_page(actor=house, now=later, frameworks=FRAMEWORKS)
    found = next(one for one in after.steps if one.step.control.id == step.control.id)
    assert found.plan is not None
    assert found.plan.plan_due == due
    assert not found.can_be_planned
    assert found.step.effort_days < step.effort_days


def test_a_plan_is_offered_only_where_nothing_is_declared_implemented(page, house, now) -> None:
    engine = standpoint(actor=house, now=now).engine
    assert any(one.can_be_planned for one in page.steps)
    for one in page.steps:
        adoption = engine.control(one.step.control.id).adoption
        if adoption is not None and adoption.state in {"implemented", "excluded"}:
            assert not one.can_be_planned


def test_every_gap_has_a_step_or_a_reason(page, house, now) -> None:
    found = gaps(page)
    steps = {one.step.number: one.step for one in page.steps}
    open_ = [one for one in found if one.verdict not in {Verdict.MET, Verdict.NOT_APPLICABLE}]
    assert open_
    for one in open_:
        assert bool(one.missing) != bool(one.because)
        if one.step is not None:
            assert one.missing[0] == steps[one.step].control.id
            assert one.owner_role == steps[one.step].owner_role
            assert one.due_on is not None
    assert all(not one.missing and not one.because for one in found if one.verdict is Verdict.MET)
    assert {(one.framework, one.requirement) for one in page.unreachable} <= {
        (one.framework, one.requirement) for one in found
    }


def test_work_that_ends_too_late_is_said_to(house, now) -> None:
    by = now.date() + timedelta(days=7)
    page = path_page(actor=house, now=now, frameworks=FRAMEWORKS, by=by)
    assert page.path.left_out
    assert all(one.step.due_on <= by for one in page.steps)
    assert any(one.because == f"Its work ends after {by.isoformat()}." for one in gaps(page))


@pytest.mark.parametrize("capacity", [0, -1, 1_001, float("nan")])
def test_a_capacity_that_gets_nothing_done_is_refused(house, now, capacity) -> None:
    with pytest.raises(ValueError, match="capacity"):
        path_page(actor=house, now=now, capacity=capacity)


def test_what_there_is_not_and_who_is_nobody(house, now) -> None:
    with pytest.raises(UnknownError):
        path_page(actor=house, now=now, frameworks=["iso9"])
    with pytest.raises(UnknownError):
        path_page(actor=Actor(id="0", name="Nobody", role=""), now=now)


def test_annexa_itself_may_ask(house, now) -> None:
    assert path_page(actor=ANNEXA, now=now, frameworks=FRAMEWORKS).steps
