"""Two frameworks side by side: what is said, what is only concluded, what is left, and groups that can be read."""

import csv
import io
from collections import Counter

import pytest

from annexa.answers import mappings
from annexa.answers.errors import UnknownError
from annexa.answers.mappings import COLUMNS, MOST_GROUPS, OTHERS, Asked, as_csv, choice, compare, connections
from annexa.library.load import library
from annexa.pure.mappings import related
from annexa.pure.standards import Relation

PAIRS = [(one, other) for one in library().frameworks for other in library().frameworks if one != other]


@pytest.fixture
def pair(actor, now):
    """Compares two frameworks."""

    def ask(source: str, target: str, **asked):
        return compare(actor=actor, source=source, target=target, asked=Asked(**asked), now=now)

    return ask


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("iso42001-2023", "gdpr"),
        ("gdpr", "nis2"),
        ("iso27001-2013", "iso27001-2022"),
        ("us-co-sb26-189", "iso27701-2025"),
    ],
)
def test_connections_are_those_that_each_requirement_has(source: str, target: str) -> None:
    """Rule: the pair in one go says the same as asking for each requirement."""
    held = library()
    here, there = held.frameworks[source], held.frameworks[target]
    found = {(one.start.id, one.related.end): one.related for one in connections(held, here, there)}
    expected = {
        (start.id, one.end): one
        for start in here.requirements
        for one in related(held, source, start.id)
        if one.framework == target
    }
    assert found.keys() == expected.keys()
    assert all(found[key].relation is one.relation for key, one in expected.items())
    assert all((found[key].via is None) is (one.via is None) for key, one in expected.items())


def test_both_directions_hold_the_same_direct_pairs(pair) -> None:
    """Rule: turned round, every pair is there with the relation turned round."""
    there, back = pair("iso42001-2023", "iso27001-2022"), pair("iso27001-2022", "iso42001-2023")
    assert {(one.start.id, one.end.id) for one in there.shown} == {(one.end.id, one.start.id) for one in back.shown}
    count = Counter(one.related.relation for one in there.shown)
    turned = Counter(one.related.relation for one in back.shown)
    assert count[Relation.SUBSET_OF] == turned[Relation.SUPERSET_OF]


def test_conclusions_are_shown_only_when_nothing_is_said_or_when_asked_for(pair) -> None:
    """Rule: a hint never stands among what a mapping says unless somebody wants it."""
    said = pair("nist-ai-rmf-1.0", "iso42001-2023")
    assert said.direct
    assert said.hints
    assert all(one.via is None for one in said.shown)
    assert len(pair("nist-ai-rmf-1.0", "iso42001-2023", concluded=True).shown) == said.direct + said.hints
    concluded = pair("gdpr", "nis2")
    assert not concluded.direct
    assert concluded.concluded
    assert all(one.via for one in concluded.shown)
    assert [one.id for one in concluded.through] == ["iso27001-2022"]
    assert not pair("gdpr", "nis2", concluded=False).shown


def test_duties_are_touched_or_in_a_gap_and_never_both(pair) -> None:
    """Rule: the two numbers add up to what is asked, and gaps hold no requirement that has a counterpart."""
    found = pair("iso42001-2023", "eu-ai-act")
    for side, ends in (
        (found.source, {one.start.id for one in found.shown}),
        (found.target, {one.end.id for one in found.shown}),
    ):
        assert sum(gap.duties for gap in side.gaps) == side.untouched == side.duties - side.touched
        missing = {gap.requirement.id for gap in side.gaps}
        assert not missing & ends
        for end in ends:
            assert not missing & {step.id for step in side.framework.lineage(side.framework.by_id[end])}
        assert all(not gap.requirement.no_duty for gap in side.gaps if gap.duties == 1)


def test_the_new_edition_shows_its_new_controls_and_where_old_ones_went(pair) -> None:
    """Rule: ISO/IEC 27002:2022 has eleven new controls; clauses 4 to 10 are not held in the old edition."""
    found = pair("iso27001-2013", "iso27001-2022")
    assert found.editions
    assert found.source.untouched == 0
    assert [gap.requirement.id for gap in found.target.gaps] == [
        "A.5.7", "A.5.23", "A.5.30", "A.7.4", "A.8.9", "A.8.10", "A.8.11", "A.8.12", "A.8.16", "A.8.23", "A.8.28",
    ]  # fmt: skip
    assert [one.id for one in found.target.outside] == ["4", "5", "6", "7", "8", "9", "10"]
    assert {one.end.id for one in pair("iso27001-2013", "iso27001-2022", requirement="A.9.2.1").chosen} == {"A.5.16"}


