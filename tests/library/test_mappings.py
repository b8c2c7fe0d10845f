"""Mappings: the loader refuses wrong ones whole, and the shipped ones join what exists and say why."""

import csv
import os
import tomllib
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from annexa.library.load import library, load
from annexa.library.reader import LibraryError
from annexa.pure.mappings import compose, direct, inverse, least, related
from annexa.pure.standards import Confidence, FrameworkMapping, Relation

from .test_load import FILES, FRAMEWORK

LIBRARY = library()
ROOT = Path(__file__).parents[2]
FACTS = Path(os.environ.get("ANNEXA_TEST_FACTS", ROOT.parent / "shared" / "facts"))
FRAMEWORK_OF = {
    "iso27001_2022": "iso27001-2022",
    "iso27001_2013": "iso27001-2013",
    "iso42001_2023": "iso42001-2023",
    "iso27701_2025": "iso27701-2025",
    "nist_ai_rmf": "nist-ai-rmf-1.0",
    "nist_csf_2": "nist-csf-2.0",
    "eu_ai_act": "eu-ai-act",
    "eu_ai_act_annexes": "eu-ai-act",
    "gdpr": "gdpr",
    "nis2": "nis2",
}
RELATION_OF = {
    "equal": Relation.EQUAL,
    "subset": Relation.SUBSET_OF,
    "superset": Relation.SUPERSET_OF,
    "intersects": Relation.INTERSECTS_WITH,
    "supports": Relation.INTERSECTS_WITH,
}

M = "mappings/small--other.toml"
MAPPING = """\
source = "small"
target = "other"
author = "Nobody"
basis = "An example."

[[edge]]
from = "1.1"
to = "1.2"
relation = "subset_of"
rationale = "The one is part of the other."
source = "Reading"
confidence = "high"
"""
OTHER = FRAMEWORK.replace(b'id = "small"', b'id = "other"')


def files(mapping: str = MAPPING, name: str = M) -> dict[str, bytes]:
    """The small library with another framework and a mapping to it."""
    return {**FILES, "frameworks/other.toml": OTHER, name: mapping.encode()}


def problems_of(found: dict[str, bytes]) -> tuple[str, ...]:
    with pytest.raises(LibraryError) as refused:
        load(found)
    return refused.value.problems


def test_it_works() -> None:
    (mapping,) = load(files()).mappings
    (edge,) = mapping.edges
    assert (mapping.source, mapping.target, mapping.author) == ("small", "other", "Nobody")
    assert (edge.start, edge.end, edge.relation, edge.confidence) == (
        "1.1", "1.2", Relation.SUBSET_OF, Confidence.HIGH,
    )  # fmt: skip
    assert load(FILES).mappings == ()


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('author = "Nobody"', 'author = "Nobody"\nyear = 1', f"{M}: file: year is not a known key"),
        ('from = "1.1"', 'from = "1.1"\nnote = "x"', f"{M}: edge 1.1 to 1.2: note is not a known key"),
        ('basis = "An example."', "", f"{M}: file: basis is missing"),
        ('"subset_of"', '"subset"', f"{M}: edge 1.1 to 1.2: relation is 'subset'; it is one of equal, subset_of"),
        ('"subset_of"', '"supports"', f"{M}: edge 1.1 to 1.2: relation is 'supports'"),
        ('"high"', '"certain"', f"{M}: edge 1.1 to 1.2: confidence is 'certain'; it is one of high"),
        ('"The one is part of the other."', '" "', f"{M}: edge 1.1 to 1.2: rationale is empty"),
        ('from = "1.1"', 'from = "9"', f"{M}: 9: small has no such requirement"),
        ('to = "1.2"', 'to = "9"', f"{M}: 9: other has no such requirement"),
        ('to = "1.2"', "", f"{M}: file edge number 1: to is missing"),
        ('target = "other"', 'target = "another"', f"{M}: file: it maps 'small' to 'another', but the file is named"),
        (MAPPING[MAPPING.index("[[edge]]") :], "", f"{M}: file: it has no edges"),
        ("[[edge]]", f"{MAPPING[MAPPING.index('[[edge]]') :]}\n[[edge]]", f"{M}: edge 1.1 to 1.2: the edge occurs"),
    ],
)
def test_each_mistake_is_refused_with_file_and_edge(old: str, new: str, problem: str) -> None:
    assert old in MAPPING
    found = problems_of(files(MAPPING.replace(old, new, 1)))
    assert any(one.startswith(problem) for one in found), found


def test_a_framework_is_not_mapped_to_itself_nor_to_nothing() -> None:
    itself = MAPPING.replace('"other"', '"small"')
    assert "mappings/small--small.toml: file: it maps a framework to itself" in problems_of(
        files(itself, "mappings/small--small.toml")
    )
    nobody = MAPPING.replace('"other"', '"nobody"')
    assert "mappings/small--nobody.toml: file: framework 'nobody' does not exist" in problems_of(
        files(nobody, "mappings/small--nobody.toml")
    )


