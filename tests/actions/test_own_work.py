"""Nobody audits their own work: exceptions and closures are somebody else's to decide, and the refusal says why."""

from datetime import timedelta

import pytest

from annexa.actions.controls import close_judgement, judge
from annexa.actions.errors import NotPermittedError
from annexa.actions.evidence import add_evidence
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of, add_person
from annexa.actions.tokens import add_service_account
from annexa.answers.actors import actor_of_account
from annexa.library.load import library
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


def test_nor_by_way_of_a_requirement_or_of_one_ai_system(ada, lea, now) -> None:
    """Rule: what the control meets, and where the organisation does it for all, is one's own work as well."""
    name_owner(actor=actor_of(ada), person=ada, controls=["SUP-01"], owner=lea, now=now)
    held = library()
    framework = held.frameworks["iso27001-2022"]
    met = next(
        one for one in framework.leaves if (c := held.covering(framework, one)) and "SUP-01" in sum(c.sufficient, ())
    )
    given = {"kind": "accepted exception", "because": "x", "ends_at": now + timedelta(days=9), "now": now}
    for what in ({"subject": met.id, "framework": framework.id}, {"subject": "SUP-01", "scope": "chatbot"}):
        with pytest.raises(NotPermittedError, match="Lea Lind answers for it"):
            judge(**what, **given, **by(lea))
    made = judge(
        kind="minor nonconformity", subject=met.id, framework=framework.id, because="x", now=now, **by(ada)
    )  # fmt: skip
    with pytest.raises(NotPermittedError, match="close the nonconformity"):
        close_judgement(judgement=made.id, because="Done", now=now, **by(lea))


def test_nor_after_handing_it_over(ada, lea, now) -> None:
    name_owner(actor=actor_of(ada), person=ada, controls=["ACC-01"], owner=lea, now=now)
    name_owner(actor=actor_of(ada), person=ada, controls=["ACC-01"], owner=ada, because="Swap", now=now)
    given = {"kind": "accepted exception", "subject": "ACC-01", "because": "x"}
    with pytest.raises(NotPermittedError, match="answers for it"):
        judge(ends_at=now + timedelta(days=9), now=now, **given, **by(lea))
    later = now + timedelta(days=366)
    judge(ends_at=later + timedelta(days=9), now=later, **given, **by(lea))


def test_nor_does_a_program(ada, now) -> None:
    account = add_service_account(actor=actor_of(ada), person=ada, slug="bot", name="Bot", role="lead", now=now)
    program = actor_of_account(account)
    made = judge(actor=program, person=None, kind="major nonconformity", subject="ACC-01", because="Scan", now=now)
    with pytest.raises(NotPermittedError, match="Only a person may close the nonconformity"):
        close_judgement(actor=program, person=None, judgement=made.id, because="Scan is clean", now=now)
