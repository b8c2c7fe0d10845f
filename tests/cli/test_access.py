"""`annexa import access` and `annexa access-review`: exit codes, guesses, problems, and who decides."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from annexa.actions.access_reviews import open_access_review
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.cli.main import main
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.access_reviews import AccessDecision, AccessList, AccessReview, AccessReviewEnd


@pytest.fixture
def listed(organisation, tmp_path, now):
    add_system(actor=ANNEXA, facts=SystemFacts(name="Chatbot", stage="operation"), now=now)
    path = tmp_path / "chatbot.csv"
    path.write_text("Login name,Role\nkim@example.org,Deployer\nbo,Viewer\n", encoding="utf-8")
    return path


@pytest.fixture
def review(listed, admin, kim):
    """An open review of the list."""
    assert main(["import", "access", str(listed), "--system", "chatbot"]) == 0
    lead = add_person(
        actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=datetime.now(UTC)
    )
    now = datetime.now(UTC)
    return open_access_review(
        actor=actor_of(admin), person=admin, name="Autumn", lists=[AccessList.objects.get().id],
        reviewers=[lead, kim], carrier=kim, due_on=(now + timedelta(days=5)).date(), now=now,
    )  # fmt: skip


def test_a_list_is_taken_in(listed, capsys) -> None:
    assert main(["import", "access", str(listed), "--system", "chatbot", "--dry-run"]) == 0
    assert "2 lines would be taken in; nothing was." in capsys.readouterr().out
    assert not AccessList.objects.exists()
    assert main(["access-review", "import", str(listed), "--system", "chatbot", "--taken", "2026-01-05"]) == 0
    out = capsys.readouterr().out
    assert "Account               'Login name' (its heading is “Login name”)" in out
    assert "2 lines about chatbot were taken in as list" in out
    assert AccessList.objects.get().taken_at.date().isoformat() == "2026-01-05"


def test_problems_are_an_exit_code(listed, tmp_path, capsys) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("Account,Role\n,Admin\nbo,\n", encoding="utf-8")
    assert main(["import", "access", str(bad), "--system", "chatbot"]) == 1
    assert "Row 2, column Account: is empty" in capsys.readouterr().out
    assert main(["import", "access", str(bad), "--system", "nobody", "--column", "account=Role"]) == 1
    assert main(["import", "access", str(listed), "--system", "nobody"]) == 2
    assert main(["import", "access", str(listed), "--other", "Vault", "--column", "colour=Role"]) == 2
    assert main(["import", "access", str(listed), "--other", "Vault", "--column", "account=Nope"]) == 2
    assert main(["import", "access", str(tmp_path / "none.csv"), "--system", "chatbot"]) == 3
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n")
    assert main(["import", "access", str(tmp_path / "x.png"), "--system", "chatbot"]) == 2
    assert not AccessList.objects.exists()


def test_a_review_is_shown_decided_and_closed(review, capsys) -> None:
    assert main(["access-review", "list", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["name"], found["lines"], found["decided"]) == ("Autumn", 2, 0)
    assert main(["access-review", "show", review.id[:8], "--format", "json"]) == 0
    lines = {one["account"]: one["line"] for one in json.loads(capsys.readouterr().out)}
    decide = ["access-review", "decide", review.id[:8]]
    why = ["--because", "Needed"]
    assert main([*decide, "keep", lines["kim@example.org"], *why, "--as", "kim@example.org"]) == 2
    assert "Nobody decides about their own access" in capsys.readouterr().err
    assert main([*decide, "keep", *lines.values(), *why, "--as", "lee@example.org"]) == 0
    assert main(["access-review", "show", review.id, "--undecided", "--format", "json"]) == 0
    capsys.readouterr()
    assert main(["access-review", "close", review.id[:8], "--as", "lee@example.org"]) == 0
    assert "it counts until" in capsys.readouterr().out
    assert {one.by.name for one in AccessDecision.objects.all()} == {"Lee Lead"}


def test_left_open_is_a_clear_no(review, capsys) -> None:
    close = ["access-review", "close", review.id, "--as", "lee@example.org"]
    assert main(close) == 2
    assert main([*close, "--because", "No time"]) == 1
    assert AccessReviewEnd.objects.get().because == "No time"


def test_what_nobody_knows_is_said(review, capsys) -> None:
    assert main(["access-review", "show", "zzzz"]) == 2
    assert main(["access-review", "close", review.id, "--as", "nobody@example.org"]) == 2
    line = f"{AccessReview.objects.get().lists[0]}.x"
    decide = ["access-review", "decide", review.id, "keep", line, "--because", "x", "--as", "lee@example.org"]
    assert main(decide) == 2
    assert "is no line of this review" in capsys.readouterr().err
