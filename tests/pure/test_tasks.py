"""A task is done while its control is effective; since when is read from what the control rests on."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.facts import ORGANISATION, Closure, Facts, Judgement, SystemFact
from annexa.pure.posture import Engine, Verdict
from annexa.pure.tasks import effective_since, state_of, undeclared, verdict_in
from tests.cases import cases
from tests.pure.test_path import recorded
from tests.pure.test_posture import AT, fact, implemented, shown, system
from tests.strategies import organisations as org

DAY = timedelta(days=1)
TODAY = AT.date()
CONTROLS = (*org.ORG_CONTROLS, *org.SYS_CONTROLS)


def engine(*facts, at=AT) -> Engine:
    return Engine(library=org.LIBRARY, facts=Facts().plus(facts), at=at)


def since(*facts, control="ORG-02", scope=ORGANISATION):
    return effective_since(engine(*facts), control, scope)


@pytest.mark.parametrize(
    ("verdict", "days", "withdrawn", "state"),
    [
        (Verdict.ABSENT, 0, False, "open"),
        (Verdict.PLANNED, 5, False, "open"),
        (Verdict.STALE, -1, False, "late"),
        (Verdict.FAILING, -1, False, "late"),
        (Verdict.EFFECTIVE, -1, False, "done"),
        (Verdict.EFFECTIVE, 5, True, "withdrawn"),
        (Verdict.NOT_APPLICABLE, -1, False, "void"),
        (None, 5, False, "void"),
    ],
)
def test_how_a_task_stands(verdict, days, withdrawn, state) -> None:
    found = state_of(withdrawn=withdrawn, verdict=verdict, due_on=TODAY + days * DAY, today=TODAY)
    assert found == state


def test_what_is_no_longer_there_has_no_verdict() -> None:
    made = engine(system("alpha"), system("beta", stage="retirement"))
    assert verdict_in(made, "ORG-01", ORGANISATION) is Verdict.ABSENT
    assert verdict_in(made, "SYS-01", "alpha") is Verdict.ABSENT
    assert verdict_in(made, "SYS-01", "beta") is None
    assert verdict_in(made, "GONE-01", ORGANISATION) is None


def test_undeclared_is_what_nobody_said_anything_about() -> None:
    """Rule: a plan never takes a declaration back."""
    assert undeclared(engine().control("ORG-02"))
    assert undeclared(engine(replace(implemented("ORG-02"), state="not implemented")).control("ORG-02"))
    assert not undeclared(engine(implemented("ORG-02")).control("ORG-02"))
    planned = replace(implemented("ORG-02"), state="planned", plan_due=AT + DAY)
    assert not undeclared(engine(planned).control("ORG-02"))


def test_it_is_effective_since_the_last_of_what_it_rests_on_came() -> None:
    early, late = AT - 9 * DAY, AT - 3 * DAY
    declared, report = implemented("ORG-02", recorded_at=early), shown("ORG-02", recorded_at=late)
    assert since(declared, report) == late
    assert since(replace(declared, recorded_at=AT), report) == AT
    assert since(declared) is None


def test_renewed_in_time_it_is_effective_since_the_first_of_the_run() -> None:
    declared = implemented("ORG-02", effective_at=AT - 90 * DAY, recorded_at=AT - 90 * DAY)

    def piece(name: str, from_: int, to: int, passing: bool = True):
        at = AT + from_ * DAY
        made = shown("ORG-02", passing=passing, effective_at=at, recorded_at=at)
        return replace(made, id=name, expires_at=AT + to * DAY)

    first, second, third = piece("a", -80, -40), piece("b", -45, -10), piece("c", -12, 20)
    assert since(declared, first, second, third) == AT - 80 * DAY
    assert since(declared, first, third) == AT - 12 * DAY
    assert since(declared, first, second, piece("d", -30, 5, passing=False), third) == AT - 12 * DAY


def test_a_record_that_was_mended_counts_from_then() -> None:
    first = system("alpha", owner="", effective_at=AT - 9 * DAY, recorded_at=AT - 9 * DAY)
    mended = system("alpha", effective_at=AT - 4 * DAY, recorded_at=AT - 4 * DAY)
    renamed = system("alpha", name="Alpha", effective_at=AT - 2 * DAY, recorded_at=AT - 2 * DAY)
    declared = implemented("ORG-03", recorded_at=AT - 9 * DAY)
    assert since(declared, first, mended, renamed, control="ORG-03") == AT - 4 * DAY
    assert since(declared, first, control="ORG-03") is None


def test_a_closed_nonconformity_counts_from_its_closure() -> None:
    major = fact(Judgement, id="j", kind="major nonconformity", subject="ORG-02", scope=ORGANISATION, because="b")
    closure = fact(Closure, id="c", judgement="j", because="b", recorded_at=AT - DAY)
    facts = (implemented("ORG-02"), shown("ORG-02"), major)
    assert since(*facts) is None
    assert since(*facts, closure) == AT - DAY
    ended = replace(major, ends_at=AT - 2 * DAY)
    assert since(implemented("ORG-02"), shown("ORG-02"), ended) == AT - 2 * DAY


def test_over_systems_it_is_effective_since_it_was_so_in_the_last_of_them() -> None:
    facts = (
        system("alpha"), system("beta"), implemented("SYS-01", recorded_at=AT - 9 * DAY),
        shown("SYS-01", scope="alpha"), shown("SYS-01", scope="beta", recorded_at=AT - 2 * DAY),
    )  # fmt: skip
    assert since(*facts, control="SYS-01") == AT - 2 * DAY
    assert since(*facts, control="SYS-01", scope="beta") == AT - 2 * DAY
    assert since(*facts, control="SYS-01", scope="alpha") == AT - 9 * DAY


RECORD_ONLY = replace(
    org.LIBRARY.controls["SYS-01"], id="SYS-09", expectations=org.LIBRARY.controls["ORG-03"].expectations
)
ASKED_OF_RECORDS = replace(org.LIBRARY, controls={**org.LIBRARY.controls, "SYS-09": RECORD_ONLY})


def in_records(*facts, scope=ORGANISATION):
    made = Engine(library=ASKED_OF_RECORDS, facts=Facts().plus(facts), at=AT)
    assert len(made.control("SYS-09").groups) == 1
    return effective_since(made, "SYS-09", scope)


def test_systems_that_stand_alike_today_may_have_been_mended_on_different_days() -> None:
    def mended(slug: str, on: int) -> list[SystemFact]:
        first = system(slug, owner="", effective_at=AT - 9 * DAY, recorded_at=AT - 9 * DAY)
        return [first, system(slug, effective_at=AT - on * DAY, recorded_at=AT - on * DAY)]

    facts = [implemented("SYS-09", recorded_at=AT - 9 * DAY), *mended("alpha", 6), *mended("beta", 2)]
    assert in_records(*facts, scope="alpha") == AT - 6 * DAY
    assert in_records(*facts, scope="beta") == AT - 2 * DAY
    assert in_records(*facts) == AT - 2 * DAY


def test_a_nonconformity_closed_in_one_system_counts_for_all_together() -> None:
    major = fact(Judgement, id="j", kind="major nonconformity", subject="SYS-09", scope="beta", because="b")
    closure = fact(Closure, id="c", judgement="j", because="b", recorded_at=AT - DAY)
    declared = implemented("SYS-09", recorded_at=AT - 9 * DAY)
    facts = [declared, *(system(one, recorded_at=AT - 9 * DAY) for one in ("alpha", "beta")), major, closure]
    assert in_records(*facts, scope="alpha") == AT - 9 * DAY
    assert in_records(*facts) == AT - DAY


@settings(max_examples=cases(60), deadline=None)
@given(org.facts(), st.sampled_from(CONTROLS))
def test_there_is_a_since_exactly_when_it_is_effective_and_never_ahead(facts: Facts, control: str) -> None:
    made = Engine(library=org.LIBRARY, facts=recorded(facts), at=AT)
    found = effective_since(made, control, ORGANISATION)
    assert (found is not None) == (verdict_in(made, control, ORGANISATION) is Verdict.EFFECTIVE)
    assert found is None or found <= AT
