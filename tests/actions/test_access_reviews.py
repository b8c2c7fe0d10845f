"""Each line of who has access is kept, changed or revoked, by somebody else than who has it; nothing is overwritten."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.access_reviews import (
    Subject,
    carry_out_access,
    close_access_review,
    decide_access,
    import_access_list,
    open_access_review,
)
from annexa.actions.controls import adopt_control
from annexa.actions.door import door
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.grants import grant_role
from annexa.actions.leaving import readmit, suspend_person
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.actions.tokens import create_token
from annexa.actions.units import add_unit
from annexa.answers.access import own_access
from annexa.answers.access_reviews import (
    export_review,
    list_access_lists,
    list_reviews,
    plan_list,
    review_page,
    waiting_access,
)
from annexa.answers.integrity import check_everything
from annexa.answers.people import holdings
from annexa.answers.posture import standpoint
from annexa.answers.store import blobs, named_files
from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.pure.permits import ANNEXA
from annexa.pure.systems import SystemFacts
from annexa.records.access_reviews import (
    AccessCarriedOut,
    AccessDecision,
    AccessList,
    AccessReview,
    AccessReviewEnd,
)
from annexa.records.grants import GrantEnd
from annexa.records.tokens import TokenRevocation
from tests.actions.test_classification import entries

DUE = date(2026, 12, 15)
CSV = b"""Account,Name,Email,Role,Last login
kim@example.org,Kim Lee,kim@example.org,Release manager,2026-11-01
mlops-shared,,,Admin,2026-11-10
bo@example.org,Bo Berg,bo@example.org,Viewer,2026-01-01
-cy,Cy Cole,cy@example.org,Editor,2026-11-02
"""


@pytest.fixture
def lead(organisation, now):
    """A compliance lead."""
    return add_person(actor=ANNEXA, email="lee@example.org", name="Lee Lead", role="lead", password=None, now=now)


@pytest.fixture
def system(actor, now):
    """An AI system in operation."""
    return add_system(actor=actor, facts=SystemFacts(name="Chatbot", stage="operation"), now=now)


@pytest.fixture
def take(admin, system, now):
    """Takes in a list of who has access to the system."""

    def make(data=CSV, *, at=None, taken_at=None, subject="chatbot", by=admin):
        planned = plan_list(data=data, name="chatbot.csv")
        blobs().put(data, limit_bytes=100_000)
        at = at or now
        return import_access_list(
            actor=actor_of(by), person=by, planned=planned, about=Subject(kind="system", subject=subject),
            taken_at=taken_at or at, now=at,
        )  # fmt: skip

    return make


@pytest.fixture
def start(admin, lead, kim, now):
    """Opens a review."""

    def make(*lists, reviewers=None, carrier=kim, itself=False, at=None, due_on=DUE, by=admin, **more):
        return open_access_review(
            actor=actor_of(by), person=by, name="Access in autumn", lists=[one.id for one in lists],
            reviewers=reviewers or [lead, admin], carrier=carrier, due_on=due_on, now=at or now, itself=itself, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def decide(lead, now):
    """Decides lines of the first list as the lead."""

    def make(review, rows, decision="keep", *, because="They need it", by=lead, at=None, to="", source=None):
        lines = [(source or review.lists[0], row) for row in rows]
        return decide_access(
            actor=actor_of(by), person=by, review=review.id, lines=lines, decision=decision, because=because, to=to,
            now=at or now,
        )  # fmt: skip

    return make


def close(review, by, now, because=""):
    return close_access_review(actor=actor_of(by), person=by, review=review.id, because=because, now=now)


def test_a_review_goes_from_list_to_verdict(take, start, decide, lead, admin, actor, now) -> None:
    """Rule: the finished work is what proves the control, with n of N and the exceptions; nobody uploads anything."""

    def check():
        proof = standpoint(actor=actor, now=now).control("ACC-03")
        (found,) = (one for one in proof.expectations if one.check)
        return found.state, found.check.fulfilled, found.check.population, found.check.exceptions

    adopt_control(actor=actor, person=admin, control="ACC-03", state="implemented", now=now)
    listed = take()
    assert check() == ("failing", 0, 2, ("organisation", "chatbot"))
    review = start(listed)
    decide(review, [2, 3, 4], "keep")
    decide(review, [5], "change", to="Viewer")
    assert check()[1] == 0, "an open review counts for nothing"
    end = close(review, lead, now)
    assert end.counts == {"lines": 4, "keep": 3, "change": 1, "revoke": 0, "still_there": 0}
    assert check() == ("failing", 1, 2, ("organisation",))
    own = start(itself=True)
    decide(own, [row["number"] for row in AccessList.objects.get(kind="annexa").lines if row["person"] != "Lee Lead"])
    rest = [row["number"] for row in AccessList.objects.get(kind="annexa").lines if row["person"] == "Lee Lead"]
    decide(own, rest, by=admin)
    close(own, lead, now)
    assert check() == ("passing", 2, 2, ())
    (found,) = (one for one in standpoint(actor=actor, now=now).control("ACC-03").expectations if one.check)
    assert found.falls_at == now + timedelta(days=100)
    later = standpoint(actor=actor, now=now, at=now + timedelta(days=100)).control("ACC-03")
    assert next(one for one in later.expectations if one.check).state == "failing"
    assert [one.name for one in check_everything(progress=lambda *_: None) if not one.holds] == []


def test_every_change_is_a_row_and_an_entry_and_the_ledger_holds_no_names(take, start, decide, lead, now) -> None:
    review = start(take(), because="It is autumn")
    decide(review, [2, 3])
    decide(review, [3], "revoke", because="Shared by three")
    assert [one["state"]["line"] for one in entries("access_decision")] == [2, 3, 3]
    assert [one.number for one in AccessDecision.objects.filter(line=3).order_by("number")] == [1, 2]
    (kept,) = entries("access_list")
    assert (kept["state"]["lines"], kept["state"]["subject"]) == (4, "chatbot")
    assert "Bo Berg" not in str(kept)
    assert entries("access_review")[0]["because"] == "It is autumn"
    assert kept["state"]["sha256"] in named_files()


def test_nobody_decides_about_their_own_access(take, start, decide, kim, lead, now) -> None:
    """Rule: four eyes; the database refuses it too."""
    review = start(take(), reviewers=[kim, lead])
    with pytest.raises(InvalidError, match=r"Nobody decides about their own access: row 2 \(kim@example.org\)"):
        decide(review, [2, 3], by=kim)
    assert not AccessDecision.objects.exists(), "all or none"
    decide(review, [3], by=kim)
    (made,) = decide(review, [2])
    assert made.holder == kim
    made.id, made.number, made.by = "forged", 2, kim
    made._state.adding = True
    opening = door(actor=actor_of(kim), verb="decide_access", now=now)
    with transaction.atomic(), opening as opened, pytest.raises(IntegrityError), transaction.atomic():
        opened.write(made, kind="access_decision", subject="access_review/x")


def test_a_line_that_none_of_the_reviewers_may_decide_is_said_at_once(take, start, kim) -> None:
    with pytest.raises(InvalidError, match=r"kim@example\.org: it is their own access\. Name a second reviewer"):
        start(take(), reviewers=[kim])
    assert not AccessReview.objects.exists()


def test_everything_wrong_with_a_new_review_is_said_together(start, noor, now) -> None:
    with pytest.raises(InvalidError) as refused:
        start(reviewers=[noor], carrier=noor, due_on=now.date() - timedelta(days=1))
    assert set(refused.value.problems) == {"lists", "reviewers", "carrier", "due_on"}


def test_a_decision_needs_a_reason_and_a_change_says_to_what(take, start, decide) -> None:
    review = start(take())
    with pytest.raises(InvalidError) as refused:
        decide(review, [], "change", because=" ")
    assert set(refused.value.problems) == {"lines", "because", "to"}
    with pytest.raises(NotFoundError, match="There is no row 99"):
        decide(review, [99])


def test_only_a_named_reviewer_decides_and_a_stranger_to_the_role_never(take, start, decide, admin, kim, noor) -> None:
    review = start(take())
    with pytest.raises(InvalidError, match="Kim Lee is no reviewer here"):
        decide(review, [3], by=kim)
    with pytest.raises(InvalidError, match="Noor Haddad is no reviewer here"):
        decide(review, [3], by=noor)
    with pytest.raises(NotPermittedError):
        close(review, noor, review.recorded_at)


def test_what_is_left_open_needs_a_reason_and_counts_for_nothing(take, start, decide, lead, actor, now) -> None:
    review = start(take())
    decide(review, [2, 3, 4])
    with pytest.raises(InvalidError, match="1 line is not decided"):
        close(review, lead, now)
    end = close(review, lead, now, "The system goes away next week")
    assert end.undecided == [[review.lists[0], 5]]
    assert end.until == {}
    assert [one.state for one in list_reviews(actor=actor, now=now)] == ["left open"]
    assert standpoint(actor=actor, now=now).engine.reviewed == {}
    with pytest.raises(ConflictError, match="has ended"):
        decide(review, [5])


def test_it_counts_from_the_day_the_list_was_taken(take, start, decide, lead, actor, now) -> None:
    """Rule: a review drawn out over a month does not make its list a month younger."""
    review = start(take(taken_at=now - timedelta(days=30)))
    decide(review, [2, 3, 4, 5])
    end = close(review, lead, now)
    assert end.until == {"chatbot": (now + timedelta(days=70)).isoformat()}
    assert review_page(actor=actor, review=review.id, now=now).until == now + timedelta(days=70)


def test_what_was_revoked_and_is_still_there_is_found(take, start, decide, lead, actor, now) -> None:
    """Rule: the next list shows whether a decision was carried out, whatever anybody said."""
    first = start(take(taken_at=now - timedelta(days=90)), at=now - timedelta(days=89), due_on=now.date())
    before = now - timedelta(days=88)
    decide(first, [2, 4, 5], at=before)
    (revoked,) = decide(first, [3], "revoke", because="Shared by three", at=before)
    close(first, lead, before)
    carry_out_access(actor=actor_of(lead), person=lead, decision=revoked.id, because="Removed", now=before)
    changed = CSV.replace(b"Viewer", b"Operator").replace(b"kim@example.org,Kim Lee", b"kim@example.org,Kim Lee-Ray")
    second = start(take(changed))
    page = review_page(actor=actor, review=second.id, now=now)
    (still,) = page.still_there
    assert (still.line.account, still.was.because, still.flags[0]) == ("mlops-shared", "Shared by three", "still there")
    assert page.rows[0] == still, "on top"
    (part,) = page.parts
    assert [one.entitlement for one in part.compared.gone] == ["Viewer"]
    assert part.compared.changed == {2: ("Person: Kim Lee → Kim Lee-Ray",)}
    assert part.compared.new == {4}
    decide(second, [2, 4, 5])
    decide(second, [3], "revoke")
    assert close(second, lead, now).counts["still_there"] == 1


def test_a_decision_waits_for_who_carries_it_out(take, start, decide, kim, lead, actor, now) -> None:
    review = start(take())
    decide(review, [3], "revoke")
    (waits,) = waiting_access(actor=actor, now=now, person=kim.pk).follow_ups
    assert (waits.owner, waits.due_on, waits.late) == (kim, (now + timedelta(days=7)).date(), False)
    assert waiting_access(actor=actor, now=now, person=lead.pk).follow_ups == ()
    decision = waits.decision.id
    with pytest.raises(InvalidError, match="Say how it was done"):
        carry_out_access(actor=actor_of(kim), person=kim, decision=decision, because="", now=now)
    with pytest.raises(InvalidError, match="Annexa cannot do this by itself"):
        carry_out_access(actor=actor_of(kim), person=kim, decision=decision, because="x", in_place=True, now=now)
    carry_out_access(actor=actor_of(kim), person=kim, decision=decision, because="Removed in the console", now=now)
    with pytest.raises(ConflictError, match="Somebody said already"):
        carry_out_access(actor=actor_of(kim), person=kim, decision=decision, because="Again", now=now)
    assert waiting_access(actor=actor, now=now, person=kim.pk).follow_ups == ()
    assert entries("access_carried_out")[0]["because"] == "Removed in the console"


def test_what_is_decided_otherwise_needs_nothing_any_more(take, start, decide, kim, actor, now) -> None:
    review = start(take())
    (first,) = decide(review, [3], "revoke")
    decide(review, [3], "keep", because="It is the pipeline's")
    assert waiting_access(actor=actor, now=now, person=kim.pk).follow_ups == ()
    with pytest.raises(InvalidError, match="decided otherwise since"):
        carry_out_access(actor=actor_of(kim), person=kim, decision=first.id, because="Done", now=now)


def test_annexa_ends_its_own_access_in_place(start, decide, admin, kim, lead, actor, now) -> None:
    """Rule: a token is revoked and a person let in no more by who may; each leaves its own entry."""
    token, _ = create_token(
        actor=actor_of(kim), person=kim, holder=kim, name="Laptop", scopes=["read"],
        expires_at=now + timedelta(days=9), now=now,
    )  # fmt: skip
    add_unit(actor=actor, name="Markets", now=now)
    grant = grant_role(actor=actor, person=admin, holder=kim, role="lead", unit="markets", because="Stands in", now=now)
    review = start(itself=True)
    own = AccessList.objects.get(kind="annexa")
    rows = {line["ref"]: line["number"] for line in own.lines}
    assert [line["entitlement"] for line in own.lines if line["ref"] == f"grant/{grant.id}"] == ["Lead in Markets"]
    decided = [
        decide(review, [rows[ref]], "revoke", source=own.id)[0]
        for ref in (f"api_token/{token.id}", f"person/{kim.pk}", f"grant/{grant.id}")
    ]
    done = {"because": "Left the project", "in_place": True, "now": now}
    with pytest.raises(NotPermittedError):
        carry_out_access(actor=actor_of(lead), person=lead, decision=decided[1].id, **done)
    for one in decided:
        carry_out_access(actor=actor, person=admin, decision=one.id, **done)
    kim.refresh_from_db()
    assert TokenRevocation.objects.get().token == token
    assert not kim.is_active
    assert GrantEnd.objects.get().grant == grant
    assert entries("person")[-1]["because"] == "Left the project"
    assert f"person/{kim.pk}" not in {one.ref for one in own_access(actor=actor, now=now)}
    assert [one.name for one in check_everything(progress=lambda *_: None) if not one.holds] == []


@pytest.mark.parametrize("suspended", [False, True], ids=["active", "suspended-before"])
def test_who_is_let_in_again_gets_nothing_back(start, decide, admin, kim, actor, now, suspended) -> None:
    """Rule: with a person end their tokens and roles in parts, also those to come; what they answer for waits."""
    token, written = create_token(
        actor=actor_of(kim), person=kim, holder=kim, name="Laptop", scopes=["read"],
        expires_at=now + timedelta(days=9), now=now,
    )  # fmt: skip
    add_unit(actor=actor, name="Markets", now=now)
    given = {"actor": actor, "person": admin, "holder": kim, "unit": "markets", "because": "Stands in", "now": now}
    grants = [grant_role(role="lead", **given), grant_role(role="auditor", starts_at=now + timedelta(days=3), **given)]
    name_owner(actor=actor, person=admin, controls=["GOV-02"], owner=kim, now=now)
    review = start(itself=True)
    own = AccessList.objects.get(kind="annexa")
    row = next(line["number"] for line in own.lines if line["ref"] == f"person/{kim.pk}")
    (decided,) = decide(review, [row], "revoke", source=own.id)
    if suspended:
        suspend_person(actor=actor, person=kim.pk, because="Their laptop was stolen", now=now)
    carry_out_access(actor=actor, person=admin, decision=decided.id, because="Left", in_place=True, now=now)
    assert holdings(kim, now=now).to_hand_over == 1
    readmit(actor=actor, person=kim.pk, because="They are back", now=now)
    with pytest.raises(TokenRefusedError):
        bearer(written, now=now)
    assert TokenRevocation.objects.get().token == token
    assert {(one.grant_id, one.because, one.by) for one in GrantEnd.objects.all()} == {
        (one.id, "Left", admin) for one in grants
    }
    assert holdings(kim, now=now + timedelta(days=4)).grants == ()
    assert [one.name for one in check_everything(progress=lambda *_: None) if not one.holds] == []


def test_nobody_shuts_out_the_last_administrator(start, decide, admin, lead, actor, now) -> None:
    """Rule: nothing is written, not even that it was carried out."""
    other = add_person(actor=ANNEXA, email="bo@example.org", name="Bo", role="administrator", password=None, now=now)
    review = start(itself=True)
    own = AccessList.objects.get(kind="annexa")
    row = next(line["number"] for line in own.lines if line["ref"] == f"person/{admin.pk}")
    made = decide_access(
        actor=actor_of(lead), person=lead, review=review.id, lines=[(own.id, row)], decision="revoke", because="Left",
        now=now,
    )[0]  # fmt: skip
    with pytest.raises(InvalidError, match="last administrator who can sign in with a password"):
        carry_out_access(actor=actor_of(other), person=other, decision=made.id, because="Left", in_place=True, now=now)
    admin.refresh_from_db()
    assert admin.is_active
    assert not AccessCarriedOut.objects.exists()


def test_an_import_is_all_or_nothing(take, admin, now) -> None:
    with pytest.raises(InvalidError, match="Row 3, column Account: is empty"):
        take(b"Account,Role\nbo,Admin\n,Viewer\n")
    with pytest.raises(InvalidError) as refused:
        take(subject="nobody", taken_at=now + timedelta(days=2))
    assert set(refused.value.problems) == {"subject", "taken_at"}
    assert not AccessList.objects.exists()


def test_own_access_is_people_accounts_and_live_tokens(admin, kim, noor, actor, now) -> None:
    create_token(
        actor=actor_of(kim), person=kim, holder=kim, name="Old", scopes=["read"], expires_at=now + timedelta(days=1),
        now=now,
    )  # fmt: skip
    found = own_access(actor=actor, now=now)
    assert [(one.account, one.right) for one in found] == [
        ("ada@example.org", "administer"), ("kim@example.org", "modify"), ("noor@example.org", "read logs"),
        ("kim@example.org", "use"),
    ]  # fmt: skip
    assert len(own_access(actor=actor, now=now + timedelta(days=2))) == 3


def test_an_export_runs_nothing(take, start, decide, actor, now) -> None:
    """Rule: a cell that a spreadsheet would run as a formula is text."""
    review = start(take())
    decide(review, [5], because="=cmd()")
    text = export_review(actor=actor, review=review.id, file_format="csv", now=now).decode()
    assert "'-cy" in text
    assert "'=cmd()" in text
    assert ",=" not in text
    assert export_review(actor=actor, review=review.id, file_format="xlsx", now=now).startswith(b"PK")


def test_the_lists_say_which_review_took_them_up(take, start, actor, now) -> None:
    first, second = take(), take()
    review = start(first)
    assert {one.id: one.review for one in list_access_lists(actor=actor)} == {first.id: review, second.id: None}


def test_a_review_that_ended_is_ended_once(take, start, decide, lead, now) -> None:
    review = start(take())
    decide(review, [2, 3, 4, 5])
    close(review, lead, now)
    with pytest.raises(ConflictError):
        close(review, lead, now)
    assert AccessReviewEnd.objects.count() == 1
