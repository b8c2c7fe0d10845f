"""Who answers for a control: who was named, else the system's owner, else nobody; and who could take it on."""

from dataclasses import replace

from annexa.pure.facts import ORGANISATION
from annexa.pure.owners import Owner, Owners, propose
from tests.strategies.organisations import LIBRARY

KIM, LEE, MEI = (Owner(name=name, person=n) for n, name in enumerate(("Kim", "Lee", "Mei"), start=1))
STRANGER = Owner(name="Somebody Else")


def test_the_organisation_has_who_was_named_and_else_nobody() -> None:
    held = Owners(named={("ORG-01", ORGANISATION): KIM})
    assert held.of("ORG-01", ORGANISATION) == KIM
    assert held.of("ORG-02", ORGANISATION) is None


def test_a_system_has_who_was_named_there_then_its_owner_then_the_organisations() -> None:
    held = Owners(named={("SYS-01", "alpha"): KIM, ("SYS-01", ORGANISATION): MEI}, systems={"alpha": LEE, "beta": LEE})
    assert [held.of("SYS-01", slug) for slug in ("alpha", "beta", "gamma")] == [KIM, LEE, MEI]


def test_theirs_are_the_scopes_of_one_person() -> None:
    held = Owners(named={("SYS-01", "alpha"): KIM}, systems={"alpha": LEE, "beta": LEE, "gamma": STRANGER})
    assert held.theirs(2, "SYS-01", ("alpha", "beta", "gamma")) == ("beta",)
    assert held.theirs(9, "SYS-01", ("alpha", "beta", "gamma")) == ()


def test_who_owns_a_system_or_a_control_owns_something() -> None:
    held = Owners(named={("ORG-01", ORGANISATION): KIM}, systems={"alpha": LEE, "beta": STRANGER})
    assert [held.owns_anything(n) for n in (1, 2, 3)] == [True, True, False]


def test_proposed_is_the_owner_and_else_who_has_most_of_the_same_role() -> None:
    """Rule: who does such work already is asked first; a name without a person cannot be given anything."""
    controls = dict(LIBRARY.controls)
    controls["ORG-03"] = replace(controls["ORG-03"], owner_role="other")
    held = Owners(
        named={
            ("ORG-01", ORGANISATION): KIM, ("SYS-01", ORGANISATION): LEE, ("SYS-02", ORGANISATION): LEE,
            ("ORG-03", ORGANISATION): MEI,
        },
        systems={"alpha": STRANGER},
    )  # fmt: skip
    assert propose(held, controls, "ORG-01", ORGANISATION) == KIM
    assert propose(held, controls, "ORG-02", ORGANISATION) == LEE
    assert propose(held, controls, "ORG-02", "alpha") == LEE
    assert propose(Owners(), controls, "ORG-02", ORGANISATION) is None
