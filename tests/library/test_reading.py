"""What the library says can be read: sentences of their own, of bearable length, and every date with a source."""

import re
from collections.abc import Iterator

import pytest

from annexa.library.load import library
from annexa.pure.standards import Framework

LIBRARY = library()
LONGEST_SENTENCE = 45
"""Words; a definition of a law with all its exceptions stays below."""
HARDEST = 85.0
HARD_ON_AVERAGE = 50.0
"""LIX, words per sentence plus percent of words over six letters: 40 to 50 is a newspaper's level, 60 a law's."""


def sentences(text: str) -> list[str]:
    """The sentences of a text; a dot inside a number or a citation ends none."""
    return [one.strip() for one in re.split(r"(?<=[.!?])\s+(?=[A-Z0-9])", text) if one.strip()]


def lix(text: str) -> float:
    """How hard a text is to read (Björnsson 1968)."""
    words = re.findall(r"[A-Za-z0-9'’-]+", text)
    return len(words) / len(sentences(text)) + 100 * sum(len(word) > 6 for word in words) / len(words)


@pytest.fixture(params=sorted(LIBRARY.frameworks))
def framework(request: pytest.FixtureRequest) -> Framework:
    """Each framework of the library."""
    return LIBRARY.frameworks[request.param]


def _told() -> Iterator[tuple[str, str]]:
    """Every sentence with five words or more of requirements and controls, with the place it stands in."""
    for one in LIBRARY.frameworks.values():
        for requirement in one.requirements:
            for sentence in sentences(requirement.summary):
                yield f"{one.id} {requirement.id}", sentence
    for control in LIBRARY.controls.values():
        for text in (control.objective, control.practice, *(test.how for test in control.tests)):
            for sentence in sentences(text):
                yield control.id, sentence


def test_no_sentence_is_told_twice() -> None:
    """Not between two requirements, not between a requirement and a control, not within one of them."""
    places: dict[str, list[str]] = {}
    for place, sentence in _told():
        words = re.findall(r"[a-z0-9]+", sentence.casefold())
        if len(words) >= 5:
            places.setdefault(" ".join(words), []).append(place)
    assert {sentence: where for sentence, where in places.items() if len(where) > 1} == {}


def test_no_sentence_is_longer_than_breath() -> None:
    assert [(place, one) for place, one in _told() if len(one.split()) > LONGEST_SENTENCE] == []


def test_summaries_can_be_read(framework: Framework) -> None:
    hard = {r.id: round(lix(r.summary)) for r in framework.requirements if lix(r.summary) > HARDEST}
    assert hard == {}
    assert sum(lix(r.summary) for r in framework.requirements) / len(framework.requirements) < HARD_ON_AVERAGE


def test_every_date_has_a_source(framework: Framework) -> None:
    """A day on which a duty begins stands beside where it is read."""
    dated = [r for r in framework.requirements if r.applies_from is not None]
    assert [r.id for r in dated if not (r.source or framework.source_url)] == []


def test_every_framework_says_where_it_is_published(framework: Framework) -> None:
    assert framework.source_url.startswith("https://")
    assert framework.licence_note
