"""A requirement binds by duty, role, class and date, in this order, and says why."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.applicability import (
    REGISTER,
    Binding,
    Ground,
    acting_as,
    bind_organisation,
    bind_system,
    control_applies,
    starts_on,
)
from annexa.pure.facts import SystemFact
from annexa.pure.standards import Control, Narrowing, Requirement, Transition
from annexa.pure.systems import CLASSES, ROLES

AT = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)
LATER = date(2027, 12, 2)
LATEST = date(2028, 8, 2)


def requirement(**more: object) -> Requirement:
    """A duty of every system, narrowed by what is given."""
    return Requirement(
        id="Art.9", parent=None, kind="article", title="t", summary="s", level="system", **more  # type: ignore[arg-type]
    )  # fmt: skip


def system(**more: object) -> SystemFact:
    """A high-risk system that the organisation deploys, changed by what is given."""
    known: dict[str, object] = {"roles": ("deployer",), "classes": ("high-risk",), "high_risk_by": "annex-iii", **more}
    return SystemFact(id="one", name="One", effective_at=AT, recorded_at=AT, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [{"binds_roles": ("provider",)}, {"binds_classes": ("high-risk",)}])
def test_a_system_out_of_scope_is_decided_and_says_so(asked: dict[str, object]) -> None:
    """Where a law leaves a system out, nothing is open: the decision is the ground, not its absence."""
    found = bind_system(requirement(**asked), system(roles=(), classes=("out-of-scope",), high_risk_by=""), AT)
    assert not found.applies
    assert "not decided" not in found.because
    assert found.because.endswith("The class here is out of scope.")
    assert [ground.fact for ground in found.grounds] == ["The class here is out of scope"]


def test_what_holds_together_is_joined_by_and() -> None:
    """Facts hold all at once; only what a rule asks for is one or the other."""
    of = system(roles=("deployer", "employer_deployer"), classes=("high-risk", "transparency"))
    found = bind_system(requirement(binds_roles=("deployer", "provider"), binds_classes=("high-risk",)), of, AT)
    assert [ground.fact for ground in found.grounds] == [
        "Role: deployer and employer deployer", "Class: high-risk and transparency, through Annex III",
    ]  # fmt: skip
    assert found.grounds[0].rule == "Binds a deployer or provider."
    missed = bind_system(requirement(binds_roles=("importer",)), of, AT)
    assert missed.because == "It binds a importer; the role here is deployer and employer deployer."


def test_a_role_that_other_answers_gave_still_binds_a_system_out_of_scope() -> None:
    """Roles may come from another law; what asks for no class is not lifted by a class."""
    assert bind_system(requirement(binds_roles=("deployer",)), system(classes=("out-of-scope",)), AT).applies


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "of", "expected"),
    [
        ({}, {}, Binding(applies=True, because="Binds every AI system.")),
        ({}, {"roles": (), "classes": ()}, Binding(applies=True, because="Binds every AI system.")),
        ({"binds_roles": ("deployer",)}, {}, Binding(applies=True, because="Binds this system: role deployer.")),
        (
            {"binds_roles": ("provider", "deployer"), "binds_classes": ("high-risk", "gpai")},
            {},
            Binding(applies=True, because="Binds this system: role provider or deployer, class high-risk or gpai."),
        ),
        (
            {"binds_roles": ("gpai_provider",)},
            {},
            Binding(applies=False, because="It binds a gpai provider; the role here is deployer."),
        ),
        (
            {"binds_roles": ("provider",)},
            {"roles": ()},
            Binding(
                applies=False,
                because="The organisation's role towards this system is not decided; it binds a provider.",
            ),
        ),
        (
            {"binds_classes": ("gpai",)},
            {},
            Binding(applies=False, because="It binds gpai systems; the class here is high-risk."),
        ),
        (
            {"binds_classes": ("gpai",)},
            {"classes": ()},
            Binding(applies=False, because="The risk class is not decided; it binds gpai systems."),
        ),
        ({"applies_from": LATER}, {}, Binding(applies=False, because="Binds from 2027-12-02.", from_on=LATER)),
        (
            {"applies_from": date(2025, 2, 2)},
            {},
            Binding(applies=True, because="Binds every AI system.", from_on=date(2025, 2, 2)),
        ),
        ({"no_duty": "A definition."}, {}, Binding(applies=False, because="A definition.")),
    ],
    ids=[
        "every system",
        "every system, whatever is not decided",
        "by role",
        "by role and class",
        "another role",
        "no role decided",
        "another class",
        "no class decided",
        "later",
        "since a date",
        "no duty",
    ],
)
def test_a_requirement_binds_a_system(asked: dict[str, object], of: dict[str, object], expected: Binding) -> None:
    assert replace(bind_system(requirement(**asked), system(**of), AT), grounds=()) == expected


def test_reasons_come_in_order() -> None:
    """Duty, role, class, date: the first that says no is the one told."""
    everything = {"binds_roles": ("provider",), "binds_classes": ("gpai",), "applies_from": LATER}
    assert bind_system(requirement(no_duty="Not you.", **everything), system(), AT).because == "Not you."
    assert "the role here" in bind_system(requirement(**everything), system(), AT).because
    provider = system(roles=("provider",))
    assert "the class here" in bind_system(requirement(**everything), provider, AT).because
    gpai = system(roles=("provider",), classes=("gpai",))
    assert bind_system(requirement(**everything), gpai, AT).because == "Binds from 2027-12-02."


def test_a_date_binds_from_its_first_instant() -> None:
    later = requirement(applies_from=LATER)
    assert not bind_system(later, system(), midnight(LATER) - timedelta(microseconds=1)).applies
    assert bind_system(later, system(), midnight(LATER)).applies
    assert not bind_organisation(later, [], midnight(LATER) - timedelta(microseconds=1)).applies
    assert bind_organisation(later, [], midnight(LATER)).applies


@pytest.mark.parametrize(
    ("by", "attribute", "expected"),
    [
        ("annex-iii", LATEST, LATER),
        ("annex-i", LATEST, LATEST),
        ("", LATEST, LATER),
        ("annex-i", None, LATER),
        ("annex-i", "2028-08-02", LATER),
    ],
)
def test_products_of_annex_i_have_longer(by: str, attribute: object, expected: date) -> None:
    """Source: Regulation (EU) 2024/1689 Art. 113 as amended."""
    attributes = {} if attribute is None else {"applies_from_annex_i": attribute}
    asked = requirement(applies_from=LATER, attributes=MappingProxyType(attributes))
    assert starts_on(asked, by) == expected
    assert bind_system(asked, system(high_risk_by=by), midnight(LATER)).applies is (expected == LATER)


@pytest.mark.parametrize(
    ("asked", "systems", "expected"),
    [
        ({}, [], Binding(applies=True, because="Binds the organisation as such.")),
        ({"no_duty": "A definition."}, [(system(), 3)], Binding(applies=False, because="A definition.")),
        (
            {"binds_roles": ("deployer",)},
            [(system(), 3), (system(roles=("provider",)), 2)],
            Binding(applies=True, because="Binds through 3 of 5 AI systems."),
        ),
        (
            {"binds_roles": ("importer",), "binds_classes": ("high-risk",)},
            [(system(), 3), (system(roles=("provider",)), 2)],
            Binding(applies=False, because="Binds through none of 5 AI systems: role importer, class high-risk."),
        ),
        (
            {"binds_roles": ("deployer",)},
            [],
            Binding(applies=False, because="Binds through none of 0 AI systems: role deployer."),
        ),
        (
            {"binds_roles": ("deployer",), "applies_from": LATER},
            [(system(), 1)],
            Binding(applies=False, because="Binds from 2027-12-02.", from_on=LATER),
        ),
        ({"applies_from": LATER}, [], Binding(applies=False, because="Binds from 2027-12-02.", from_on=LATER)),
    ],
    ids=["as such", "no duty", "through some", "through none", "no systems", "through some, later", "as such, later"],
)
def test_a_requirement_binds_the_organisation(
    asked: dict[str, object], systems: list[tuple[SystemFact, int]], expected: Binding
) -> None:
    assert replace(bind_organisation(requirement(**asked), systems, AT), grounds=()) == expected


def test_the_earliest_system_decides_when_it_binds_the_organisation() -> None:
    asked = requirement(
        binds_classes=("high-risk",),
        applies_from=LATER,
        attributes=MappingProxyType({"applies_from_annex_i": LATEST}),
    )
    both = [(system(high_risk_by="annex-i"), 1), (system(), 1)]
    assert bind_organisation(asked, both, AT).from_on == LATER
    assert bind_organisation(asked, both[:1], AT).from_on == LATEST


@pytest.mark.parametrize(
    ("roles", "classes", "expected"),
    [
        ((), (), True),
        (("deployer",), (), True),
        (("provider",), (), False),
        (("deployer",), ("gpai",), False),
        (("provider", "deployer"), ("gpai", "high-risk"), True),
    ],
)
def test_a_control_asks_only_of_systems_it_makes_sense_for(
    roles: tuple[str, ...], classes: tuple[str, ...], expected: bool
) -> None:
    control = Control(
        id="OVS-01", name="n", objective="o", practice="p", level="system", owner_role="r", cadence="c", effort=1.0,
        expectations=(), tests=(), binds_roles=roles, binds_classes=classes,
    )  # fmt: skip
    assert control_applies(control, system()) is expected


some_roles = st.lists(st.sampled_from(ROLES), max_size=3, unique=True).map(tuple)
some_classes = st.lists(st.sampled_from(CLASSES), max_size=3, unique=True).map(tuple)
some_dates = st.none() | st.dates(date(2025, 1, 1), date(2029, 1, 1))
some_systems = st.builds(
    system, roles=some_roles, classes=some_classes, high_risk_by=st.sampled_from(("", "annex-i", "annex-iii"))
)
some_requirements = st.builds(
    requirement,
    binds_roles=some_roles,
    binds_classes=some_classes,
    applies_from=some_dates,
    no_duty=st.sampled_from(("", "", "", "A definition.")),
)
instants = st.dates(date(2024, 1, 1), date(2030, 1, 1)).map(midnight)


@given(some_requirements, some_systems, instants, st.integers(0, 2000))
def test_what_binds_keeps_binding(asked: Requirement, of: SystemFact, at: datetime, days: int) -> None:
    if bind_system(asked, of, at).applies:
        assert bind_system(asked, of, at + timedelta(days=days)).applies


@given(some_requirements, some_systems, instants)
def test_what_does_not_bind_yet_binds_from_the_day_it_names(asked: Requirement, of: SystemFact, at: datetime) -> None:
    binding = bind_system(asked, of, at)
    if not binding.applies and binding.from_on is not None:
        assert at < midnight(binding.from_on)
        assert bind_system(asked, of, midnight(binding.from_on)).applies


@given(some_requirements, some_systems, st.sampled_from(ROLES), st.sampled_from(CLASSES), instants)
def test_more_roles_and_classes_never_free_from_a_duty(
    asked: Requirement, of: SystemFact, role: str, risk: str, at: datetime
) -> None:
    more = replace(of, roles=(*of.roles, role), classes=(*of.classes, risk))
    assert bind_system(asked, more, at).applies >= bind_system(asked, of, at).applies


@given(some_requirements, st.lists(st.tuples(some_systems, st.integers(1, 9)), max_size=4), instants)
def test_the_organisation_is_bound_as_any_of_its_systems_is(
    asked: Requirement, systems: list[tuple[SystemFact, int]], at: datetime
) -> None:
    if asked.binds_roles or asked.binds_classes:
        expected = any(bind_system(asked, one, at).applies for one, _ in systems)
        assert bind_organisation(asked, systems, at).applies is expected


@given(some_requirements, some_systems, instants)
def test_every_answer_has_a_reason(asked: Requirement, of: SystemFact, at: datetime) -> None:
    assert bind_system(asked, of, at).because.endswith(".")
    assert bind_organisation(asked, [(of, 1)], at).because.endswith(".")


@pytest.mark.parametrize("role", ["employer_deployer", "public_authority_deployer"])
def test_who_deploys_as_employer_or_authority_is_a_deployer(role: str) -> None:
    """AI Act Art. 3(4): the special roles add duties, they take none away."""
    assert acting_as((role,)) == {role, "deployer"}
    assert acting_as(("provider",)) == {"provider"}


# --- circumstances, rules for older cases, and the chain

ABOUT = Narrowing(law="law", any_of=("about-people", "credit"), says="Only decisions about people count.", cites=("9",))
SPARED = Transition(law="law", when=("legacy",), on=None, says="Older systems are spared.", cites=("111(2)",))
LATE = Transition(
    law="law", when=("legacy", "for-authorities"), on=LATEST, says="Those for authorities follow later.", cites=("111",)
)


def knowing(*words: str, **more: object) -> SystemFact:
    return system(circumstances=(("law", words),), **more)


def test_a_narrow_duty_asks_for_what_was_approved() -> None:
    narrow = requirement(narrowed=(ABOUT,))
    assert bind_system(narrow, knowing("credit"), AT).applies
    found = bind_system(narrow, knowing("other"), AT)
    assert (found.applies, found.because, found.from_on) == (False, "Only decisions about people count.", None)
    assert found.grounds == (
        Ground(
            fact="From the approved answers: not about-people or credit",
            rule="Only decisions about people count.",
            cites=("9",),
            law="law",
            words=("about-people", "credit"),
        ),
    )


def test_what_nobody_has_approved_counts_as_if_it_were_so() -> None:
    """Unknown never lightens a duty; the chain says that it is open."""
    found = bind_system(requirement(narrowed=(ABOUT,)), system(), AT)
    assert found.applies
    assert found.grounds[0].fact == "Not decided: about-people or credit; until then it counts as if so"
    assert bind_system(requirement(narrowed=(ABOUT,)), system(circumstances=(("another", ()),)), AT).applies


@pytest.mark.parametrize(
    ("said", "applies"), [("yes", True), ("planned", True), ("unknown", True), ("no", False), ("not applicable", False)]
)
def test_the_record_says_whether_personal_data_are_worked_on(said: str, applies: bool) -> None:
    only = Narrowing(law=REGISTER, any_of=("personal-data",), says="Asks for personal data.", cites=("2(1)",))
    found = bind_system(requirement(narrowed=(only,)), system(personal_data=said), AT)
    assert found.applies is applies
    assert ("Not decided" in found.grounds[0].fact) is (said == "unknown")


def test_older_systems_are_spared_or_follow_later() -> None:
    """The first rule whose words are all found holds; a later day never makes a duty begin sooner."""
    asked = requirement(applies_from=LATER, transitions=(LATE, SPARED))
    at = midnight(LATER)
    assert bind_system(asked, knowing(), at).applies
    spared = bind_system(asked, knowing("legacy"), at)
    assert (spared.applies, spared.because, spared.from_on) == (False, "Older systems are spared.", None)
    later = bind_system(asked, knowing("legacy", "for-authorities"), at)
    assert (later.applies, later.because, later.from_on) == (False, f"Binds from {LATEST}.", LATEST)
    assert bind_system(asked, knowing("legacy", "for-authorities"), midnight(LATEST)).applies
    assert bind_system(requirement(applies_from=LATEST, transitions=(replace(LATE, on=LATER),)),
                       knowing("legacy", "for-authorities"), at).from_on == LATEST  # fmt: skip
    assert bind_system(asked, system(), at).applies  # nothing approved: no relief


def test_the_chain_goes_from_fact_to_rule_to_article_to_date() -> None:
    asked = requirement(binds_roles=("deployer",), binds_classes=("high-risk",), applies_from=LATER, narrowed=(ABOUT,),
                        commencements={LATER: "113(c)"})  # fmt: skip
    of = knowing("credit", roles=("employer_deployer",), classes=("high-risk",), high_risk_by="annex-iii")
    assert bind_system(asked, of, AT).grounds == (
        Ground(fact="Role: employer deployer", rule="Binds a deployer.", cites=("Art.9",)),
        Ground(fact="Class: high-risk, through Annex III", rule="Binds high-risk systems.", cites=("Art.9",)),
        Ground(
            fact="From the approved answers: credit", rule="Only decisions about people count.", cites=("9",),
            law="law", words=("credit",),
        ),
        Ground(fact="Asked for 2026-11-20", rule="Applies from 2027-12-02.", cites=("113(c)",), from_on=LATER),
    )  # fmt: skip


def test_the_organisations_own_answers_decide_what_binds_it_as_such() -> None:
    narrow = requirement(narrowed=(ABOUT,), transitions=(SPARED,))
    assert bind_organisation(narrow, [], AT).applies
    assert bind_organisation(narrow, [], AT, (("law", ("credit",)),)).applies
    assert bind_organisation(narrow, [], AT, (("law", ()),)).because == "Only decisions about people count."
    assert bind_organisation(narrow, [], AT, (("law", ("credit", "legacy")),)).because == "Older systems are spared."


def test_the_organisation_is_bound_through_the_systems_that_are() -> None:
    asked = requirement(binds_classes=("high-risk",), narrowed=(ABOUT,))
    found = bind_organisation(asked, [(knowing(), 3), (knowing("credit"), 2)], AT)
    assert (found.applies, found.because) == (True, "Binds through 2 of 5 AI systems.")
    assert found.grounds[-1].fact == "From the approved answers: credit"
    assert not bind_organisation(asked, [(knowing(), 3)], AT).applies