def test_a_search_answers_with_the_nearest_group_where_the_requirement_itself_has_nothing(pair) -> None:
    """Rule: a mapping of a group holds for its parts, and is said as what it is."""
    found = pair("iso27001-2013", "iso42001-2023", requirement="A.15.1.3")
    assert {one.start.id for one in found.chosen} == {"A.15.1"}
    below = pair("iso27001-2013", "iso27001-2022", requirement="A.9.2")
    assert {"A.9.2.1", "A.9.2.6"} < {one.start.id for one in below.chosen}
    assert all(one.start.id.startswith("A.9.2") for one in below.chosen)
    assert pair("iso27001-2013", "iso27001-2022", requirement="A.99").asked is None


@pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda one: one)
def test_groups_can_be_read_and_lose_nothing(source: str, target: str) -> None:
    """Rule: at most twenty groups a side, and every end is in one."""
    held = library()
    here, there = held.frameworks[source], held.frameworks[target]
    found = connections(held, here, there)
    for framework, ends in (
        (here, Counter(one.start.id for one in found)),
        (there, Counter(one.end.id for one in found)),
    ):
        groups = mappings._grouped(framework, ends)
        assert groups.keys() == ends.keys()
        assert len(set(groups.values())) <= MOST_GROUPS
        for end, group in groups.items():
            assert group == OTHERS or group in {step.id for step in framework.lineage(framework.by_id[end])}


def test_cells_and_choices_count_what_they_lead_to(pair) -> None:
    """Rule: a number on the page is the number of rows behind it."""
    found = pair("nist-ai-rmf-1.0", "iso42001-2023")
    assert sum(found.cells.values()) == len(found.shown)
    (group, other), count = max(found.cells.items(), key=lambda cell: cell[1])
    narrowed = pair("nist-ai-rmf-1.0", "iso42001-2023", group=group, target_group=other)
    assert len(narrowed.chosen) == count
    for relation, left in narrowed.relations.items():
        chosen = pair("nist-ai-rmf-1.0", "iso42001-2023", group=group, target_group=other, relation=str(relation))
        assert len(chosen.chosen) == left
        assert chosen.relations == narrowed.relations
    assert sum(narrowed.confidences.values()) == count


def test_the_file_holds_every_pair_with_both_verdicts(pair) -> None:
    """Rule: filters narrow the page, not the file."""
    found = pair("gdpr", "nis2", group="nothing like it")
    header, *rows = csv.reader(io.StringIO(as_csv(found).decode()))
    assert tuple(header) == COLUMNS
    assert len(rows) == len(found.shown)
    assert not found.chosen
    first = dict(zip(header, rows[0], strict=True))
    assert first["from verdict"]
    assert first["to verdict"]
    assert first["why"]
    assert first["through framework"] == "iso27001-2022"


def test_the_first_two_adopted_ones_are_compared_until_somebody_chooses(actor, now, organisation) -> None:
    """Rule: without a choice the page is about us; with one framework named, about something it is mapped to."""
    found = choice(actor=actor, now=now)
    assert (found.source, found.target) == tuple(found.adopted[:2])
    assert choice(actor=actor, now=now, source="iso27001-2013").mapped[
        choice(actor=actor, now=now, source="iso27001-2013").target
    ]
    lonely = choice(actor=actor, now=now, source="nist-csf-2.0")
    assert lonely.target != "nist-csf-2.0"
    kept = choice(actor=actor, now=now, target=found.adopted[0])
    assert kept.source != kept.target == found.adopted[0]


@pytest.mark.parametrize(("source", "target"), [("iso9", "gdpr"), ("gdpr", "iso9"), ("gdpr", "gdpr")])
def test_what_cannot_be_compared_is_refused(pair, source: str, target: str) -> None:
    """Rule: an unknown framework, or one with itself, is no pair."""
    with pytest.raises(UnknownError):
        pair(source, target)
