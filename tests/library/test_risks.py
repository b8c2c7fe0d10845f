"""The catalogue of risks: read whole or refused whole; every scenario says something of its own and can be reduced."""

import re
from collections import Counter
from itertools import combinations, pairwise

import pytest

from annexa.library.load import library
from annexa.library.reader import LibraryError, shipped
from annexa.library.risks import dangling, load_risks, risks
from annexa.pure.risk import AREAS, HARMED, MatrixScale, QuantityScale, Scenario, level, step_of
from tests.library.test_content import AMERICAN, told_twice, words

CATALOGUE = risks()
SCENARIOS = tuple(CATALOGUE.scenarios.values())
MATRICES = [scale for scale in CATALOGUE.scales.values() if isinstance(scale, MatrixScale)]
PREFIX = {"security": "SEC", "ai": "AI", "privacy": "PRV", "agents": "AGT", "third-parties": "TPS"}

TAXONOMIES = b"""\
[[taxonomy]]
id = "list-2026"
key = "list"
title = "List of threats"
publisher = "Nobody"
release = "2026"
source_url = "https://example.org"
read_on = 2026-11-21
note = "For tests."

[[taxonomy.tag]]
id = "T1"
title = "Threat"
confidence = "high"
"""

AI = b"""\
area = "ai"

[[scenario]]
id = "SC-AI-01"
title = "Something happens"
level = "system"
asset = "model"
threat = "Somebody does it."
weakness = "Nobody prevents it."
likelihood = 2
impact = 4
because = "It is known."
controls = ["LIF-09"]
list = ["T1"]
built = ["in-house"]
personal_data = true

[scenario.consequence]
individuals = "They are harmed."
"""

FILES = {"risks/ai.toml": AI, "risks/taxonomies.toml": TAXONOMIES}


def problems_of(files: dict[str, bytes]) -> str:
    """What the loader says about files that are wrong."""
    with pytest.raises(LibraryError) as caught:
        load_risks({**FILES, **files})
    return str(caught.value)


def own_words(scenario: Scenario) -> list[str]:
    """Every sentence of a scenario."""
    return [scenario.threat, scenario.weakness, scenario.because, *scenario.consequence.values()]


# --- the loader


def test_it_reads_what_is_right() -> None:
    found = load_risks(FILES).scenarios["SC-AI-01"]
    assert (found.area, found.level, found.likelihood, found.impact) == ("ai", "system", 2, 4)
    assert found.tags == {"list-2026": ("T1",)}
    assert found.consequence == {"individuals": "They are harmed."}
    assert (found.built, found.personal_data) == (("in-house",), True)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b'area = "ai"', b'area = "security"', "the file is named ai"),
        (b"likelihood = 2", b"likelihood = 6", "likelihood is 6; it is a step from 1 to 5"),
        (b"impact = 4", b"impact = 0", "impact is 0"),
        (b"impact = 4", b"impact = 4\ncolour = 1", "colour is not a known key"),
        (b'["T1"]', b'["T2"]', "list names 'T2', which is not among the tags of list-2026"),
        (b'["LIF-09"]', b"[]", "it names no control"),
        (b'["LIF-09"]', b'["LIF-09", "LIF-09"]', "it names a control twice"),
        (b'"system"', b'"organisation"', "are for scenarios of the level system"),
        (b"individuals", b"neighbours", "nobody is harmed"),
        (b'"in-house"', b'"elsewhere"', "built names 'elsewhere'"),
        (b'threat = "Somebody does it."\n', b"", "threat is missing"),
    ],
)
def test_what_is_wrong_with_a_scenario_is_named(old: bytes, new: bytes, sentence: str) -> None:
    assert old in AI
    said = problems_of({"risks/ai.toml": AI.replace(old, new)})
    assert "risks/ai.toml: " in said
    assert sentence in said


