"""The shipped trees decide the worked cases, ask for every point of the law, and a wrong tree is refused whole."""

import random
import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.library.classification import classifications, load_classification
from annexa.library.load import library
from annexa.library.reader import LibraryError, shipped
from annexa.pure.applicability import PERSONAL_DATA, REGISTER, bind_organisation, bind_system, starts_on
from annexa.pure.classify import Answer, Classification, Example, Question, evaluate, next_question, witness
from annexa.pure.facts import SystemFact
from annexa.pure.presumptions import AtLeast, Presumption, presumed, together
from tests.cases import cases

TREES = tuple(classifications().values())
AI_ACT = classifications()["eu-ai-act"]
CASES = [pytest.param(tree, example, id=f"{tree.id}: {example.name}") for tree in TREES for example in tree.examples]
PRESUMPTIONS = [pytest.param(tree, one, id=f"{tree.id}: {one.id}") for tree in TREES for one in tree.presumptions]
BEFORE_THE_BANS_OF_2026, TODAY, ALL_IN_FORCE = date(2026, 12, 1), date(2026, 11, 21), date(2031, 1, 1)
EVER = datetime(2100, 1, 1, tzinfo=UTC)


def cited(question: Question) -> set[str]:
    return {*question.cites, *(cite for choice in question.choices for cite in choice.cites)}


# --- worked cases


@pytest.mark.parametrize(("tree", "example"), CASES)
def test_the_worked_case_comes_out_as_a_lawyer_would_have_it(tree: Classification, example: Example) -> None:
    outcome, expect = evaluate(tree, example.answers, example.at), example.expect
    assert set(outcome.roles) == set(expect.roles)
    assert set(outcome.classes) == set(expect.classes)
    assert (outcome.outcome, outcome.high_risk_by) == (expect.outcome, expect.high_risk_by)
    assert set(outcome.ahead.classes) - set(outcome.classes) == set(expect.later)
    duties = {duty.id for duty in outcome.duties}
    if expect.duties == ():
        assert not duties
    assert set(expect.duties or ()) <= duties


@pytest.mark.parametrize(("tree", "example"), CASES)
def test_the_worked_case_is_answered_completely_and_without_a_superfluous_answer(
    tree: Classification, example: Example
) -> None:
    assert evaluate(tree, example.answers, example.at).settled
    asked: dict[str, object] = {}
    while (question := next_question(tree, asked, example.at)) is not None:
        asked[question.id] = example.answers[question.id]
    assert asked == dict(example.answers)


@pytest.mark.parametrize(("tree", "example"), CASES)
def test_no_duty_of_a_worked_case_begins_before_the_framework_lets_it(tree: Classification, example: Example) -> None:
    framework = library().frameworks[tree.id]
    requirements = {requirement.id: requirement for requirement in framework.requirements}
    outcome = evaluate(tree, example.answers, example.at)
    for duty in outcome.duties:
        starts = starts_on(requirements[duty.id], outcome.ahead.high_risk_by)
        assert starts is None or duty.from_on is None or duty.from_on >= starts, duty.id


FINER = {
    "Art.4(1)": "binds through any system in the register; the tree leaves out those that are out of scope",
    "Art.25(2)": "also binds the maker of a system that becomes high-risk by another's change",
    "Art.29": "also binds whoever works under a controller",
    "Art.50(5)": "follows whichever of the four paragraphs binds",
    **{f"Art.73({n})": "deployers report as well, by Art. 26(5)" for n in (2, 3, 4, 5)},
}
"""Rows of a framework that bind more than the questions find, and why that is so."""


