"""A supplier answers by a link, and what is made of it stands in its record."""

from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.questionnaires import (
    answer_questionnaire,
    hand_in_questionnaire,
    judge_questionnaire,
    return_questionnaire,
    send_questionnaire,
    withdraw_questionnaire,
)
from annexa.actions.registers import add_record
from annexa.answers.due_diligence import by_link, one_sent, sections_of, sent_to
from annexa.answers.errors import UnknownError
from annexa.library.questionnaires import questionnaires
from annexa.pure.permits import Actor, Grant, Refusal, may
from annexa.pure.questionnaires import open_questions
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.tokens import token_text
from annexa.records.ledger import EntryBody, LedgerEntry
from annexa.records.registers import TABLES
from tests.actions.test_door import check_ledger
from tests.questions import an_answer, everything

SHORT = questionnaires()["supplier-short"]
ELSEWHERE = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)


@pytest.fixture
def supplier(organisation, actor, now) -> str:
    entry = SUPPLIERS.make({"name": "Parley AI", "tier": "critical", "owner": "ada@example.org"})
    return add_record(actor=actor, register=SUPPLIERS, entry=entry, now=now).slug


@pytest.fixture
def sent(supplier, actor, admin, now):
    row, secret = send_questionnaire(
        actor=actor, person=admin, supplier=supplier, questionnaire=SHORT.id, to="security@parley.example",
        due_on=now.date() + timedelta(days=14), now=now,
    )  # fmt: skip
    return row, secret


def test_it_goes_from_the_link_into_the_record(sent, supplier, actor, admin, now) -> None:
    row, secret = sent
    before = check_ledger()
    given = everything(SHORT)
    assert answer_questionnaire(secret=secret, given=given, now=now) == len(given)
    hand_in_questionnaire(secret=secret, signed="Pat Parley", now=now)
    found = one_sent(actor=actor, sent=row.id, now=now)
    assert (found.state, found.done.ready, found.answers) == ("handed in", True, given)
    judge_questionnaire(
        actor=actor, person=admin, sent=row.id, outcome="adequate with conditions", conditions="Shows its report",
        because="Read with the lawyers", now=now,
    )  # fmt: skip
    assert check_ledger() == before + len(given) + 3  # answers, two steps, and the supplier
    kept = TABLES["supplier"].objects.get(slug=supplier).entry
    assert (kept.assessment, kept.assessed_on, kept.conditions) == (
        "adequate with conditions", now.date(), "Shows its report",
    )  # fmt: skip
    assert kept.next_review_on == now.date() + timedelta(days=365)
    by = set(LedgerEntry.objects.filter(kind="questionnaire_answer").values_list("actor", flat=True))
    assert by == {f"link/{row.id}"}


def test_answers_are_kept_as_they_come_and_the_same_leaves_nothing(sent, actor, now) -> None:
    row, secret = sent
    first = open_questions(SHORT, {})[0]
    assert answer_questionnaire(secret=secret, given={first.id: an_answer(first)}, now=now) == 1
    before = check_ledger()
    assert answer_questionnaire(secret=secret, given={first.id: an_answer(first)}, now=now) == 0
    assert check_ledger() == before
    assert answer_questionnaire(secret=secret, given={first.id: None}, now=now) == 1
    assert one_sent(actor=actor, sent=row.id, now=now).answers == {}


def test_everything_that_is_wrong_is_told_by_question_and_nothing_is_kept(sent, actor, now) -> None:
    row, secret = sent
    words = next(one for one in SHORT.questions if one.words)
    first = open_questions(SHORT, {})[0]
    before = check_ledger()
    with pytest.raises(InvalidError) as error:
        answer_questionnaire(
            secret=secret, given={words.id: "perhaps", "ghost": "x", first.id: an_answer(first)}, now=now
        )
    assert set(error.value.problems) == {words.id, "ghost"}
    assert check_ledger() == before
    with pytest.raises(InvalidError) as error:
        hand_in_questionnaire(secret=secret, signed=" ", now=now)
    missing = {one.id for one in open_questions(SHORT, {}) if one.required}
    assert set(error.value.problems) == missing | {"signed"}
    assert one_sent(actor=actor, sent=row.id, now=now).state == "open"


def test_the_secret_is_nowhere(sent) -> None:
    _row, secret = sent
    told = b"".join(bytes(body) for body in EntryBody.objects.values_list("body", flat=True))
    assert secret.encode() not in told


@pytest.mark.parametrize("secret", ["", "x" * 43, "../../etc", "é" * 43, token_text(b"0" * 32)])
def test_no_other_link_opens(sent, now, secret) -> None:
    with pytest.raises(NotFoundError):
        answer_questionnaire(secret=secret, given={}, now=now)


