"""Files that suppliers send by their link: what is taken, what is refused, and how one becomes a certificate."""

import io
import zipfile
from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.questionnaire_files import send_file, take_file_back, take_file_over
from annexa.actions.questionnaires import (
    answer_questionnaire,
    hand_in_questionnaire,
    judge_questionnaire,
    return_questionnaire,
    send_questionnaire,
    withdraw_questionnaire,
)
from annexa.actions.registers import add_record
from annexa.answers.due_diligence import one_sent, open_file, sections_of
from annexa.answers.errors import UnknownError
from annexa.answers.store import blobs, named_files
from annexa.library.questionnaires import questionnaires
from annexa.pure.due_diligence import MOST_FILES
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers.suppliers import SUPPLIERS
from annexa.pure.tokens import token_text
from annexa.records.ledger import LedgerEntry
from annexa.records.questionnaires import QuestionnaireFile
from annexa.records.registers import TABLES
from tests.actions.test_door import check_ledger
from tests.questions import everything

SHORT = questionnaires()["supplier-short"]
PDF = b"%PDF-1.7\nISO/IEC 27001 for Parley"
AUDITOR = Actor(id="person/99", name="Otto Auditor", role="auditor")
ELSEWHERE = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)


@pytest.fixture
def sent(organisation, actor, admin, now):
    entry = SUPPLIERS.make({"name": "Parley AI", "tier": "critical"})
    slug = add_record(actor=actor, register=SUPPLIERS, entry=entry, now=now).slug
    return send_questionnaire(
        actor=actor, person=admin, supplier=slug, questionnaire=SHORT.id, to="security@parley.example",
        due_on=now.date() + timedelta(days=14), now=now,
    )  # fmt: skip


def send(secret, now, data=PDF, *, question="certificates", name="iso27001.pdf", limit=1000):
    return send_file(
        secret=secret, question=question, file=io.BytesIO(data), name=name, limit_bytes=limit, now=now
    )  # fmt: skip


def handed_in(secret, now) -> None:
    answer_questionnaire(secret=secret, given=everything(SHORT), now=now)
    hand_in_questionnaire(secret=secret, signed="Pat Parley", now=now)


def office(*members: str) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for member in ("[Content_Types].xml", *members):
            archive.writestr(member, "<x/>")
    return found.getvalue()


def supplier():
    return TABLES["supplier"].objects.get(slug="parley-ai").entry


def test_it_goes_from_the_link_to_the_certificate(sent, actor, admin, now) -> None:
    row, secret = sent
    before = check_ledger()
    made = send(secret, now)
    assert (made.number, made.media_type, made.size, made.name) == (1, "application/pdf", len(PDF), "iso27001.pdf")
    assert made.sha256 in named_files()  # so that backups bring it along
    assert LedgerEntry.objects.get(kind="questionnaire_file").actor == f"link/{row.id}"
    (asked,) = [one for part in sections_of(one_sent(actor=actor, sent=row.id, now=now)) for one in part.rows
                if one.question.id == "certificates"]  # fmt: skip
    assert [one.row.name for one in asked.files] == ["iso27001.pdf"]
    handed_in(secret, now)
    until = now.date() + timedelta(days=400)
    take_file_over(
        actor=actor, person=admin, sent=row.id, number=1, certificate="ISO 27001", until=until, because="Read", now=now
    )
    assert (supplier().certificates, supplier().certificates_until) == (("ISO 27001",), until)
    file, stream = open_file(actor=actor, sent=row.id, number=1, now=now)
    with stream:
        assert stream.read() == PDF
    assert [(one.certificate, one.until, one.by) for one in file.over] == [("ISO 27001", until, admin)]
    answers = len(everything(SHORT))
    assert check_ledger() == before + answers + 4  # the file, the step, what became of it, the supplier


def test_the_first_certificate_that_ends_counts_and_a_renewed_one_takes_the_place_of_the_old(
    sent, actor, admin, now
) -> None:
    row, secret = sent
    send(secret, now)
    handed_in(secret, now)

    def taken(certificate: str, days: int):
        until = now.date() + timedelta(days=days)
        take_file_over(actor=actor, person=admin, sent=row.id, number=1, certificate=certificate, until=until, now=now)
        return supplier().certificates_until - now.date()

    assert taken("ISO 27001", 30) == timedelta(days=30)
    assert taken("SOC 2 Type 2", 90) == timedelta(days=30)
    assert taken("ISO 27001", 1000) == timedelta(days=90)
    assert supplier().certificates == ("ISO 27001", "SOC 2 Type 2")


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (b"", "empty.pdf", "The file is empty."),
        (b"x" * 1001, "large.txt", "The file is too large"),
        (b"<!doctype html><script>alert(1)</script>", "iso27001.pdf", "Its content is none of PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "logo.png", "Its content is none of"),
        (b"MZ\x90\x00\x03" + b"\x00" * 60, "report.pdf", "Its content is none of"),
        (b"#!/bin/sh\n<script>", "run.txt", "Its content is none of"),
        (b"PK\x05\x06" + b"\x00" * 18, "bundle.docx", "Its content is none of"),
        (b'{"a": 1}', "data.pdf", "Its content is none of"),
        (office("word/document.xml", "word/vbaProject.bin"), "letter.docx", "brings macros along"),
        (office("xl/workbook.xml", "xl/VBAPROJECT.BIN"), "table.xlsx", "brings macros along"),
        (office("word/document.xml")[:-30], "broken.docx", "It is damaged"),
    ],
)
def test_what_is_hostile_too_large_or_empty_is_refused_whole(sent, now, data, name, sentence) -> None:
    """Rule: the content decides, never the name; nothing is kept, in the store or in the ledger."""
    _row, secret = sent
    before, held = check_ledger(), set(blobs().digests())
    with pytest.raises(InvalidError, match=sentence):
        send(secret, now, data, name=name)
    assert (check_ledger(), set(blobs().digests())) == (before, held)
    assert not QuestionnaireFile.objects.exists()


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (office("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"\x89PNG\r\n\x1a\nx", "image/png"),
        (b"Certificate of Parley", "text/plain"),
    ],
)
def test_what_people_read_is_taken_by_its_content(sent, now, data, media_type) -> None:
    made = send(sent[1], now, data, name="../../etc/\u202epass\x00wd<b>.exe")
    assert (made.media_type, made.name) == (media_type, "passwd<b>.exe")


