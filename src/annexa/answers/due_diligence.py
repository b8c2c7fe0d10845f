"""Questions about due diligence: which questionnaires were sent, how far they are, what the answers amount to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, BinaryIO

from annexa.answers.actors import ask_reads
from annexa.answers.errors import UnknownError
from annexa.answers.registers import rows_of
from annexa.answers.store import blobs
from annexa.library.questionnaires import questionnaires
from annexa.pure.due_diligence import FILE_TYPES, Score, State, score, state_of, takes_files
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
from annexa.records.questionnaires import (
    QuestionnaireAnswer,
    QuestionnaireFile,
    QuestionnaireFileStep,
    QuestionnaireStep,
    SentQuestionnaire,
)
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
    files: tuple["SentFile", ...] = ()

    @property
    def latest(self) -> QuestionnaireStep | None:
        """The last thing that happened to it."""
        return self.steps[-1] if self.steps else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file that came with an answer. `over`: when somebody took it over as a certificate, in order."""

    row: QuestionnaireFile
    back: bool
    over: tuple[QuestionnaireFileStep, ...]

    @property
    def kind(self) -> str:
        """What people call files of its type."""
        return FILE_TYPES.get(self.row.media_type, "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with the answer that counts, the concern it raises, and the files that came with it."""

    question: Question
    value: Value | None
    concern: Concern | None
    files: tuple[SentFile, ...] = ()

    @property
    def takes_files(self) -> bool:
        """Whether files may come with the answer."""
        return takes_files(self.question)


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
    """What was sent to the suppliers the actor may know of, or to one of them, the newest first. Cost: six queries.

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


def open_file(*, actor: Actor, sent: str, number: int, now: datetime) -> tuple[SentFile, BinaryIO]:
    """A file that a supplier sent, and its bytes once they were found to have its digest; also one it took back.

    Raises UnknownError, and what `open_checked` raises.
    """
    found = next((one for one in one_sent(actor=actor, sent=sent, now=now).files if one.row.number == number), None)
    if found is None:
        raise UnknownError(f"There is no file {number} with this questionnaire.")
    return found, blobs().open_checked(found.row.sha256)


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
                Asked(
                    question=one,
                    value=found.answers.get(one.id),
                    concern=worries.get(one.id),
                    files=tuple(file for file in found.files if file.row.question == one.id and not file.back),
                )
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
    files: dict[str, list[SentFile]] = {}
    held = QuestionnaireFile.objects.filter(sent__in=ids).prefetch_related("steps__by").order_by("number")
    for file in held:
        became = sorted(file.steps.all(), key=lambda one: one.number)
        over = tuple(one for one in became if one.step == "taken over")
        back = any(one.step == "taken back" for one in became)
        files.setdefault(file.sent_id, []).append(SentFile(row=file, back=back, over=over))
    return tuple(
        _stands(
            row,
            names.get(row.supplier, row.supplier),
            steps.get(row.id, []),
            kept.get(row.id, {}),
            files.get(row.id, []),
            now.date(),
        )
        for row in wanted
    )


def _stands(
    row: SentQuestionnaire,
    supplier: str,
    steps: list[QuestionnaireStep],
    kept: Mapping[str, Any],
    files: list[SentFile],
    today: date,
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
        files=tuple(files),
    )
