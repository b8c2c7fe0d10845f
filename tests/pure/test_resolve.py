"""Numbers as people type them, and what is meant: the collisions between editions above all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.load import library
from annexa.pure.resolve import Resolution, resolve, tokens_of

LIBRARY = library()


def asked(text: str, edition: str | None = None) -> Resolution:
    return resolve(LIBRARY, text, edition)


def ends(found: Resolution) -> list[tuple[str, str]]:
    """Where it leads: (framework, id)."""
    return [(match.framework, match.id) for match in found.matches]


@pytest.mark.parametrize(
    ("text", "framework", "requirement"),
    [
        ("Art 26(6)", "eu-ai-act", "Art.26(6)"),
        ("Article 26 (6)", "eu-ai-act", "Art.26(6)"),
        ("article 26, paragraph 6", "eu-ai-act", "Art.26(6)"),
        ("Art. 26 Abs. 6", "eu-ai-act", "Art.26(6)"),
        ("art. 50 AI Act", "eu-ai-act", "Art.50"),
        ("EU AI Act, Article 50", "eu-ai-act", "Art.50"),
        ("Art 5(1a)", "eu-ai-act", "Art.5(1a)"),
        ("AI Act 5(1)(a)", "eu-ai-act", "Art.5(1)(a)"),
        ("Article 75a", "eu-ai-act", "Art.75a"),
        ("AnnexIV", "eu-ai-act", "AnnexIV"),
        ("annex iv", "eu-ai-act", "AnnexIV"),
        ("Annex 4, point 2(c)", "eu-ai-act", "AnnexIV.2.c"),
        ("Annex III 1(a)", "eu-ai-act", "AnnexIII.1.a"),
        ("GDPR Art 33", "gdpr", "Art.33"),
        ("Art. 33 of Regulation (EU) 2016/679", "gdpr", "Art.33"),
        ("NIS2 21(2)(h)", "nis2", "Art.21(2)(h)"),
        ("Article 21(2)(h) NIS 2", "nis2", "Art.21(2)(h)"),
        ("GOVERN 1.1", "nist-ai-rmf-1.0", "GOVERN 1.1"),
        ("govern 1.1", "nist-ai-rmf-1.0", "GOVERN 1.1"),
        ("AI RMF measure 2.11", "nist-ai-rmf-1.0", "MEASURE 2.11"),
        ("GV.OC-01", "nist-csf-2.0", "GV.OC-01"),
        ("NIST CSF 2.0 gv.oc-1", "nist-csf-2.0", "GV.OC-01"),
        ("control 5.19", "iso27001-2022", "A.5.19"),
        ("Annex A 5.19", "iso27001-2022", "A.5.19"),
        ("ISO/IEC 27001:2022 A.5.12", "iso27001-2022", "A.5.12"),
        ("iso27001-2022 a5.12", "iso27001-2022", "A.5.12"),
        ("Clause 6.1.2 of ISO 27001", "iso27001-2022", "6.1.2"),
        ("ISO 27001 6.1.3 d)", "iso27001-2022", "6.1.3.d"),
        ("6.1.3d", "iso27001-2022", "6.1.3.d"),
        ("ISO 42001 clause 6.1.4", "iso42001-2023", "6.1.4"),
        ("ISO42001 A.6.2.8", "iso42001-2023", "A.6.2.8"),
        ("27701 A.1.2.6", "iso27701-2025", "A.1.2.6"),
        ("  ＡＲＴ  26（6） ", "eu-ai-act", "Art.26(6)"),
    ],
)
def test_what_people_type(text: str, framework: str, requirement: str) -> None:
    found = asked(text)
    assert ends(found) == [(framework, requirement)]
    assert found.edition == framework
    assert found.question == ""
    assert found.matches[0].via is None


def test_every_number_finds_itself() -> None:
    for framework in LIBRARY.frameworks.values():
        for requirement in framework.requirements:
            found = asked(requirement.id, framework.id)
            assert found.edition == framework.id or len(found.matches) > 1, requirement.id
            if framework.status == "current":
                assert (framework.id, requirement.id) in ends(found), requirement.id


def test_a_number_of_2013_leads_to_2022() -> None:
    found = asked("A.12.4.1")
    assert found.edition == "iso27001-2013"
    assert ends(found) == [("iso27001-2022", "A.8.15")]
    assert (found.matches[0].relation, found.matches[0].via) == ("subset_of", "iso27001-2013 A.12.4.1")


def test_a_group_of_2013_leads_to_all_its_successors() -> None:
    assert {end for _, end in ends(asked("A.12.4"))} == {"A.8.15", "A.8.17"}
    assert {end for _, end in ends(asked("ISO 27001 A.9.2"))} == {"A.5.16", "A.5.17", "A.5.18", "A.8.2"}
    assert {m.via for m in asked("A.12.4").matches} == {"iso27001-2013 A.12.4"}


def test_a_group_no_mapping_names_leads_where_its_parts_lead() -> None:
    found = asked("A.7.3", "iso27001-2013")
    assert [(m.id, m.relation) for m in found.matches] == [("A.6.5", "superset_of")]


def test_the_collision_of_a_7_2() -> None:
    """During employment in 2013, where awareness and training was A.7.2.2; physical entry in 2022."""
    found = asked("A.7.2 of ISO 27001")
    assert found.edition is None
    assert "During employment" in found.question
    assert "Physical entry" in found.question
    assert ends(found) == [("iso27001-2022", end) for end in ("A.7.2", "A.5.4", "A.6.3", "A.6.4")]
    assert ends(asked("ISO 27001:2013 A.7.2")) == [("iso27001-2022", end) for end in ("A.5.4", "A.6.3", "A.6.4")]
    assert ends(asked("ISO 27001:2022 A.7.2")) == [("iso27001-2022", "A.7.2")]
    assert ends(asked("A.7.2 (2022)")) == [("iso27001-2022", "A.7.2")]
    assert ends(asked("A.7.2", "iso27001-2022")) == [("iso27001-2022", "A.7.2")]
    assert ends(asked("A.7.2.2")) == [("iso27001-2022", "A.6.3")]
    assert ("iso42001-2023", "A.7.2") in ends(asked("A.7.2"))


@pytest.mark.parametrize("text", ["A.6.1", "A.8.2", "A.5.1"])
def test_other_collisions_are_asked_about(text: str) -> None:
    found = asked(f"ISO 27001 {text}")
    assert found.edition is None
    assert found.question.startswith("Which one is meant")
    assert {"iso27001-2013", "iso27001-2022"} <= {part.strip("()") for part in found.question.replace(";", " ").replace(
        ".", " ").split() if part.startswith("(iso")}  # fmt: skip
    assert ("iso27001-2022", text) in ends(found)


def test_the_clause_that_does_not_exist() -> None:
    found = asked("Clause 8.2.1 of ISO 27001")
    assert ends(found) == [("iso27001-2022", "A.5.12")]
    assert found.matches[0].via == "iso27001-2013 A.8.2.1"
    assert found.question.startswith("There is no clause 8.2.1. Clause 8.2 of ISO/IEC 27001:2022")
    assert "control A.8.2.1" in found.question


def test_a_bare_number_has_several_readings() -> None:
    found = asked("8.2")
    assert found.edition is None
    assert {("iso27001-2022", "8.2"), ("iso42001-2023", "8.2"), ("iso27001-2022", "A.8.2")} <= set(ends(found))
    assert ends(asked("8.2", "iso42001-2023"))[0] == ("iso42001-2023", "8.2")
    assert {framework for framework, _ in ends(asked("Art 33"))} == {"eu-ai-act", "gdpr"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ISO 27001:2005 A.5", "The library holds no such edition."),
        ("A.8.28 iso27001-2013", "Near it: A.8.28 of ISO/IEC 27001:2022"),
        ("GDPR Art 33(99)", "Near it: Art.33 of"),
        ("A.5.99", "Near it: A.5 of"),
        ("physical entry", "A.7.2 of ISO/IEC 27001:2022, “Physical entry”"),
        ("Art 999", "There is nothing with the number 'Art 999'."),
        ("", "There is nothing with the number ''."),
        ("ISO 27001", "There is nothing with the number 'ISO 27001'"),
    ],
)
def test_nothing_found_says_what_is_near(text: str, says: str) -> None:
    found = asked(text)
    assert (found.matches, found.edition) == ((), None)
    assert says in found.question


def test_numbers_with_letters_and_brackets_differ() -> None:
    assert tokens_of("Art.5(1a)") != tokens_of("Art.5(1)(a)")
    assert tokens_of("Art. 26 (6)") == tokens_of("ARTICLE 26(6)") == ("art", "26", "6")


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    found = asked(text)
    assert bool(found.matches) or bool(found.question)


PIECES = (
    "A.12", "Art", "26", "(", ")", "4", "a", "ISO", "27001", ":2013", "clause", "of", "8.2", "nis2", "-", "Annex", "IV",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES)))
def test_no_mixture_of_known_words_breaks_it(words: list[str]) -> None:
    for match in asked(" ".join(words)).matches:
        assert match.id in LIBRARY.frameworks[match.framework].by_id