def test_all_mistakes_are_told_at_once() -> None:
    wrong = MAPPING.replace('"subset_of"', '"near"').replace('"high"', '"sure"').replace('"1.1"', '"9"')
    assert len(problems_of(files(wrong))) == 3


def test_the_example_in_the_library_guide_is_accepted() -> None:
    guide = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    lines = guide[guide.index('    source = "example-2020"') :].splitlines()
    end = next(n for n, line in enumerate(lines) if line and not line.startswith("    "))
    example = "\n".join(line[4:] for line in lines[:end])
    assert set(tomllib.loads(example)["edge"][0]) == {"from", "to", "relation", "rationale", "source", "confidence"}
    ours = example.replace("example-2020", "small").replace("example-2026", "other")
    assert load(files(ours.replace('"3.1"', '"1.1"').replace('"4.1"', '"1.2"'))).mappings


# --- what is shipped


@pytest.fixture(params=LIBRARY.mappings, ids=lambda m: f"{m.source}--{m.target}")
def mapping(request: pytest.FixtureRequest) -> FrameworkMapping:
    """Each mapping of the library."""
    found: FrameworkMapping = request.param
    return found


def test_every_end_exists(mapping: FrameworkMapping) -> None:
    source, target = LIBRARY.frameworks[mapping.source], LIBRARY.frameworks[mapping.target]
    assert [e for e in mapping.edges if e.start not in source.by_id or e.end not in target.by_id] == []


def test_no_rationale_is_given_twice(mapping: FrameworkMapping) -> None:
    said = Counter(" ".join(edge.rationale.lower().split()) for edge in mapping.edges)
    assert [text for text, times in said.items() if times > 1] == []


def test_every_rationale_is_a_sentence(mapping: FrameworkMapping) -> None:
    for edge in mapping.edges:
        assert edge.rationale[0].isupper(), edge.rationale
        assert edge.rationale.endswith("."), edge.rationale
        assert 6 <= len(edge.rationale.split()) <= 80, edge.rationale


def test_no_two_mappings_contradict_each_other() -> None:
    for one, other in combinations(LIBRARY.mappings, 2):
        if (one.source, one.target) == (other.target, other.source):
            back = {(edge.end, edge.start): edge.relation for edge in other.edges}
            for edge in one.edges:
                assert back.get((edge.start, edge.end), inverse(edge.relation)) is inverse(edge.relation), edge


def rows_of(table: str) -> list[dict[str, str]]:
    """The rows of a fact table; skips the test if it is not at hand."""
    path = FACTS / f"{table}.csv"
    if not path.exists():
        pytest.skip(f"needs {path.name} in {FACTS}")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def end_of(framework: str, requirement: str) -> tuple[str, str]:
    """Where an end of the fact table is in the library."""
    if framework == "colorado":
        return ("us-co-sb24-205" if requirement.startswith("CO24") else "us-co-sb26-189"), requirement
    return FRAMEWORK_OF[framework], requirement


def test_every_known_correspondence_is_there() -> None:
    there = {
        ((m.source, e.start), (m.target, e.end)): (e.relation, str(e.confidence))
        for m in LIBRARY.mappings
        for e in m.edges
    }
    missing = []
    for row in rows_of("crosswalks"):
        start = end_of(row["source_framework"], row["source_id"])
        end = end_of(row["target_framework"], row["target_id"])
        if there.get((start, end)) != (RELATION_OF[row["relation"]], row["confidence"]):
            missing.append((start, end))
    assert missing == []


def test_every_control_of_2013_leads_to_2022() -> None:
    known = LIBRARY.frameworks["iso27001-2013"].by_id
    for row in rows_of("iso27001_2013_to_2022"):
        if row["iso27001_2013_id"] in known:
            found = {one.end: one.relation for one in direct(LIBRARY, "iso27001-2013", row["iso27001_2013_id"])}
            assert found["iso27001-2022", row["iso27001_2022_id"]] is RELATION_OF[row["relation"]]
    assert all(direct(LIBRARY, "iso27001-2013", one.id) for one in known.values() if one.kind == "control")


def test_a_conclusion_is_never_more_than_its_parts_allow() -> None:
    every = [(f.id, r.id) for f in LIBRARY.frameworks.values() if f.status == "current" for r in f.requirements]
    concluded = 0
    for start in every[::10]:
        near = {one.end: one for one in direct(LIBRARY, *start)}
        for one in related(LIBRARY, *start):
            assert one.requirement in LIBRARY.frameworks[one.framework].by_id
            if one.via is None:
                continue
            concluded += 1
            first, second = near[one.via], one.edges[1]
            relations = {compose(first.relation, second.relation), compose(first.relation, inverse(second.relation))}
            assert one.relation in relations
            assert one.confidence is least(first.confidence, second.confidence)
    assert concluded > 100
