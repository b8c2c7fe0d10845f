"""Every questionnaire says something of its own, asks what its law wants asked, and is refused whole if it is wrong."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from annexa.library.load import library
from annexa.library.questionnaires import FACTS, dangling, load_questionnaires, questionnaires
from annexa.library.reader import LibraryError, shipped
from annexa.pure.questionnaires import NONE, Question, Served, concerns, problems
from tests.library.test_content import AMERICAN, told_twice, words

ALL = questionnaires()
SUPPLIER = ("supplier-short", "supplier-standard", "supplier-deep")
ASSESSMENTS = ("ai-system-impact-assessment", "dpia", "fria")
FRIA = [*(f"Art.27(1)({letter})" for letter in "abcdef"), "Art.27(1)", "Art.27(2)", "Art.27(3)", "Art.27(4)"]
DPIA = ["Art.35(1)", "Art.35(2)", "Art.35(3)", "Art.35(9)", "Art.35(11)", "Art.36(1)", "Art.36(2)", "Art.36(3)"]
AIIA = ["6.1.4", "8.4", "A.5.2", "A.5.3", "A.5.4", "A.5.5"]


def served(name: str) -> set[Served]:
    """What the questions of a questionnaire help to meet."""
    return {one for question in ALL[name].questions for one in question.answers}


def own_questions() -> list[Question]:
    """Every question of the library, those that depths or assessments share only once."""
    return list({(q.fact or q.id, q.text): q for one in ALL.values() for q in one.questions}.values())


def our_words() -> Iterator[str]:
    """Every sentence of every questionnaire, each place once."""
    facts: set[str] = set()
    for one in ALL.values():
        yield one.purpose
        inherited = ALL[one.includes] if one.includes else None
        yield from (section.intro for section in one.sections if not inherited or section not in inherited.sections)
        for question in one.questions:
            if inherited and question in inherited.questions:
                continue
            if question.fact not in facts:
                yield from (question.text, question.help)
            facts |= {question.fact} - {""}
            yield question.evidence
            yield from (worry.because for worry in question.worries)


def test_there_are_six_questionnaires() -> None:
    assert sorted(ALL) == sorted((*SUPPLIER, *ASSESSMENTS))
    assert {name: one.kind for name, one in ALL.items()} == {
        **dict.fromkeys(SUPPLIER, "supplier"),
        **dict.fromkeys(ASSESSMENTS, "assessment"),
    }


def test_every_reference_leads_to_a_requirement() -> None:
    assert dangling(ALL, library()) == ()


# --- words


def test_nothing_is_said_twice() -> None:
    assert told_twice([text for text in our_words() if text]) == []


def test_questions_are_questions_of_one_breath() -> None:
    assert [q.id for q in own_questions() if not q.text.endswith("?") or len(q.text) > 160] == []


def test_our_words_are_british_and_do_not_quote() -> None:
    found = [match[0] for text in our_words() for match in AMERICAN.finditer(text)]
    assert found == []
    assert [text for text in our_words() if "shall" in words(text)] == []


def test_a_worry_says_why_in_a_sentence() -> None:
    said = [worry.because for question in own_questions() for worry in question.worries]
    assert [one for one in said if not (30 <= len(one) <= 200 and one.endswith("."))] == []


# --- what is asked


def test_each_letter_and_paragraph_of_article_27_is_asked_for() -> None:
    """The template may be missing; an element of the law may not."""
    assert [one for one in FRIA if Served(framework="eu-ai-act", requirement=one) not in served("fria")] == []


@pytest.mark.parametrize("letter", "abcd")
def test_each_letter_of_article_35_7_is_asked_for(letter: str) -> None:
    assert Served(framework="gdpr", requirement="Art.35(7)", point=f"({letter})") in served("dpia")


def test_advice_views_review_and_consultation_are_asked_for() -> None:
    assert [one for one in DPIA if Served(framework="gdpr", requirement=one) not in served("dpia")] == []


def test_each_clause_on_impact_assessment_is_asked_for() -> None:
    here = served("ai-system-impact-assessment")
    assert [one for one in AIIA if Served(framework="iso42001-2023", requirement=one) not in here] == []


@pytest.mark.parametrize("name", sorted(ALL))
def test_what_a_questionnaire_rests_on_is_served_by_a_question(name: str) -> None:
    assert set(ALL[name].basis) - served(name) == set()


def test_a_condition_rests_on_an_answer_that_must_be_given() -> None:
    """Otherwise a question could stay hidden because nobody said anything."""
    assert [
        (name, question.id)
        for name, one in ALL.items()
        for question in one.questions
        if question.asked_if and not one.by_id[question.asked_if.question].required
    ] == []


def test_the_answer_that_excludes_the_rest_comes_last() -> None:
    several = [q for q in own_questions() if q.kind == "several"]
    assert [q.id for q in several if NONE in q.choices[:-1]] == []


# --- suppliers


def test_each_depth_holds_the_one_before_it() -> None:
    short, standard, deep = (ALL[name] for name in SUPPLIER)
    assert set(short.questions) < set(standard.questions) < set(deep.questions)
    assert [len(one.questions) for one in (short, standard, deep)] == [16, 46, 99]


def test_a_deeper_questionnaire_keeps_the_order_of_the_shorter() -> None:
    for less, more in pairwise(SUPPLIER):
        kept = [question for question in ALL[more].questions if question in ALL[less].questions]
        assert kept == list(ALL[less].questions)


@pytest.mark.parametrize("name", SUPPLIER)
def test_suppliers_come_to_agreement_and_exit_last(name: str) -> None:
    assert ALL[name].sections[-1].id == ALL[name].questions[-1].section == "agreement"


def test_each_matter_of_ai_supply_has_questions_in_the_deep_one() -> None:
    ids = {section.id for section in ALL["supplier-deep"].sections}
    assert ids >= {"ai", "ai-data", "ai-origin", "ai-evaluation", "ai-law", "agents", "agreement"}


GOOD = {
    "legal-entity": "Example Ltd",
    "service-description": "Payroll",
    "reach": ("personal data",),
    "security-contact": "security@supplier.example",
    "data-countries": ("Ireland",),
    "personal-data": "yes",
    "processor-contract": "signed",
    "sub-processors-used": "no",
    "certificates": ("ISO/IEC 27001",),
    "strong-login": "all staff and all customers",
    "incident-notice-hours": 24,
    "serious-incident": "no",
    "ai-in-service": "a feature that is off unless we switch it on",
    "training-on-our-data": "no, by contract",
    "data-return": "open format with documentation",
    "deletion-days": 30,
}
"""The short questionnaire as a supplier one would wish for answers it."""


def test_good_answers_raise_no_concern() -> None:
    assert problems(ALL["supplier-short"], GOOD) == ()
    assert concerns(ALL["supplier-short"], GOOD) == ()


def test_bad_answers_raise_the_worst_first() -> None:
    bad = {**GOOD, "processor-contract": "none", "incident-notice-hours": 96, "certificates": ("none",)}
    assert [(one.question, one.severity) for one in concerns(ALL["supplier-short"], bad)] == [
        ("processor-contract", "critical"),
        ("incident-notice-hours", "high"),
        ("certificates", "medium"),
    ]


# --- shared facts


def test_a_fact_is_the_same_question_wherever_it_is_asked() -> None:
    asked: dict[str, set[tuple[object, ...]]] = {}
    for name in ASSESSMENTS:
        for q in ALL[name].questions:
            asked.setdefault(q.fact, set()).add((q.text, q.kind, q.choices, q.system_field))
    assert {fact: ways for fact, ways in asked.items() if fact and len(ways) > 1} == {}


def test_every_fact_is_shared_by_assessments() -> None:
    times = Counter(q.fact for name in ASSESSMENTS for q in ALL[name].questions if q.fact)
    known = set(re.findall(r'^id = "(.+)"$', shipped(("questionnaires",))[FACTS].decode(), re.MULTILINE))
    assert known == set(times)
    assert [fact for fact, count in times.items() if count < 2] == []


def test_suppliers_do_not_state_facts_about_our_systems() -> None:
    assert [q.id for name in SUPPLIER for q in ALL[name].questions if q.fact or q.system_field] == []


# --- refusals

BARE = """
id = "one"
version = "1"
title = "One"
purpose = "For tests."
kind = "supplier"
basis = [{ framework = "gdpr", requirement = "Art.28(1)" }]
source = "own"
read_on = 2026-11-21
confidence = "high"
"""
HEAD = BARE + 'section = [{ id = "s", title = "S", intro = "About s." }]\n'
QUESTION = """
[[question]]
id = "q"
section = "s"
text = "Yes?"
kind = "yes_no"
answers = [{ framework = "gdpr", requirement = "Art.28(1)" }]
"""
FACT = 'version = "1"\n[[fact]]\nid = "f"\ntext = "What?"\nkind = "text"\n'


def refused(text: str, facts: str = "", **others: str) -> str:
    """What the loader says about the file `one.toml`."""
    files = {"questionnaires/one.toml": text.encode()}
    files |= {f"questionnaires/{name}.toml": other.encode() for name, other in others.items()}
    if facts:
        files[FACTS] = facts.encode()
    with pytest.raises(LibraryError) as error:
        load_questionnaires(files)
    return str(error.value)


def test_it_works() -> None:
    found = load_questionnaires({"questionnaires/one.toml": (HEAD + QUESTION).encode()})
    assert [question.id for question in found["one"].questions] == ["q"]
    assert found["one"].questions[0].words == ("yes", "no")


def test_problems_of_all_files_are_told_together() -> None:
    said = refused("nonsense", two=(HEAD + QUESTION).replace('title = "One"', 'titel = "One"'))
    assert "one.toml: file: cannot be read as TOML" in said
    assert "two.toml: file: titel is not a known key" in said
    assert "two.toml: file: title is missing" in said
    assert "id is 'one', but the file is named two" in said


@pytest.mark.parametrize(
    ("added", "sentence"),
    [
        ('choices = ["a"]', "choices belong to the kinds choice and several"),
        ("read_on = 2026-01-01", "read_on is not a known key"),
        ('asked_if = { question = "q", any_of = ["yes"] }', "which is not asked before it"),
        ('system_field = "name"', "system_field name cannot answer a question of kind yes_no"),
        ('system_field = "nobody"', "is not a field of the register"),
        ('fact = "f"', "text is said by the fact 'f'"),
        ('fact = "g"', "fact 'g' does not exist"),
        ('concern = [{ severity = "high", because = "It is.", any_of = ["no"], lacks = ["yes"] }]', "exactly one of"),
        (
            'concern = [{ severity = "high", because = "It is.", above = 3 }]',
            "above and below belong to the kind number",
        ),
        ('concern = [{ severity = "dire", because = "It is.", any_of = ["no"] }]', "severity is 'dire'"),
        ('concern = [{ severity = "high", because = "It is.", any_of = ["maybe"] }]', "any_of names 'maybe'"),
    ],
)
def test_a_wrong_question_is_refused(added: str, sentence: str) -> None:
    assert sentence in refused(f"{HEAD}{QUESTION}{added}\n", FACT)


def test_a_condition_waits_only_for_answers_there_are() -> None:
    later = QUESTION.replace('"q"', '"r"') + 'asked_if = { question = "q", any_of = ["perhaps"] }\n'
    assert "asked_if waits for 'perhaps', which is no answer to 'q'" in refused(HEAD + QUESTION + later)


def test_ids_sections_and_facts_are_there_once() -> None:
    asks = '[[question]]\nid = "{}"\nsection = "s"\nfact = "f"\nanswers = [{{ framework = "x", requirement = "1" }}]\n'
    said = refused(HEAD + QUESTION + QUESTION.replace('"s"', '"t"') + asks.format("a") + asks.format("b"), FACT)
    assert "question q: the id occurs twice" in said
    assert "question q: section 't' does not exist" in said
    assert "fact f: it is asked twice" in said


def test_an_empty_section_is_refused() -> None:
    empty = part("u").partition("[[question]]")[0]
    assert "section u: it has no questions" in refused(BARE + empty + part("s"))


def part(name: str, after: str = "") -> str:
    """A section with one question in it."""
    section = f'[[section]]\nid = "{name}"\ntitle = "T"\nintro = "About it."\n'
    place = f'after = "{after}"\n' if after else ""
    return section + place + QUESTION.replace('"q"', f'"{name}"').replace('"s"', f'"{name}"')


def test_a_section_stands_after_the_one_it_names() -> None:
    files = {"one": BARE + part("s") + part("z"), "two": BARE.replace('"one"', '"two"') + 'includes = "one"\n'}
    files["two"] += part("u", "s") + part("v", "u") + part("w")
    found = load_questionnaires({f"questionnaires/{name}.toml": text.encode() for name, text in files.items()})
    assert [question.section for question in found["two"].questions] == ["s", "u", "v", "z", "w"]


def test_a_section_cannot_stand_after_nothing() -> None:
    assert "section u: after names 'x', which does not stand before it" in refused(BARE + part("u", "x"))


def test_includes_leads_somewhere_and_not_in_a_circle() -> None:
    assert "includes 'two', which does not exist" in refused(f'includes = "two"\n{HEAD}{QUESTION}')
    assert "includes itself by way of 'one'" in refused(f'includes = "one"\n{HEAD}{QUESTION}')


def test_a_reference_to_nothing_dangles() -> None:
    text = (HEAD + QUESTION).replace("Art.28(1)", "Art.280").replace('framework = "gdpr"', 'framework = "gpdr"', 1)
    found = load_questionnaires({"questionnaires/one.toml": text.encode()})
    assert dangling(found, library()) == (
        "one: basis: framework 'gpdr' does not exist",
        "one: q: gdpr has no 'Art.280'",
    )


def test_the_examples_in_the_guide_are_accepted() -> None:
    guide = Path(__file__, "../../../docs/questionnaires.md").resolve().read_text(encoding="utf-8")
    blocks = [block.replace("\n    ", "\n") for block in re.findall(r"(?:\n    .*|\n(?=\n    ))+", guide)]
    header, question, facts, asked = (block for block in blocks if "=" in block)
    before = HEAD.replace('"one"', '"shorter"').replace('"s"', '"service"') + QUESTION.replace('"s"', '"service"')
    people = '[[section]]\nid = "people"\ntitle = "People"\nintro = "About people."\n'
    files = {
        "shorter": before.replace('"q"', '"ai-in-service"'),
        "example": "\n".join((header, people, question, asked)),
    }
    texts = {f"questionnaires/{name}.toml": text.encode() for name, text in files.items()}
    found = load_questionnaires({**texts, FACTS: facts.encode()})
    assert [one.id for one in found["example"].questions] == ["ai-in-service", "prompt-retention-days", "affected"]


def test_the_guide_counts_the_questions_right() -> None:
    guide = Path(__file__, "../../../docs/questionnaires.md").resolve().read_text(encoding="utf-8")
    counted = {name: int(number) for name, number in re.findall(r"^\| `([\w-]+)` \| (\d+) \|", guide, re.MULTILINE)}
    assert counted == {name: len(one.questions) for name, one in ALL.items()}
