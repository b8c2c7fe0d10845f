"""The pages of governance: offices, committees, units, who does what."""

import csv
import io
import re

import pytest
from openpyxl import load_workbook

from annexa.actions.systems import add_system
from annexa.library.load import library
from annexa.pure.systems import SystemFacts
from annexa.records.appointments import Appointment
from annexa.records.units import Committee, Unit

pytestmark = pytest.mark.django_db


def text(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_an_office_is_filled_and_relieved(client, at, kim) -> None:
    assert "5 offices every organisation needs are vacant" in text(client.get("/governance"))
    where = "/governance/appoint?office=executive-sponsor&body=organisation"
    refused = client.post(where, {"person": "", "because": ""})
    assert (refused.status_code, "2 things to put right" in text(refused)) == (422, True)
    assert client.post(where, {"person": str(kim.pk), "because": "Board"}).status_code == 303
    assert "4 offices every organisation needs are vacant" in text(client.get("/governance"))
    made = Appointment.objects.get()
    assert client.post(f"/governance/appointments/{made.id}/end", {"because": "Moved"}).status_code == 303
    assert client.post(f"/governance/appointments/{made.id}/end", {"because": "Moved"}).status_code == 409
    assert client.post("/governance/appoint?office=king", {"person": str(kim.pk), "because": "x"}).status_code == 404


def test_who_may_not_hold_both_is_told_why(client, at, kim) -> None:
    for office in ("programme-lead", "internal-auditor"):
        page = client.post(
            f"/governance/appoint?office={office}&body=organisation", {"person": str(kim.pk), "because": "Board"}
        )
    assert page.status_code == 422
    assert "Who runs the programme cannot audit it." in text(page)


def test_a_committee(client, at, kim) -> None:
    sent = {"name": "AI board", "purpose": "Decides on AI.", "months_between": "3"}
    assert client.post("/governance/committees/add", sent).status_code == 303
    where = "/governance/appoint?office=chair&body=committee/ai-board"
    assert client.post(where, {"person": str(kim.pk), "because": "Elected"}).status_code == 303
    assert "Meets every 3 months" in text(client.get("/governance"))
    change = sent | {"closed": "on", "because": "Merged"}
    assert client.post("/governance/committees/ai-board", change).status_code == 303
    assert Committee.objects.get().closed
    assert client.post("/governance/committees/nowhere", change).status_code == 404


def test_units(client, at, actor, kim, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="Score", unit="Retail"), now=now)
    page = text(client.get("/governance/units"))
    assert "AI systems name 1 unit that is not here yet" in page
    assert client.post("/governance/units/adopt").status_code == 303
    assert client.post("/governance/units/add", {"name": "Cards", "parent": "retail"}).status_code == 303
    assert [unit.name for unit in Unit.objects.order_by("name")] == ["Cards", "Retail"]
    sent = {"name": "Retail banking", "parent": "", "because": "New name"}
    assert client.post("/governance/units/retail", sent).status_code == 303
    assert "Retail banking" in text(client.get("/systems/score"))
    closing = client.post("/governance/units/retail", sent | {"closed": "on"})
    assert (closing.status_code, "1 AI systems in use name it." in text(closing)) == (422, True)
    head = "/governance/appoint?office=unit-head&body=unit/retail"
    assert client.post(head, {"person": str(kim.pk), "because": "Board"}).headers["Location"] == "/governance/units"
    client.force_login(kim)
    assert client.post("/governance/units/add", {"name": "Mine", "parent": ""}).status_code == 403
    assert "Add the unit" not in text(client.get("/governance/units"))


def test_who_does_what_is_computed_and_taken_along(client, at, kim) -> None:
    client.post("/governance/appoint?office=security-lead&body=organisation", {"person": kim.pk, "because": "Board"})
    page = text(client.get("/governance/raci"))
    assert "Kim Lee Chief information security officer" in page
    assert "Access control" in text(client.get("/governance/raci?of=controls"))
    rows = list(csv.reader(io.StringIO(client.get("/governance/raci.csv").content.decode("utf-8-sig"))))
    assert rows[0] == ["id", "title", "R", "A", "C", "I"]
    assert len(rows) == 1 + 18 + len(library().controls)
    access = next(row for row in rows if row[0] == "access")
    assert access[3] == "Chief information security officer (Kim Lee)"
    book = load_workbook(io.BytesIO(client.get("/governance/raci.xlsx").content), read_only=True)
    assert [list(map(str, row)) for row in book["RACI"].iter_rows(min_row=1, max_row=1, values_only=True)] == [rows[0]]
