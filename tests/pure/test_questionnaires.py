"""Answers amount to the same whoever counts them, and nothing that is not asked any more has a say."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.questionnaires import (
    KINDS,
    SEVERITIES,
    Answers,
    AskedIf,
    Completeness,
    Concern,
    Kind,
    KnownFact,
    Question,
    Questionnaire,
    Reused,
    Section,
    Value,
    Worry,
    completeness,
    concerns,
    open_questions,
    problems,
    registered,
    reused,
    stated,
    wrong,
)
from annexa.pure.systems import SystemFacts

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WORDS = ("a", "b", "none")


def asks(name: str, kind: Kind = "text", **more: object) -> Question:
    """A question with what matters in a test."""
    choices = WORDS if kind in ("choice", "several") else ()
    given: dict[str, object] = {"section": "s", "text": f"{name}?", "choices": choices, **more}
    return Question(id=name, kind=kind, **given)  # type: ignore[arg-type]


def of(*questions: Question) -> Questionnaire:
    """A questionnaire of these questions."""
    names = dict.fromkeys(question.section for question in questions)
    return Questionnaire(
        id="one",
        version="1",
        title="One",
        purpose="For tests.",
        kind="assessment",
        basis=(),
        includes="",
        source="own",
        read_on=date(2026, 11, 21),
        confidence="high",
        sections=tuple(Section(id=name, title=name, intro=name) for name in names),
        questions=questions,
    )


@st.composite
def drawn_questionnaires(draw: st.DrawFn) -> Questionnaire:
    """Questions of every kind in two sections, some of them depending on an earlier one, some raising worries."""
    questions: list[Question] = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=8))):
        question = asks(f"q{number}", kind, section=draw(st.sampled_from("st")), required=draw(st.booleans()))  # type: ignore[arg-type]
        more: dict[str, object] = {}
        earlier = [one for one in questions if one.words]
        if earlier and draw(st.booleans()):
            on = draw(st.sampled_from(earlier))
            more["asked_if"] = AskedIf(question=on.id, any_of=(draw(st.sampled_from(on.words)),))
        if question.words and draw(st.booleans()):
            more["worries"] = tuple(
                Worry(severity=draw(st.sampled_from(SEVERITIES)), because=f"{number} {word}", any_of=(word,))  # type: ignore[arg-type]
                for word in question.words
            )
        if draw(st.booleans()):
            more["fact"] = f"f{number}"
        questions.append(asks(question.id, question.kind, section=question.section, required=question.required, **more))
    return of(*questions)


values: st.SearchStrategy[Value] = st.one_of(
    st.sampled_from(["a", "b", "none", "yes", "no", "", "  ", "other"]),
    st.lists(st.sampled_from(["a", "b", "none", "other"]), max_size=3).map(tuple),
    st.integers(-1, 5),
    st.floats(),
    st.dates(),
)


@st.composite
def drawn_answers(draw: st.DrawFn) -> tuple[Questionnaire, Answers]:
    """A questionnaire with answers to some of it, right and wrong ones."""
    questionnaire = draw(drawn_questionnaires())
    return questionnaire, draw(st.dictionaries(st.sampled_from([q.id for q in questionnaire.questions]), values))


ANSWERED = of(
    asks("ai", "yes_no"),
    asks("what", "choice", asked_if=AskedIf(question="ai", any_of=("yes",))),
    asks("why", "long text", asked_if=AskedIf(question="what", any_of=("b",)), required=False),
)


def test_it_works() -> None:
    answers: Answers = {"ai": "yes", "what": "b"}
    assert [q.id for q in open_questions(ANSWERED, answers)] == ["ai", "what", "why"]
    assert problems(ANSWERED, answers) == ()
    assert completeness(ANSWERED, answers) == Completeness(asked=3, answered=2, required=2, required_answered=2)


def test_a_closed_question_closes_what_depends_on_it() -> None:
    assert [q.id for q in open_questions(ANSWERED, {"ai": "no", "what": "b", "why": "x"})] == ["ai"]


@given(drawn_answers())
def test_questions_are_open_for_their_condition_and_no_other_reason(drawn: tuple[Questionnaire, Answers]) -> None:
    questionnaire, answers = drawn
    asked = open_questions(questionnaire, answers)
    assert list(asked) == [q for q in questionnaire.questions if q in asked]
    for question in questionnaire.questions:
        on = question.asked_if
        if on is None:
            assert question in asked
        elif question in asked:
            value = answers[on.question]
            assert questionnaire.by_id[on.question] in asked
            assert set(on.any_of) & set(value if isinstance(value, tuple) else (value,))


@given(drawn_answers())
def test_answers_that_are_not_asked_for_have_no_say(drawn: tuple[Questionnaire, Answers]) -> None:
    questionnaire, answers = drawn
    asked = {question.id for question in open_questions(questionnaire, answers)}
    fewer = {name: value for name, value in answers.items() if name in asked}
    assert open_questions(questionnaire, fewer) == open_questions(questionnaire, answers)
    assert problems(questionnaire, fewer) == problems(questionnaire, answers)
    assert completeness(questionnaire, fewer) == completeness(questionnaire, answers)
    assert concerns(questionnaire, fewer) == concerns(questionnaire, answers)


@given(drawn_answers())
def test_without_problems_it_is_ready(drawn: tuple[Questionnaire, Answers]) -> None:
    questionnaire, answers = drawn
    found = completeness(questionnaire, answers)
    assert found.required_answered <= found.answered <= found.asked
    assert found.required_answered <= found.required <= found.asked
    if not problems(questionnaire, answers):
        assert found.ready
    if found.answered == found.asked:
        assert problems(questionnaire, answers) == ()


@given(drawn_answers())
def test_sections_add_up(drawn: tuple[Questionnaire, Answers]) -> None:
    questionnaire, answers = drawn
    parts = [completeness(questionnaire, answers, section=one.id) for one in questionnaire.sections]
    whole = completeness(questionnaire, answers)
    assert (sum(p.asked for p in parts), sum(p.answered for p in parts)) == (whole.asked, whole.answered)
    assert sum(p.required_answered for p in parts) == whole.required_answered


@given(drawn_answers())
def test_concerns_do_not_depend_on_the_order_of_answers(drawn: tuple[Questionnaire, Answers]) -> None:
    questionnaire, answers = drawn
    found = concerns(questionnaire, answers)
    assert found == concerns(questionnaire, dict(reversed(list(answers.items()))))
    ranks = [SEVERITIES.index(one.severity) for one in found]
    assert ranks == sorted(ranks, reverse=True)
    assert len({one.question for one in found}) == len(found)


@given(drawn_answers())
def test_what_is_stated_can_be_reused_as_it_was(drawn: tuple[Questionnaire, Answers]) -> None:
    questionnaire, answers = drawn
    facts = stated(questionnaire, answers, origin="dpia of Scoring", by="ada", at=NOW)
    proposed = reused(questionnaire, facts)
    assert {one.question for one in proposed} == {q.id for q in questionnaire.questions if q.fact} & {
        name for name in answers if any(fact.fact == questionnaire.by_id[name].fact for fact in facts)
    }
    for one in proposed:
        assert one.value == answers[one.question]
        assert (one.origin, one.by, one.at) == ("dpia of Scoring", "ada", NOW)
        assert wrong(questionnaire.by_id[one.question], one.value) == ""


@given(st.permutations(range(4)))
def test_of_several_statements_the_newest_is_proposed(order: list[int]) -> None:
    facts = [
        KnownFact(fact="f", value=f"v{age}", origin="fria", by="ada", at=NOW - timedelta(days=age)) for age in order
    ]
    assert [one.value for one in reused(of(asks("q", fact="f")), facts)] == ["v0"]


def test_a_statement_that_does_not_fit_is_not_proposed() -> None:
    known = KnownFact(fact="f", value="perhaps", origin="fria", by="ada", at=NOW)
    assert reused(of(asks("q", "yes_no", fact="f")), [known]) == ()


def test_a_statement_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        stated(ANSWERED, {}, origin="x", by="ada", at=datetime(2026, 11, 21))  # noqa: DTZ001


def test_the_register_answers_what_it_knows() -> None:
    """ "Unknown" in the register is no answer to a question of yes and no."""
    questionnaire = of(
        asks("name", system_field="name"),
        asks("personal", "yes_no", system_field="personal_data"),
        asks("owner", "person", system_field="owner"),
        asks("first", "date", system_field="deployed_on"),
    )
    system = SystemFacts(name="Scoring", deployed_on=date(2026, 1, 1))
    assert registered(questionnaire, system) == (
        Reused(question="name", value="Scoring", origin="register of AI systems"),
        Reused(question="first", value=date(2026, 1, 1), origin="register of AI systems"),
    )


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("text", "x" * 301, "has 301 characters; 300 are allowed"),
        ("person", 3, "is not a text"),
        ("yes_no", "maybe", "is none of: yes, no"),
        ("choice", "c", "is none of: a, b, none"),
        ("several", ("a", "none"), 'has "none" beside another answer'),
        ("several", ("a", "a"), "names the same twice"),
        ("several", ("c",), 'has "c", which is none of: a, b, none'),
        ("several", "a", "is not a list"),
        ("list", ("a", " "), "has an entry that is not a text"),
        ("number", -1, "is not a number from 0 upwards"),
        ("number", True, "is not a number from 0 upwards"),
        ("number", float("nan"), "is not a number from 0 upwards"),
        ("date", NOW, "is not a date"),
    ],
)
def test_a_wrong_answer_is_told_why(kind: Kind, value: Value, message: str) -> None:
    assert wrong(asks("q", kind), value) == message
    assert [one.message for one in problems(of(asks("q", kind)), {"q": value})] == [message]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("text", "x"), ("yes_no", "no"), ("several", ("a", "b")), ("list", ("x",)), ("number", 0), ("date", NOW.date())],
)
def test_a_right_answer_stands(kind: Kind, value: Value) -> None:
    assert wrong(asks("q", kind), value) == ""


def test_everything_wrong_is_told_at_once() -> None:
    found = problems(ANSWERED, {"ai": "yes", "why": "x", "else": "y"})
    assert [(one.question, one.message) for one in found] == [
        ("what", "is not answered"),
        ("else", "is not asked here"),
    ]


def test_of_two_worries_only_the_worst_is_told() -> None:
    worries = (
        Worry(severity="medium", because="Late.", above=24),
        Worry(severity="high", because="Too late.", above=72),
    )
    questionnaire = of(asks("hours", "number", worries=worries))
    assert concerns(questionnaire, {"hours": 24}) == ()
    assert concerns(questionnaire, {"hours": 25}) == (Concern(question="hours", severity="medium", because="Late."),)
    assert concerns(questionnaire, {"hours": 73}) == (Concern(question="hours", severity="high", because="Too late."),)


def test_what_is_lacking_worries_as_well() -> None:
    worry = Worry(severity="low", because="No b.", lacks=("b",))
    questionnaire = of(
        asks("q", "several", worries=(worry,)),
        asks("n", "number", worries=(Worry(severity="low", because="Few.", below=3),)),
    )
    assert [one.because for one in concerns(questionnaire, {"q": ("a",), "n": 2})] == ["No b.", "Few."]
    assert concerns(questionnaire, {"q": ("a", "b"), "n": 3}) == ()