def test_all_problems_of_all_files_are_said_at_once() -> None:
    said = problems_of(
        {
            "risks/ai.toml": AI.replace(b"likelihood = 2", b"likelihood = 9"),
            "risks/taxonomies.toml": TAXONOMIES.replace(b'confidence = "high"', b'confidence = "sure"'),
            "risks/agents.toml": b"area = ",
        }
    )
    assert "likelihood is 9" in said
    assert "confidence is 'sure'" in said
    assert "risks/agents.toml: file: cannot be read as TOML" in said


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("to_per_year = 0.03", "to_per_year = 0.04", "the ranges of likelihood do not run from 0 upwards"),
        ("to_share = 0.0005", "to_share = 0.05", "the ranges of impact do not run from 0 upwards"),
        ('["low", "low", "low", "medium", "high"]', '["low", "low", "low", "medium"]', "each row a level for each"),
        ('["low", "low", "low", "medium", "high"]', '["low", "low", "low", "medium", "odd"]', "the level 'odd'"),
        ('value = 1\nword = "remote"', 'value = 2\nword = "remote"', "the steps of likelihood are not 1, 2, 3"),
        ('society = "Nothing beyond the parties concerned."\n', "", "society is missing"),
        ('ruin_level = "high"', 'ruin_level = "odd"', "which is no level of the scale"),
        ('id = "3x3"', 'id = "5x5"', "the id occurs twice"),
        ("from_share = 0.03", "from_share = 0.001", "the levels do not begin at 0 and rise"),
    ],
)
def test_a_scale_with_gaps_is_refused(old: str, new: str, sentence: str) -> None:
    text = shipped(("risks",))["risks/scales.toml"].decode()
    assert old in text
    assert sentence in problems_of({"risks/scales.toml": text.replace(old, new, 1).encode()})


def test_references_to_controls_are_checked_against_the_library() -> None:
    found = load_risks({**FILES, "risks/ai.toml": AI.replace(b"LIF-09", b"NOT-99")})
    assert dangling(found, library()) == ("risks/ai.toml: SC-AI-01: control 'NOT-99' does not exist",)


# --- the shipped scenarios


def test_every_control_named_exists() -> None:
    assert dangling(CATALOGUE, library()) == ()


def test_there_are_scenarios_of_every_area_and_for_everybody_harmed() -> None:
    areas = Counter(scenario.area for scenario in SCENARIOS)
    assert len(SCENARIOS) >= 90
    assert all(areas[area] >= 14 for area in AREAS)
    harmed = Counter(who for scenario in SCENARIOS for who in scenario.consequence)
    assert all(harmed[who] >= 8 for who in HARMED)


def test_scenarios_are_numbered_within_their_area() -> None:
    for area in AREAS:
        found = [scenario.id for scenario in SCENARIOS if scenario.area == area]
        assert found == [f"SC-{PREFIX[area]}-{number:02}" for number in range(1, len(found) + 1)]


def test_no_sentence_is_used_twice() -> None:
    assert told_twice([sentence for scenario in SCENARIOS for sentence in own_words(scenario)]) == []
    assert told_twice([scenario.title for scenario in SCENARIOS]) == []


def test_no_two_scenarios_are_alike() -> None:
    bags = [(scenario.id, set(words(" ".join(own_words(scenario))))) for scenario in SCENARIOS]
    assert [(one, other) for (one, a), (other, b) in combinations(bags, 2) if len(a & b) > 0.4 * len(a | b)] == []


def test_sentences_are_whole_and_british() -> None:
    for scenario in SCENARIOS:
        for sentence in own_words(scenario):
            assert re.fullmatch(r"[A-Z].{20,240}\.", sentence), (scenario.id, sentence)
            assert AMERICAN.findall(sentence) == [], scenario.id


def test_a_scenario_about_persons_says_what_happens_to_them() -> None:
    assert [
        scenario.id
        for scenario in SCENARIOS
        if scenario.personal_data and set(scenario.consequence) <= {"organisation"}
    ] == []


def test_the_proposals_differ_enough_to_rank_by() -> None:
    """They are before any control; what is low even then would not be worth a scenario."""
    scale = CATALOGUE.scales["5x5"]
    found = Counter(level(scale, scenario.likelihood, scenario.impact).id for scenario in SCENARIOS)
    assert set(found) == {"medium", "high", "critical"}
    assert max(found.values()) < 0.7 * len(SCENARIOS)
    assert len({(scenario.likelihood, scenario.impact) for scenario in SCENARIOS}) >= 9