@pytest.mark.parametrize(("tree", "example"), CASES)
def test_what_an_approval_records_binds_what_the_questions_find(tree: Classification, example: Example) -> None:
    """Roles, classes and circumstances are all that is kept of the answers; the framework makes the same of them."""
    framework, outcome = library().frameworks[tree.id], evaluate(tree, example.answers, example.at)
    duties = {duty.id: duty.from_on for duty in outcome.duties}
    named = {duty for rule in tree.rules for duty in rule.gives.duties}
    known = ((tree.id, outcome.circumstances),)
    system = SystemFact(
        id="one", name="One", effective_at=EVER, recorded_at=EVER, roles=outcome.ahead.roles,
        classes=outcome.ahead.classes, high_risk_by=outcome.ahead.high_risk_by, circumstances=known,
    )  # fmt: skip
    for leaf in framework.leaves:
        spoken_of = [one.id for one in framework.lineage(leaf) if one.id in named]
        if (
            leaf.no_duty
            or not spoken_of
            or leaf.id in FINER
            or (tree.subject == "organisation") == (leaf.level == "system")
        ):
            continue
        if tree.subject == "organisation":
            binding = bind_organisation(leaf, (), EVER, known)
        else:
            binding = bind_system(leaf, system, EVER)
        found = any(one in duties for one in spoken_of)
        if leaf.narrowed and leaf.id not in duties:  # the tree names the whole article, the framework its parts
            assert found or not binding.applies, leaf.id
            continue
        assert binding.applies is found, leaf.id
        starts = [day for one in spoken_of if (day := duties.get(one)) is not None]
        if found and starts and leaf.id not in {"Art.50(1)", "Art.60(7)", "Art.61"}:  # a role or class of later days
            assert binding.from_on == min(starts), leaf.id


def test_every_word_that_a_framework_waits_for_is_found_by_its_questions() -> None:
    for framework in library().frameworks.values():
        for one in framework.requirements:
            for law, words in (
                *((n.law, n.any_of) for n in one.narrowed), *((t.law, t.when) for t in one.transitions),
            ):  # fmt: skip
                held = {c.id for c in classifications()[law].circumstances} if law != REGISTER else {PERSONAL_DATA}
                assert set(words) <= held, (framework.id, one.id)


def test_every_word_that_is_found_is_waited_for() -> None:
    waited = {
        (law, word)
        for framework in library().frameworks.values()
        for one in framework.requirements
        for law, words in (*((n.law, n.any_of) for n in one.narrowed), *((t.law, t.when) for t in one.transitions))
        for word in words
    }
    assert {(tree.id, one.id) for tree in TREES for one in tree.circumstances} <= waited


def test_every_day_in_law_of_the_act_says_where_it_stands() -> None:
    for framework in ("eu-ai-act", "gdpr", "nis2", "us-co-sb26-189"):
        for one in library().frameworks[framework].leaves:
            if not one.no_duty and one.applies_from:
                assert one.applies_from in one.commencements, one.id


@pytest.mark.parametrize(("tree", "presumption"), PRESUMPTIONS)
def test_the_presumption_holds_where_its_examples_say_and_nowhere_else(
    tree: Classification, presumption: Presumption
) -> None:
    for example in presumption.examples:
        assert presumption.holds(example.record, example.at) is example.holds, example


@pytest.mark.parametrize(("tree", "presumption"), PRESUMPTIONS)
def test_every_condition_of_a_presumption_is_needed(tree: Classification, presumption: Presumption) -> None:
    """For each term of `when` some example shows that without it the answer would not follow."""
    for term in presumption.when:
        rest = [one for one in presumption.when if one != term]
        assert any(
            not example.holds and all(one.holds(example.record, example.at) for one in rest)
            for example in presumption.examples
        ), term


def test_exactly_these_answers_follow_from_a_record() -> None:
    """Each was weighed by itself: one more has to be weighed, and written here."""
    assert {(tree.id, one.id, one.question) for tree in TREES for one in tree.presumptions} == {
        ("eu-ai-act", "in-operation", "stage"),
        ("eu-ai-act", "own-concept", "stage"),
        ("eu-ai-act", "built-here", "part"),
        ("eu-ai-act", "no-personal-data", "profiles"),
        ("eu-ai-act", "begun-after", "before-august-2026"),
        ("us-co-sb26-189", "no-personal-data", "computes"),
        ("us-co-sb26-189", "built-here", "part"),
    }


def test_no_record_says_that_the_union_or_colorado_is_concerned_or_that_a_practice_is_allowed() -> None:
    """Only free text in the register speaks of these."""
    settled = {one.question for tree in TREES for one in tree.presumptions}
    assert not settled & {
        "form",
        "union",
        "excluded",
        "does",
        "product",
        "areas",
        "colorado",
        "decisions",
        "influences",
    }
    assert not settled & {one.id for one in AI_ACT.questions if any(cite.startswith("Art.5") for cite in cited(one))}


