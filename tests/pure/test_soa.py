"""The statement of applicability: what belongs in, what is missing, what differs, where it contradicts itself."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.load import library
from annexa.pure.posture import REQUIREMENT_ORDER, Verdict
from annexa.pure.soa import (
    REASONS,
    STANDARDS,
    Change,
    Choice,
    Policy,
    ScopeSaid,
    Statement,
    StatementLine,
    annex,
    choice_problems,
    difference,
    exclusion_findings,
    from_json,
    missing,
    proposed,
    scope_changes,
    scope_findings,
    theme,
    to_json,
)

AT = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
TODAY = AT.date()
NEXT_YEAR = date(2027, 11, 20)


def line(number: int = 1, **more: object) -> StatementLine:
    said = {"applies": True, "reasons": ("practice",), "verdict": Verdict.MET, **more}
    return StatementLine(
        framework="iso27001-2022", requirement=f"A.5.{number}", title=f"Control {number}", theme="A.5", **said
    )


def statement(*lines: StatementLine, scopes: tuple[ScopeSaid, ...] | None = None) -> Statement:
    said = (ScopeSaid(system="isms", text="All of us"),) if scopes is None else scopes
    return Statement(at=AT, size=7, root="ab", library="cd", lines=lines, scopes=said)


_words = st.sampled_from(["", "leased", "no premises", "tested"])
_lines = st.builds(
    StatementLine,
    framework=st.sampled_from(sorted(STANDARDS)),
    requirement=st.sampled_from([f"A.{n}.1" for n in range(1, 9)]),
    title=_words,
    theme=st.just("A.5"),
    applies=st.sampled_from([True, False, None]),
    reasons=st.lists(st.sampled_from(REASONS), unique=True, max_size=4).map(tuple),
    because=_words,
    by=_words,
    until=st.sampled_from([None, NEXT_YEAR]),
    verdict=st.sampled_from([*REQUIREMENT_ORDER, Verdict.NOT_APPLICABLE]),
    controls=st.lists(st.sampled_from(["GOV-01", "RSK-01"]), unique=True).map(tuple),
    risks=st.lists(_words, max_size=2).map(tuple),
    laws=st.lists(_words, max_size=2).map(tuple),
    contracts=st.lists(_words, max_size=2).map(tuple),
    owner=_words,
    evidence_on=st.sampled_from([None, TODAY]),
)
_scopes = st.builds(ScopeSaid, system=st.sampled_from(["isms", "aims", "pims"]), text=_words, covers=_words)
_statements = st.builds(
    Statement,
    at=st.just(AT),
    size=st.integers(0, 9),
    root=st.just("ab"),
    library=st.just("cd"),
    lines=st.lists(_lines, unique_by=lambda one: one.key, max_size=8).map(tuple),
    scopes=st.lists(_scopes, unique_by=lambda one: one.system, max_size=3).map(tuple),
)


def test_it_is_made_over_the_controls_of_the_three_annexes() -> None:
    """93 of ISO/IEC 27001:2022, 38 of ISO/IEC 42001:2023, 78 of ISO/IEC 27701:2025, each in a theme; no clauses."""
    found = {one: annex(library().frameworks[one]) for one in STANDARDS}
    assert {one: len(rows) for one, rows in found.items()} == {
        "iso27001-2022": 93,
        "iso42001-2023": 38,
        "iso27701-2025": 78,
    }
    framework = library().frameworks["iso27001-2022"]
    assert {theme(framework, one).id for one in found["iso27001-2022"]} == {"A.5", "A.6", "A.7", "A.8"}
    assert theme(framework, framework.by_id["6.1.3"]) is None


@pytest.mark.parametrize(
    ("lacking", "lacks"),
    [
        ({"applies": None}, "a decision"),
        ({"reasons": ()}, "the reason why it applies"),
        ({"applies": False, "reasons": (), "because": " "}, "the justification of the exclusion"),
    ],
)
def test_what_a_line_lacks_is_said(lacking, lacks) -> None:
    """27001 6.1.3 d): a decision and a justification for inclusion and for exclusion."""
    found = missing(statement(line(1), line(2, **lacking)))
    assert [(one.requirement, one.lacks) for one in found] == [("A.5.2", lacks)]


def test_a_statement_without_scope_is_not_complete() -> None:
    """A statement belongs to a management system, and says what that reaches."""
    found = missing(statement(line(), scopes=(ScopeSaid(system="isms", text="  "),)))
    assert [(one.requirement, one.lacks) for one in found] == [("", "what the ISMS reaches")]


@given(_statements)
def test_a_complete_statement_has_a_decision_with_a_reason_everywhere(one) -> None:
    """Completeness is what 6.1.3 d) asks, no more and no less."""
    complete = all(
        row.applies is not None and (row.because.strip() or (row.applies and row.reasons)) for row in one.lines
    ) and {STANDARDS[each] for each in one.standards} <= {each.system for each in one.scopes if each.text.strip()}
    assert (missing(one) == ()) is bool(complete)


@given(_statements, _statements)
def test_the_difference_is_the_same_from_either_side(one, other) -> None:
    """What came in one way went out the other way."""
    there = {(each.key, each.old, each.new, each.what) for each in difference(one, other)}
    back = {(each.key, each.new, each.old, each.what) for each in difference(other, one)}
    assert there == back
    assert {(a, b) for a, b in scope_changes(one, other)} == {(b, a) for a, b in scope_changes(other, one)}


@given(_statements, _statements)
def test_the_difference_leads_from_one_to_the_other(one, other) -> None:
    """Nothing that differs is left out, and nothing else is named."""
    lines = dict(one.by_key)
    for change in difference(one, other):
        lines.pop(change.key, None)
        if change.new is not None:
            lines[change.key] = change.new
    kept = {key: replace(row, evidence_on=None, title="", theme="", by="", until=None) for key, row in lines.items()}
    assert kept == {
        key: replace(row, evidence_on=None, title="", theme="", by="", until=None) for key, row in other.by_key.items()
    }
    assert difference(one, one) == ()


@given(_statements)
def test_what_is_kept_is_read_again(one) -> None:
    """A version says for ever what it said."""
    assert from_json(to_json(one)) == one


def test_a_change_names_what_differs() -> None:
    """Renewed evidence is no difference; another verdict is."""
    old, new = line(evidence_on=None), line(evidence_on=TODAY, verdict=Verdict.AT_RISK)
    assert difference(statement(old), statement(new)) == (Change(key=old.key, old=old, new=new, what=("verdict",)),)


@pytest.mark.parametrize(
    ("choice", "until", "n"),
    [
        (Choice(framework="f", requirement="A.1", applies=True, reasons=("law",)), None, 0),
        (Choice(framework="f", requirement="A.1", applies=True, because="asked by customers"), None, 0),
        (Choice(framework="f", requirement="A.1", applies=True), None, 1),
        (Choice(framework="f", requirement="A.1", applies=True, reasons=("luck",)), None, 1),
        (Choice(framework="f", requirement="A.1", applies=False, because="leased"), NEXT_YEAR, 0),
        (Choice(framework="f", requirement="A.1", applies=False, because="leased"), TODAY, 1),
        (Choice(framework="f", requirement="A.1", applies=False), None, 2),
    ],
)
def test_a_choice_needs_its_justification(choice, until, n) -> None:
    """All problems are named at once."""
    assert len(choice_problems(choice, until=until, today=TODAY)) == n


def test_what_is_proposed_follows_from_what_asks_for_it() -> None:
    """Risks, laws and contracts first; good practice where nothing asks."""
    assert proposed(line(risks=("R1",), laws=("GDPR Art. 32",)), ()).reasons == ("risk", "law")
    assert proposed(line(), ()).reasons == ("practice",)
    out = line(2, applies=False, because="leased")
    assert proposed(line(), (line(3), out)) == Choice(
        framework="iso27001-2022", requirement="A.5.1", applies=False, because="leased"
    )


@given(_lines, st.lists(_lines, max_size=2))
def test_a_proposal_can_be_recorded_as_it_is(one, same) -> None:
    """Nobody has to type anything to follow a proposal, unless somebody left the same out without a word."""
    same = [each for each in same if each.applies is not False or each.because]
    assert choice_problems(proposed(one, same), until=NEXT_YEAR, today=TODAY) == ()


def test_a_scope_that_is_not_the_recorded_one_is_a_finding() -> None:
    """Words are compared without regard to case, spaces and full stop; parts, places and systems too."""
    said = ScopeSaid(system="isms", text="Operation of the grid.", locations="Vienna", systems=("load",))
    same = ScopeSaid(system="isms", text="operation  of the grid", locations="Vienna", systems=("load",))
    assert scope_findings([said], {"isms": same}, {}) == ()
    assert scope_findings([said], {}, {}) == ()
    other = replace(same, text="Trading", locations="Vienna, Graz", systems=())
    assert len(scope_findings([said], {"isms": other}, {"isms": "Everything"})) == 4


def test_a_policy_that_binds_others_than_the_scope_is_a_finding() -> None:
    """In whatever order they stand; and a policy of another management system contradicts nothing."""
    said = ScopeSaid(system="isms", text="All", covers="Sales, Plant")
    policy = Policy(name="Security", systems=("isms",), covers="plant; sales")
    assert scope_findings([said], {}, {}, [policy, replace(policy, systems=("aims",), covers="Board")]) == ()
    assert scope_findings([said], {}, {}, [replace(policy, covers="")]) == ()
    (found,) = scope_findings([said], {}, {}, [replace(policy, covers="Plant")])
    assert found.says == "ISMS: the parts differ: “Sales, Plant” here, “Plant” in the policy Security."


def test_what_is_left_out_although_it_is_asked_for_is_a_finding() -> None:
    """A risk, a law or a contract that names a control contradicts its exclusion."""
    out = line(applies=False, because="leased", laws=("GDPR Art. 32",))
    assert [one.about for one in exclusion_findings([out, line(2, laws=("NIS 2",))])] == ["A.5.1"]
    assert exclusion_findings([replace(out, laws=())]) == ()
