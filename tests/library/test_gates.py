"""The gates of the life cycle: read whole or refused whole; none can be passed unclassified, alone or by habit."""

import re

import pytest

from annexa.library.gates import dangling, gates, load_gates
from annexa.library.load import library
from annexa.library.questionnaires import questionnaires
from annexa.library.reader import LibraryError
from annexa.pure.gates import Gate, decisions_of, needs_of
from annexa.pure.systems import STAGES, SystemFacts
from tests.library.test_content import AMERICAN, told_twice

GATES = gates()
LIBRARY = library()

SMALL = b"""\
id = "small"
title = "Small"
order = 1
question = "Is it small?"
from_stage = "concept"
to_stage = "development"
because = "Size matters."
source = "Example 1"

[[cites]]
framework = "gdpr"
requirement = "Art.6"

[[need]]
control = "AIM-02"
why = "It is classified."
personal_data = true

[[need]]
questionnaire = "fria"
why = "Rights are weighed."
binds_classes = ["high-risk"]

[[decision]]
id = "first"
role = "owner"
what = "I want it."

[[decision]]
id = "second"
role = "reviewer"
what = "I looked."
apart_from = ["first"]
"""


@pytest.fixture(params=sorted(GATES))
def gate(request: pytest.FixtureRequest) -> Gate:
    """Each gate of the library."""
    return GATES[request.param]


def test_it_reads_what_is_right() -> None:
    found = load_gates({"gates/small.toml": SMALL})["small"]
    assert [(need.kind, need.id) for need in found.needs] == [("control", "AIM-02"), ("questionnaire", "fria")]
    assert found.needs[0].binds.personal_data
    assert found.decisions[1].apart_from == ("first",)
    assert not found.per_revision


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'id = "small"', b'id = "large"', "the file is named small"),
        (b'control = "AIM-02"', b'control = "AIM-02"\nquestionnaire = "fria"', "a control or a questionnaire"),
        (b'control = "AIM-02"\n', b"", "a control or a questionnaire"),
        (b'apart_from = ["first"]', b'apart_from = ["third"]', "is apart from 'third', which does not stand before it"),
        (b'id = "second"', b'id = "first"', "decision 'first' occurs twice"),
        (b'["high-risk"]', b'["odd"]', "binds_classes names 'odd'"),
        (b'"development"', b'"heaven"', "to_stage is 'heaven'"),
        (b"order = 1", b"order = 1\ncolour = 1", "colour is not a known key"),
        (b'why = "It is classified."\n', b"", "why is missing"),
        (SMALL[SMALL.index(b"[[decision]]") :], b"", "nobody decides at it"),
    ],
)
def test_what_is_wrong_with_a_gate_is_named(old: bytes, new: bytes, sentence: str) -> None:
    assert old in SMALL
    with pytest.raises(LibraryError) as caught:
        load_gates({"gates/small.toml": SMALL.replace(old, new)})
    assert "gates/small.toml: " in str(caught.value)
    assert sentence in str(caught.value)


def test_two_gates_do_not_stand_in_the_same_place() -> None:
    with pytest.raises(LibraryError, match="order 1 is already that of small"):
        load_gates({"gates/small.toml": SMALL, "gates/tall.toml": SMALL.replace(b'"small"', b'"tall"')})


def test_references_are_checked_against_the_library() -> None:
    text = SMALL.replace(b"Art.6", b"Art.600").replace(b"AIM-02", b"LIF-03")
    found = load_gates({"gates/small.toml": text})
    assert dangling(found, LIBRARY, ()) == (
        "gates/small.toml: cites: gdpr has no requirement 'Art.600'",
        "gates/small.toml: LIF-03: the control is meant only for the roles provider, product_manufacturer; "
        "narrow the need",
        "gates/small.toml: fria: the questionnaire does not exist",
    )


# --- the shipped gates


def test_every_reference_leads_somewhere() -> None:
    assert dangling(GATES, LIBRARY, questionnaires()) == ()


def test_the_life_cycle_has_its_nine_gates_in_order() -> None:
    assert list(GATES) == ["concept", "design", "data", "build", "verify", "deploy", "change", "review", "retire"]


def test_no_gate_leads_back_and_every_stage_is_reached() -> None:
    order = {stage: number for number, stage in enumerate(STAGES)}
    assert [gate.id for gate in GATES.values() if order[gate.from_stage] > order[gate.to_stage]] == []
    assert {gate.to_stage for gate in GATES.values()} == set(STAGES) - {"", "concept"}


def test_no_system_passes_into_or_through_use_unclassified() -> None:
    """Needs that are only for some classes would never be asked of a system without any."""
    for gate in GATES.values():
        if gate.id != "retire":
            assert "AIM-02" in [need.id for need in needs_of(gate, SystemFacts(name="New"))], gate.id


def test_two_people_decide_at_every_gate(gate: Gate) -> None:
    decided = decisions_of(gate, SystemFacts(name="Any", personal_data="no"))
    assert len(decided) >= 2 or gate.id == "concept"
    always = {decision.id for decision in decided}
    assert any(set(decision.apart_from) & always for decision in decided) or gate.id == "concept"


def test_nobody_starts_a_system_about_people_or_at_high_risk_alone() -> None:
    facts = SystemFacts(name="Serious", classes=("high-risk",), personal_data="yes")
    assert [d.id for d in decisions_of(GATES["concept"], facts) if d.apart_from] == ["legal-view", "privacy-view"]


def test_high_risk_is_asked_more_wherever_it_matters(gate: Gate) -> None:
    def asked(risk_class: str, role: str) -> int:
        facts = SystemFacts(name="Any", classes=(risk_class,), roles=(role,), personal_data="yes")  # type: ignore[arg-type]
        return len(needs_of(gate, facts)) + len(decisions_of(gate, facts))

    for role in ("provider", "deployer"):
        if gate.id != "build":
            assert asked("high-risk", role) > asked("minimal", role)


def test_agreement_counts_per_revision_where_a_version_is_let_through() -> None:
    assert [gate.id for gate in GATES.values() if gate.per_revision] == ["verify", "deploy", "change"]


def test_reasons_are_whole_sentences_of_their_own() -> None:
    said = [gate.because for gate in GATES.values()]
    said += [need.why for gate in GATES.values() for need in gate.needs]
    said += [decision.what for gate in GATES.values() for decision in gate.decisions]
    assert told_twice(said) == []
    assert [sentence for sentence in said if not re.fullmatch(r"[A-Z].{10,200}\.", sentence)] == []
    assert [sentence for sentence in said if AMERICAN.findall(sentence)] == []


def test_every_gate_asks_a_question_and_names_its_source(gate: Gate) -> None:
    assert gate.question.endswith("?")
    assert gate.source
    assert gate.cites
