"""The laws of classification as properties over random trees, and the meaning of each condition as cases."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annexa.pure.classify import (
    EVER,
    UNKNOWN,
    Answer,
    AnswersError,
    Atom,
    Choice,
    Classification,
    Condition,
    Gives,
    Group,
    Outcome,
    Question,
    Result,
    Rule,
    answer_problems,
    atoms,
    evaluate,
    never_asked,
    next_question,
    parse_atom,
    put_questions,
    tree_problems,
    witness,
)
from annexa.pure.presumptions import AtLeast
from tests.cases import cases

AT = date(2027, 6, 1)
LATER = date(2028, 1, 1)
RESULTS = ("out", "banned", "in")
ROLES = ("provider", "deployer", "importer")
CLASSES = ("prohibited", "high-risk", "transparency")


def question(name: str, asked_if: Condition = EVER, *choices: str, several: bool = False) -> Question:
    kind = "several" if several else "choice" if choices else "yes_no"
    made = tuple(Choice(id=choice, text=choice) for choice in choices)
    return Question(id=name, text=name, help=name, kind=kind, choices=made, cites=("1",), asked_if=asked_if)


def rule(
    name: str, when: Condition, from_on: date | None = None, until_on: date | None = None, **gives: object
) -> Rule:
    given_words = Gives(**gives)  # type: ignore[arg-type]
    return Rule(
        id=name, says=name, cites=(f"Art.{name}",), when=when, gives=given_words, from_on=from_on, until_on=until_on
    )


def tree(questions: list[Question], rules: list[Rule]) -> Classification:
    results = {word for one in rules if (word := one.gives.outcome)}
    return Classification(
        id="law",
        title="Law",
        subject="system",
        version="1",
        source="Law",
        read_on=AT,
        confidence="high",
        results=tuple(Result(id=word, says=word) for word in RESULTS if word in results),
        questions=tuple(questions),
        rules=tuple(rules),
    )


def yes(name: str) -> Atom:
    return parse_atom(name)


def every(*parts: str) -> Group:
    return Group(how="all", parts=tuple(yes(part) for part in parts))


def either(*parts: str) -> Group:
    return Group(how="any", parts=tuple(yes(part) for part in parts))


def neither(*parts: str) -> Group:
    return Group(how="none", parts=tuple(yes(part) for part in parts))


# --- random trees: every condition looks only at what stands before it


_YES_OR_NO = st.booleans()
_FEW = st.integers(1, 3)
_SIZES = st.integers(2, 9)
_HOWS = st.sampled_from(("all", "any", "none"))
_CHOICES = st.sampled_from(((), ("a", "b"), ("a", "b", "c")))
_KINDS = st.lists(st.sampled_from(("role", "class", "outcome", "duty")), max_size=3, unique=True)
_BEGINS = st.sampled_from((None, AT - timedelta(1), AT, LATER))
_ENDS = st.sampled_from((None, AT))
_DUTIES = st.sampled_from(("d1", "d2"))
_POOLS = {
    "role": (st.sampled_from(ROLES), "roles"),
    "class": (st.sampled_from(CLASSES), "classes"),
    "outcome": (st.sampled_from(RESULTS), "outcome"),
}


@st.composite
def trees(draw: st.DrawFn) -> Classification:
    questions: list[Question] = []
    rules: list[Rule] = []
    closed: set[str] = set()

    def condition(depth: int = 2) -> Condition:
        words = [text for one in questions for text in spoken(one)]
        words += [f"{kind}:{word}" for one in rules for kind, word in told(one)]
        if depth and draw(_YES_OR_NO):
            parts = tuple(condition(depth - 1) for _ in range(draw(_FEW)))
            return Group(how=draw(_HOWS), parts=parts)
        word = draw(st.sampled_from(words))
        closed.add(word)
        return replace(parse_atom(word), negated=draw(_YES_OR_NO))

    for number in range(draw(_SIZES)):
        if not questions or draw(_YES_OR_NO):
            choices = draw(_CHOICES)
            asked_if = condition() if questions and draw(_YES_OR_NO) else EVER
            questions.append(question(f"q{number}", asked_if, *choices, several=len(choices) == 3))
        else:
            when = condition()
            words = draw(_KINDS)
            rules.append(rule(f"r{number}", when, from_on=None, flags=(f"f{number}",)))
            rules.append(
                rule(
                    f"s{number}",
                    yes(f"flag:f{number}"),
                    draw(_BEGINS),
                    draw(_ENDS),
                    **fresh(draw, words, closed),
                )
            )
    return tree(questions, rules)


def fresh(draw: st.DrawFn, kinds: list[str], closed: set[str]) -> dict[str, object]:
    """Words for a rule to give that no condition has looked at yet, so that nothing waits for itself."""
    found: dict[str, object] = {"duties": (draw(_DUTIES),) if "duty" in kinds else ()}
    for kind, (pool, key) in _POOLS.items():
        word = draw(pool)
        if kind in kinds and f"{kind}:{word}" not in closed:
            found[key] = word if kind == "outcome" else (word,)
    return found


def spoken(one: Question) -> list[str]:
    return [f"{one.id}={choice.id}" for choice in one.choices] or [one.id]


def told(one: Rule) -> list[tuple[str, str]]:
    found = [("role", word) for word in one.gives.roles] + [("class", word) for word in one.gives.classes]
    found += [("flag", word) for word in one.gives.flags]
    return found + ([("outcome", one.gives.outcome)] if one.gives.outcome else [])


def answer_to(one: Question, chance: random.Random) -> Answer:
    choices = [choice.id for choice in one.choices]
    if one.kind == "several":
        return tuple(choice for choice in choices if chance.random() < 0.4)
    return chance.choice(choices or ["yes", "no"])


def all_answers(of: Classification, chance: random.Random) -> dict[str, Answer]:
    return {one.id: answer_to(one, chance) for one in of.questions}


def essence(outcome: Outcome) -> object:
    """Everything but the reasons."""
    upcoming = tuple(replace(one, rules=()) for one in outcome.upcoming)
    duties = tuple(sorted((duty.id, str(duty.from_on)) for duty in outcome.duties))
    return outcome.roles, outcome.classes, outcome.high_risk_by, outcome.outcome, outcome.ahead, duties, upcoming


# --- laws


@settings(max_examples=cases(60))
@given(trees(), st.randoms(use_true_random=False))
def test_a_settled_outcome_is_never_opened_again(of: Classification, chance: random.Random) -> None:
    """However the questions that are left may be answered, a settled outcome stays what it is."""
    full = all_answers(of, chance)
    some = {key: value for key, value in full.items() if chance.random() < 0.6}
    before = evaluate(of, some, AT)
    if before.settled:
        after = evaluate(of, full, AT)
        assert after.settled
        assert essence(after) == essence(before)


@settings(max_examples=cases(60))
@given(trees(), st.randoms(use_true_random=False))
def test_with_every_question_answered_none_is_open(of: Classification, chance: random.Random) -> None:
    assert evaluate(of, all_answers(of, chance), AT).settled


@settings(max_examples=cases(60))
@given(trees(), st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(of: Classification, chance: random.Random) -> None:
    """The same answers in another order, or a second time, give the same outcome, reasons included."""
    full = all_answers(of, chance)
    shuffled = list(full.items())
    chance.shuffle(shuffled)
    assert evaluate(of, dict(shuffled), AT) == evaluate(of, full, AT) == evaluate(of, full, AT)


@settings(max_examples=cases(60))
@given(trees(), st.randoms(use_true_random=False))
def test_asking_only_what_is_open_ends_where_all_answers_end(of: Classification, chance: random.Random) -> None:
    """What the wizard does not ask is irrelevant: answering it too changes nothing."""
    full = all_answers(of, chance)
    asked: dict[str, Answer] = {}
    while (following := next_question(of, asked, AT)) is not None:
        assert following.id not in asked
        asked[following.id] = full[following.id]
    assert essence(evaluate(of, asked, AT)) == essence(evaluate(of, full, AT))


@settings(max_examples=cases(60))
@given(trees(), st.randoms(use_true_random=False))
def test_what_follows_is_never_taken_back(of: Classification, chance: random.Random) -> None:
    full = all_answers(of, chance)
    some = {key: value for key, value in full.items() if chance.random() < 0.5}
    before, after = evaluate(of, some, AT), evaluate(of, full, AT)
    assert {*before.ahead.roles, *before.ahead.classes} <= {*after.ahead.roles, *after.ahead.classes}
    assert {duty.id for duty in before.duties} <= {duty.id for duty in after.duties}
    assert {one.rule for one in before.because} <= {one.rule for one in after.because}


@settings(max_examples=cases(50))
@given(trees(), st.randoms(use_true_random=False))
def test_an_unknown_answer_counts_as_none(of: Classification, chance: random.Random) -> None:
    full = all_answers(of, chance)
    some = {key: value for key, value in full.items() if chance.random() < 0.5}
    unknown: Mapping[str, object] = {**dict.fromkeys(full, UNKNOWN), **some}
    assert evaluate(of, unknown, AT) == evaluate(of, some, AT)
    following = next_question(of, unknown, AT)
    assert following is None or following.id in some


@settings(max_examples=cases(50))
@given(trees())
def test_a_witness_makes_its_condition_true(of: Classification) -> None:
    for one in of.rules:
        found = witness(of, one.when, AT)
        if found is not None and one.until_on is None:
            assert one.id in {because.rule for because in evaluate(of, found, AT).because}


# --- conditions

Q = [question("a"), question("b"), question("c", EVER, "x", "y"), question("d", EVER, "x", "y", "z", several=True)]


@pytest.mark.parametrize(
    ("when", "answers", "holds"),
    [
        (yes("a"), {"a": "yes"}, True),
        (yes("a"), {"a": "no"}, False),
        (yes("!a"), {"a": "no"}, True),
        (yes("c=x"), {"c": "x"}, True),
        (yes("c=x"), {"c": "y"}, False),
        (yes("d=x"), {"d": ["x", "z"]}, True),
        (yes("d=x"), {"d": []}, False),
        (every("a", "b"), {"a": "no"}, False),
        (every("a", "b"), {"a": "yes"}, None),
        (either("a", "b"), {"a": "yes"}, True),
        (either("a", "b"), {"a": "no"}, None),
        (neither("a", "b"), {"a": "yes"}, False),
        (neither("a", "b"), {"a": "no", "b": "no"}, True),
        (neither("a", "b"), {"a": "no"}, None),
    ],
)
def test_conditions_are_yes_no_or_not_known_yet(
    when: Condition, answers: Mapping[str, object], holds: bool | None
) -> None:
    outcome = evaluate(tree(Q, [rule("r", when, duties=("d1",))]), answers, AT)
    assert outcome.settled is (holds is not None)
    assert bool(outcome.duties) is (holds is True)


def test_a_question_that_is_not_asked_counts_as_no_and_its_answer_is_ignored() -> None:
    of = tree([question("a"), question("b", yes("a"))], [rule("r", yes("b"), duties=("d1",))])
    outcome = evaluate(of, {"a": "no", "b": "yes"}, AT)
    assert outcome.settled
    assert not outcome.duties


def test_the_question_that_decides_on_a_later_one_is_asked_first() -> None:
    of = tree([question("a"), question("b", yes("a"))], [rule("r", yes("b"), duties=("d1",))])
    assert evaluate(of, {}, AT).open_questions == ("a",)
    assert evaluate(of, {"a": "yes"}, AT).open_questions == ("b",)


def test_a_question_that_can_only_repeat_what_is_known_is_not_asked() -> None:
    rules = [rule("r", yes("a"), AT, classes=("high-risk",)), rule("s", yes("b"), AT, classes=("high-risk",))]
    assert evaluate(tree(Q[:2], rules), {"a": "yes"}, AT).settled
    earlier = [rules[0], replace(rules[1], from_on=AT - timedelta(1))]
    assert evaluate(tree(Q[:2], earlier), {"a": "yes"}, AT).open_questions == ("b",)


def test_an_earlier_result_prevails_and_ends_the_questions() -> None:
    rules = [rule("r", yes("a"), outcome="out"), rule("s", yes("b"), outcome="in")]
    assert evaluate(tree(Q[:2], rules), {"a": "yes"}, AT).outcome == "out"
    assert evaluate(tree(Q[:2], rules), {"a": "yes"}, AT).settled
    assert evaluate(tree(Q[:2], rules), {"b": "yes"}, AT).open_questions == ("a",)


# --- dates


def test_what_is_certain_to_come_is_said_with_its_day() -> None:
    of = tree(Q[:1], [rule("r", yes("a"), LATER, classes=("high-risk",), high_risk_by="annex-iii", outcome="in")])
    outcome = evaluate(of, {"a": "yes"}, AT)
    assert (outcome.classes, outcome.high_risk_by, outcome.outcome) == ((), "", "")
    assert outcome.ahead.classes == ("high-risk",)
    (coming,) = outcome.upcoming
    assert (coming.from_on, coming.classes, coming.high_risk_by, coming.outcome) == (
        LATER, ("high-risk",), "annex-iii", "in",
    )  # fmt: skip
    assert coming.rules == ("r",)
    assert evaluate(of, {"a": "yes"}, LATER).classes == ("high-risk",)
    assert not evaluate(of, {"a": "yes"}, LATER).upcoming


def test_a_duty_begins_with_the_last_of_what_it_rests_on() -> None:
    rules = [
        rule("r", yes("a"), LATER, classes=("high-risk",)),
        rule("s", every("class:high-risk", "b"), AT, duties=("d1",)),
    ]
    (duty,) = evaluate(tree(Q[:2], rules), {"a": "yes", "b": "yes"}, AT).duties
    assert (duty.from_on, duty.rules) == (LATER, ("s",))


def test_the_way_to_high_risk_that_binds_first_is_named() -> None:
    rules = [
        rule("r", yes("a"), LATER, classes=("high-risk",), high_risk_by="annex-i"),
        rule("s", yes("b"), AT, classes=("high-risk",), high_risk_by="annex-iii"),
    ]
    assert evaluate(tree(Q[:2], rules), {"a": "yes", "b": "yes"}, LATER).high_risk_by == "annex-iii"


def test_a_rule_gives_nothing_from_its_last_day_on() -> None:
    of = tree(Q[:1], [rule("r", yes("a"), until_on=LATER, duties=("d1",))])
    assert evaluate(of, {"a": "yes"}, LATER - timedelta(1)).duties
    assert not evaluate(of, {"a": "yes"}, LATER).duties
    assert evaluate(of, {}, LATER).settled


def test_the_outcome_in_a_condition_is_that_of_the_day() -> None:
    rules = [rule("r", yes("a"), LATER, outcome="banned"), rule("s", yes("!outcome:banned"), duties=("d1",))]
    assert evaluate(tree(Q[:1], rules), {"a": "yes"}, AT).duties
    assert not evaluate(tree(Q[:1], rules), {"a": "yes"}, LATER).duties


# --- reasons


def test_the_chain_names_the_answers_behind_every_rule() -> None:
    rules = [rule("r", every("a", "!b"), flags=("f",)), rule("s", every("flag:f", "c=x"), AT, roles=("provider",))]
    outcome = evaluate(tree(Q[:3], rules), {"a": "yes", "b": "no", "c": "x"}, AT)
    last = outcome.because[-1]
    assert (last.rule, last.cites, last.from_on) == ("s", ("Art.s",), AT)
    assert last.answers == (("a", "yes"), ("b", "no"), ("c", "x"))


def test_answers_that_decided_nothing_are_not_in_the_chain() -> None:
    outcome = evaluate(tree(Q[:2], [rule("r", either("a", "b"), duties=("d1",))]), {"a": "yes", "b": "no"}, AT)
    assert outcome.because[0].answers == (("a", "yes"),)


def test_a_rule_that_rests_on_a_no_names_the_answers_that_kept_the_others_from_holding() -> None:
    """The question about harm was never put, because the technique was denied: that denial is the reason."""
    questions = [question("technique"), question("harm", yes("technique")), question("c")]
    rules = [
        rule("ban", yes("harm"), classes=("prohibited",)),
        rule("free", neither("class:prohibited"), flags=("f",)),
        rule("low", every("flag:f", "c"), classes=("minimal",)),
    ]
    outcome = evaluate(tree(questions, rules), {"technique": "no", "c": "yes"}, AT)
    reasons = {one.rule: one.answers for one in outcome.because}
    assert reasons == {"free": (("technique", "no"),), "low": (("c", "yes"),)}


# --- refusals


def test_wrong_answers_are_named_all_at_once() -> None:
    wrong = {"a": "perhaps", "c": "z", "d": ["x", "q"], "e": "yes", "b": True}
    with pytest.raises(AnswersError) as refused:
        evaluate(tree(Q, [rule("r", yes("a"), duties=("d1",))]), wrong, AT)
    said = "\n".join(refused.value.problems)
    assert len(refused.value.problems) == 5
    for part in (
        "'perhaps'; it is one of yes, no",
        "'z'; it is one of x, y",
        "names 'q'",
        "e: is not a question",
        "True",
    ):
        assert part in said


def test_a_list_where_one_answer_is_due_is_refused() -> None:
    assert "it is one of" in answer_problems(tree(Q, []), {"a": ["yes"]})[0]
    assert "not a list" in answer_problems(tree(Q, []), {"d": "x"})[0]


@pytest.mark.parametrize(
    ("questions", "rules", "said"),
    [
        ([question("a"), question("a")], [rule("r", yes("a"), duties=("d",))], "question a: the id occurs twice"),
        ([question("a")], [rule("r", yes("z"), duties=("d",))], "rule r: z: is not a question"),
        ([question("a")], [rule("r", yes("a=x"), duties=("d",))], "it has no choice"),
        ([Q[2]], [rule("r", yes("c=z"), duties=("d",))], "no such choice"),
        ([Q[2]], [rule("r", yes("c"), duties=("d",))], "no such choice"),
        ([question("a")], [rule("r", every("a", "flag:f"), duties=("d",))], "rule r: flag:f: no rule gives it"),
        ([question("a")], [rule("r", yes("a"), flags=("f",))], "flag f: no condition asks for it"),
        (
            [question("a")],
            [rule("r", yes("a"), outcome="other")],
            "outcome other: is given by a rule, but is no result",
        ),
        (
            [question("a", yes("flag:f"))],
            [rule("r", yes("a"), flags=("f",))],
            "question a: waits for itself, directly or through others",
        ),
        (Q[:2], [rule("r", yes("a"), duties=("d",))], "question b: no rule and no question depends on it"),
        (
            [question("a"), question("b", every("a", "!a"))],
            [rule("r", either("a", "b"), duties=("d",))],
            "question b: it is never asked, whatever is answered",
        ),
    ],
)
def test_a_tree_that_cannot_be_asked_is_refused(questions: list[Question], rules: list[Rule], said: str) -> None:
    found = tree(questions, rules)
    assert said in "\n".join(tree_problems(found) or never_asked(found))


def test_a_sound_tree_has_no_problem() -> None:
    rules = [rule("r", every("a", "c=x"), outcome="in"), rule("s", either("b", "d=z"), outcome="out")]
    assert tree_problems(tree(Q, rules)) == never_asked(tree(Q, rules)) == ()


def test_an_atom_is_written_as_it_is_read() -> None:
    for text in ("a", "!a", "c=x", "!c=x", "flag:f", "!class:high-risk", "role:provider", "outcome:in"):
        assert str(parse_atom(text)) == text
        assert list(atoms(parse_atom(text))) == [parse_atom(text)]


def test_a_question_is_put_whether_answered_or_not_and_never_while_its_condition_is_open() -> None:
    """Rule: what was answered stays in the list as long as its question is put."""
    of = tree(
        [question("a"), question("b", yes("a")), question("c", yes("!a"))], [rule("r", every("b", "c"), flags=("f",))]
    )
    assert put_questions(of, {}, AT) == ("a",)
    assert put_questions(of, {"a": "yes", "c": "yes"}, AT) == ("a", "b")
    assert put_questions(of, {"a": "no"}, AT) == ("a", "c")


# --- what is known in part, and what is known too early


def test_a_part_of_an_answer_holds_what_is_certain_and_leaves_the_rest_open() -> None:
    several = question("part", EVER, "makes", "uses", several=True)
    law = tree(
        [several], [rule("a", yes("part=makes"), roles=("provider",)), rule("b", yes("part=uses"), outcome="in")]
    )
    found = evaluate(law, {"part": AtLeast(choices=("makes",))}, AT)
    assert (found.roles, found.outcome, found.open_questions) == (("provider",), "", ("part",))
    assert next_question(law, {"part": AtLeast(choices=("makes",))}, AT) == several
    assert dict(found.because[0].answers) == {"part": ("makes",)}
    assert evaluate(law, {"part": AtLeast(choices=("makes", "uses"))}, AT).settled


def test_a_part_of_an_answer_has_to_fit_the_question() -> None:
    law = tree(
        [question("part", EVER, "makes", "uses", several=True), question("x")], [rule("a", yes("x"), outcome="in")]
    )
    assert answer_problems(law, {"part": AtLeast(choices=("uses",))}) == ()
    assert "names 'flies'" in answer_problems(law, {"part": AtLeast(choices=("flies",))})[0]
    assert "it is one of yes, no" in answer_problems(law, {"x": AtLeast(choices=("yes",))})[0]


def test_an_answer_that_denies_counts_before_its_question_is_put() -> None:
    """Asked or not, it is no: what may not be asked counts as no, and what was answered no is no."""
    covered, free = rule("a", yes("score"), outcome="in"), rule("b", parse_atom("!score"), outcome="out")
    law = tree([question("here"), question("score", yes("here"))], [covered, free])
    found = evaluate(law, {"score": "no"}, AT)
    assert (found.outcome, found.settled) == ("out", True)
    assert dict(found.because[0].answers) == {"score": "no"}
    assert found.counting == ("here", "score")
    assert evaluate(law, {"score": "yes"}, AT).open_questions == ("here",)
    assert evaluate(law, {"score": "yes"}, AT).may_follow == ()
    assert evaluate(law, {}, AT).may_follow == ("score",)


@settings(max_examples=cases(60), deadline=None)
@given(trees(), st.randoms(use_true_random=False))
def test_nothing_is_ever_asked_that_was_not_foreseen(of: Classification, chance: random.Random) -> None:
    """Whatever is put next was open, or was said to follow perhaps."""
    full, said = all_answers(of, chance), dict[str, Answer]()
    found = evaluate(of, said, AT)
    foreseen = {*found.open_questions, *found.may_follow}
    while (one := next_question(of, said, AT)) is not None:
        assert one.id in foreseen
        said[one.id] = full[one.id]
        found = evaluate(of, said, AT)
        foreseen &= {*found.open_questions, *found.may_follow, *said}
    assert found.may_follow == ()


@settings(max_examples=cases(60), deadline=None)
@given(trees(), st.randoms(use_true_random=False))
def test_a_part_of_the_answers_gives_nothing_that_all_of_them_take_back(
    of: Classification, chance: random.Random
) -> None:
    full = all_answers(of, chance)
    part = {
        key: AtLeast(choices=tuple(one for one in said if chance.random() < 0.5)) if isinstance(said, tuple) else said
        for key, said in full.items()
        if chance.random() < 0.7
    }
    some, whole = evaluate(of, part, AT), evaluate(of, full, AT)
    assert set(some.ahead.roles) <= set(whole.ahead.roles)
    assert set(some.ahead.classes) <= set(whole.ahead.classes)
    if some.settled:
        assert essence(some) == essence(whole)
