"""What answers of a supplier amount to, and where a questionnaire stands."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.library.questionnaires import questionnaires
from annexa.pure.due_diligence import OUTCOMES, certificates_until, next_review, score, state_of
from annexa.pure.questionnaires import SEVERITIES, Answers, Question, concerns, kept, open_questions, read

SHORT = questionnaires()["supplier-short"]
DAY = date(2026, 11, 20)


def answer_to(question: Question) -> st.SearchStrategy:
    """Any answer that can stand."""
    words = st.sampled_from(question.words or ("x",))
    match question.kind:
        case "several":
            return st.lists(words, min_size=1, unique=True).map(
                lambda some: ("none",) if "none" in some else tuple(some)
            )
        case "list":
            return st.lists(st.sampled_from(("a", "b", "c")), min_size=1, unique=True).map(tuple)
        case "number":
            return st.integers(0, 1000)
        case "date":
            return st.dates(date(2020, 1, 1), date(2030, 1, 1))
        case "yes_no" | "choice":
            return words
        case _:
            return st.sampled_from(("a", "Something longer"))


@st.composite
def answers(draw: st.DrawFn) -> Answers:
    """Answers to some of the questions."""
    chosen = draw(st.sets(st.sampled_from([one.id for one in SHORT.questions])))
    return {name: draw(answer_to(SHORT.by_id[name])) for name in sorted(chosen)}


@given(answers())
def test_a_score_is_whole_only_without_concern_and_falls_with_each(given_: Answers) -> None:
    found = score(SHORT, given_)
    assert (found.points is None) == (found.scored == 0)
    if found.points is not None:
        assert 0 <= found.points <= 100
        assert (found.points == 100) == (not found.concerns) or found.points >= 99  # a slight one among very many
    assert found.concerns == concerns(SHORT, given_)


@given(answers())
def test_the_worst_concern_decides_what_is_proposed_not_the_mean(given_: Answers) -> None:
    found = score(SHORT, given_)
    assert found.outcome in OUTCOMES
    severities = {one.severity for one in found.concerns}
    assert (found.outcome == "not adequate") == ("critical" in severities)
    assert (found.outcome == "adequate") == severities.isdisjoint(SEVERITIES[1:])


@given(answers())
def test_an_answer_is_read_as_it_was_kept(given_: Answers) -> None:
    assert read(SHORT, {name: kept(value) for name, value in given_.items()}) == given_


def test_what_does_not_fit_the_question_any_more_is_no_answer() -> None:
    choice = next(one for one in SHORT.questions if one.kind in ("choice", "yes_no"))
    assert read(SHORT, {choice.id: "a word of an earlier version"}) == {}
    assert read(SHORT, {choice.id: None}) == {}
    assert read(SHORT, {choice.id: {"a": 1}}) == {}


def test_nothing_answered_is_no_score() -> None:
    found = score(SHORT, {})
    assert (found.points, found.scored, found.concerns, found.worst) == (None, 0, (), "")


def test_only_questions_that_can_worry_count() -> None:
    free = [one for one in open_questions(SHORT, {}) if not one.worries]
    assert free, "every question worries; say so in the score"
    assert score(SHORT, {free[0].id: "x"} if free[0].kind in ("text", "long text") else {}).points is None


@pytest.mark.parametrize(
    ("steps", "on", "state"),
    [
        ((), DAY, "open"),
        ((), date(2026, 12, 1), "closed"),
        (("handed in",), DAY, "handed in"),
        (("handed in",), date(2027, 1, 1), "handed in"),
        (("handed in", "returned"), DAY, "returned"),
        (("handed in", "returned"), date(2026, 12, 1), "closed"),
        (("handed in", "returned", "handed in"), DAY, "handed in"),
        (("handed in", "judged"), date(2027, 1, 1), "judged"),
        (("withdrawn",), DAY, "withdrawn"),
        (("handed in", "withdrawn"), DAY, "withdrawn"),
    ],
)
def test_where_it_stands(steps: tuple[str, ...], on: date, state: str) -> None:
    assert state_of(steps, expires_on=date(2026, 12, 1), on=on) == state


@pytest.mark.parametrize(
    ("tier", "again"),
    [("critical", date(2027, 11, 20)), ("standard", date(2028, 11, 19)), ("", date(2027, 11, 20))],
)
def test_the_tier_decides_when_a_supplier_is_looked_at_again(tier: str, again: date) -> None:
    assert next_review(tier, DAY) == again


@pytest.mark.parametrize(
    ("held", "taken", "before", "ends"),
    [
        ((), {}, None, None),
        (("A",), {"A": 9}, None, 9),
        (("A",), {"A": 9}, 1, 9),  # the renewed one takes the place of what stood there
        (("A", "B"), {"A": 9, "B": 4}, 1, 4),
        (("A", "B"), {"A": 9}, 5, 5),  # the day that stood there may be that of B
        (("A", "B"), {"A": 3}, 5, 3),
        (("A", "B"), {"A": 3, "C": 1}, None, 3),  # of a certificate nobody holds any more nothing counts
    ],
)
def test_the_first_certificate_that_ends_is_found(held, taken, before, ends) -> None:
    def day(number):
        return None if number is None else date(2027, 1, number)

    found = certificates_until(held, {name: day(number) for name, number in taken.items()}, day(before))
    assert found == day(ends)