def test_a_link_opens_nothing_else(sent, now) -> None:
    who = by_link(secret=sent[1], now=now).actor
    assert isinstance(may(who, "read"), Refusal)
    assert isinstance(may(who, "change_register"), Refusal)
    with pytest.raises(UnknownError):
        one_sent(actor=who, sent=sent[0].id, now=now)


def test_what_was_handed_in_stays_until_it_is_returned(sent, actor, admin, now) -> None:
    row, secret = sent
    given = everything(SHORT)
    answer_questionnaire(secret=secret, given=given, now=now)
    hand_in_questionnaire(secret=secret, signed="Pat Parley", now=now)
    first = next(iter(given))
    with pytest.raises(ConflictError, match="handed in"):
        answer_questionnaire(secret=secret, given={first: None}, now=now)
    by = {"actor": actor, "person": admin, "sent": row.id, "now": now}
    with pytest.raises(InvalidError):
        return_questionnaire(because=" ", **by)
    return_questionnaire(because="The second answer is not complete", **by)
    assert answer_questionnaire(secret=secret, given={first: None}, now=now) == 1
    with pytest.raises(ConflictError):
        judge_questionnaire(outcome="adequate", conditions="", because="", **by)


def test_a_link_ends_by_itself_and_when_it_is_withdrawn(sent, actor, admin, now) -> None:
    row, secret = sent
    late = now + timedelta(days=14 + 30)
    answer_questionnaire(secret=secret, given={}, now=late - timedelta(days=1))
    with pytest.raises(ConflictError, match="has ended"):
        answer_questionnaire(secret=secret, given={}, now=late)
    by = {"actor": actor, "person": admin, "sent": row.id, "now": now}
    withdraw_questionnaire(because="Sent to the wrong address", **by)
    with pytest.raises(ConflictError, match="closed this link"):
        answer_questionnaire(secret=secret, given={}, now=now)
    with pytest.raises(ConflictError):
        withdraw_questionnaire(because="Again", **by)


def test_who_judges_otherwise_than_proposed_says_why(sent, actor, admin, now) -> None:
    row, secret = sent
    answer_questionnaire(secret=secret, given=everything(SHORT), now=now)
    hand_in_questionnaire(secret=secret, signed="Pat Parley", now=now)
    found = one_sent(actor=actor, sent=row.id, now=now)
    other = next(one for one in ("not adequate", "adequate") if one != found.score.outcome)
    by = {"actor": actor, "person": admin, "sent": row.id, "now": now}
    with pytest.raises(InvalidError) as error:
        judge_questionnaire(outcome=other, conditions="", because="", **by)
    assert found.score.outcome in error.value.problems["because"][0]
    with pytest.raises(InvalidError):
        judge_questionnaire(outcome="splendid", conditions="", because="x", **by)
    judge_questionnaire(outcome=other, conditions="", because="They showed us around", **by)
    assert one_sent(actor=actor, sent=row.id, now=now).state == "judged"


def test_what_is_wrong_about_sending_is_told_at_once(supplier, actor, admin, now) -> None:
    by = {"actor": actor, "person": admin, "now": now}
    with pytest.raises(InvalidError) as error:
        send_questionnaire(supplier=supplier, questionnaire="fria", to=" ", due_on=now.date(), **by)
    assert set(error.value.problems) == {"questionnaire", "to", "due_on"}
    with pytest.raises(NotFoundError):
        send_questionnaire(supplier="ghost", questionnaire=SHORT.id, to="x", due_on=now.date(), **by)


def test_it_is_only_for_who_may(sent, supplier, actor, admin, now) -> None:
    row, _secret = sent
    auditor = Actor(id="person/99", name="Otto Auditor", role="auditor")
    later = now.date() + timedelta(days=9)
    with pytest.raises(NotPermittedError):
        send_questionnaire(
            actor=auditor, person=admin, supplier=supplier, questionnaire=SHORT.id, to="x", due_on=later, now=now
        )
    assert sent_to(actor=auditor, now=now)[0].row == row
    assert sent_to(actor=ELSEWHERE, now=now) == ()
    with pytest.raises(NotFoundError):
        withdraw_questionnaire(actor=ELSEWHERE, person=admin, sent=row.id, because="x", now=now)


def test_the_sections_hold_every_question_that_is_asked_with_its_answer(sent, actor, now) -> None:
    row, secret = sent
    given = everything(SHORT)
    answer_questionnaire(secret=secret, given=given, now=now)
    found = sections_of(one_sent(actor=actor, sent=row.id, now=now))
    assert {one.question.id: one.value for section in found for one in section.rows} == given
    assert [one.section for one in found] == list(SHORT.sections)
