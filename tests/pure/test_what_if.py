"""What is supposed moves only what follows from it, helps or harms in one direction, and leaves the given as it was."""

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.library.load import library
from annexa.pure.facts import ORGANISATION, Evidence, Facts
from annexa.pure.posture import REQUIREMENT_ORDER, Engine, Verdict
from annexa.pure.what_if import MOST, Supposition, difference, remarks, said, suppose
from annexa.pure.what_if_files import ASKED, Known, WhatIfError, parse_what_if, read_words, words_of
from tests.cases import cases
from tests.pure.test_posture import AT, FIELDS, distinct, fact, implemented, shown, system
from tests.strategies import organisations as org

V = Verdict
CONTROLS = (*org.ORG_CONTROLS, *org.SYS_CONTROLS)
HELPS = ("control-effective",)
HARMS = ("control-lost", "control-failing", "evidence-withdrawn")


@st.composite
def of_controls(draw: st.DrawFn, kinds: tuple[str, ...]) -> Supposition:
    """Something supposed about a control, for the organisation or one system."""
    return Supposition(
        kind=draw(st.sampled_from(kinds)), control=draw(st.sampled_from(CONTROLS)),
        system=draw(st.sampled_from(("", "", *org.SLUGS))),
    )  # fmt: skip


@st.composite
def of_anything(draw: st.DrawFn) -> Supposition:
    """A supposition of any kind."""
    which = draw(st.integers(0, 4))
    slug = draw(st.sampled_from(org.SLUGS))
    if which == 0:
        return Supposition(kind="system-reclassified", system=slug, roles=("provider",), classes=("high-risk",))
    if which == 1:
        return Supposition(kind="system-retired", system=slug)
    if which == 2:
        return Supposition(kind="supplier-lost", supplier="Them", systems=(slug,))
    if which == 3:
        return Supposition(kind="law-moved", framework="test", requirement="R4", applies_from=date(2026, 1, 1))
    return draw(of_controls((*HELPS, *HARMS)))


def pair(facts: Facts, suppositions, at: datetime = AT) -> tuple[Engine, Engine]:
    held, would = suppose(org.LIBRARY, facts, suppositions, at)
    return Engine(library=org.LIBRARY, facts=facts, at=at), Engine(library=held, facts=would, at=at)


def recorded(facts: Facts) -> Facts:
    """Facts as a ledger holds them: no two at one place, no two judgements of one id."""
    unique = replace(facts, **{kind: distinct(getattr(facts, kind)) for kind in FIELDS})
    return replace(unique, judgements=tuple({one.id: one for one in unique.judgements}.values()))


def named(name: str, one: Evidence) -> Evidence:
    return replace(one, id=name)


def moves(before: Engine, after: Engine) -> list[tuple[Verdict, Verdict]]:
    found = difference(before, after)
    assert all(change.before is not None and change.after is not None for change in found)
    return [(change.before, change.after) for change in found]


def better(old: Verdict, new: Verdict) -> bool:
    return REQUIREMENT_ORDER.index(new) < REQUIREMENT_ORDER.index(old)


# --- laws


@settings(max_examples=cases(150))
@given(org.facts(), st.lists(of_anything(), max_size=4), org.instants)
def test_what_is_given_stays_as_it_was(facts: Facts, suppositions: list[Supposition], at: datetime) -> None:
    was, dated = deepcopy(facts), org.LIBRARY.frameworks["test"].by_id["R4"].applies_from
    before, after = pair(facts, suppositions, at)
    difference(before, after)
    assert facts == was
    assert org.LIBRARY.frameworks["test"].by_id["R4"].applies_from == dated


@settings(max_examples=cases(50))
@given(org.facts(), org.instants)
def test_nothing_supposed_is_no_difference(facts: Facts, at: datetime) -> None:
    held, would = suppose(org.LIBRARY, facts, (), at)
    assert held is org.LIBRARY
    assert would is facts
    assert difference(*pair(facts, (), at)) == ()


@pytest.mark.slow
@settings(max_examples=cases(150))
@given(org.facts(), st.lists(of_controls(HELPS), min_size=1, max_size=3), org.instants)
def test_what_helps_never_lowers(facts: Facts, suppositions: list[Supposition], at: datetime) -> None:
    before, after = pair(recorded(facts), suppositions, at)
    assert all(better(old, new) for old, new in moves(before, after))
    told = {one for one, _ in remarks(before, after, suppositions)}
    for one in suppositions:
        if one.scope in {ORGANISATION, *after.systems}:
            assert (after.control(one.control, one.scope).verdict is V.EFFECTIVE) is (one not in told)


