"""Asking suppliers by link, taking their answers, returning them, judging them."""

import secrets
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime

from django.db import IntegrityError
from django.db.models import Max

from annexa.actions.door import Door, door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.registers import place_in, take_values
from annexa.answers.due_diligence import Linked, Sent, by_link, for_suppliers, one_sent
from annexa.answers.errors import UnknownError
from annexa.answers.registers import one_record
from annexa.pure.due_diligence import LINK_LASTS, OUTCOMES, answerable, next_review
from annexa.pure.permits import Actor
from annexa.pure.questionnaires import Questionnaire, Value, kept, problems, wrong
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.tokens import SECRET_BYTES, token_digest, token_text
from annexa.records.people import Person
from annexa.records.questionnaires import QuestionnaireAnswer, QuestionnaireStep, SentQuestionnaire
from annexa.records.registers import RegisterRow

LONGEST_TO = 254
LONGEST_NAME = 200


def send_questionnaire(
    *,
    actor: Actor,
    person: Person,
    supplier: str,
    questionnaire: str,
    to: str,
    due_on: date,
    now: datetime,
    because: str = "",
) -> tuple[SentQuestionnaire, str]:
    """Asks a supplier; answers with the record and the secret of the link, which can never be shown again.

    The link opens until 30 days after `due_on`. Ledger: questionnaire. Raises InvalidError with every problem,
    NotFoundError, NotPermittedError.
    """
    row = _supplier(actor, supplier)
    wanted = {one.id: one for one in for_suppliers()}
    found = wanted.get(questionnaire)
    wrong_with: dict[str, list[str]] = {}
    if found is None:
        wrong_with["questionnaire"] = [f"{questionnaire!r} cannot be sent; use one of {', '.join(wanted)}."]
    if not 0 < len(to.strip()) <= LONGEST_TO:
        wrong_with["to"] = ["Say who is to answer, best by e-mail address."]
    if due_on <= now.date():
        wrong_with["due_on"] = [f"{due_on} is not ahead; give them time to answer."]
    with door(
        actor=actor, verb="send_questionnaire", now=now, because=because.strip(), place=place_in(SUPPLIERS, row.entry)
    ) as opened:
        if wrong_with or found is None:
            raise InvalidError(wrong_with)
        secret = token_text(secrets.token_bytes(SECRET_BYTES))
        made = SentQuestionnaire(
            id=uuid.uuid4().hex,
            supplier=row.slug,
            questionnaire=found.id,
            version=found.version,
            to=to.strip(),
            sha256=token_digest(secret),
            due_on=due_on,
            expires_on=due_on + LINK_LASTS,
            because=because.strip(),
            recorded_at=now,
            by=person,
        )
        opened.write(made, kind="questionnaire", subject=f"questionnaire/{made.id}")
    return made, secret


def answer_questionnaire(*, secret: str, given: Mapping[str, Value | None], now: datetime) -> int:
    """Keeps what a supplier answers by its link, whatever else is still open; how many answers changed. All or none.

    None takes an answer back. Ledger: questionnaire_answer for each. Raises InvalidError with every problem by
    question, NotFoundError, ConflictError once it is handed in or has ended.
    """
    with by_whom_it_is_linked(secret=secret, now=now) as (opened, found, asked):
        bad = {}
        for name, value in given.items():
            if name not in asked.by_id:
                bad[name] = ["is not asked here."]
            elif value is not None and (said := wrong(asked.by_id[name], value)):
                bad[name] = [f"{said}."]
        if bad:
            raise InvalidError(bad)
        changed = {name: value for name, value in given.items() if value != found.answers.get(name)}
        numbers = dict(
            QuestionnaireAnswer.objects.filter(sent=found.row, question__in=list(changed))
            .values_list("question")
            .annotate(last=Max("number"))
        )
        made = [
            QuestionnaireAnswer(
                id=uuid.uuid4().hex,
                sent=found.row,
                question=name,
                number=numbers.get(name, 0) + 1,
                value=kept(value),
                recorded_at=now,
            )
            for name, value in changed.items()
        ]
        if made:
            opened.write_many(made, kind="questionnaire_answer", subject=_subject)
    return len(made)


def hand_in_questionnaire(*, secret: str, signed: str, now: datetime) -> QuestionnaireStep:
    """Hands the answers in; they stay as they are unless they are returned. Ledger: questionnaire_step.

    Raises InvalidError with everything that is missing by question, NotFoundError, ConflictError.
    """
    with by_whom_it_is_linked(secret=secret, now=now) as (opened, found, asked):
        bad = {one.question: [f"{one.message}."] for one in problems(asked, found.answers)}
        if not 0 < len(signed.strip()) <= LONGEST_NAME:
            bad["signed"] = [f"Say who hands this in, in at most {LONGEST_NAME} characters."]
        if bad:
            raise InvalidError(bad)
        return _step(opened, found, "handed in", signed=signed.strip())


def return_questionnaire(*, actor: Actor, person: Person, sent: str, because: str, now: datetime) -> QuestionnaireStep:
    """Gives answers back to the supplier, who may change them by the same link. Ledger: questionnaire_step.

    Raises InvalidError, NotFoundError, NotPermittedError, and ConflictError where there is nothing to return.
    """
    with _judging(actor, sent, now, because, verb="judge_questionnaire") as (opened, found):
        if found.state != "handed in":
            raise ConflictError("Only answers that were handed in and not judged can be returned.")
        if not because.strip():
            raise InvalidError({"because": ["Say what is missing; the supplier reads it."]})
        return _step(opened, found, "returned", by=person)