def test_without_personal_data_colorado_is_settled_whoever_and_wherever() -> None:
    law = classifications()["us-co-sb26-189"]
    outcome = evaluate(law, together({}, presumed(law.presumptions, {"personal_data": "no"}, TODAY)), TODAY)
    assert (outcome.outcome, outcome.settled) == ("not-covered", True)


def test_there_are_enough_worked_cases() -> None:
    assert len(AI_ACT.examples) >= 25
    assert all(len(tree.examples) >= 5 for tree in TREES)


@pytest.mark.parametrize(
    ("at", "classes"), [(BEFORE_THE_BANS_OF_2026, {"transparency"}), (date(2026, 12, 2), {"prohibited"})]
)
def test_the_ban_on_intimate_material_begins_on_2_december_2026(at: date, classes: set[str]) -> None:
    example = next(one for one in AI_ACT.examples if one.name.startswith("An undressing app, eleven"))
    assert "prohibited" in evaluate(AI_ACT, example.answers, at).ahead.classes
    assert classes <= set(evaluate(AI_ACT, example.answers, at).classes)


def test_profiling_overrides_the_derogation() -> None:
    """Art. 6(3), last subparagraph: no narrow task saves a profiling system of Annex III."""
    example = next(one for one in AI_ACT.examples if one.name.startswith("Turning CVs"))
    assert evaluate(AI_ACT, example.answers, ALL_IN_FORCE).outcome == "exempt-annex-iii"
    profiling = {**example.answers, "profiles": "yes"}
    assert "high-risk" in evaluate(AI_ACT, profiling, ALL_IN_FORCE).classes


def test_minimal_rests_on_every_ban_denied_and_every_area_denied() -> None:
    example = next(one for one in AI_ACT.examples if one.name == "A mail provider filters spam")
    reasons = {one.rule: dict(one.answers) for one in evaluate(AI_ACT, example.answers, example.at).because}
    assert {"manipulates", "exploits", "does"} <= set(reasons["permitted"])
    assert {"manipulates", "exploits", "does", "product", "areas"} <= set(reasons["minimal"])


# --- the trees as such


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.id)
def test_every_question_can_be_reached_and_every_rule_can_hold(tree: Classification) -> None:
    assert [one.id for one in tree.questions if witness(tree, one.asked_if) is None] == []
    assert [one.id for one in tree.rules if witness(tree, one.when) is None] == []


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.id)
def test_every_result_occurs_in_a_worked_case(tree: Classification) -> None:
    assert {result.id for result in tree.results} <= {example.expect.outcome for example in tree.examples}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.id)
def test_no_two_questions_or_rules_share_a_sentence(tree: Classification) -> None:
    texts = [question.text for question in tree.questions] + [question.help for question in tree.questions]
    texts += [rule.says for rule in tree.rules] + [one.because for one in tree.presumptions]
    assert len(set(texts)) == len(texts)


@settings(max_examples=cases(25))
@given(st.sampled_from(TREES), st.randoms(use_true_random=False))
def test_the_wizard_ends_where_answering_everything_ends(tree: Classification, chance: random.Random) -> None:
    full = {question.id: any_answer(question, chance) for question in tree.questions}
    asked: dict[str, Answer] = {}
    while (question := next_question(tree, asked, TODAY)) is not None:
        asked[question.id] = full[question.id]
    short, long = evaluate(tree, asked, TODAY), evaluate(tree, full, TODAY)
    assert long.settled
    assert (short.ahead, short.outcome, short.classes) == (long.ahead, long.outcome, long.classes)
    assert {(duty.id, duty.from_on) for duty in short.duties} == {(duty.id, duty.from_on) for duty in long.duties}


def any_answer(question: Question, chance: random.Random) -> Answer:
    choices = [choice.id for choice in question.choices]
    if question.kind == "several":
        return tuple(choice for choice in choices if chance.random() < 0.3)
    return chance.choice(choices or ["yes", "no"])


@settings(max_examples=cases(25))
@given(st.sampled_from(TREES), st.randoms(use_true_random=False))
def test_the_classes_found_can_be_kept_by_the_register(tree: Classification, chance: random.Random) -> None:
    """The register refuses minimal beside another class, and a way to high risk without high risk."""
    full = {question.id: any_answer(question, chance) for question in tree.questions}
    ahead = evaluate(tree, full, TODAY).ahead
    assert "minimal" not in ahead.classes or ahead.classes == ("minimal",)
    assert not ahead.high_risk_by or "high-risk" in ahead.classes


