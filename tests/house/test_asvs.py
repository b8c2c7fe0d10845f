"""docs/asvs.md: every requirement of levels 1 and 2 of OWASP ASVS 5.0.0, once, and every test it names is run."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.house.test_running import kept_in

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
LEVELS = {
    "1.1": "22", "1.2": "1111122223", "1.3": "112222222223", "1.4": "222", "1.5": "123",
    "2.1": "122", "2.2": "112", "2.3": "12223", "2.4": "23",
    "3.1": "3", "3.2": "113", "3.3": "12223", "3.4": "11222233", "3.5": "11122333", "3.6": "3", "3.7": "22333",
    "4.1": "12233", "4.2": "23333", "4.3": "22", "4.4": "1222",
    "5.1": "2", "5.2": "112333", "5.3": "113", "5.4": "222",
    "6.1": "122", "6.2": "111111112222", "6.3": "11223333", "6.4": "112233", "6.5": "22222333", "6.6": "2223",
    "6.7": "33", "6.8": "2222",
    "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "223", "7.6": "22",
    "8.1": "1233", "8.2": "1123", "8.3": "133", "8.4": "23",
    "9.1": "111", "9.2": "1222",
    "10.1": "22", "10.2": "223", "10.3": "22223", "10.4": "1111122222233333", "10.5": "22222", "10.6": "22",
    "10.7": "222",
    "11.1": "2233", "11.2": "22233", "11.3": "11233", "11.4": "1222", "11.5": "23", "11.6": "23", "11.7": "33",
    "12.1": "12233", "12.2": "11", "12.3": "22223",
    "13.1": "2333", "13.2": "222223", "13.3": "2233", "13.4": "1222233",
    "14.1": "22", "14.2": "12223333", "14.3": "122",
    "15.1": "12233", "15.2": "12233", "15.3": "1222222", "15.4": "3333",
    "16.1": "2", "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "2223",
    "17.1": "23", "17.2": "22223333", "17.3": "22",
}  # fmt: skip
"""Sections of ASVS 5.0.0, and the level of each of their requirements in order: 5.1 has one, 5.1.1, of level 2."""
STATES = ("met", "not yet", "does not apply")
PARTS = re.findall(r"^## V(\d+) .+?$(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL)
CHAPTERS = {int(number): body for number, body in PARTS}
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py::\w+)`", TEXT)))


def rows(body: str) -> list[list[str]]:
    """The cells of the table of a chapter, without its head."""
    lines = [line for line in body.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


ROWS = [row for body in CHAPTERS.values() for row in rows(body)]


def test_the_standard_has_as_many_as_it_says() -> None:
    """Source: the release of 5.0.0 has 345 requirements: 70 of level 1, 183 of level 2, 92 of level 3."""
    assert Counter("".join(LEVELS.values())) == {"1": 70, "2": 183, "3": 92}
    assert {int(section.split(".")[0]) for section in LEVELS} == set(range(1, 18))


def test_every_requirement_is_there_once_in_its_chapter_and_order() -> None:
    asked = [
        [f"{section}.{n}", level]
        for section, levels in LEVELS.items()
        for n, level in enumerate(levels, start=1)
        if level in "12"
    ]
    assert list(CHAPTERS) == list(range(1, 18))
    assert [row[:2] for row in ROWS] == asked
    for chapter, body in CHAPTERS.items():
        assert {row[0].split(".")[0] for row in rows(body)} == {str(chapter)}


def test_every_row_is_whole() -> None:
    """Rule: met has a test that shows it; everything else has a reason."""
    assert [row for row in ROWS if len(row) != 6 or not all(row)] == []
    assert {row[3] for row in ROWS} == set(STATES)
    for number, _, what, state, how, test in ROWS:
        assert 2 <= len(what.split()) <= 14, number
        assert len(how) > 3 or state == "met", number
        if state == "met":
            assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", test), number
        else:
            assert (test, len(how.split()) >= 2) == ("–", True), number


def test_the_counts_at_the_top_are_right() -> None:
    counted = Counter((row[1], row[3]) for row in ROWS)
    head = TEXT.split("\n## ")[0]
    for level, name in (("1", "1"), ("2", "2"), ("12", "1 and 2")):
        numbers = [sum(counted[one, state] for one in level) for state in STATES]
        assert f"| {name} | {' | '.join(map(str, [*numbers, sum(numbers)]))} |" in head


@pytest.mark.parametrize("name", NAMED)
def test_every_test_it_names_exists_and_is_run(name: str) -> None:
    """Rule: not skipped, not expected to fail, and in need of neither a browser nor a server that may be missing."""
    file, _, test = name.partition("::")
    found = kept_in(file)
    assert test in found
    assert found[test] & {"skip", "skipif", "xfail", "browser", "postgres"} == set()


def test_settings_that_are_named_exist() -> None:
    from annexa.settings import SETTINGS

    named = set(re.findall(r"`(ANNEXA_[A-Z_]+)", TEXT))
    assert named
    assert named - {one.name for one in SETTINGS} == set()