def withdraw_questionnaire(
    *, actor: Actor, person: Person, sent: str, because: str, now: datetime
) -> QuestionnaireStep:
    """Closes the link before its time; what was answered stays. Ledger: questionnaire_step.

    Raises NotFoundError, NotPermittedError, and ConflictError where it has ended.
    """
    with _judging(actor, sent, now, because, verb="send_questionnaire") as (opened, found):
        if found.state in ("judged", "withdrawn"):
            raise ConflictError("This questionnaire has ended already.")
        return _step(opened, found, "withdrawn", by=person)


def judge_questionnaire(
    *,
    actor: Actor,
    person: Person,
    sent: str,
    outcome: str,
    conditions: str,
    because: str,
    now: datetime,
) -> QuestionnaireStep:
    """Judges what was handed in and writes it into the supplier's record: assessed today, the outcome, the next review.

    Who judges need not agree with what the concerns propose, but says why. Ledger: questionnaire_step, supplier.
    Raises InvalidError with every problem, NotFoundError, NotPermittedError, and ConflictError where nothing was
    handed in.
    """
    with _judging(actor, sent, now, because, verb="judge_questionnaire") as (opened, found):
        if found.state != "handed in" or found.score is None:
            raise ConflictError("Only answers that were handed in can be judged.")
        bad: dict[str, list[str]] = {}
        if outcome not in OUTCOMES:
            bad["outcome"] = [f"Choose one of {', '.join(OUTCOMES)}."]
        if outcome == "adequate with conditions" and not conditions.strip():
            bad["conditions"] = ["Say what the supplier has to mend or keep to."]
        if outcome != found.score.outcome and not because.strip():
            bad["because"] = [f"The answers propose {found.score.outcome}; say why it is otherwise."]
        if bad:
            raise InvalidError(bad)
        row = _supplier(actor, found.row.supplier)
        made = _step(opened, found, "judged", by=person, outcome=outcome, conditions=conditions.strip())
        values = {
            "assessed_on": now.date(),
            "assessment": outcome,
            "conditions": conditions.strip(),
            "next_review_on": next_review(row.entry.tier, now.date()),
        }
        take_values(opened, SUPPLIERS, row.slug, values)
        return made


ENDED: Mapping[str, str] = {
    "handed in": "These answers were handed in. Whoever asked can return them.",
    "judged": "These answers were handed in and judged.",
    "withdrawn": "Whoever asked has closed this link.",
    "closed": "This link has ended. Whoever asked can send another.",
}
"""Why nothing can be written any more."""


@contextmanager
def by_whom_it_is_linked(*, secret: str, now: datetime) -> Iterator[tuple[Door, Sent, Questionnaire]]:
    """The open door for who comes with a link. Ledger: what is written through it.

    Raises NotFoundError, and ConflictError where it has ended.
    """
    with _once(), door(actor=_linked(secret, now).actor, verb="answer_questionnaire", now=now) as opened:
        found = _linked(secret, now).sent  # whoever waited may find it handed in or closed
        if not answerable(found.state):
            raise ConflictError(ENDED[found.state])
        if found.questionnaire is None:
            raise ConflictError("These questions are not asked any more. Whoever asked can send others.")
        yield opened, found, found.questionnaire


def link_of(*, secret: str, now: datetime) -> Sent:
    """What a link leads to, as long as something may be written there. Raises NotFoundError, ConflictError."""
    found = _linked(secret, now).sent
    if not answerable(found.state):
        raise ConflictError(ENDED[found.state])
    return found


@contextmanager
def by_whom_it_is_judged(*, actor: Actor, sent: str, now: datetime, because: str) -> Iterator[tuple[Door, Sent]]:
    """The open door for who judges answers. Ledger: what is written through it. Raises NotFoundError,
    NotPermittedError."""
    with _judging(actor, sent, now, because, verb="judge_questionnaire") as both:
        yield both


def _linked(secret: str, now: datetime) -> Linked:
    try:
        return by_link(secret=secret, now=now)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error


@contextmanager
def _judging(actor: Actor, sent: str, now: datetime, because: str, *, verb: str) -> Iterator[tuple[Door, Sent]]:
    """The open door for somebody of the organisation, where the supplier belongs."""
    place = place_in(SUPPLIERS, _supplier(actor, _found(actor, sent, now).row.supplier).entry)
    with _once(), door(actor=actor, verb=verb, now=now, because=because.strip(), place=place) as opened:
        yield opened, _found(actor, sent, now)


@contextmanager
def _once() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ConflictError("Somebody else wrote meanwhile. Nothing was saved; look again.") from error


def _found(actor: Actor, sent: str, now: datetime) -> Sent:
    try:
        return one_sent(actor=actor, sent=sent, now=now)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error


def _supplier(actor: Actor, slug: str) -> RegisterRow:
    try:
        return one_record(actor=actor, register=SUPPLIERS, slug=slug)
    except UnknownError as error:
        raise NotFoundError(str(error)) from error


def _step(
    opened: Door,
    found: Sent,
    step: str,
    *,
    by: Person | None = None,
    signed: str = "",
    outcome: str = "",
    conditions: str = "",
) -> QuestionnaireStep:
    made = QuestionnaireStep(
        id=uuid.uuid4().hex,
        sent=found.row,
        number=len(found.steps) + 1,
        step=step,
        signed=signed,
        outcome=outcome,
        conditions=conditions,
        because=opened.because,
        recorded_at=opened.now,
        by=by,
    )
    opened.write(made, kind="questionnaire_step", subject=_subject(made))
    return made


def _subject(row: QuestionnaireAnswer | QuestionnaireStep) -> str:
    return f"questionnaire/{row.sent_id}"
