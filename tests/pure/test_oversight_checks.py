"""Checks over human oversight: what was worked out about each AI system, what it fulfils, and for how long."""

from datetime import UTC, date, datetime, timedelta

import pytest

from annexa.library.load import library
from annexa.pure.checks import THROUGH_RECORDS
from annexa.pure.checks.oversight import COUNTS_DAYS
from annexa.pure.fact_entries import fact_of_entry
from annexa.pure.facts import Facts
from annexa.pure.oversight_standing import OVERSIGHT, standing_entry
from annexa.pure.posture import Engine
from tests.pure.test_posture import AT, implemented, system

DAY = date(2026, 11, 20)
TOLD = {
    "system": "screening", "cases": "here", "overseers": 2, "untrained": 0, "two_needed": True, "asked": 30, "late": 0,
    "on": DAY.isoformat(),
}  # fmt: skip
CHECKS = ("oversight_planned", "cases_decided_in_time", "two_persons_where_asked", "overseers_trained")
ENDS = datetime.combine(DAY + timedelta(days=COUNTS_DAYS), datetime.min.time(), UTC)
SPOILT = [
    ("oversight_planned", {"overseers": 0}),
    ("cases_decided_in_time", {"late": 1}),
    ("two_persons_where_asked", {"overseers": 1}),
    ("two_persons_where_asked", {"overseers": 0}),
    ("overseers_trained", {"untrained": 1}),
    ("overseers_trained", {"overseers": 0}),
]
LEFT = [
    ("oversight_planned", {"overseers": 1}),
    ("cases_decided_in_time", {"asked": 0}),
    ("two_persons_where_asked", {"overseers": 1, "two_needed": False}),
    ("overseers_trained", {"overseers": 1}),
]


def until(check: str, **told: object) -> datetime | None:
    """Until when the oversight of a system fulfils a check, of which the ledger was told this."""
    return THROUGH_RECORDS[check].until(standing_entry(TOLD | told))


@pytest.mark.parametrize("check", CHECKS)
def test_it_works(check: str) -> None:
    """Rule: what was worked out counts for two weeks; whoever stops working it out proves nothing any more."""
    assert until(check) == ENDS
    assert until(check, on=(DAY - timedelta(days=COUNTS_DAYS)).isoformat()) == ENDS - timedelta(days=COUNTS_DAYS)


@pytest.mark.parametrize(("check", "told"), SPOILT)
def test_what_falls_short(check: str, told: dict[str, object]) -> None:
    assert until(check, **told) is None


@pytest.mark.parametrize(("check", "told"), LEFT)
def test_what_just_suffices(check: str, told: dict[str, object]) -> None:
    assert until(check, **told) == ENDS


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("cases", ["elsewhere", "none"])
def test_where_no_case_waits_here_nobody_has_to_be_here(check: str, cases: str) -> None:
    """Rule: a plan that says so is enough; without a plan there is no such record, and nothing is fulfilled."""
    assert until(check, cases=cases, overseers=0, untrained=0, late=3) == ENDS


@pytest.mark.parametrize("check", CHECKS)
def test_what_was_never_told_when_is_no_pass(check: str) -> None:
    entry = standing_entry(TOLD)
    assert THROUGH_RECORDS[check].until(OVERSIGHT.replaced(entry, {"told_on": None})) is None


@pytest.mark.parametrize("broken", [{"overseers": "two"}, {"late": None}, {"two_needed": "yes"}])
def test_what_does_not_count_is_no_record(broken: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="which does not count"):
        standing_entry(TOLD | broken)


def states(at: datetime, scope: str) -> dict[str, str]:
    """What the library's own controls say of each check in a system, at an instant."""
    said = TOLD | {"on": AT.date().isoformat()}
    told = fact_of_entry(
        kind="oversight_standing", body={"state": said}, at=AT, effective_at=AT, actor="annexa", position=1
    )
    adopted = (implemented("OVS-01"), implemented("OVS-02"))
    facts = Facts(systems=(system("screening"), system("bot")), adoptions=adopted, records=(told,))
    engine = Engine(library=library(), facts=facts, at=at)
    proofs = (engine.control(one.control, scope) for one in adopted)
    return {one.expectation.check: str(one.state) for proof in proofs for one in proof.expectations}


def test_the_controls_of_the_library_ask_for_each_of_them() -> None:
    """Rule: each system answers for itself; one without a plan falls short though its neighbour has one."""
    now = states(AT, "screening")
    assert {now[one] for one in CHECKS} == {"passing"}
    assert {states(AT, "bot")[one] for one in CHECKS} == {"failing"}
    late = states(AT + timedelta(days=COUNTS_DAYS), "screening")
    assert {late[one] for one in CHECKS} == {"failing"}
