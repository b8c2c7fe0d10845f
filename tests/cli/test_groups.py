"""`annexa groups` and ending access on the machine: mapped, listed, unmapped, refused with a sentence."""

import pytest

from annexa.actions.directory import add_directory_group, add_directory_person
from annexa.actions.owners import name_owner
from annexa.answers.health import examine
from annexa.answers.people import left_behind
from annexa.cli.main import main
from annexa.pure.permits import ANNEXA
from annexa.records.people import Person

pytestmark = pytest.mark.django_db
BECAUSE = ("--because", "Agreed")


@pytest.fixture
def run(capsys, monkeypatch, organisation):
    monkeypatch.setattr("django.setup", lambda: None)  # done already, and it would take over the log of the tests

    def call(*argv):
        capsys.readouterr()
        code = main(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def lou(organisation, now) -> Person:
    made = add_directory_person(actor=ANNEXA, given={"userName": "lou@example.org", "displayName": "Lou"}, now=now)
    members = [{"value": str(made.pk)}]
    add_directory_group(actor=ANNEXA, given={"displayName": "GRC", "members": members}, now=now)
    return made


def test_it_works(run, lou, settings):
    assert run("groups", "map", "GRC", "--role", "lead", *BECAUSE)[0] == 0
    lou.refresh_from_db()
    assert lou.role == "lead"
    assert '"brings": "lead"' in run("groups", "list", "--format", "json")[1]
    assert run("groups", "unmap", "GRC", "--role", "lead", *BECAUSE)[0] == 0
    lou.refresh_from_db()
    assert lou.role == "member"
    settings.SSO_ROLES = (type("Line", (), {"group": "GRC", "role": "auditor"})(),)
    assert run("groups", "apply")[1] == "The roles of 1 people changed.\n"
    lou.refresh_from_db()
    assert lou.role == "auditor"
    assert run("groups", "apply")[1] == "The roles of 0 people changed.\n"


def test_what_is_wrong_is_said(run, lou):
    code, out, said = run("groups", "map", "GRC", "--role", "king", "--unit", "mars", "--because", "")
    assert (code, out) == (2, "")
    assert all(word in said for word in ("'king' is not a role", "no open unit mars", "Say why"))
    assert "No rule says" in run("groups", "unmap", "GRC", "--role", "lead", *BECAUSE)[2]
    assert "external" not in run("groups", "map", "GRC", "--role", "external", *BECAUSE)[1]
    assert run("groups", "map", "GRC", "--role", "lead", *BECAUSE)[0] == 0
    assert "already" in run("groups", "map", "GRC", "--role", "lead", *BECAUSE)[2]


def test_who_is_suspended_is_handed_over_later(run, actor, admin, kim, now):
    """Rule: nothing is orphaned unseen: doctor says it until somebody takes over."""
    name_owner(actor=actor, person=admin, controls=["GOV-02", "RSK-01"], owner=kim, now=now)
    assert left_behind(actor=actor, now=now) == ()
    assert run("people", "suspend", "kim@example.org", "--because", "Laptop stolen")[0] == 0
    assert "already" in run("people", "suspend", "kim@example.org", *BECAUSE)[2]
    assert "last administrator" in run("people", "suspend", admin.email, *BECAUSE)[2]
    (left,) = left_behind(actor=actor, now=now)
    assert (left.person, left.controls, left.total) == (kim, 2, 2)
    (finding,) = (one for one in examine() if one.what == "hand-over")
    assert (finding.state, "kim@example.org" in finding.detail) == ("note", True)
    assert "Name who takes over" in run("people", "leave", "kim@example.org", *BECAUSE)[2]
    code, out, _ = run("people", "leave", "kim@example.org", "--to", admin.email, *BECAUSE)
    assert (code, "handed over: 2" in out) == (0, True)
    assert left_behind(actor=actor, now=now) == ()
    assert next(one for one in examine() if one.what == "hand-over").state == "good"