@pytest.mark.slow
@settings(max_examples=cases(150))
@given(org.facts(), st.lists(of_controls(HARMS), min_size=1, max_size=3), org.instants)
def test_what_harms_never_raises(facts: Facts, suppositions: list[Supposition], at: datetime) -> None:
    before, after = pair(recorded(facts), suppositions, at)
    assert not any(better(old, new) for old, new in moves(before, after))


# --- each kind


def test_an_effective_control_meets_what_it_covers() -> None:
    before, after = pair(Facts(), [Supposition(kind="control-effective", control="ORG-01")])
    assert before.requirement("test", "R1").verdict is V.UNMET
    assert after.requirement("test", "R1").verdict is V.MET
    assert ("R1", V.UNMET, V.MET) in [(c.requirement, c.before, c.after) for c in difference(before, after)]


def test_a_control_of_every_system_is_supposed_in_every_system() -> None:
    facts = Facts(systems=(system("alpha"), system("beta")))
    before, after = pair(facts, [Supposition(kind="control-effective", control="SYS-01")])
    assert after.control("SYS-01").verdict is V.EFFECTIVE
    assert {c.scopes for c in difference(before, after)} == {(ORGANISATION, "alpha", "beta")}
    _, one = pair(facts, [Supposition(kind="control-effective", control="SYS-01", system="alpha")])
    assert one.control("SYS-01").effective_in == 1


def test_answers_of_the_register_are_supposed_but_never_a_class() -> None:
    facts = Facts(systems=(system("alpha", owner="", roles=(), classes=()),))
    given = (Supposition(kind="control-effective", control="ORG-03"),)
    _, after = pair(facts, given)
    assert after.control("ORG-03").verdict is V.EFFECTIVE
    facts = Facts(systems=(system("alpha", classes=()),))
    checked = replace(org.LIBRARY.controls["SYS-02"], binds_classes=())
    held = replace(org.LIBRARY, controls={**org.LIBRARY.controls, "SYS-02": checked})
    given = (Supposition(kind="control-effective", control="SYS-02"),)
    same, would = suppose(held, facts, given, AT)
    ((_, why),) = remarks(Engine(library=held, facts=facts, at=AT), Engine(library=same, facts=would, at=AT), given)
    assert why.startswith("It stays absent. Not so: Every AI system in use has a decided risk class")


def test_what_somebody_excluded_stays_excluded() -> None:
    facts = Facts(adoptions=(replace(implemented("ORG-01"), state="excluded"),))
    for kind in ("control-effective", "control-lost", "control-failing"):
        given = [Supposition(kind=kind, control="ORG-01")]
        before, after = pair(facts, given)
        assert difference(before, after) == ()
        assert "stays not applicable" in remarks(before, after, given)[0][1]


def test_a_failing_control_puts_at_risk_and_a_lost_one_undoes() -> None:
    facts = Facts(adoptions=(implemented("ORG-02"),), evidence=(shown("ORG-02"),), systems=(system("alpha"),))
    _, failing = pair(facts, [Supposition(kind="control-failing", control="ORG-02")])
    assert failing.control("ORG-02").verdict is V.FAILING
    _, lost = pair(facts, [Supposition(kind="control-lost", control="ORG-02")])
    assert lost.control("ORG-02").verdict is V.ABSENT
    _, there = pair(facts, [Supposition(kind="control-failing", control="ORG-02", system="alpha")])
    assert there.control("ORG-02").verdict is V.EFFECTIVE
    assert there.control("ORG-02", "alpha").verdict is V.FAILING


def test_evidence_is_withdrawn_by_id_or_by_place_and_a_failure_stays() -> None:
    facts = Facts(
        adoptions=(implemented("ORG-02"),),
        evidence=(named("good", shown("ORG-02")), named("bad", shown("ORG-02", passing=False))),
    )
    for one in (
        Supposition(kind="evidence-withdrawn", evidence="good"),
        Supposition(kind="evidence-withdrawn", control="ORG-02", expectation="report"),
        Supposition(kind="evidence-withdrawn", control="ORG-02"),
    ):
        assert [e.id for e in suppose(org.LIBRARY, facts, [one], AT)[1].evidence] == ["bad"]
    nothing = [Supposition(kind="evidence-withdrawn", evidence="bad")]
    before, after = pair(facts, nothing)
    assert after.facts == facts
    assert "a failing result is not withdrawn" in remarks(before, after, nothing)[0][1]


