"""Files that suppliers send with their answers: kept as they come, taken back by who sent them, taken over."""

import uuid
import zipfile
from collections.abc import Mapping
from datetime import date, datetime
from typing import BinaryIO

from annexa.actions.door import Door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError
from annexa.actions.evidence import clean_name
from annexa.actions.questionnaires import by_whom_it_is_judged, by_whom_it_is_linked, link_of
from annexa.actions.registers import take_values
from annexa.answers.due_diligence import Sent, SentFile
from annexa.answers.store import blobs
from annexa.pure.due_diligence import FILE_TYPES, MOST_FILES, certificates_until, takes_files
from annexa.pure.permits import Actor
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.records.people import Person
from annexa.records.questionnaires import QuestionnaireFile, QuestionnaireFileStep
from annexa.records.registers import TABLES
from annexa.vault.blobs import SNIFF_BYTES, BlobTooLargeError, sniff_type

CERTIFICATES: tuple[str, ...] = SUPPLIERS.field["certificates"].choices
_MACROS = "vbaproject.bin"


def send_file(
    *, secret: str, question: str, file: BinaryIO, name: str, limit_bytes: int, now: datetime
) -> QuestionnaireFile:
    """Keeps a file that a supplier sends by its link with the answer to one question.

    What it is, its content says, whatever it is called; only what people read as certificates and reports is taken, and
    nothing that brings macros along. Nothing is kept unless everything is right. Ledger: questionnaire_file. Raises
    InvalidError, NotFoundError, ConflictError once it is handed in or has ended.
    """
    found = link_of(secret=secret, now=now)
    bad = _refused(found, question)
    media_type = sniff_type(file.read(SNIFF_BYTES))
    file.seek(0)
    if not bad:
        bad = _unwelcome(file, media_type, limit_bytes)
    if bad:
        raise InvalidError({"file": [bad]})
    file.seek(0)
    try:
        blob = blobs().put(file, limit_bytes=limit_bytes)
    except BlobTooLargeError as error:
        raise InvalidError({"file": [_too_large(limit_bytes)]}) from error
    with by_whom_it_is_linked(secret=secret, now=now) as (opened, now_found, _asked):
        if again := _refused(now_found, question, sha256=blob.sha256):
            raise InvalidError({"file": [again]})
        made = QuestionnaireFile(
            id=uuid.uuid4().hex,
            sent=now_found.row,
            number=len(now_found.files) + 1,
            question=question,
            sha256=blob.sha256,
            size=blob.size,
            media_type=media_type,
            name=clean_name(name),
            recorded_at=now,
        )
        opened.write(made, kind="questionnaire_file", subject=f"questionnaire/{made.sent_id}")
    return made


def take_file_back(*, secret: str, number: int, now: datetime) -> QuestionnaireFileStep:
    """Takes back a file that the supplier sent by the same link; who judges sees it no more among the answers.

    Ledger: questionnaire_file_step. Raises NotFoundError, ConflictError once it is handed in or has ended.
    """
    with by_whom_it_is_linked(secret=secret, now=now) as (opened, found, _asked):
        file = _file(found, number)
        if file.over:
            raise ConflictError("This file was taken over as a certificate already.")
        return _step(opened, file, "taken back")


def take_file_over(
    *,
    actor: Actor,
    person: Person,
    sent: str,
    number: int,
    certificate: str,
    until: date,
    now: datetime,
    because: str = "",
) -> QuestionnaireFileStep:
    """Takes a file over as a certificate of the supplier that holds until a day, the last one included.

    The certificate and the day on which the first one ends stand in the supplier's record from then on. Ledger:
    questionnaire_file_step, supplier. Raises InvalidError with every problem, NotFoundError, NotPermittedError, and
    ConflictError before the answers were handed in.
    """
    with by_whom_it_is_judged(actor=actor, sent=sent, now=now, because=because) as (opened, found):
        if found.state not in ("handed in", "judged"):
            raise ConflictError("Files are taken over once the answers were handed in; until then they may change.")
        file = _file(found, number)
        bad: dict[str, list[str]] = {}
        if certificate not in CERTIFICATES:
            bad["certificate"] = [f"Choose one of {', '.join(CERTIFICATES)}."]
        if until < now.date():
            bad["until"] = [f"{until} has passed; what has ended shows nothing."]
        if bad:
            raise InvalidError(bad)
        made = _step(opened, file, "taken over", by=person, certificate=certificate, until=until)
        entry = TABLES[SUPPLIERS.noun].objects.get(slug=found.row.supplier).entry
        held = tuple(dict.fromkeys((*entry.certificates, certificate)))
        ends = certificates_until(held, _taken(found.row.supplier), entry.certificates_until)
        values = {"certificates": held, "certificates_until": ends}
        take_values(opened, SUPPLIERS, found.row.supplier, values)
        return made


def _taken(supplier: str) -> Mapping[str, date]:
    """Until when each certificate of a supplier holds whose file was taken over last."""
    steps = QuestionnaireFileStep.objects.filter(step="taken over", file__sent__supplier=supplier)
    told = steps.order_by("recorded_at", "number").values_list("certificate", "until")
    return {certificate: until for certificate, until in told if until is not None}


def _refused(found: Sent, question: str, sha256: str = "") -> str:
    """Why this link takes no file, or not this one, with the answer to a question; "" if it does."""
    asked = found.questionnaire.by_id.get(question) if found.questionnaire else None
    if asked is None or not takes_files(asked):
        return "No file is asked for here."
    if len(found.files) >= MOST_FILES:
        return f"{MOST_FILES} files came by this link already, and it takes no more."
    if any(one.row.sha256 == sha256 and one.row.question == question and not one.back for one in found.files):
        return "This very file is here already."
    return ""


def _unwelcome(file: BinaryIO, media_type: str, limit_bytes: int) -> str:
    """What keeps a file from being taken; "" if nothing does."""
    size = file.seek(0, 2)
    file.seek(0)
    if not size:
        return "The file is empty."
    if size > limit_bytes:
        return _too_large(limit_bytes)
    if media_type not in FILE_TYPES:
        kinds = ", ".join(FILE_TYPES.values())
        return f"Its content is none of {kinds}. Save or print it as one of them, whatever it is called."
    if media_type.startswith("application/vnd.openxmlformats") and _brings_macros(file):
        return "It is damaged or brings macros along. Save it without them, or as PDF."
    return ""


def _brings_macros(file: BinaryIO) -> bool:
    """Whether an office file has macros, or its table of contents cannot be read. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.lower().endswith(_MACROS) for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return True


def _too_large(limit_bytes: int) -> str:
    return f"The file is too large; at most {limit_bytes // (1024 * 1024):,} MiB are taken. Nothing was kept."


def _file(found: Sent, number: int) -> SentFile:
    file = next((one for one in found.files if one.row.number == number and not one.back), None)
    if file is None:
        raise NotFoundError(f"There is no file {number} with these answers.")
    return file


def _step(
    opened: Door, file: SentFile, step: str, *, by: Person | None = None, certificate: str = "",
    until: date | None = None,
) -> QuestionnaireFileStep:  # fmt: skip
    made = QuestionnaireFileStep(
        id=uuid.uuid4().hex,
        file=file.row,
        number=QuestionnaireFileStep.objects.filter(file=file.row).count() + 1,
        step=step,
        certificate=certificate,
        until=until,
        because=opened.because,
        recorded_at=opened.now,
        by=by,
    )
    opened.write(made, kind="questionnaire_file_step", subject=f"questionnaire/{file.row.sent_id}")
    return made
