"""`annexa people`, `units`, `governance`, `grant`: on the machine itself, and over another server's API."""

import csv
import io
import json

import pytest

from annexa.actions.people import add_person
from annexa.actions.systems import add_system
from annexa.answers.actors import grants_of
from annexa.answers.people import holdings
from annexa.answers.tokens import bearer
from annexa.cli import words
from annexa.cli.main import main
from annexa.library.governance import governance
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.appointments import Appointment, AppointmentEnd
from annexa.records.grants import GrantEnd, RoleGrant
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.units import Committee, Unit
from tests.cli.test_remote import secret, server, token  # noqa: F401  fixtures of the other server

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.setattr("django.setup", lambda: None)  # done already, and it would take over the log of the tests

    def call(*argv):
        capsys.readouterr()
        code = main(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def house(organisation):
    """Kim, who holds an AI system, and Mei."""
    now = words.now()
    for name, role in (("Kim", "owner"), ("Mei", "lead")):
        address = f"{name.lower()}@example.org"
        add_person(actor=ANNEXA, email=address, name=name, role=role, password=None, now=now)
    add_system(actor=ANNEXA, facts=SystemFacts(name="Chat", unit="Cards", owner="kim@example.org"), now=now)


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def person(email: str) -> Person:
    return Person.objects.get(email=email)


# --- people


def test_somebody_moves_leaves_and_comes_back(run, house) -> None:
    assert run("people", "change", "kim@example.org")[0] == 2
    assert run("people", "change", "kim@example.org", "--name", "Kim Lee")[1] == "Kim Lee <kim@example.org> is owner.\n"
    code, out, said = run("people", "change", "kim@example.org", "--role", "auditor")
    assert (code, out, "Say why the role changes." in said) == (2, "", True)
    _, out, _ = run("people", "show", "kim@example.org", "--format", "json")
    assert json.loads(out)["holdings"] == [{"kind": "system", "what": "chat", "where": "Cards"}]
    code, out, said = run("people", "leave", "kim@example.org")
    assert (code, out) == (2, "")
    assert "Name who takes over 1 system." in said
    assert "Say why" in said
    code, out, _ = run("people", "leave", "kim@example.org", "--to", "mei@example.org", "--because", "Last day")
    assert (code, "handed over: 1" in out) == (0, True)
    assert [one.slug for one in holdings(person("mei@example.org"), now=words.now()).systems] == ["chat"]
    assert {one["email"]: one["active"] for one in lines(run("people", "list", "--format", "csv")[1])} == {
        "ada@example.org": "yes", "kim@example.org": "no", "mei@example.org": "yes",
    }  # fmt: skip
    assert run("people", "readmit", "kim@example.org", "--because", "Back")[0] == 0
    assert person("kim@example.org").is_active
    assert run("people", "show", "nobody@example.org")[0] == 2
    assert LedgerEntry.objects.filter(kind="person", subject=person("kim@example.org").actor_id).count() == 4


def test_members_and_people_from_outside_are_added(run, organisation, tmp_path) -> None:
    (tmp_path / "p").write_text("correct horse battery staple\n")
    given = ("--name", "Gus", "--role", "external", "--password-file", str(tmp_path / "p"))
    assert run("people", "add", "gus@else.example", *given)[0] == 0
    assert person("gus@else.example").role == "external"


# --- units


def test_the_tree_of_units(run, house) -> None:
    assert run("units", "add", "Retail")[1] == "Retail is a unit: retail\n"
    code, out, said = run("units", "adopt")
    assert (code, out) == (0, "Cards\n")
    assert run("units", "adopt")[2] == "Every name is a unit already.\n"
    changed = run("units", "change", "cards", "--parent", "retail", "--because", "Board")
    assert changed[1:] == ("Cards stands below Retail.\n", "")
    _, out, _ = run("units", "list", "--format", "json")
    assert [(one["slug"], one["parent"], one["depth"], one["systems"]) for one in json.loads(out)] == [
        ("retail", None, 0, 0), ("cards", "retail", 1, 1),
    ]  # fmt: skip
    assert "  Cards" in run("units", "list")[1]
    code, _, said = run("units", "change", "cards", "--close", "--because", "x")
    assert (code, "1 AI systems in use name it." in said) == (2, True)
    assert run("units", "change", "cards", "--because", "x")[0] == 2
    assert run("units", "change", "nowhere", "--name", "X", "--because", "x")[0] == 2
    assert run("units", "change", "cards", "--top", "--because", "x")[1].endswith("directly below the organisation.\n")


def test_units_come_from_a_list_or_none_of_them(run, house, tmp_path) -> None:
    """Rule: parents may stand anywhere; every problem is said by row; a second import changes nothing."""
    file = tmp_path / "units.csv"
    file.write_text("Name;Parent\nCards;Retail\nRetail;\nLoans;Retail\nMarkets;\n", encoding="utf-8")
    code, out, said = run("units", "import", str(file), "--dry-run")
    assert (code, out.split(), Unit.objects.count()) == (0, ["Retail", "Markets", "Cards", "Loans"], 0)
    assert "4 would be added" in said
    size = LedgerEntry.objects.count()
    assert run("units", "import", str(file))[0] == 0
    assert LedgerEntry.objects.count() == size + 4
    assert Unit.objects.get(slug="cards").parent.slug == "retail"
    assert run("units", "import", str(file))[2] == "0 added, 4 there already.\n"
    file.write_text("name,parent\nA,B\nB,A\nC,Nowhere\ncards,Markets\n,\nD,\nD,\n", encoding="utf-8")
    code, out, said = run("units", "import", str(file))
    assert (code, out, Unit.objects.count()) == (1, "", 4)
    for told in (
        "Row 2: A would stand below itself.", "Row 3: B would stand below itself.", "Row 4: There is no unit Nowhere",
        "Row 5: Cards stands below Retail already", "stands in row 7 already",
    ):  # fmt: skip
        assert told in said, said
    file.write_text("title\nA\n", encoding="utf-8")
    assert run("units", "import", str(file))[0] == 2
    file.write_bytes(b"")
    assert run("units", "import", str(file))[0] == 2
    assert run("units", "import", str(tmp_path / "none.csv"))[0] == 3


# --- governance


def test_offices_committees_and_who_does_what(run, house) -> None:
    before = lines(run("governance", "offices", "--vacant", "--format", "csv")[1])
    assert {one["office"] for one in before} == {o.id for o in governance().offices.values() if o.needed}
    assert run("governance", "appoint", "security-lead", "mei@example.org")[0] == 2
    appoint = ("governance", "appoint", "security-lead", "mei@example.org", "--because", "Board")
    assert run(*appoint)[0] == 0
    assert run("governance", "appoint", "king", "mei@example.org", "--because", "x")[0] == 2
    _, out, said = run("governance", "raci", "--format", "csv")
    row = next(one for one in lines(out) if one["id"] == "access")
    assert row["A"] == "Chief information security officer (Mei)"
    assert "have a vacant office" in said
    assert len(json.loads(run("governance", "raci", "--controls", "--format", "json")[1])) > 100
    made = ("governance", "add-committee", "AI board", "--purpose", "Decides on AI.", "--months", "3")
    assert run(*made)[1] == "AI board is a committee: ai-board\n"
    assert run(*made)[0] == 2
    seat = ("governance", "appoint", "chair", "kim@example.org", "--in", "committee/ai-board", "--because", "Board")
    assert run(*seat)[0] == 0
    assert lines(run("governance", "committees", "--format", "csv")[1])[0]["members"] == "1"
    changed = ("governance", "change-committee", "ai-board", "--months", "1", "--because", "More")
    assert run(*changed)[1] == "AI board meets every 1 months.\n"
    assert Committee.objects.get().purpose == "Decides on AI."
    one = Appointment.objects.get(office="security-lead")
    assert "2 appointments begin with" in run("governance", "end", "", "--because", "x")[2]
    assert run("governance", "end", one.id[:8], "--because", "Merged")[0] == 0
    assert AppointmentEnd.objects.get().because == "Merged"


# --- grants and tokens


def test_roles_in_parts_and_tokens_for_them(run, house) -> None:
    run("units", "adopt")
    given = ("grant", "give", "mei@example.org", "owner", "--unit", "cards")
    assert run(*given)[0] == 2
    code, out, _ = run(*given, "--because", "Works there", "--until", "2027-03-01")
    assert (code, out.startswith("mei@example.org has the role owner, unit/cards: ")) == (0, True)
    assert [one.units for one in grants_of(person("mei@example.org").actor_id, now=words.now())] == [{"Cards"}]
    listed = lines(run("grant", "list", "--for", "mei@example.org", "--format", "csv")[1])
    assert [(one["role"], one["where"], one["state"]) for one in listed] == [("owner", "unit/cards", "counts")]
    assert run("grant", "list", "--for", "kim@example.org", "--format", "json")[1] == "[]\n"
    assert run("grant", "end", RoleGrant.objects.get().id[:8], "--because", "Moved")[0] == 0
    assert GrantEnd.objects.get().because == "Moved"
    assert lines(run("grant", "list", "--format", "csv")[1]) == []
    assert [one["state"] for one in lines(run("grant", "list", "--all", "--format", "csv")[1])] == ["ended"]
    assert run("grant", "end", "zz", "--because", "x")[0] == 2
    asked = ("token", "create", "Part", "--for", "mei@example.org", "--scope", "read", "--unit")
    assert run(*asked, "nowhere")[0] == 2
    code, text, _ = run(*asked, "cards")
    assert bearer(text.strip(), now=words.now()).actor.grants[0].units == {"Cards"}
    assert '"units": [\n      "cards"\n    ]' in run("token", "list", "--format", "json")[1]


# --- over another server


def test_over_another_server(server, token, capsys) -> None:  # noqa: F811  the fixtures imported above
    def run(*argv: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main(["--server", server, *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    now = words.now()
    for name in ("kim", "mei"):
        add_person(actor=ANNEXA, email=f"{name}@example.org", name=name.title(), role="owner", password=None, now=now)
    assert run("units", "add", "Retail")[1] == "Retail is a unit: retail\n"
    assert run("units", "adopt")[2] == "Every name is a unit already.\n"
    assert json.loads(run("units", "list", "--format", "json")[1])[0]["slug"] == "retail"
    assert run("governance", "appoint", "security-lead", "kim@example.org", "--because", "Board")[0] == 0
    assert "Kim (" in run("governance", "offices", "--format", "csv")[1]
    row = next(one for one in lines(run("governance", "raci", "--format", "csv")[1]) if one["id"] == "access")
    assert row["A"] == "Chief information security officer (Kim)"
    shared = ("grant", "give", "mei@example.org", "reader", "--system", "chatbot", "--because", "Reads it")
    assert run(*shared)[0] == 0
    assert [one["where"] for one in lines(run("grant", "list", "--for", "mei@example.org", "--format", "csv")[1])] == [
        "system/chatbot"
    ]
    code, _, said = run("grant", "give", "mei@example.org", "lead", "--unit", "retail", "--because", "x")
    assert (code, "may not grant" in said) == (2, True)
    shown = json.loads(run("people", "show", "kim@example.org", "--format", "json")[1])
    assert [one["kind"] for one in shown["holdings"]] == ["system", "office"]
    assert run("people", "change", "mei@example.org", "--role", "lead", "--because", "Leads now")[0] == 0
    assert "systems: Name who" in run("people", "leave", "kim@example.org", "--because", "Left")[2]
    assert run("people", "leave", "kim@example.org", "--because", "Left", "--to", "nobody@example.org")[0] == 2
    code, out, _ = run("people", "leave", "kim@example.org", "--because", "Left", "--to", "mei@example.org")
    assert (code, "handed over: 2" in out) == (0, True)
    assert {one["email"]: one["active"] for one in lines(run("people", "list", "--format", "csv")[1])} == {
        "ada@example.org": "yes", "kim@example.org": "no", "mei@example.org": "yes",
    }  # fmt: skip
    assert (
        run("people", "readmit", "kim@example.org", "--because", "Back")[1]
        == "Kim <kim@example.org> may sign in again.\n"
    )