# --- completeness against the framework


def test_every_point_of_annex_iii_is_asked_for_and_decides() -> None:
    points = {leaf.id for leaf in library().frameworks["eu-ai-act"].leaves if leaf.id.startswith("AnnexIII.")}
    assert len(points) == 25
    assert points <= {cite for question in AI_ACT.questions for cite in cited(question)}
    assert points == {cite for rule in AI_ACT.rules if "annex-iii" in rule.gives.flags for cite in rule.cites}


def test_every_letter_of_article_5_is_asked_for_and_decides() -> None:
    known = {leaf.id for leaf in library().frameworks["eu-ai-act"].leaves}
    letters = {one for one in known if re.fullmatch(r"Art\.5\(1\)\([a-z]+\)", one)}
    assert len(letters) == 10
    assert letters <= {cite for question in AI_ACT.questions for cite in cited(question)}
    banning = {cite for rule in AI_ACT.rules if "prohibited" in rule.gives.classes for cite in rule.cites}
    assert letters == banning & letters


def test_every_law_of_annex_i_can_be_chosen() -> None:
    """All but the old machinery directive, which left the annex on 27 July 2026."""
    leaves = {leaf.id for leaf in library().frameworks["eu-ai-act"].leaves if leaf.id.startswith("AnnexI.")}
    assert leaves - cited(AI_ACT.question("product")) == {"AnnexI.A.1"}


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.id)
def test_citations_lead_to_requirements_where_the_framework_has_them(tree: Classification) -> None:
    known = {requirement.id for requirement in library().frameworks[tree.id].requirements}
    cites = {cite for question in tree.questions for cite in cited(question)}
    cites |= {cite for rule in tree.rules for cite in rule.cites}
    lost = {
        cite
        for cite in cites - known
        if (article := cite.partition("(")[0]) not in known or any(one.startswith(f"{article}(") for one in known)
    }
    if tree.id == "nis2":  # its framework begins with Article 20; scope and definitions stand before
        lost = {cite for cite in lost if not re.fullmatch(r"Art\.[234](\(.*)?|Annex I{1,2}", cite)}
    assert lost == set()


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.id)
def test_duties_are_requirements_that_ask_something(tree: Classification) -> None:
    requirements = {requirement.id: requirement for requirement in library().frameworks[tree.id].requirements}
    duties = {duty for rule in tree.rules for duty in rule.gives.duties}
    assert duties <= set(requirements)
    assert [duty for duty in sorted(duties) if requirements[duty].no_duty] == []


# --- format

SMALL = """\
id = "small"
title = "Small law"
subject = "system"
version = "1"
source = "Law gazette"
read_on = 2026-11-20
confidence = "high"

[[result]]
id = "caught"
says = "The law applies."

[[question]]
id = "sells"
text = "Do you sell it?"
help = "Renting out counts, giving away does not."
kind = "yes_no"
cites = ["1"]

[[question]]
id = "where"
text = "Where?"
help = "Go by the buyer's seat."
kind = "choice"
choices = [{ id = "here", text = "Here" }, { id = "there", text = "There", cites = ["2"] }]
cites = ["1"]
asked_if = ["sells"]

[[rule]]
id = "caught"
says = "Sales here are caught."
cites = ["1"]
when = { all = ["where=here", { none = ["where=there"] }] }
gives = { outcome = "caught", roles = ["provider"], classes = ["high-risk"], high_risk_by = "annex-i" }
from = 2027-01-01
until = 2030-01-01
open = "Not tested in court."

[[example]]
name = "A sale here"
at = 2027-02-01
answers = { sells = "yes", where = "here" }
expect = { roles = ["provider"], classes = ["high-risk"], high_risk_by = "annex-i", outcome = "caught" }
"""


def load(text: str) -> Classification:
    return load_classification({"classification/small.toml": text.encode()})["small"]


def test_a_tree_is_read_with_what_its_rules_inherit() -> None:
    tree = load(SMALL)
    (rule,) = tree.rules
    assert (rule.source, rule.read_on, rule.confidence) == ("Law gazette", date(2026, 11, 20), "high")
    assert (rule.from_on, rule.until_on, rule.open) == (date(2027, 1, 1), date(2030, 1, 1), "Not tested in court.")
    outcome = evaluate(tree, tree.examples[0].answers, tree.examples[0].at)
    assert (outcome.outcome, outcome.high_risk_by) == ("caught", "annex-i")