def test_a_lost_supplier_takes_what_was_shown_of_its_systems() -> None:
    facts = Facts(
        systems=(system("alpha"), system("beta")),
        adoptions=(implemented("SYS-01"),),
        evidence=(shown("SYS-01", scope="alpha"), shown("SYS-01", scope="beta")),
    )
    given = [Supposition(kind="supplier-lost", supplier="Them", systems=("alpha",))]
    before, after = pair(facts, given)
    assert after.control("SYS-01", "alpha").verdict is V.UNPROVEN
    assert after.control("SYS-01", "beta").verdict is V.EFFECTIVE
    assert list(after.systems) == ["alpha", "beta"]
    assert remarks(before, after, given) == ()
    assert remarks(after, after, given) != ()


def test_a_system_is_reclassified_retired_or_added() -> None:
    facts = Facts(systems=(system("alpha", roles=("deployer",), classes=("high-risk",), high_risk_by="annex-iii"),))
    _, other = pair(facts, [Supposition(kind="system-reclassified", system="alpha", classes=("minimal",))])
    assert other.systems["alpha"].classes == ("minimal",)
    assert other.systems["alpha"].roles == ("deployer",)
    assert other.systems["alpha"].high_risk_by == ""
    _, without = pair(facts, [Supposition(kind="system-retired", system="alpha")])
    assert without.systems == {}
    given = [
        Supposition(kind="control-effective", control="SYS-01", system="delta"),
        Supposition(kind="system-added", system="delta", name="Delta", roles=("provider",), classes=("high-risk",)),
    ]
    before, more = pair(facts, given)
    assert list(more.systems) == ["alpha", "delta"]
    assert more.control("SYS-01", "delta").verdict is V.EFFECTIVE
    new = [c for c in difference(before, more) if c.scopes == ("delta",)]
    assert new
    assert all(c.before is None and c.after is not V.NOT_APPLICABLE for c in new)
    assert said(given[1], more) == "Delta is added, role provider, class high-risk"


def test_a_moved_law_binds_on_its_new_date() -> None:
    given = [Supposition(kind="law-moved", framework="test", requirement="R4", applies_from=AT.date())]
    early = AT - timedelta(days=60)
    assert pair(Facts(), given, early)[1].requirement("test", "R4").verdict is V.NOT_APPLICABLE
    later = [replace(given[0], requirement="G", applies_from=AT.date() + timedelta(days=1))]
    before, after = pair(Facts(), later)
    assert {c.after for c in difference(before, after)} == {V.NOT_APPLICABLE}
    assert after.library.version != before.library.version


def test_annex_i_keeps_its_later_date_unless_the_new_one_is_later_still() -> None:
    own = next(leaf for leaf in library().frameworks["eu-ai-act"].leaves if "applies_from_annex_i" in leaf.attributes)
    far = own.attributes["applies_from_annex_i"]
    for day, kept in ((date(2026, 8, 2), far), (date(2030, 1, 1), date(2030, 1, 1))):
        move = Supposition(kind="law-moved", framework="eu-ai-act", requirement=own.id, applies_from=day)
        moved = suppose(library(), Facts(), [move], AT)[0].frameworks["eu-ai-act"].by_id[own.id]
        assert moved.applies_from == day
        assert moved.attributes["applies_from_annex_i"] == kept


# --- files and addresses


FACTS = Facts(systems=(system("alpha"),), evidence=(named("e1", shown("ORG-02")),))
KNOWN = Known(engine=Engine(library=org.LIBRARY, facts=FACTS, at=AT), suppliers={"50% ~ Sons": ("alpha",)})
TEXT = """
[[suppose]]
kind = "control-effective"
control = "ORG-01"
system = "alpha"

[[suppose]]
kind = "system-reclassified"
system = "alpha"
roles = []
classes = ["high-risk"]
high_risk_by = "annex-iii"

[[suppose]]
kind = "evidence-withdrawn"
evidence = "e1"

[[suppose]]
kind = "supplier-lost"
supplier = "50% ~ Sons"

[[suppose]]
kind = "law-moved"
framework = "test"
requirement = "R4"
applies_from = 2027-12-02
"""


