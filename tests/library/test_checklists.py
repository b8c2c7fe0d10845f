"""Audit checklists say all that the library asks and tests, and each of it once."""

from collections import Counter
from dataclasses import replace
from itertools import chain
from types import MappingProxyType

import pytest

from annexa.library.load import library
from annexa.pure.checklists import HEADER, ChecklistError, checklist, to_csv_rows
from annexa.pure.standards import Framework

LIBRARY = library()
ISO = LIBRARY.frameworks["iso42001-2023"]


@pytest.fixture(params=sorted(LIBRARY.frameworks))
def framework(request: pytest.FixtureRequest) -> Framework:
    """Each framework of the library."""
    return LIBRARY.frameworks[request.param]


def test_every_duty_appears_once_and_in_the_order_of_the_framework(framework: Framework) -> None:
    found = checklist(LIBRARY, framework)
    assert [item.requirement for item in found.items] == [leaf.id for leaf in framework.leaves if not leaf.no_duty]
    assert [item.number for item in found.items] == list(range(1, len(found.items) + 1))


def test_every_test_of_every_covering_control_appears_once(framework: Framework) -> None:
    entries = [LIBRARY.covering(framework, leaf) for leaf in framework.leaves if not leaf.no_duty]
    covering = {control for entry in entries if entry for control in entry.controls}
    wanted = Counter((control, test.kind, test.how) for control in covering for test in LIBRARY.controls[control].tests)
    found = Counter(
        (one.control, step.kind, step.how)
        for item in checklist(LIBRARY, framework).items
        for one in item.examine
        for step in one.steps
    )
    assert found == wanted
    assert max(found.values(), default=1) == 1


def test_a_control_is_examined_first_and_referred_to_afterwards(framework: Framework) -> None:
    examined: set[str] = set()
    for item in checklist(LIBRARY, framework).items:
        assert {control for control, _ in item.seen} <= examined
        assert not {one.control for one in item.examine} & examined
        examined |= {one.control for one in item.examine}


def test_a_control_names_every_requirement_it_serves(framework: Framework) -> None:
    found = checklist(LIBRARY, framework)
    for one in chain.from_iterable(item.examine for item in found.items):
        served = tuple(requirement for where, requirement in LIBRARY.covered_by[one.control] if where == framework.id)
        assert one.serves == served


def test_there_is_something_to_draw_for_every_control(framework: Framework) -> None:
    for item in checklist(LIBRARY, framework).items:
        for one in item.examine:
            assert len(one.samples) == len(LIBRARY.controls[one.control].expectations)


def test_what_to_see_is_documented_information_and_what_sufficient_controls_produce() -> None:
    policy = next(item for item in checklist(LIBRARY, ISO).items if item.requirement == "5.2")
    assert policy.sees[0] == "Documented information, which the requirement itself asks for"
    assert any(seen.endswith("(GOV-02)") for seen in policy.sees)


def test_clauses_are_taken_with_all_below_them() -> None:
    found = checklist(LIBRARY, ISO, clauses=["A.6.2", "9.1"])
    assert [item.requirement for item in found.items][:2] == ["9.1", "A.6.2.2"]
    assert all(item.requirement == "9.1" or item.requirement.startswith("A.6.2.") for item in found.items)
    kept = {item.requirement for item in found.items}
    assert all(set(one.serves) <= kept for item in found.items for one in item.examine)


def test_a_level_can_be_walked_alone() -> None:
    whole = len(checklist(LIBRARY, ISO).items)
    by_level = [checklist(LIBRARY, ISO, level=level).items for level in ("organisation", "system")]
    assert {item.level for item in by_level[1]} == {"system"}
    assert sum(map(len, by_level)) == whole


def test_a_clause_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ChecklistError, match=r"iso42001-2023 has no requirement A\.99, B"):
        checklist(LIBRARY, ISO, clauses=["A.6", "B", "A.99"])


def test_it_is_the_same_every_time(framework: Framework) -> None:
    assert checklist(LIBRARY, framework) == checklist(LIBRARY, framework)


def test_rows_hold_every_step_and_every_requirement(framework: Framework) -> None:
    found = checklist(LIBRARY, framework)
    header, rows = to_csv_rows(found)
    assert header == HEADER
    assert all(len(row) == len(HEADER) for row in rows)
    assert {row[1] for row in rows} == {item.requirement for item in found.items}
    assert sum(bool(row[8]) for row in rows) == found.steps
    assert len(rows) == found.steps + sum(not item.examine for item in found.items)


def test_a_duty_that_nothing_covers_is_still_asked_about() -> None:
    bare = replace(LIBRARY, coverage=MappingProxyType({}))
    _, rows = to_csv_rows(checklist(bare, bare.frameworks["eu-ai-act"], clauses=["Art.61"]))
    assert [row[9] for row in rows] == ["No control of the library covers it: ask."]
