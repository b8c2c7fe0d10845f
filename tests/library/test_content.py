"""Every file of the shipped library says something of its own, and everything it asks for can be reached and proven."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations, product

import pytest

from annexa.library.load import library
from annexa.library.reader import EVERYTHING, LOCK, lock_of, shipped
from annexa.pure.applicability import bind_system, control_applies
from annexa.pure.facts import SystemFact
from annexa.pure.standards import Framework, Requirement
from annexa.pure.systems import CLASSES, ROLES

LIBRARY = library()
FRAMEWORKS = sorted(LIBRARY.frameworks)
OPENING = 12
"""How many words the opening of a summary has."""

AMERICAN = re.compile(
    r"\b(?!(?:(?:re)?siz(?:e[sd]?|ing)|prize[sd]?|seiz\w+|capsiz\w+)\b)\w+(?:iz|yz)(?:e[sd]?|ing|ations?)\b"
    r"|\b(?:behavior|center|color|defense|favor|honor|neighbor|offense)(?:s|ed|ing|al)?\b"
    r"|\b(?:canceled|fulfills?|labeled|labeling|modeled|modeling|traveled)\b",
    re.IGNORECASE,
)


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return re.findall(r"[\w']+", text.lower())


def told_twice(texts: list[str]) -> list[str]:
    """The texts that occur more than once, whatever their case and punctuation."""
    return [text for text, times in Counter(" ".join(words(text)) for text in texts).items() if times > 1]


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Framework:
    """Each framework of the library."""
    return LIBRARY.frameworks[request.param]


def test_lock_names_the_content() -> None:
    now = lock_of(shipped(EVERYTHING))
    assert LOCK.read_text(encoding="utf-8") == now, (
        "The library's files changed. If that is meant, run `python -m annexa.library.load` and commit LOCK with them."
    )


def test_there_is_something_of_everything() -> None:
    def kinds(framework: str) -> Counter[str]:
        return Counter(r.kind for r in LIBRARY.frameworks[framework].requirements)

    assert kinds("iso27001-2022")["control"] == 93
    assert kinds("iso27001-2013")["control"] == 114
    assert kinds("iso42001-2023")["control"] == 38
    assert kinds("nist-ai-rmf-1.0")["subcategory"] == 72
    assert kinds("nist-csf-2.0")["function"] == 6
    assert kinds("nist-csf-2.0")["category"] == 22
    assert kinds("nist-csf-2.0")["subcategory"] == 106
    assert kinds("us-co-sb24-205")["duty"] == 14
    assert kinds("us-co-sb26-189")["duty"] == 5
    assert kinds("eu-ai-act")["article"] == 113
    assert kinds("eu-ai-act")["inserted_article"] == 6
    assert kinds("gdpr")["article"] == 99
    assert len(LIBRARY.controls) >= 45
    assert set(LIBRARY.coverage) == set(LIBRARY.frameworks)


def test_annex_a_of_iso27001_has_its_four_themes() -> None:
    iso = LIBRARY.frameworks["iso27001-2022"]
    themes = Counter(r.parent for r in iso.requirements if r.kind == "control")
    assert themes == {"A.5": 37, "A.6": 8, "A.7": 14, "A.8": 34}


def test_a_repealed_law_asks_for_nothing_and_says_why() -> None:
    act = LIBRARY.frameworks["us-co-sb24-205"]
    assert act.status == "repealed"
    assert [leaf.id for leaf in act.leaves if not leaf.no_duty.startswith("Repealed by SB 26-189")] == []
    assert told_twice([leaf.no_duty for leaf in act.leaves]) == []


# --- summaries


def test_summaries_are_neither_a_heading_nor_an_essay(framework: Framework) -> None:
    assert [(r.id, len(r.summary)) for r in framework.requirements if not 40 <= len(r.summary) <= 600] == []


def test_no_two_summaries_are_alike(framework: Framework) -> None:
    assert told_twice([r.summary for r in framework.requirements]) == []


def test_no_summary_begins_like_another(framework: Framework) -> None:
    """More than 60 % of the opening words in the same places is one sentence used twice."""
    openings = [(r.id, words(r.summary)[:OPENING]) for r in framework.requirements]
    alike = [
        (one, other)
        for (one, first), (other, second) in combinations(openings, 2)
        if sum(a == b for a, b in zip(first, second, strict=False)) > 0.6 * min(len(first), len(second))
    ]
    assert alike == []


def test_no_summary_is_another_in_different_order(framework: Framework) -> None:
    bags = [(r.id, set(words(r.summary))) for r in framework.requirements]
    assert [(one, other) for (one, a), (other, b) in combinations(bags, 2) if len(a & b) > 0.6 * len(a | b)] == []


def test_summaries_do_not_just_repeat_the_title(framework: Framework) -> None:
    assert [r.id for r in framework.requirements if set(words(r.summary)) <= set(words(r.title))] == []


def test_summaries_explain_and_do_not_quote(framework: Framework) -> None:
    """ "Shall" is the voice of a norm; ours says in plain words what it asks."""
    assert [r.id for r in framework.requirements if "shall" in words(r.summary)] == []


def _own_words() -> Iterator[tuple[str, str]]:
    """Every sentence that is ours and not an official title, with where it stands."""
    for framework in LIBRARY.frameworks.values():
        for r in framework.requirements:
            yield f"{framework.id} {r.id}", f"{r.summary} {r.no_duty} {r.note}"
    for control in LIBRARY.controls.values():
        yield control.id, f"{control.name} {control.objective} {control.practice}"
        yield control.id, " ".join([*(e.what for e in control.expectations), *(t.how for t in control.tests)])
    for name, entries in LIBRARY.coverage.items():
        for entry in entries.values():
            yield f"{name} {entry.requirement}", entry.because


def test_our_words_are_british() -> None:
    found = [(where, match[0]) for where, text in _own_words() for match in AMERICAN.finditer(text)]
    assert found == []


def test_the_spelling_check_sees_what_it_should() -> None:
    american = "organize, analyzing, customization, color, behavioral, labeled"
    british = "organise, size, resized, prizes, seized, fulfilled, colour, centre, catalogue, laboratory"
    assert len(AMERICAN.findall(american)) == 6
    assert AMERICAN.findall(british) == []


# --- who meets what


UNCOVERED: dict[tuple[str, str], str] = {}
"""What no baseline control meets, each with the reason (docs/decisions/0012)."""


def test_every_duty_is_covered_but_those_we_know_of(framework: Framework) -> None:
    found = [leaf.id for leaf in framework.leaves if not leaf.no_duty and LIBRARY.covering(framework, leaf) is None]
    assert found == [requirement for one, requirement in UNCOVERED if one == framework.id]


def test_nothing_covers_what_is_no_duty(framework: Framework) -> None:
    entries = LIBRARY.coverage[framework.id]
    assert [leaf.id for leaf in framework.leaves if leaf.no_duty and leaf.id in entries] == []


def test_only_leaves_say_that_they_are_no_duty(framework: Framework) -> None:
    """Groups roll up what is below them; a reason there would be read by nobody."""
    assert [r.id for r in framework.requirements if r.no_duty and r.id in framework.children] == []


def test_no_duty_that_is_judged_elsewhere_is_covered_there(framework: Framework) -> None:
    for r in framework.requirements:
        pointed = re.search(r"judged (?:at|under) Arts?\.? ([^,.]+)", r.no_duty)
        for number in re.findall(r"\d+[a-z]?(?:\(\w+\))*", pointed[1]) if pointed else ():
            there = framework.by_id[f"Art.{number}"]
            assert any(
                not leaf.no_duty and (LIBRARY.covering(framework, leaf) or (framework.id, leaf.id) in UNCOVERED)
                for leaf in framework.leaves
                if there in framework.lineage(leaf)
            ), f"{r.id} is judged at {there.id}, where nothing is"


def test_every_control_serves_a_requirement() -> None:
    assert [control for control, served in LIBRARY.covered_by.items() if not served] == []


def test_no_set_of_controls_contains_another(framework: Framework) -> None:
    """A larger set beside a smaller one that suffices would never matter."""
    assert [
        entry.requirement
        for entry in LIBRARY.coverage[framework.id].values()
        for one, other in combinations(entry.sufficient, 2)
        if set(one) <= set(other) or set(other) <= set(one)
    ] == []


SHRINKING: dict[tuple[str, str], str] = {}
"""Requirements for which a set may shrink into less than was meant, each with the reason why that is right."""


def test_no_set_shrinks_into_less_than_another(framework: Framework) -> None:
    """What is left of a set where some of its controls do not apply is still worth a verdict.

    A set is not asked for a control that is meant for other roles or classes. So each set is looked at in an AI system
    with one role or none and one class or none, wherever the requirement binds. If something was left out of it, what
    is left must be one of the sets as written, or all of this holds:

    - It is not a proper part of what is left of another set: else a longer set is met by less than a shorter one.
    - It is not made of controls of the organisation alone: a control that looks at systems was named for a reason, and
      a register or a policy must not stand in for it.
    - It is not one single control where three or more were named.
    """
    found = {
        leaf.id
        for leaf in framework.leaves
        for system in AI_SYSTEMS
        if bind_system(leaf, system, LATE).applies and _shrinks_into_too_little(framework, leaf, system)
    }
    assert found == {requirement for one, requirement in SHRINKING if one == framework.id}


def test_the_check_for_shrinking_sees_each_trap() -> None:
    alone, user = ("OVS-01",), ("OVS-01", "USE-02")
    assert _too_little(alone, ("OVS-01", "TRN-01"), [alone, user], [("OVS-01", "TRN-01"), user])
    assert _too_little(("AIM-01",), ("AIM-01", "TRN-01"), [("AIM-01",)], [("AIM-01", "TRN-01")])
    assert _too_little(alone, ("OVS-01", "TRN-01", "USE-02"), [alone], [("OVS-01", "TRN-01", "USE-02")])
    assert not _too_little(alone, ("OVS-01", "TRN-01"), [alone], [("OVS-01", "TRN-01")])
    assert not _too_little(
        alone, ("OVS-01", "TRN-01", "USE-02"), [alone, alone], [("OVS-01", "TRN-01", "USE-02"), alone]
    )


def test_only_sets_that_can_shrink_have_a_reason_for_it() -> None:
    assert all(SHRINKING.values())
    assert [one for one, requirement in SHRINKING if requirement not in LIBRARY.frameworks[one].by_id] == []


LATE = datetime(2100, 1, 1, tzinfo=UTC)
"""A day on which every requirement has begun to bind."""

AI_SYSTEMS = [
    SystemFact(id="one", effective_at=LATE, recorded_at=LATE, name="One", roles=roles, classes=classes)
    for roles, classes in product([(), *((role,) for role in ROLES)], [(), *((one,) for one in CLASSES)])
]
"""An AI system for each role and class, both decided, one of them or neither."""


def _shrinks_into_too_little(framework: Framework, requirement: Requirement, system: SystemFact) -> bool:
    coverage = LIBRARY.covering(framework, requirement)
    sets = list(coverage.sufficient) if coverage else []
    left = [tuple(one for one in chosen if _asked(one, system)) for chosen in sets]
    return any(_too_little(rest, chosen, left, sets) for rest, chosen in zip(left, sets, strict=True))


def _asked(control: str, system: SystemFact) -> bool:
    about = LIBRARY.controls[control]
    return about.level == "organisation" or control_applies(about, system)


def _too_little(
    rest: tuple[str, ...], chosen: tuple[str, ...], left: list[tuple[str, ...]], sets: list[tuple[str, ...]]
) -> bool:
    if not rest or any(set(rest) == set(one) for one in sets):
        return False
    return (
        any(set(rest) < set(other) for other in left)
        or all(LIBRARY.controls[one].level == "organisation" for one in rest)
        or (len(rest) == 1 and len(chosen) > 2)
    )


def test_a_contributor_is_not_also_a_set_of_its_own(framework: Framework) -> None:
    assert [
        (entry.requirement, control)
        for entry in LIBRARY.coverage[framework.id].values()
        for control in entry.contributes
        if (control,) in entry.sufficient
    ] == []


def test_every_reason_for_coverage_is_its_own() -> None:
    assert told_twice([e.because for entries in LIBRARY.coverage.values() for e in entries.values()]) == []


# --- controls


def test_every_control_is_tested_in_design_and_operation() -> None:
    assert [c.id for c in LIBRARY.controls.values() if {t.kind for t in c.tests} != {"design", "operating"}] == []


def test_controls_have_names_and_aims_of_their_own() -> None:
    controls = LIBRARY.controls.values()
    assert told_twice([c.name for c in controls]) == []
    assert told_twice([c.objective for c in controls]) == []
    assert told_twice([c.practice for c in controls]) == []


def test_no_two_expectations_ask_for_the_same() -> None:
    assert told_twice([e.what for c in LIBRARY.controls.values() for e in c.expectations]) == []


def test_no_two_tests_are_alike() -> None:
    assert told_twice([t.how for c in LIBRARY.controls.values() for t in c.tests]) == []


def test_effort_is_a_number_of_days_somebody_could_plan() -> None:
    assert [c.id for c in LIBRARY.controls.values() if not 0 < c.effort <= 200] == []


def test_somebody_owes_every_piece_of_evidence() -> None:
    assert [(c.id, e.id) for c in LIBRARY.controls.values() for e in c.expectations if not (e.who or e.check)] == []


def test_every_duty_can_be_met(framework: Framework) -> None:
    """Coverage is at 100 % of what can be covered: a duty that only has contributors could never be met."""
    covered = [(leaf.id, LIBRARY.covering(framework, leaf)) for leaf in framework.leaves if not leaf.no_duty]
    assert [leaf for leaf, entry in covered if entry is None or not entry.sufficient] == []
