"""Facts have two times; the latest known wins; what the ledger carries is read whole or refused."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.fact_entries import fact_of_entry
from annexa.pure.facts import (
    Adoption,
    Closure,
    Evidence,
    Fact,
    FactError,
    Facts,
    Judgement,
    SystemFact,
    instant,
    latest,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def day(number: int) -> datetime:
    """The start of a day of 2026, counted from 0."""
    return START + timedelta(days=number)


def fact(effective: int, recorded: int, *, entry: int | None = None, name: str = "f") -> Fact:
    """A fact true since one day and known since another."""
    return Fact(id=name, effective_at=day(effective), recorded_at=day(recorded), entry=entry)


def system(stage: str = "operation", **more: Any) -> SystemFact:
    """An AI system in some stage."""
    return SystemFact(**{"id": "s", "effective_at": START, "recorded_at": START, "name": "S", "stage": stage, **more})


# --- when a fact counts


@pytest.mark.parametrize(
    ("effective", "recorded", "known_on"),
    [(5, 5, 5), (5, 9, 9), (9, 5, 9)],
    ids=["at once", "learnt later", "true later"],
)
def test_a_fact_is_known_from_when_it_is_both_true_and_learnt(effective: int, recorded: int, known_on: int) -> None:
    one = fact(effective, recorded)
    assert one.known(day(known_on))
    assert not one.known(day(known_on) - INSTANT)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (fact(1, 9), fact(2, 3)),
        (fact(1, 2), fact(1, 3)),
        (fact(1, 2, entry=4), fact(1, 2, entry=5)),
        (fact(1, 2), fact(1, 2, entry=0)),
        (fact(1, 2, entry=4, name="a"), fact(1, 2, entry=4, name="b")),
    ],
    ids=["when it is true", "then when it was learnt", "then its position", "the ledger over a what-if", "then its id"],
)
def test_the_later_fact_wins(earlier: Fact, later: Fact) -> None:
    for order in permutations((earlier, later)):
        assert latest(order, day(100)) is later


def test_what_was_learnt_later_did_not_hold_then() -> None:
    first, correction = fact(1, 1, name="first"), fact(2, 9, name="correction")
    assert latest((first, correction), day(0)) is None
    assert latest((first, correction), day(8)) is first
    assert latest((first, correction), day(9)) is correction


some_facts = st.lists(
    st.builds(fact, st.integers(0, 20), st.integers(0, 20), entry=st.integers(0, 5), name=st.sampled_from("abc")),
    max_size=6,
)


@given(some_facts, st.integers(0, 25), st.randoms())
def test_the_latest_does_not_depend_on_the_order_given(facts: list[Fact], on: int, shuffler: Any) -> None:
    mixed = list(facts)
    shuffler.shuffle(mixed)
    assert latest(facts, day(on)) == latest(mixed, day(on))


@given(some_facts, st.integers(0, 25), st.integers(0, 25))
def test_the_latest_never_goes_back(facts: list[Fact], one: int, other: int) -> None:
    before, after = latest(facts, day(min(one, other))), latest(facts, day(max(one, other)))
    if before is not None:
        assert after is not None
        assert after.order >= before.order


@pytest.mark.parametrize(
    ("stage", "in_use"), [("operation", True), ("design", True), ("", True), ("retirement", False)]
)
def test_retired_systems_are_no_longer_in_use(stage: str, in_use: bool) -> None:
    assert system(stage).in_use is in_use


def test_a_what_if_leaves_the_facts_as_they_are() -> None:
    facts = Facts(systems=(system(),))
    closure = Closure(id="c", effective_at=START, recorded_at=START, judgement="j", because="b")
    more = facts.plus([closure, system("retirement")])
    assert facts == Facts(systems=(system(),))
    assert more == Facts(systems=(system(), system("retirement")), closures=(closure,))
    assert facts.plus([]) == facts


# --- instants


@pytest.mark.parametrize("text", ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00"])
def test_an_instant_is_the_same_moment_in_every_zone(text: str) -> None:
    assert instant(text) == START


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01", None, 5])
def test_anything_without_a_zone_is_no_instant(text: Any) -> None:
    with pytest.raises(FactError):
        instant(text)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_instants_survive_writing(at: datetime) -> None:
    assert instant(at.isoformat()) == at


# --- what the ledger carries

SYSTEM = {
    "slug": "cv-screening",
    "name": "CV screening",
    "purpose": "Sorts applications",
    "stage": "operation",
    "roles": ["deployer"],
    "classes": ["high-risk"],
    "high_risk_by": "annex-iii",
    "owner": "ada@example.org",
    "personal_data": "yes",
    "impact_assessment": "planned",
    "monitoring": "no",
    "independent_evaluation": "unknown",
    "appeal": "not applicable",
    "reference": "a field no verdict depends on",
}
STATES: dict[str, dict[str, Any]] = {
    "ai_system": SYSTEM,
    "adoption": {
        "id": "a1", "control": "SUP-01", "scope": "organisation", "state": "planned",
        "plan_due": "2026-03-01T00:00:00+00:00",
    },
    "evidence": {
        "id": "e1", "control": "SUP-01", "expectation": "register", "scope": "organisation", "passing": True,
        "sha256": "00", "expires_at": "2026-04-01T00:00:00+00:00", "name": "register.xlsx",
    },
    "judgement": {
        "id": "j1", "kind": "exclusion", "subject": "4.1", "scope": "organisation", "framework": "iso27001-2022",
        "ends_at": None,
    },
    "closure": {"id": "c1", "judgement": "j1"},
}  # fmt: skip
WHEN = {"effective_at": day(1), "recorded_at": day(2), "by": "ada@example.org", "entry": 7}


def carried(kind: str, body: Any) -> Fact | None:
    """The fact of an entry with that body."""
    return fact_of_entry(kind=kind, body=body, at=day(2), effective_at=day(1), actor="someone", position=7)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (
            "ai_system",
            SystemFact(
                id="cv-screening", name="CV screening", purpose="Sorts applications", stage="operation",
                roles=("deployer",), classes=("high-risk",), high_risk_by="annex-iii", owner="ada@example.org",
                personal_data="yes", impact_assessment="planned", monitoring="no", independent_evaluation="unknown",
                appeal="not applicable", **WHEN,
            ),
        ),
        (
            "adoption",
            Adoption(
                id="a1", control="SUP-01", scope="organisation", state="planned", because="b", plan_due=day(59), **WHEN,
            ),
        ),
        (
            "evidence",
            Evidence(
                id="e1", control="SUP-01", expectation="register", scope="organisation", passing=True, sha256="00",
                expires_at=day(90), name="register.xlsx", **WHEN,
            ),
        ),
        (
            "judgement",
            Judgement(
                id="j1", kind="exclusion", subject="4.1", scope="organisation", framework="iso27001-2022", because="b",
                ends_at=None, **WHEN,
            ),
        ),
        ("closure", Closure(id="c1", judgement="j1", because="b", **WHEN)),
    ],
)  # fmt: skip
def test_an_entry_carries_a_fact(kind: str, expected: Fact) -> None:
    assert carried(kind, {"state": STATES[kind], "because": "b", "by": "ada@example.org"}) == expected


def test_without_a_person_the_actor_said_it() -> None:
    found = carried("closure", {"state": STATES["closure"], "because": "b"})
    assert found is not None
    assert found.by == "someone"


@pytest.mark.parametrize("kind", ["organisation", "person", "import", "preference", "kind of the future"])
def test_other_entries_carry_nothing_a_verdict_depends_on(kind: str) -> None:
    assert carried(kind, {"state": {}}) is None


LACKING = [(kind, field) for kind, state in STATES.items() for field in state if field != "reference"]


@pytest.mark.parametrize(("kind", "field"), LACKING, ids=[f"{kind} without {field}" for kind, field in LACKING])
def test_an_entry_that_lacks_a_field_is_refused_with_its_position(kind: str, field: str) -> None:
    state = {name: value for name, value in STATES[kind].items() if name != field}
    with pytest.raises(FactError, match=rf"entry 7: .*{kind}.*{field}"):
        carried(kind, {"state": state, "because": "b"})


@pytest.mark.parametrize("kind", ["judgement", "closure"])
def test_a_judgement_without_a_reason_is_refused(kind: str) -> None:
    with pytest.raises(FactError, match="because"):
        carried(kind, {"state": STATES[kind]})


@pytest.mark.parametrize("body", [{}, {"state": None}, {"state": []}, {"state": "x"}, {"state": 5}, None, [], "x"])
def test_a_body_of_another_shape_is_refused(body: Any) -> None:
    for kind in STATES:
        with pytest.raises(FactError):
            carried(kind, body)


@pytest.mark.parametrize(
    ("kind", "field"), [("adoption", "plan_due"), ("evidence", "expires_at"), ("judgement", "ends_at")]
)
def test_an_end_without_a_zone_is_refused(kind: str, field: str) -> None:
    with pytest.raises(FactError):
        carried(kind, {"state": {**STATES[kind], field: "2026-03-01T00:00:00"}, "because": "b"})
