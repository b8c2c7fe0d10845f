"""Nobody audits their own work: exceptions and closures are somebody else's to decide, and the refusal says why."""

from datetime import timedelta

import pytest

from annexa.actions.controls import close_judgement, judge
from annexa.actions.errors import NotPermittedError
from annexa.actions.evidence import add_evidence
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.pure.permits import ANNEXA
from annexa.records.people import Person
from tests.answers.small_house import found_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(now) -> Person:
    found_house(now - timedelta(minutes=1))
    return Person.objects.get(email="ada@example.org")


@pytest.fixture
def lea(ada, now) -> Person:
    return add_person(actor=ANNEXA, email="lea@example.org", name="Lea Lind", role="lead", password=None, now=now)


def by(person: Person) -> dict[str, object]:
    return {"actor": actor_of(person), "person": person}


def test_the_owner_does_not_accept_an_exception_for_their_own_control(ada, lea, now) -> None:
    name_owner(actor=actor_of(ada), person=ada, controls=["ACC-01"], owner=lea, now=now)
    given = {"kind": "accepted exception", "subject": "ACC-01", "because": "x", "ends_at": now + timedelta(days=9)}
    with pytest.raises(NotPermittedError, match="Lea Lind answers for it, so somebody else has to accept an exception"):
        judge(now=now, **given, **by(lea))
    judge(now=now, **given, **by(ada))


def test_who_finds_their_own_fault_may_say_so_and_not_close_it(ada, lea, now) -> None:
    name_owner(actor=actor_of(ada), person=ada, controls=["ACC-01"], owner=lea, now=now)
    made = judge(kind="major nonconformity", subject="ACC-01", because="x", now=now, **by(lea))
    with pytest.raises(NotPermittedError, match="close the nonconformity: nobody audits their own work"):
        close_judgement(judgement=made.id, because="Done", now=now, **by(lea))
    close_judgement(judgement=made.id, because="Checked", now=now, **by(ada))


def test_whose_evidence_it_is_does_not_close_either(ada, lea, now) -> None:
    made = judge(kind="minor nonconformity", subject="SUP-01", because="x", now=now, **by(ada))
    add_evidence(
        control="SUP-01",
        expectation="due-diligence-files",
        file=b"new",
        name="x.txt",
        limit_bytes=9,
        now=now,
        **by(lea),
    )
    with pytest.raises(NotPermittedError, match="Lea Lind gave evidence for it"):
        close_judgement(judgement=made.id, because="Done", now=now, **by(lea))
    close_judgement(judgement=made.id, because="Checked", now=now, **by(ada))  # whose evidence was superseded


def test_the_owner_of_an_ai_system_neither(ada, now) -> None:
    kim = add_person(actor=ANNEXA, email="KIM@example.org", name="Kim", role="lead", password=None, now=now)
    made = judge(kind="minor nonconformity", subject="LIF-03", scope="chatbot", because="x", now=now, **by(ada))
    with pytest.raises(NotPermittedError, match="Kim answers for it"):
        close_judgement(judgement=made.id, because="Done", now=now, **by(kim))