def test_a_rule_may_have_its_own_source() -> None:
    own = 'source = "Circular"\nread_on = 2026-01-02\nconfidence = "low"\nopen = '
    (rule,) = load(SMALL.replace("open = ", own)).rules
    assert (rule.source, rule.read_on, rule.confidence) == ("Circular", date(2026, 1, 2), "low")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "Small law"', 'title = "Small law"\ncolour = "red"', "file: colour is not a known key"),
        ('help = "Go', 'hint = "Go', "question where: help is missing"),
        ('id = "small"', 'id = "tiny"', "the file is named small"),
        ("read_on = 2026-11-20", "", "file: read_on is missing"),
        ("read_on = 2026-11-20", 'read_on = "today"', "which is not a date"),
        ('subject = "system"', 'subject = "person"', "subject is 'person'"),
        ('kind = "yes_no"', 'kind = "number"', "question sells: kind is 'number'"),
        ('kind = "yes_no"', 'kind = "several"', "question sells: it needs at least two choices"),
        ('kind = "choice"', 'kind = "yes_no"', "so it has no choices"),
        ('{ id = "there"', '{ id = "here"', "two choices have the same id"),
        ('{ id = "there"', '{ id = "unknown"', "stands for no answer"),
        ('text = "There",', 'text = "There", note = "x",', "choices there: note is not a known key"),
        ('asked_if = ["sells"]', 'asked_if = { some = ["sells"] }', "asked_if has {'some'"),
        ('asked_if = ["sells"]', "asked_if = []", "asked_if is empty"),
        ('asked_if = ["sells"]', 'asked_if = ["sells", "!sells"]', "it is never asked, whatever is answered"),
        ('asked_if = ["sells"]', 'asked_if = ["where=here"]', "waits for itself"),
        ('asked_if = ["sells"]', 'asked_if = ["buys"]', "question where: buys: is not a question"),
        ('cites = ["1"]\nwhen', "when", "rule caught: it cites no place in the law"),
        ('cites = ["1"]\n\n[[question]]', "\n[[question]]", "cites a place in the law"),
        ("where=here", "where=nowhere", "no such choice"),
        ('roles = ["provider"], classes', 'roles = ["boss"], classes', "rule caught gives: roles names 'boss'"),
        ('classes = ["high-risk"], high_risk_by', "high_risk_by", "high_risk_by without the class high-risk"),
        ('outcome = "caught", roles', 'outcome = "free", roles', "outcome free: is given by a rule, but is no result"),
        ('outcome = "caught", roles', 'flags = ["f"], outcome = "caught", roles', "a flag is a fact without a date"),
        ("until = 2030-01-01", "until = 2026-01-01", "not after it begins"),
        ('where = "here" }', 'where = "moon" }', "example A sale here: where: is 'moon'"),
        ('where = "here" }', 'where = "here", when = "now" }', "when: is not a question of Small law"),
    ],
)  # fmt: skip
def test_a_wrong_tree_is_refused_with_file_and_place(old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(LibraryError) as refused:
        load(SMALL.replace(old, new, 1))
    assert said in str(refused.value)
    assert "classification/small.toml: " in str(refused.value)


def test_everything_wrong_in_all_files_is_said_at_once() -> None:
    first = SMALL.replace('kind = "yes_no"', 'kind = "number"').replace("until = 2030", "until = 2020")
    second = SMALL.replace('id = "small"', 'id = "other"').replace("[[result]]", "[[results]]")
    with pytest.raises(LibraryError) as refused:
        load_classification(
            {
                "classification/small.toml": first.encode(),
                "classification/other.toml": second.encode(),
                "classification/x.toml": b"=",
            }
        )
    said = str(refused.value)
    for part in ("kind is 'number'", "not after it begins", "results is not a known key", "cannot be read as TOML"):
        assert part in said


def test_every_shipped_question_can_be_reached() -> None:
    """The search that a start leaves out."""
    assert load_classification(shipped(("classification",))) == classifications()


# --- presumptions are read and refused like the rest

PRESUMED = (
    SMALL
    + """
[[presumption]]
id = "sold"
question = "sells"
answer = "yes"
when = ["stage=operation", "built=in-house"]
unless = ["retired_on<=today"]
because = "Who built it sells it."
cites = ["1"]
examples = [
  { record = { stage = "operation", built = "in-house" }, at = 2027-02-01, holds = true },
  { record = { stage = "operation", built = "in-house", retired_on = 2027-02-01 }, at = 2027-02-01, holds = false },
]
"""
)


def test_a_presumption_is_read() -> None:
    (one,) = load(PRESUMED).presumptions
    assert [str(term) for term in (*one.when, *one.unless)] == [
        "stage=operation", "built=in-house", "retired_on<=today",
    ]  # fmt: skip
    assert [example.holds for example in one.examples] == [True, False]


def test_of_several_choices_a_presumption_names_those_that_are_certain() -> None:
    several = 'kind = "several"\nchoices = [{ id = "shop", text = "S" }, { id = "web", text = "W" }]'
    text = PRESUMED.replace('kind = "yes_no"', several).replace('answer = "yes"', 'answer = ["web"]')
    text = text.replace('sells = "yes"', 'sells = ["web"]').replace('asked_if = ["sells"]', 'asked_if = ["sells=web"]')
    assert load(text).presumptions[0].answer == AtLeast(choices=("web",))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('question = "sells"', 'question = "buys"', "presumption sold: buys: is not a question of Small law"),
        ('answer = "yes"', 'answer = "often"', "presumption sold: sells: is 'often'; it is one of yes, no"),
        ('answer = "yes"', 'answer = ["yes"]', "sells: is ('yes',); it is one of yes, no"),
        ('answer = "yes"', 'answer = "unknown"', "answer is 'unknown', which says nothing"),
        ('answer = "yes"', "answer = []", "answer is [], which says nothing"),
        ('"stage=operation", ', '"phase=operation", ', "when: 'phase' is not a field of the register"),
        ('"stage=operation", ', '"stage=running", ', "when: stage has no value 'running'; known are concept"),
        ('"stage=operation", ', '"purpose=sale", ', "when: purpose is free text"),
        ('"stage=operation", ', '"roles=provider", ', "when: roles is what a classification writes"),
        ('"stage=operation", ', '"stage=operation", "stage=concept", ', "sold: its condition can never hold"),
        ('["retired_on<=today"]', '["built=supplier"]', "its exception built=supplier can never matter"),
        ('["retired_on<=today"]', '["retired_on<=soon"]', "unless: retired_on is a day"),
        ('when = ["stage=operation", "built=in-house"]', "", "presumption sold: when is missing"),
        ('when = ["stage=operation", "built=in-house"]', "when = []", "nothing follows without a condition"),
        ('sells it."\ncites = ["1"]', 'sells it."', "presumption sold: it cites no place in the law"),
        ("holds = true", "holds = false", "it needs an example for which it holds and one for which it does not"),
        ("{ stage =", "{ colour =", "record has colour; fields from which something can follow are stage, built"),
        ('built = "in-house" }', 'built = "robots" }', "record has built = 'robots'; known are in-house"),
        ("retired_on = 2027-02-01 }", 'retired_on = "soon" }', "record has retired_on = 'soon', which is not a date"),
        ('id = "sold"', 'id = "sold"\ncolour = "red"', "presumption sold: colour is not a known key"),
        ('subject = "system"', 'subject = "organisation"', "only AI systems have a record"),
    ],
)  # fmt: skip
def test_a_wrong_presumption_is_refused_with_file_and_place(old: str, new: str, said: str) -> None:
    assert old in PRESUMED
    with pytest.raises(LibraryError) as refused:
        load(PRESUMED.replace(old, new, 1))
    assert said in str(refused.value)
    assert "classification/small.toml: " in str(refused.value)


def test_two_presumptions_of_one_name_and_everything_wrong_with_them_are_said_at_once() -> None:
    again = PRESUMED[PRESUMED.index("[[presumption]]") :].replace("stage=operation", "stage=x").replace("<=today", "<x")
    with pytest.raises(LibraryError) as refused:
        load(PRESUMED + again)
    for part in ("two presumptions have the id sold", "stage has no value 'x'", "retired_on is a day"):
        assert part in str(refused.value)
