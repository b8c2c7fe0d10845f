"""An exception from a rule counts once somebody who neither asks, owns nor wrote it approves; a change asks anew."""

from datetime import timedelta

import pytest

from annexa.actions.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from annexa.actions.exceptions import decide_exception, withdraw_exception
from annexa.actions.people import actor_of, add_person
from annexa.actions.registers import add_record, change_record, change_records, import_register
from annexa.answers.exceptions import exception_page
from annexa.answers.posture import standpoint
from annexa.answers.register_files import plan_register
from annexa.answers.registers import one_record
from annexa.pure.exception_steps import asked_sha256
from annexa.pure.permits import Actor, Grant
from annexa.pure.registers.exceptions import EXCEPTIONS
from annexa.records.exceptions import ExceptionStep
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from tests.actions.test_door import check_ledger

STRANGER = Actor(
    id="person/98", name="Rita Retail", role="member", grants=(Grant(role="lead", units=frozenset({"Retail"})),)
)


@pytest.fixture
def people(organisation, admin, actor, now):
    """Two owners and two leads, beside the administrator Ada."""
    for name, role in (("Ola Owner", "owner"), ("Rob Owner", "owner"), ("Lee Lead", "lead"), ("Lou Lead", "lead")):
        email = f"{name.split()[0].lower()}@example.org"
        add_person(actor=actor, email=email, name=name, role=role, password=None, now=now)
    return {one.email.split("@")[0]: one for one in Person.objects.all()}


def entry(now, **values):
    return EXCEPTIONS.make(
        {
            "name": "Consoles", "controls": ("ACC-02",), "why": "Faults", "instead": "Door log", "where": "Four desks",
            "asked_by": "rob@example.org", "owner": "ola@example.org", "until": now.date() + timedelta(days=60),
            **values,
        }
    )  # fmt: skip


@pytest.fixture
def row(people, now):
    """An exception that Ola wrote down for Rob."""
    return add_record(actor=actor_of(people["ola"]), register=EXCEPTIONS, entry=entry(now), now=now)


def decide(person, row, now, *, approve=True, because="The log will do"):
    return decide_exception(
        actor=actor_of(person), person=person, exception=row.slug, approve=approve, because=because, now=now
    )


def kept(row, actor):
    return one_record(actor=actor, register=EXCEPTIONS, slug=row.slug)


def change(person, row, now, **values):
    one = kept(row, actor_of(person))
    change_record(
        actor=actor_of(person), register=EXCEPTIONS, slug=row.slug, entry=EXCEPTIONS.replaced(one.entry, values),
        seen=one.changed_at, now=now,
    )  # fmt: skip


def approved(now):
    said = standpoint(actor=Actor(id="annexa", name="Annexa", role="program"), now=now).engine.records.said(
        "exceptions_approved", "organisation"
    )
    return said.fulfilled == said.population == 1


def test_it_works(people, row, actor, now) -> None:
    """Rule: the approval is a dated row of its own, and only then the exception counts."""
    before = check_ledger()
    assert not approved(now)
    made = decide(people["lee"], row, now)
    assert check_ledger() == before + 2
    assert list(LedgerEntry.objects.order_by("position").values_list("kind", flat=True))[-2:] == [
        "exception_step", "exception",
    ]  # fmt: skip
    one = kept(row, actor)
    assert (one.approved_by, one.approved_on) == ("lee@example.org", now.date())
    assert (made.step, made.asked_sha256, made.until) == ("approved", asked_sha256(one.entry), one.until)
    assert approved(now)
    page = exception_page(actor=actor, person=None, slug=row.slug, now=now)
    assert (page.state, [step.by.name for step in page.steps]) == ("approved", ["Lee Lead"])
    later = exception_page(actor=actor, person=None, slug=row.slug, now=now + timedelta(days=61))
    assert later.state == "lapsed"
    with pytest.raises(ConflictError, match="does not wait"):
        decide(people["lou"], row, now)


@pytest.mark.parametrize(
    ("values", "because"),
    [
        ({"asked_by": "LEE@example.org"}, "Lee Lead asks for this exception"),
        ({"asked_by": "lee lead"}, "Lee Lead asks for this exception"),
        ({"owner": "lee@example.org"}, "Lee Lead owns this exception"),
    ],
)
def test_four_eyes(people, actor, now, values, because) -> None:
    """Rule: who asks for an exception or owns it does not approve it, however they are written down."""
    made = add_record(actor=actor, register=EXCEPTIONS, entry=entry(now, **values), now=now)
    before = check_ledger()
    with pytest.raises(NotPermittedError, match=because):
        decide(people["lee"], made, now)
    assert (check_ledger(), ExceptionStep.objects.count()) == (before, 0)
    decide(people["lou"], made, now)


def test_who_wrote_what_is_asked_does_not_approve_it(people, actor, now) -> None:
    """Rule: a lead cannot put somebody else's name to an exception and approve it; to mend a detail is not that."""
    lee = people["lee"]
    made = add_record(actor=actor_of(lee), register=EXCEPTIONS, entry=entry(now), now=now)
    with pytest.raises(NotPermittedError, match="Lee Lead wrote down what is asked"):
        decide(lee, made, now)
    change(people["ola"], made, now, why="Other faults")
    change(lee, made, now, reference="EX-1")
    decide(lee, made, now)