def test_only_where_a_file_is_asked_for_and_only_so_many(sent, now) -> None:
    _row, secret = sent
    for question in ("service-description", "ghost"):
        with pytest.raises(InvalidError, match="No file is asked for here"):
            send(secret, now, question=question)
    send(secret, now)
    with pytest.raises(InvalidError, match="This very file is here already"):
        send(secret, now)
    send(secret, now, question="legal-entity")  # with another answer it may come again
    for number in range(MOST_FILES - 2):
        made = send(secret, now, f"Report {number}".encode())
        take_file_back(secret=secret, number=made.number, now=now)
    with pytest.raises(InvalidError, match="takes no more"):  # taken back or not
        send(secret, now, b"One more")


def test_taken_back_it_is_gone_from_the_answers_and_kept_in_the_ledger(sent, actor, now) -> None:
    row, secret = sent
    send(secret, now)
    take_file_back(secret=secret, number=1, now=now)
    found = one_sent(actor=actor, sent=row.id, now=now)
    assert [one.back for one in found.files] == [True]
    assert not any(one.files for part in sections_of(found) for one in part.rows)
    with pytest.raises(NotFoundError):
        take_file_back(secret=secret, number=1, now=now)
    send(secret, now)  # the same again, since it is not there
    check_ledger()


def test_a_link_that_is_wrong_or_has_ended_takes_nothing(sent, actor, admin, now) -> None:
    row, secret = sent
    held = set(blobs().digests())
    for wrong in ("none", token_text(bytes(32))):
        with pytest.raises(NotFoundError):
            send(wrong, now)
        with pytest.raises(NotFoundError):
            take_file_back(secret=wrong, number=1, now=now)
    send(secret, now)
    handed_in(secret, now)
    for act in (lambda: send(secret, now, b"Late"), lambda: take_file_back(secret=secret, number=1, now=now)):
        with pytest.raises(ConflictError, match="were handed in"):
            act()
    return_questionnaire(actor=actor, person=admin, sent=row.id, because="Which scope?", now=now)
    send(secret, now, b"The scope")
    withdraw_questionnaire(actor=actor, person=admin, sent=row.id, because="", now=now)
    with pytest.raises(ConflictError, match="closed this link"):
        send(secret, now, b"Later")
    with pytest.raises(ConflictError):
        send(secret, now + timedelta(days=90), b"Latest")
    assert len(set(blobs().digests()) - held) == 2


def test_one_link_does_not_touch_the_files_of_another(sent, actor, admin, now) -> None:
    _row, secret = sent
    send(secret, now)
    _other, other = send_questionnaire(
        actor=actor, person=admin, supplier="parley-ai", questionnaire=SHORT.id, to="b@parley.example",
        due_on=now.date() + timedelta(days=14), now=now,
    )  # fmt: skip
    with pytest.raises(NotFoundError):
        take_file_back(secret=other, number=1, now=now)


def test_taking_over_says_everything_that_is_wrong(sent, actor, admin, now) -> None:
    row, secret = sent
    send(secret, now)
    until = now.date() + timedelta(days=9)
    rest = {"person": admin, "sent": row.id, "certificate": "ISO 27001", "until": until, "now": now}
    with pytest.raises(ConflictError, match="once the answers were handed in"):
        take_file_over(actor=actor, number=1, **rest)
    handed_in(secret, now)
    with pytest.raises(InvalidError) as error:
        take_file_over(
            actor=actor, number=1, **{**rest, "certificate": "ISO 9999", "until": now.date() - timedelta(days=1)}
        )
    assert set(error.value.problems) == {"certificate", "until"}
    with pytest.raises(NotFoundError):
        take_file_over(actor=actor, number=2, **rest)
    with pytest.raises(NotPermittedError):
        take_file_over(actor=AUDITOR, number=1, **rest)
    with pytest.raises(NotFoundError):
        take_file_over(actor=ELSEWHERE, number=1, **rest)
    with pytest.raises(UnknownError):
        open_file(actor=ELSEWHERE, sent=row.id, number=1, now=now)
    assert supplier().certificates == ()
    proposed = one_sent(actor=actor, sent=row.id, now=now).score.outcome
    judge_questionnaire(
        actor=actor, person=admin, sent=row.id, outcome=proposed, conditions="Mend it", because="", now=now
    )
    take_file_over(actor=actor, number=1, **rest)  # also after the judgement
    assert supplier().certificates_until == until
