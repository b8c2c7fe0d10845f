"""Searching the library finds everything there is to read, numbers before titles before texts, and marks the words."""

import pytest

from annexa.answers.errors import UnknownError
from annexa.answers.library_search import KINDS, hit, index, search_library, words_of
from annexa.library.load import library
from annexa.pure.permits import Actor


@pytest.fixture
def find(actor, now):
    """Searches as the administrator."""

    def ask(text: str, **narrow: str):
        return search_library(actor=actor, text=text, now=now, **narrow)

    return ask


def test_every_kind_is_in_the_index() -> None:
    assert {entry.kind for entry in index(library())} == set(KINDS)


def test_every_requirement_control_and_edge_is_in_it() -> None:
    counted = {kind: sum(entry.kind == kind for entry in index(library())) for kind in KINDS}
    assert counted["requirement"] == sum(len(f.requirements) for f in library().frameworks.values())
    assert counted["control"] == len(library().controls)
    assert counted["mapping"] == sum(len(mapping.edges) for mapping in library().mappings)


def test_the_same_library_is_indexed_once() -> None:
    assert index(library()) is index(library())


def test_a_number_comes_first_however_it_is_typed(find) -> None:
    for typed in ("Art.26(6)", "article 26 (6)", "26(6)"):
        first = find(typed).groups["requirement"][0]
        assert (first.number, first.address[0]) == ("Art.26(6)", "eu-ai-act")


def test_words_in_the_title_come_before_words_in_the_text(find) -> None:
    found = find("human oversight").groups["requirement"]
    in_title = [all(word in words_of(entry.title) for word in ("human", "oversight")) for entry in found]
    assert in_title == sorted(in_title, reverse=True)
    assert True in in_title
    assert False in in_title


def test_all_words_must_occur_and_only_beginnings_count(find) -> None:
    both, one = find("incident supplier").total, find("incident").total
    assert 0 < both < one
    assert all(
        any(word.startswith("scrut") for word in words_of(" ".join((entry.title, entry.where, *entry.texts))))
        for entries in find("scrut").groups.values()
        for entry in entries
    )


def test_letters_do_not_matter(find) -> None:
    assert find("OVERSIGHT").total == find("oversight").total


def test_a_sentence_shows_the_words_it_was_found_by(find) -> None:
    found = find("red teaming")
    entry = found.groups["control"][0]
    shown = hit(entry, found.words)
    marked = {piece.text.casefold() for piece in (*shown.title, *shown.excerpt) if piece.match}
    assert any(word.startswith("teaming") for word in marked)
    assert "".join(piece.text for piece in shown.title) == entry.title


def test_a_long_sentence_is_cut_around_the_word(find) -> None:
    found = find("statement")
    for entries in found.groups.values():
        for entry in entries:
            excerpt = "".join(piece.text for piece in hit(entry, found.words).excerpt)
            assert len(excerpt) < 280


def test_facets_count_what_they_leave(find) -> None:
    found = find("incident")
    kinds = dict(found.kinds)
    assert sum(kinds.values()) == found.total
    assert find("incident", kind="control").total == kinds["control"]
    assert set(find("incident", kind="control").groups) == {"control"}
    assert dict(find("incident", kind="control").kinds) == kinds
    narrowed = find("incident", framework="nis2")
    counted = {framework.id: count for framework, count in found.frameworks}
    assert narrowed.total == counted["nis2"]


@pytest.mark.parametrize("typed", ["", "   ", "%", "(", "\x00", "(" * 5000, "***"])
def test_what_has_no_words_finds_nothing(find, typed) -> None:
    assert find(typed).total == 0


def test_strangers_find_nothing(now, organisation) -> None:
    nobody = Actor(id="person/0", name="Nobody", role="")
    with pytest.raises(UnknownError):
        search_library(actor=nobody, text="risk", now=now)
