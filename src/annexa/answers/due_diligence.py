"""Questions about due diligence: which questionnaires were sent, how far they are, what the answers amount to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from annexa.answers.actors import ask_reads
from annexa.answers.errors import UnknownError
from annexa.answers.registers import rows_of
from annexa.library.questionnaires import questionnaires
from annexa.pure.due_diligence import Score, State, score, state_of
from annexa.pure.permits import RESPONDENT, Actor
from annexa.pure.questionnaires import (
    Answers,
    Completeness,
    Concern,
    Question,
    Questionnaire,
    Section,
    Value,
    completeness,
    open_questions,
    read,
)
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.tokens import TokenError, token_digest
from annexa.records.organisation import Organisation
from annexa.records.questionnaires import QuestionnaireAnswer, QuestionnaireStep, SentQuestionnaire
from annexa.records.registers import TABLES


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One that was sent: where it stands, how far it is, and the name of the supplier.

    `questionnaire` is None where the library no longer has it; what was answered is still told.
    """

    row: SentQuestionnaire
    supplier: str
    state: State
    questionnaire: Questionnaire | None
    answers: Answers
    done: Completeness | None
    score: Score | None
    steps: tuple[QuestionnaireStep, ...]

    @property
    def latest(self) -> QuestionnaireStep | None:
        """The last thing that happened to it."""
        return self.steps[-1] if self.steps else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with the answer that counts, and the concern it raises."""

    question: Question
    value: Value | None
    concern: Concern | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedSection:
    """A section with the questions that are asked in it now."""

    section: Section
    rows: tuple[Asked, ...]
    done: Completeness


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Who comes with a link, what they are to answer, and the name of the organisation that asks."""

    actor: Actor
    sent: Sent
    organisation: str


def for_suppliers() -> tuple[Questionnaire, ...]:
    """The questionnaires that can be sent to suppliers, the shortest first."""
    found = [one for one in questionnaires().values() if one.kind == "supplier"]
    return tuple(sorted(found, key=lambda one: len(one.questions)))


def sent_to(*, actor: Actor, now: datetime, supplier: str = "") -> tuple[Sent, ...]:
    """What was sent to the suppliers the actor may know of, or to one of them, the newest first. Cost: four queries.

    Raises UnknownError for who reads nothing.
    """
    ask_reads(actor)
    rows = rows_of(actor, SUPPLIERS)
    names = dict((rows.filter(slug=supplier) if supplier else rows).values_list("slug", "name"))
    found = list(SentQuestionnaire.objects.order_by("-recorded_at", "id").select_related("by"))
    return _standing([one for one in found if one.supplier in names], names, now)


def one_sent(*, actor: Actor, sent: str, now: datetime) -> Sent:
    """One that was sent. Raises UnknownError, also where its supplier is not for this actor."""
    row = SentQuestionnaire.objects.filter(id=sent).select_related("by").first()
    names = dict(rows_of(actor, SUPPLIERS).filter(slug=row.supplier).values_list("slug", "name")) if row else {}
    if row is None or row.supplier not in names:
        raise UnknownError(f"There is no questionnaire {sent!r}.")
    return _standing([row], names, now)[0]


def by_link(*, secret: str, now: datetime) -> Linked:
    """Who comes with a link; also one that has ended, so that they are told rather than lost. Raises UnknownError."""
    try:
        row = SentQuestionnaire.objects.filter(sha256=token_digest(secret)).select_related("by").first()
    except TokenError as error:
        raise UnknownError("There is no such link; copy the whole of it.") from error
    if row is None:
        raise UnknownError("There is no such link.")
    names = dict(TABLES[SUPPLIERS.noun].objects.filter(slug=row.supplier).values_list("slug", "name"))
    found = _standing([row], names, now)[0]
    actor = Actor(id=row.actor_id, name=f"{found.supplier} (by link)", role=RESPONDENT)
    return Linked(actor=actor, sent=found, organisation=Organisation.objects.values_list("name", flat=True).get())


def sections_of(found: Sent) -> tuple[AskedSection, ...]:
    """The questions asked now, section by section, with their answers. Empty where the library has them no more."""
    if found.questionnaire is None or found.score is None:
        return ()
    worries = {one.question: one for one in found.score.concerns}
    asked = open_questions(found.questionnaire, found.answers)
    return tuple(
        AskedSection(
            section=section,
            rows=tuple(
                Asked(question=one, value=found.answers.get(one.id), concern=worries.get(one.id))
                for one in asked
                if one.section == section.id
            ),
            done=completeness(found.questionnaire, found.answers, section=section.id),
        )
        for section in found.questionnaire.sections
        if any(one.section == section.id for one in asked)
    )


def _standing(rows: Iterable[SentQuestionnaire], names: Mapping[str, str], now: datetime) -> tuple[Sent, ...]:
    wanted = list(rows)
    ids = [one.id for one in wanted]
    steps: dict[str, list[QuestionnaireStep]] = {}
    for step in QuestionnaireStep.objects.filter(sent__in=ids).select_related("by").order_by("number"):
        steps.setdefault(step.sent_id, []).append(step)
    kept: dict[str, dict[str, Any]] = {}
    for answer in QuestionnaireAnswer.objects.filter(sent__in=ids).order_by("number"):
        kept.setdefault(answer.sent_id, {})[answer.question] = answer.value
    return tuple(
        _stands(row, names.get(row.supplier, row.supplier), steps.get(row.id, []), kept.get(row.id, {}), now.date())
        for row in wanted
    )


def _stands(
    row: SentQuestionnaire, supplier: str, steps: list[QuestionnaireStep], kept: Mapping[str, Any], today: date
) -> Sent:
    asked = questionnaires().get(row.questionnaire)
    answers = read(asked, kept) if asked else {}
    return Sent(
        row=row,
        supplier=supplier,
        state=state_of((one.step for one in steps), expires_on=row.expires_on, on=today),
        questionnaire=asked,
        answers=answers,
        done=completeness(asked, answers) if asked else None,
        score=score(asked, answers) if asked else None,
        steps=tuple(steps),
    )