@pytest.mark.parametrize("who", ["ola", "rob"])
def test_an_owner_approves_nothing(people, row, now, who) -> None:
    with pytest.raises(NotPermittedError, match="may not approve exception"):
        decide(people[who], row, now)


def test_a_stranger_knows_of_nothing(people, row, now) -> None:
    with pytest.raises(NotFoundError):
        decide_exception(actor=STRANGER, person=people["lee"], exception=row.slug, approve=True, because="x", now=now)
    with pytest.raises(NotFoundError):
        withdraw_exception(actor=STRANGER, person=people["lee"], exception=row.slug, because="x", now=now)


def test_everything_that_is_missing_is_said_at_once(people, actor, now) -> None:
    values = {"why": "", "instead": "", "controls": (), "asked_by": "", "until": None}
    made = add_record(actor=actor, register=EXCEPTIONS, entry=entry(now, **values), now=now)
    with pytest.raises(InvalidError) as error:
        decide(people["lee"], made, now, because=" ")
    assert set(error.value.problems) == {"why", "instead", "document", "asked_by", "until", "because"}
    far = add_record(
        actor=actor, register=EXCEPTIONS, now=now, entry=entry(now, until=now.date() + timedelta(days=367))
    )
    with pytest.raises(InvalidError, match="a year at most"):
        decide(people["lee"], far, now)
    past = add_record(actor=actor, register=EXCEPTIONS, now=now, entry=entry(now, until=now.date() - timedelta(days=1)))
    with pytest.raises(InvalidError, match="has passed"):
        decide(people["lee"], past, now)


@pytest.mark.parametrize(
    "values",
    [
        {"until": 90}, {"why": "Habit"}, {"instead": "Nothing"}, {"where": "Everywhere"}, {"controls": ("ACC-03",)},
        {"asked_by": "lee@example.org"}, {"owner": "lee@example.org"},
    ],
    ids=str,
)  # fmt: skip
def test_a_change_or_an_extension_asks_anew(people, row, actor, now, values) -> None:
    """Rule: an approval holds for what was approved, and for nothing else."""
    decide(people["lee"], row, now)
    told = {name: now.date() + timedelta(days=one) if isinstance(one, int) else one for name, one in values.items()}
    change(people["ola"], row, now, **told)
    one = kept(row, actor)
    assert (one.approved_by, one.approved_on) == ("", None)
    assert not approved(now)
    assert exception_page(actor=actor, person=None, slug=row.slug, now=now).state == "asked"
    decide(people["lou"], row, now)
    assert [step.step for step in ExceptionStep.objects.order_by("turn")] == ["approved", "approved"]


def test_what_was_not_decided_changes_without_asking(people, row, actor, now) -> None:
    decide(people["lee"], row, now)
    change(people["ola"], row, now, reference="EX-7", owner="ada@example.org")
    assert kept(row, actor).approved_by == "lee@example.org"


def test_a_change_of_many_asks_anew(people, row, actor, now) -> None:
    decide(people["lee"], row, now)
    until = now.date() + timedelta(days=300)
    change_records(actor=actor, register=EXCEPTIONS, slugs=[row.slug], values={"until": until}, now=now)
    one = kept(row, actor)
    assert (one.until, one.approved_by, one.approved_on) == (until, "", None)
    check_ledger()


def test_a_file_asks_anew_and_approves_nothing(people, row, actor, now) -> None:
    """Rule: neither a form nor a file can say that somebody approved."""
    with pytest.raises(InvalidError, match="settled by its own step"):
        change(people["lou"], row, now, approved_by="lee@example.org", approved_on=now.date())
    decide(people["lee"], row, now)
    until = now.date() + timedelta(days=400)
    told = f"slug,name,until\nconsoles,Consoles,{until}\n".encode()
    planned = plan_register(actor=actor, register=EXCEPTIONS, data=told, name="x.csv")
    assert planned.plan.problems == ()
    import_register(actor=actor, planned=planned, now=now)
    one = kept(row, actor)
    assert (one.until, one.approved_by, one.approved_on) == (until, "", None)
    forged = f"name,approved by,approved on\nDoors,lee@example.org,{now.date()}\n".encode()
    problems = plan_register(actor=actor, register=EXCEPTIONS, data=forged, name="y.csv").plan.problems
    assert problems, "a new one cannot come approved"


def test_a_refusal_ends_it(people, row, actor, now) -> None:
    decide(people["lee"], row, now, approve=False, because="Keys are cheap")
    one = kept(row, actor)
    assert (one.ended_on, one.outcome, one.approved_by) == (now.date(), "refused", "")
    assert exception_page(actor=actor, person=None, slug=row.slug, now=now).state == "refused"
    with pytest.raises(ConflictError):
        decide(people["lou"], row, now)


def test_an_approval_is_taken_back(people, row, actor, now) -> None:
    with pytest.raises(ConflictError, match="nothing to take back"):
        withdraw_exception(actor=actor, person=people["lou"], exception=row.slug, because="x", now=now)
    decide(people["lee"], row, now)
    with pytest.raises(InvalidError, match="Say why"):
        withdraw_exception(actor=actor, person=people["lou"], exception=row.slug, because=" ", now=now)
    lou = people["lou"]
    withdraw_exception(actor=actor_of(lou), person=lou, exception=row.slug, because="The log is off", now=now)
    assert kept(row, actor).approved_by == ""
    assert exception_page(actor=actor, person=None, slug=row.slug, now=now).state == "asked"
    assert not approved(now)
