"""Who answers for a control is a row for each change, handed over with a reason."""

import pytest
from django.db import IntegrityError, transaction

from annexa.actions.door import door
from annexa.actions.errors import InvalidError, NotFoundError, NotPermittedError
from annexa.actions.owners import name_owner
from annexa.actions.people import actor_of
from annexa.actions.systems import add_system
from annexa.answers import ledger
from annexa.answers.owners import candidates, owners
from annexa.answers.posture import standpoint
from annexa.pure.facts import ORGANISATION
from annexa.pure.owners import Owner
from annexa.pure.systems import SystemFacts
from annexa.records.ownerships import Ownership
from tests.actions.test_classification import entries


@pytest.fixture
def give(actor, admin, now):
    """Names owners as the administrator."""

    def name(*controls, to=None, scope=ORGANISATION, because="", by=admin):
        return name_owner(
            actor=actor_of(by), person=by, controls=controls, owner=to, scope=scope, because=because, now=now
        )

    return name


@pytest.fixture
def of(actor, now):
    """Who answers for a control."""

    def ask(control, scope=ORGANISATION):
        return owners(actor=actor, stand=standpoint(actor=actor, now=now)).of(control, scope)

    return ask


def test_each_control_gets_a_row_and_an_entry(give, of, kim, actor) -> None:
    made = give("GOV-01", "GOV-02", "GOV-01", to=kim)
    assert [(one.control, one.number, one.owner) for one in made] == [("GOV-01", 1, kim), ("GOV-02", 1, kim)]
    assert of("GOV-01") == Owner(name="Kim Lee", person=kim.pk)
    assert of("GOV-03") is None
    states = [one["state"] for one in entries("ownership")]
    assert [(s["control"], s["owner"]) for s in states] == [
        ("GOV-01", f"person/{kim.pk}"), ("GOV-02", f"person/{kim.pk}"),
    ]  # fmt: skip
    line = ledger.list_entries(actor=actor, kind="decisions").lines[0]
    assert (line.what, line.about) == ("Owner named", "GOV-02, organisation: Kim Lee")


def test_handing_over_and_giving_back_need_a_reason_and_leave_what_was(give, of, kim, admin) -> None:
    give("GOV-01", to=kim)
    with pytest.raises(InvalidError, match="Say why GOV-01 changes hands"):
        give("GOV-01", "GOV-02", to=admin)
    assert Ownership.objects.count() == 1
    give("GOV-01", to=admin, because="Kim moves to sales")
    give("GOV-01", because="Nobody is left")
    assert of("GOV-01") is None
    give("GOV-01", to=kim, because="Kim is back")
    rows = Ownership.objects.order_by("number").values_list("number", "owner__name", "because")
    assert [*rows] == [
        (1, "Kim Lee", ""), (2, "Ada Admin", "Kim moves to sales"), (3, None, "Nobody is left"),
        (4, "Kim Lee", "Kim is back"),
    ]  # fmt: skip


def test_who_has_it_already_is_left_alone(give, kim) -> None:
    give("GOV-01", to=kim)
    assert [one.control for one in give("GOV-01", "GOV-02", to=kim)] == ["GOV-02"]
    with pytest.raises(InvalidError, match="Kim Lee answers for GOV-01, GOV-02 already"):
        give("GOV-01", "GOV-02", to=kim)
    with pytest.raises(InvalidError, match="Nobody answers for GOV-03 already"):
        give("GOV-03")


def test_in_a_system_it_is_the_one_named_there_and_else_its_owner(give, of, kim, admin, actor, now) -> None:
    add_system(actor=actor, facts=SystemFacts(name="Alpha", owner="KIM@example.org"), now=now)
    add_system(actor=actor, facts=SystemFacts(name="Beta", owner="Somebody Else"), now=now)
    assert of("LIF-03", "alpha") == Owner(name="Kim Lee", person=kim.pk)
    assert of("LIF-03", "beta") == Owner(name="Somebody Else")
    give("LIF-03", to=admin, scope="alpha")
    assert of("LIF-03", "alpha").name == "Ada Admin"
    assert of("LIF-04", "alpha").name == "Kim Lee"


def test_what_cannot_be_is_refused(give, kim, noor) -> None:
    with pytest.raises(InvalidError, match="Noor Haddad may not change anything there"):
        give("GOV-01", to=noor)
    with pytest.raises(InvalidError, match="Choose at least one control"):
        give(to=kim)
    with pytest.raises(NotFoundError, match="no control NOT-01, NOT-02"):
        give("GOV-01", "NOT-01", "NOT-02", to=kim)
    with pytest.raises(NotFoundError, match="no AI system nowhere"):
        give("GOV-01", to=kim, scope="nowhere")
    with pytest.raises(NotPermittedError, match="Noor Haddad may not name owner"):
        give("GOV-01", to=kim, by=noor)
    assert not Ownership.objects.exists()


def test_only_who_can_act_is_offered(kim, noor, actor) -> None:
    assert [one.name for one in candidates(actor=actor)] == ["Ada Admin", "Kim Lee"]


def test_the_database_refuses_a_second_successor_and_a_hand_over_without_reason(give, kim, actor, now) -> None:
    give("GOV-01", to=kim)
    same = {"control": "GOV-01", "scope": ORGANISATION, "owner": kim, "recorded_at": now}
    for number in (1, 2):
        with pytest.raises(IntegrityError), transaction.atomic(), door(actor=actor, verb="name_owner", now=now):
            Ownership(id=f"x{number}", number=number, **same).save()
