"""`annexa training`: what is asked of whom, the gaps, and an exit code that says whether somebody is late."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from annexa.actions.people import add_person
from annexa.actions.registers import add_record
from annexa.actions.systems import add_system
from annexa.cli.main import main
from annexa.pure.permits import ANNEXA
from annexa.pure.registers.completions import COMPLETIONS
from annexa.pure.registers.training_rules import TRAINING_RULES
from annexa.pure.systems import SystemFacts
from annexa.records.training import Enrolment

pytestmark = pytest.mark.django_db
COURSE = "ai-owners-and-overseers"


@pytest.fixture
def today() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def run(capsys, monkeypatch, organisation):
    monkeypatch.setattr("django.setup", lambda: None)  # done already, and it would take over the log of the tests

    def call(*argv):
        capsys.readouterr()
        code = main(["training", *argv])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def lou(actor, today):
    """Owns an AI system since just now; a rule asks literacy of them within a month."""
    made = add_person(
        actor=ANNEXA, email="lou@example.org", name="Lou", role="owner", password=None, now=today - timedelta(days=90)
    )
    add_system(
        actor=actor, facts=SystemFacts(name="Bot", owner=made.email, stage="operation"), now=today - timedelta(days=80)
    )
    rule = {"name": "Owners", "course": COURSE, "dealing": ("own",), "literacy": "yes"}
    add_record(actor=actor, register=TRAINING_RULES, entry=TRAINING_RULES.make(rule), now=today - timedelta(days=70))
    return made


def test_it_works(run, lou, actor, today) -> None:
    code, out, err = run("list", "--late", "--format", "json")
    (row,) = json.loads(out)
    assert (code, row["person"], row["standing"], row["rules"]) == (1, "Lou", "overdue", ["owners"])
    assert "1 of 1 are overdue or expired." in err
    assert run("literacy", "--gaps", "--format", "csv")[:2] == (
        1,
        "person,email,dealing,systems,training,standing\n"
        "Lou,lou@example.org,own,bot,Owning and overseeing an AI system,overdue\n",
    )
    assert run("settle")[1] == "1 changes of who has to take what were recorded.\n"
    assert Enrolment.objects.get().step == "due"
    done = {"name": "Elsewhere", "person": lou.email, "course": COURSE, "completed_on": today.date()}
    add_record(actor=actor, register=COMPLETIONS, entry=COMPLETIONS.make(done), now=today)
    assert run("list", "--person", "LOU@example.org")[0] == 0
    assert run("literacy")[0] == 0
    assert run("settle")[0] == 0
    assert Enrolment.objects.latest("turn").step == "met"


def test_nothing_is_asked_without_rules(run) -> None:
    code, _, err = run("list")
    assert (code, err) == (0, "0 of 0 are overdue or expired.\n")
    assert run("literacy")[0] == 0