# --- tags


def test_tags_have_the_form_of_their_list() -> None:
    atlas, owasp = CATALOGUE.taxonomies["mitre-atlas"], CATALOGUE.taxonomies["owasp-llm-2025"]
    assert [tag for tag in atlas.tags if not re.fullmatch(r"AML\.T\d{4}(\.\d{3})?", tag)] == []
    assert list(owasp.tags) == [f"LLM{number:02}:2025" for number in range(1, 11)]


def test_a_sub_technique_is_named_after_its_parent() -> None:
    tags = CATALOGUE.taxonomies["mitre-atlas"].tags
    for tag in tags.values():
        parent = tags.get(tag.id[:9])
        if len(tag.id) > 9 and parent:
            assert tag.title.startswith(f"{parent.title}: "), tag.id


def test_every_entry_of_the_top_ten_has_a_scenario() -> None:
    used = {tag for scenario in SCENARIOS for tag in scenario.tags["owasp-llm-2025"]}
    assert used == set(CATALOGUE.taxonomies["owasp-llm-2025"].tags)


def test_every_scenario_of_agents_is_tagged_or_about_keeping_house() -> None:
    untagged = [scenario.id for scenario in SCENARIOS if scenario.area == "agents" and not any(scenario.tags.values())]
    assert untagged == ["SC-AGT-10", "SC-AGT-12", "SC-AGT-13"]


# --- scales


@pytest.mark.parametrize("scale", MATRICES, ids=lambda scale: scale.id)
def test_more_often_or_worse_is_never_a_lower_level(scale: MatrixScale) -> None:
    order = [one.id for one in scale.levels]
    grid = [[order.index(name) for name in row] for row in scale.rows]
    for row in (*grid, *zip(*grid, strict=True)):
        assert all(low <= high for low, high in pairwise(row))
    assert grid[0][0] == 0
    assert grid[-1][-1] == len(order) - 1
    assert {name for row in scale.rows for name in row} == set(order)


@pytest.mark.parametrize("scale", CATALOGUE.scales.values(), ids=lambda scale: scale.id)
def test_the_highest_level_is_accepted_by_nobody(scale: MatrixScale | QuantityScale) -> None:
    assert [one.accepted_by for one in scale.levels] == ["risk owner", "head of unit", "top management", "nobody"]
    assert told_twice([one.rule for one in scale.levels]) == []


def test_the_matrix_and_the_numbers_are_never_more_than_one_level_apart() -> None:
    """Whoever changes from words to figures must not find the register turned over."""
    matrix, numbers = CATALOGUE.scales["5x5"], CATALOGUE.scales["quantitative"]
    assert isinstance(matrix, MatrixScale)
    order = [one.id for one in matrix.levels]
    for often in matrix.likelihood:
        for bad in matrix.impact:
            per_year = ((often.from_per_year or 0.01) * (often.to_per_year or 10.0)) ** 0.5
            share = ((bad.from_share or 0.00005) * (bad.to_share or 0.5)) ** 0.5
            in_words = order.index(level(matrix, often.value, bad.value).id)
            assert abs(in_words - order.index(level(numbers, per_year, share).id)) <= 1, (often.word, bad.word)


def test_words_of_scales_are_their_own() -> None:
    said = [step.meaning for scale in MATRICES for step in scale.likelihood]
    said += [sentence for scale in MATRICES for step in scale.impact for sentence in step.meaning.values()]
    assert told_twice(said) == []
    assert [sentence for sentence in said if AMERICAN.findall(sentence)] == []


def test_a_weekly_event_is_frequent_and_one_in_a_century_remote() -> None:
    scale = CATALOGUE.scales["5x5"]
    assert isinstance(scale, MatrixScale)
    assert [step_of(scale, per_year).word for per_year in (52, 0.01)] == ["frequent", "remote"]
