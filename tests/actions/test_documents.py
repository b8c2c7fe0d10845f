"""A document comes into force through four eyes only, and every step of it is in the ledger."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.documents import (
    approve_version,
    confirm_version,
    hand_in,
    publish_version,
    read_version,
    withdraw_version,
    write_version,
)
from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.grants import grant_role
from annexa.actions.leaving import let_go
from annexa.actions.people import actor_of, add_person
from annexa.actions.readings import acknowledge, ask_to_read
from annexa.actions.registers import add_record, change_record
from annexa.actions.units import add_unit
from annexa.answers.documents import life, progress_of, readers_meant, steps_of, to_read
from annexa.answers.store import blobs, named_files
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers.documents import DOCUMENTS
from annexa.records import guard
from annexa.records.documents import DocumentStep, Reading
from annexa.records.ledger import EntryBody, LedgerEntry
from tests.actions.test_door import check_ledger

RETAIL = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="owner", units=frozenset({"Retail"})),)
)


@pytest.fixture
def people(organisation, actor, now):
    """Ola writes, Rob reads, Lee approves."""
    return {
        name: add_person(
            actor=actor, email=f"{name}@example.org", name=name.capitalize(), role=role, password=None, now=now
        )
        for name, role in (("ola", "owner"), ("rob", "owner"), ("lee", "lead"))
    }


@pytest.fixture
def policy(actor, people, now):
    entry = DOCUMENTS.make(
        {
            "name": "Access policy", "kind": "policy", "owner": "ola@example.org", "approver": "Lee@example.org",
            "reviewers": "rob@example.org", "review_months": 12, "classification": "internal",
            "serves": ("ACC-01/access-policy",),
        }
    )  # fmt: skip
    return add_record(actor=actor, register=DOCUMENTS, entry=entry, now=now)


@pytest.fixture
def by(people, policy, now):
    """Whose turn it is: the arguments every step shares."""

    def of(name: str, **more):
        person = people[name]
        return {"actor": actor_of(person), "person": person, "document": policy.slug, "now": now, **more}

    return of


def write(by, text: str = "# Access\n\nNobody without a reason.", **more):
    return write_version(content=text, because="First version", limit_bytes=10_000, **by("ola", **more))


def approved(by) -> None:
    write(by)
    hand_in(because="", **by("ola"))
    read_version(agrees=True, because="", **by("rob"))
    approve_version(because="As we live it", **by("lee"))


def test_it_works(by, actor, now, policy) -> None:
    before = check_ledger()
    approved(by)
    made = publish_version(because="", **by("ola"))
    assert check_ledger() == before + 5
    assert blobs().open_checked(made.sha256).read() == b"# Access\n\nNobody without a reason."
    assert made.sha256 in named_files(), "backups bring it along"
    assert (made.media_type, made.name, made.number) == ("text/markdown", "access-policy.md", 1)
    assert made.claims == {"kind": "policy", "serves": ["ACC-01/access-policy"], "review_months": 12}
    found = life(steps_of(actor=actor, slug=policy.slug), now.date())
    assert (found.says, found.in_force, found.review_by) == ("in force", 1, made.review_by)
    entry = LedgerEntry.objects.order_by("-position").first()
    assert (entry.kind, entry.subject) == ("document_step", f"document_step/{made.id}")
    assert json.loads(bytes(EntryBody.objects.get(position=entry.position).body))["state"] == made.state()


def test_nobody_approves_what_they_wrote(by, actor, people, policy, now) -> None:
    entry = DOCUMENTS.replaced(policy.entry, {"approver": "ola@example.org", "reviewers": ""})
    change_record(
        actor=actor, register=DOCUMENTS, slug=policy.slug, entry=entry, seen=policy.changed_at, now=now
    )  # fmt: skip
    write(by)
    hand_in(because="", **by("ola"))
    with pytest.raises(NotPermittedError, match="four eyes"):
        approve_version(because="Mine is good", **by("ola"))
    draft = DocumentStep.objects.get(step="drafted")
    with guard.opened(), pytest.raises(IntegrityError), transaction.atomic():
        DocumentStep(
            id="forged", document=policy, turn=9, number=1, step="approved", sha256=draft.sha256, size=1, name="x",
            media_type="text/markdown", author=people["ola"], by=people["ola"], on=now.date(), recorded_at=now,
        ).save()  # fmt: skip


def test_everything_missing_is_told_and_nothing_is_written(by, people) -> None:
    with pytest.raises(InvalidError, match="no text yet"):
        approve_version(because="", **by("lee"))
    write(by)
    hand_in(because="", **by("ola"))
    before = check_ledger()
    with pytest.raises(InvalidError) as wrong:
        approve_version(because="", **by("lee"))
    assert wrong.value.problems == {"": ("rob@example.org has not agreed yet.",)}
    with pytest.raises(NotPermittedError, match="not among the reviewers"):
        read_version(agrees=True, because="", **by("ola"))
    with pytest.raises(NotPermittedError, match="is its approver"):
        approve_version(because="", **by("rob"))
    with pytest.raises(InvalidError, match="publish what is approved"):
        publish_version(because="", **by("ola"))
    with pytest.raises(InvalidError, match="same as version 1"):
        write(by)
    with pytest.raises(InvalidError) as wrong:
        write_version(content=" ", because=" ", limit_bytes=10, **by("ola"))
    assert set(wrong.value.problems) == {"content", "because"}
    assert check_ledger() == before


def test_what_is_returned_is_written_again(by, actor, policy, now) -> None:
    write(by)
    hand_in(because="", **by("ola"))
    with pytest.raises(InvalidError, match="what has to change"):
        read_version(agrees=False, because="", **by("rob"))
    read_version(agrees=False, because="Guests are missing", **by("lee"))
    write(by, "# Access\n\nGuests too.")
    hand_in(because="", **by("ola"))
    read_version(agrees=True, because="", **by("rob"))
    approve_version(because="", **by("lee"))
    made = publish_version(because="", **by("ola"))
    assert made.number == 2


def test_a_later_day_of_force_counts_from_then(by, actor, policy, now) -> None:
    approved(by)
    day = (now + timedelta(days=14)).date()
    with pytest.raises(InvalidError, match="is past"):
        publish_version(because="", in_force_on=(now - timedelta(days=1)).date(), **by("ola"))
    publish_version(because="", in_force_on=day, **by("ola"))
    entry = LedgerEntry.objects.order_by("-position").first()
    assert json.loads(bytes(entry.header))["effective_at"].startswith(day.isoformat())
    rows = steps_of(actor=actor, slug=policy.slug)
    assert life(rows, now.date()).in_force is None
    assert life(rows, day).in_force == 1


def test_what_a_document_proves_changes_with_an_approval_only(by, actor, policy, now) -> None:
    """Rule: who may edit the record cannot make an approved text prove something else."""
    approved(by)
    entry = DOCUMENTS.replaced(policy.entry, {"serves": ("CRY-01/crypto-standard",), "review_months": 60})
    change_record(
        actor=actor, register=DOCUMENTS, slug=policy.slug, entry=entry, seen=policy.changed_at, now=now
    )  # fmt: skip
    made = publish_version(because="", **by("ola"))
    assert made.claims["serves"] == ["ACC-01/access-policy"]
    assert made.review_by.year == now.year + 1
    with pytest.raises(InvalidError, match="what you looked at"):
        confirm_version(because="", **by("lee"))
    with pytest.raises(NotPermittedError, match="is its approver"):
        confirm_version(because="Looked at it", **by("rob"))
    later = confirm_version(because="Read it again", **by("lee", now=now + timedelta(days=1)))
    assert later.claims["serves"] == ["CRY-01/crypto-standard"]


def test_withdrawn_is_out_of_force_and_kept(by, actor, policy, now) -> None:
    approved(by)
    publish_version(because="", **by("ola"))
    with pytest.raises(InvalidError, match="Say why"):
        withdraw_version(because="", **by("ola"))
    made = withdraw_version(because="Replaced by the group's", **by("ola"))
    assert life(steps_of(actor=actor, slug=policy.slug), now.date()).says == "withdrawn"
    assert blobs().open_checked(made.sha256).read().startswith(b"# Access")
    with pytest.raises(InvalidError, match="No version of it is in force"):
        withdraw_version(because="Again", **by("ola"))


def test_a_stranger_finds_nothing(by, policy, now) -> None:
    write(by)
    stranger = {"actor": RETAIL, "person": None, "document": policy.slug, "now": now}
    with pytest.raises(NotFoundError):
        write_version(content="x", because="x", limit_bytes=10, **stranger)
    with pytest.raises(NotFoundError):
        hand_in(because="", **stranger)
    assert steps_of(actor=RETAIL, slug=policy.slug) == ()


# --- readers


@pytest.fixture
def in_force(by, policy):
    approved(by)
    publish_version(because="", **by("ola"))
    return policy


@pytest.fixture
def employee(actor, organisation, now):
    """Somebody who works here and has no role."""
    return add_person(actor=actor, email="eva@example.org", name="Eva", role="member", password=None, now=now)


def asked(by, now, readers, **more):
    given = by("lee", due_on=(now + timedelta(days=28)).date(), because="New rules", **more)
    return ask_to_read(readers=readers, **given)


def test_who_is_asked_reads_and_says_so(by, actor, in_force, employee, people, now) -> None:
    before = check_ledger()
    assert len(asked(by, now, [employee, people["rob"], employee])) == 2
    assert check_ledger() == before + 2
    (mine,) = to_read(person=employee, now=now)
    assert (mine.force.row.slug, mine.due_on, mine.late, mine.read_at) == (
        in_force.slug, (now + timedelta(days=28)).date(), False, None,
    )  # fmt: skip
    made = acknowledge(
        actor=actor_of(employee), person=employee, document=in_force.slug, number=1, now=now + timedelta(days=1)
    )
    assert (made.step, made.by, made.person, made.serves) == ("read", employee, employee, ["ACC-01/access-policy"])
    progress = progress_of(actor=actor, slug=in_force.slug, now=now + timedelta(days=40))
    assert (progress.asked, progress.read, progress.late, progress.waiting) == (2, 1, ("Rob",), ())
    before = check_ledger()
    acknowledge(actor=actor_of(employee), person=employee, document=in_force.slug, number=1, now=now)
    assert check_ledger() == before
    assert asked(by, now, [employee]) == ()


def test_what_is_not_in_force_is_not_read(by, policy, employee, people, now) -> None:
    with pytest.raises(InvalidError) as wrong:
        ask_to_read(readers=[], **by("lee", due_on=now.date(), because=""))
    assert set(wrong.value.problems) == {"", "readers", "due_on"}
    who = {"actor": actor_of(employee), "person": employee, "document": policy.slug, "now": now}
    with pytest.raises(NotFoundError):
        acknowledge(number=1, **who)
    approved(by)
    publish_version(because="", **by("ola"))
    with pytest.raises(ConflictError, match="Version 1 is in force by now"):
        acknowledge(number=2, **who)


def test_a_confidential_document_is_read_by_who_is_asked_only(by, actor, in_force, employee, people, now) -> None:
    entry = DOCUMENTS.replaced(in_force.entry, {"classification": "confidential"})
    change_record(
        actor=actor, register=DOCUMENTS, slug=in_force.slug, entry=entry, seen=in_force.changed_at, now=now
    )  # fmt: skip
    assert to_read(person=employee, now=now) == ()
    with pytest.raises(NotFoundError):
        acknowledge(actor=actor_of(employee), person=employee, document=in_force.slug, number=1, now=now)
    asked(by, now, [employee])
    assert [one.force.row.slug for one in to_read(person=employee, now=now)] == [in_force.slug]
    with pytest.raises(NotFoundError):
        ask_to_read(
            actor=actor_of(employee), person=employee, document=in_force.slug, readers=[people["rob"]],
            due_on=(now + timedelta(days=9)).date(), because="", now=now,
        )  # fmt: skip


def test_who_leaves_and_what_is_withdrawn_is_not_waited_for(by, actor, in_force, employee, people, now) -> None:
    asked(by, now, [employee, people["rob"]])
    let_go(actor=actor, by=None, person=employee.pk, successors={}, because="New job", now=now)
    assert progress_of(actor=actor, slug=in_force.slug, now=now).waiting == ("Rob",)
    withdraw_version(because="Replaced", **by("ola"))
    assert progress_of(actor=actor, slug=in_force.slug, now=now).asked == 0
    check_ledger()


def test_nobody_says_for_somebody_else_that_they_read(by, in_force, employee, people, now) -> None:
    with guard.opened(), pytest.raises(IntegrityError), transaction.atomic():
        Reading(
            id="forged", document=in_force, number=1, person=employee, turn=1, step="read", recorded_at=now,
            by=people["ola"],
        ).save()  # fmt: skip


def test_readers_are_meant_by_role_unit_or_all(actor, organisation, admin, people, employee, now) -> None:
    unit = add_unit(actor=actor, name="Retail", now=now)
    grant_role(
        actor=actor, person=admin, holder=employee, role="reader", unit=unit.slug, because="Works there", now=now
    )

    def names(**more):
        given = {"everyone": False, "roles": (), "units": ()} | more
        return [one.name for one in readers_meant(actor=actor, **given)]

    assert names(roles=["owner"]) == ["Ola", "Rob"]
    assert names(units=["Retail"]) == ["Eva"]
    assert set(names(everyone=True)) >= {"Eva", "Lee", "Ola", "Rob"}
    assert names() == []
