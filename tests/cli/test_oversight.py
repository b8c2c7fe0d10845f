"""`annexa oversight`: what waits, what came of it, figures, and whether a system may go on; exit codes say so."""

import json
from datetime import timedelta

import pytest

from annexa.actions.oversight import Posted, decide_case, plan_oversight, post_case, take_case
from annexa.actions.people import actor_of
from annexa.actions.stop_switch import pull_stop
from annexa.actions.systems import add_system
from annexa.cli import words
from annexa.cli.main import main
from annexa.cli.remote_oversight import COMMANDS
from annexa.pure.oversight import Plan
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts


@pytest.fixture
def case(admin) -> str:
    """A case that waits."""
    now = words.now() - timedelta(minutes=5)
    add_system(actor=ANNEXA, facts=SystemFacts(name="Scorer", stage="operation"), now=now)
    by = {"actor": actor_of(admin), "person": admin}
    plan_oversight(system="scorer", plan=Plan(overseers=(admin.pk,)), because="People", now=now, **by)
    return post_case(actor=ANNEXA, system="scorer", posted=Posted(title="Refuse", output="no"), now=now).id


def said(capsys, *argv: str) -> tuple[int, object]:
    code = main([*argv, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def test_it_works(case, admin, capsys) -> None:
    code, (line,) = said(capsys, "oversight", "list", "--system", "scorer")
    assert (code, line["case"], line["state"]) == (1, case, "waiting")
    by = {"actor": actor_of(admin), "person": admin, "item": case}
    take_case(now=words.now() - timedelta(minutes=1), **by)
    decide_case(decision="stopped", because="No", now=words.now(), **by)
    assert said(capsys, "oversight", "list") == (0, [])
    code, (line,) = said(capsys, "oversight", "decisions")
    assert (code, line["decision"], line["how"], line["reviewers"]) == (
        0, "stopped", "decided", [f"person/{admin.pk}"],
    )  # fmt: skip
    code, (line,) = said(capsys, "oversight", "statistics", "--by", "reviewer")
    assert (code, line["of"], line["stopped"], line["override_rate"]) == (0, "Ada Admin", 1, None)


def test_the_exit_code_of_the_switch_lets_go_on_or_not(case, admin, capsys) -> None:
    """Rule: a script may go on at 0 only."""
    assert said(capsys, "oversight", "switch", "scorer")[0] == 0
    pull_stop(actor=actor_of(admin), person=admin, system="scorer", because="It lies", now=words.now())
    code, found = said(capsys, "oversight", "switch", "scorer")
    assert (code, found["stopped"], found["because"]) == (1, True, "It lies")
    assert main(["oversight", "switch", "nothing"]) == 2
    assert "There is no AI system nothing" in capsys.readouterr().err


def test_programs_post_with_a_token(case, capsys, tmp_path) -> None:
    file = tmp_path / "case.json"
    file.write_text("{}")
    assert main(["oversight", "post", "scorer", str(file)]) == 2
    assert "over --server" in capsys.readouterr().err
    assert set(COMMANDS) == {"oversight switch", "oversight post", "oversight result"}