def test_a_file_an_address_and_json_say_the_same() -> None:
    found = parse_what_if(TEXT.encode(), KNOWN)
    assert [one.kind for one in found] == [
        "control-effective", "system-reclassified", "evidence-withdrawn", "supplier-lost", "law-moved",
    ]  # fmt: skip
    assert found[1].roles == ()
    assert found[3].systems == ("alpha",)
    assert read_words([words_of(one) for one in found], KNOWN) == found
    assert words_of(found[0]) == "control-effective~ORG-01~alpha"
    written = {"suppose": [{"kind": "control-effective", "control": "ORG-01", "system": "alpha"}]}
    assert parse_what_if(json.dumps(written).encode(), KNOWN) == found[:1]
    assert parse_what_if(b"", KNOWN) == ()


def test_every_kind_can_be_said_in_words() -> None:
    found = parse_what_if(TEXT.encode(), KNOWN)
    assert [said(one, KNOWN.engine) for one in found] == [
        "ORG-01 ORG-01 is effective in alpha",
        "alpha is reclassified: role not decided, class high-risk, by Annex III",
        "evidence withdrawn: e1",
        "50% ~ Sons is lost",
        "Test R4 applies from 2027-12-02",
    ]


WRONG = """
odd = 1
[[suppose]]
kind = "wish"
[[suppose]]
kind = "control-effective"
control = "ORG-99"
system = "omega"
colour = "red"
[[suppose]]
kind = "law-moved"
framework = "test"
requirement = "R99"
applies_from = "soon"
[[suppose]]
kind = "system-reclassified"
system = "alpha"
classes = ["risky"]
[[suppose]]
kind = "evidence-withdrawn"
[[suppose]]
kind = "system-added"
system = "alpha"
[[suppose]]
kind = "supplier-lost"
supplier = "Nobody"
[[suppose]]
kind = "control-lost"
"""


def test_a_file_is_refused_with_everything_that_is_wrong() -> None:
    with pytest.raises(WhatIfError) as refused:
        parse_what_if(WRONG.encode(), KNOWN)
    problems = refused.value.problems
    for number, word in (
        ("", "odd is not known"), (1, '"wish" is not known'), (2, '"ORG-99"'), (2, '"omega"'), (2, "colour is not"),
        (3, '"R99"'), (3, "is not a date"), (4, '"risky"'), (5, "either evidence"), (6, "already"), (7, '"Nobody"'),
        (8, "needs control"),
    ):  # fmt: skip
        start = f"Supposition {number}: " if number else ""
        assert any(problem.startswith(start) and word in problem for problem in problems), word
    assert len(problems) == 12


@pytest.mark.parametrize("data", [b"\xff", b"[[suppose", b'{"suppose": 1}', b"suppose = [1]", b"{"])
def test_what_is_no_list_of_suppositions_is_refused(data: bytes) -> None:
    with pytest.raises(WhatIfError):
        parse_what_if(data, KNOWN)


def test_too_many_are_refused() -> None:
    with pytest.raises(WhatIfError, match=f"at most {MOST}"):
        read_words(["control-lost~ORG-01"] * (MOST + 1), KNOWN)


def test_a_word_with_too_many_parts_is_refused() -> None:
    with pytest.raises(WhatIfError, match="part 2 is not asked"):
        read_words(["system-retired~alpha~beta"], KNOWN)


def test_every_kind_is_readable() -> None:
    assert set(ASKED) == set(Supposition.__annotations__["kind"].__args__)


def test_a_fact_of_the_same_instant_does_not_win_over_what_is_supposed() -> None:
    refusing = fact(type(implemented("ORG-02")), control="ORG-02", scope=ORGANISATION, state="planned", entry=7,
                    effective_at=AT, recorded_at=AT)  # fmt: skip
    failed = shown("ORG-02", passing=False, effective_at=AT, recorded_at=AT, entry=8)
    _, after = pair(
        Facts(adoptions=(refusing,), evidence=(failed,)), [Supposition(kind="control-effective", control="ORG-02")]
    )
    assert after.control("ORG-02").verdict is V.EFFECTIVE
