"""A gate opens only if every need is effective and everybody asked has agreed; else it says all that is missing."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.gates import Binds, Closed, Decision, Gate, Need, Open, Taken, check, decisions_of, needs_of
from annexa.pure.posture import CONTROL_ORDER, Verdict

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
GATE = Gate(
    id="deploy",
    title="Deploy",
    order=1,
    question="Is it ready?",
    from_stage="deployment",
    to_stage="operation",
    per_revision=False,
    because="People meet it now.",
    source="Example",
    cites=(),
    needs=(
        Need(kind="control", id="AIM-02", why="It is classified."),
        Need(kind="control", id="OVS-01", why="It can be stopped.", binds=Binds(classes=("high-risk",))),
        Need(kind="questionnaire", id="fria", why="Rights are weighed.", binds=Binds(roles=("deployer",))),
        Need(kind="control", id="PRV-04", why="Data are protected.", binds=Binds(personal_data=True)),
    ),
    decisions=(
        Decision(id="tester", role="test lead", what="It works."),
        Decision(id="owner", role="system owner", what="It goes live.", apart_from=("tester",)),
        Decision(id="board", role="board", what="We answer.", binds=Binds(classes=("high-risk",))),
    ),
)
PER_REVISION = replace(GATE, per_revision=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What a gate knows about a system."""

    roles: tuple[str, ...] = ()
    classes: tuple[str, ...] = ("minimal",)
    personal_data: str = "no"


SMALL = System()
LARGE = System(roles=("deployer",), classes=("high-risk",), personal_data="yes")
EFFECTIVE = {need.id: Verdict.EFFECTIVE for need in GATE.needs if need.kind == "control"}


def taken(decision: str, by: str = "", *, agreed: bool = True, hours: int = 0, revision: str = "") -> Taken:
    """A decision by a person of the same name, unless another is given."""
    at = NOW + timedelta(hours=hours)
    return Taken(decision=decision, by=by or decision, at=at, agreed=agreed, because="Not yet.", revision=revision)


ALL = tuple(taken(decision.id) for decision in GATE.decisions)


def missing(result: Open | Closed) -> list[str]:
    """The ids of what keeps a gate closed."""
    return [one.id for one in result.missing] if isinstance(result, Closed) else []


def test_it_opens_when_nothing_is_missing() -> None:
    assert check(GATE, EFFECTIVE, ALL, system=LARGE, answered={"fria"}) == Open(gate="deploy")


def test_it_says_everything_that_is_missing_at_once_and_in_order() -> None:
    result = check(GATE, {}, (), system=LARGE)
    assert missing(result) == ["AIM-02", "OVS-01", "fria", "PRV-04", "tester", "owner", "board"]
    assert isinstance(result, Closed)
    assert result.because[0] == ("AIM-02 has no verdict in this system; the gate asks for effective. It is classified.")
    assert result.because[2] == "fria is not completed. Rights are weighed."
    assert result.because[4] == "The test lead has not decided: It works."


def test_a_system_is_asked_only_what_is_meant_for_it() -> None:
    assert [need.id for need in needs_of(GATE, SMALL)] == ["AIM-02"]
    assert [decision.id for decision in decisions_of(GATE, SMALL)] == ["tester", "owner"]
    assert check(GATE, {"AIM-02": Verdict.EFFECTIVE}, ALL, system=SMALL) == Open(gate="deploy")


def test_unknown_personal_data_count_as_personal_data() -> None:
    for answer in ("unknown", "planned", "yes"):
        assert "PRV-04" in [need.id for need in needs_of(GATE, System(personal_data=answer))]


@pytest.mark.parametrize("verdict", [*CONTROL_ORDER[1:], Verdict.NOT_APPLICABLE])
def test_nothing_but_effective_opens_it(verdict: Verdict) -> None:
    """An exclusion is a decision about a control; it is none about letting a system pass without it."""
    result = check(GATE, {"AIM-02": verdict}, ALL, system=SMALL)
    assert missing(result) == ["AIM-02"]
    assert isinstance(result, Closed)
    assert f"AIM-02 is {verdict.value};" in result.because[0]


def test_a_refusal_keeps_it_closed_and_is_quoted() -> None:
    result = check(GATE, EFFECTIVE, (ALL[0], taken("owner", agreed=False)), system=SMALL)
    assert isinstance(result, Closed)
    assert result.because == ("owner refused as system owner: Not yet.",)


def test_the_last_decision_counts_in_whatever_order_they_are_given() -> None:
    refused, agreed = taken("owner", agreed=False, hours=1), taken("owner", hours=2)
    assert check(GATE, EFFECTIVE, (agreed, refused, ALL[0]), system=SMALL) == Open(gate="deploy")
    later = taken("owner", agreed=False, hours=3)
    assert missing(check(GATE, EFFECTIVE, (later, agreed, ALL[0]), system=SMALL)) == ["owner"]


def test_four_eyes_need_two_people() -> None:
    result = check(GATE, EFFECTIVE, (taken("tester", "Kim"), taken("owner", "Kim")), system=SMALL)
    assert isinstance(result, Closed)
    assert result.because == ("Kim also decided tester; owner needs another person.",)


def test_agreement_to_one_revision_is_none_to_the_next() -> None:
    agreed = (taken("tester", revision="v1"), taken("owner", revision="v1"))
    assert check(PER_REVISION, EFFECTIVE, agreed, system=SMALL, revision="v1") == Open(gate="deploy")
    assert missing(check(PER_REVISION, EFFECTIVE, agreed, system=SMALL, revision="v2")) == ["tester", "owner"]
    assert check(GATE, EFFECTIVE, agreed, system=SMALL, revision="v2") == Open(gate="deploy")


verdicts = st.dictionaries(st.sampled_from(sorted(EFFECTIVE)), st.sampled_from(CONTROL_ORDER))


@given(verdicts, st.sets(st.sampled_from(ALL)))
def test_one_thing_more_never_closes_it_further(some: dict[str, Verdict], agreed: set[Taken]) -> None:
    before = missing(check(GATE, some, agreed, system=LARGE))
    for control in EFFECTIVE:
        after = missing(check(GATE, {**some, control: Verdict.EFFECTIVE}, agreed, system=LARGE))
        assert after == [one for one in before if one != control]
