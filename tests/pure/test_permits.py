"""Who may do what is one table; whatever it does not name is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.permits import (
    ANNEXA,
    GRANTABLE,
    SCOPES,
    VERBS,
    WHOLE,
    WORDS,
    Actor,
    Grant,
    Permit,
    Place,
    Refusal,
    may,
    may_somewhere,
)

READERS = ("administrator", "lead", "owner", "auditor", "program")
ROLES = (*READERS, "reader", "member", "external", "respondent")


def actor(role: str) -> Actor:
    """Somebody with a role."""
    return Actor(id="p1", name="Ada", role=role)


@pytest.mark.parametrize(
    ("role", "verb", "allowed"),
    [
        ("administrator", "add_person", True),
        ("lead", "add_person", False),
        ("lead", "import_systems", True),
        ("owner", "import_systems", False),
        ("owner", "change_system", True),
        ("owner", "adopt_control", True),
        ("owner", "exclude_control", False),
        ("lead", "exclude_control", True),
        ("owner", "add_evidence", True),
        ("auditor", "add_evidence", False),
        ("auditor", "attest", False),
        ("auditor", "adopt_control", False),
        ("auditor", "judge", True),
        ("auditor", "close_judgement", True),
        ("owner", "judge", False),
        ("auditor", "make_pack", True),
        ("owner", "name_owner", True),
        ("owner", "make_task", True),
        ("auditor", "make_task", False),
        ("auditor", "change_task", False),
        ("administrator", "set_up_organisation", False),
        ("program", "set_up_organisation", True),
    ],
)
def test_role_by_verb(role: str, verb: str, allowed: bool) -> None:
    assert isinstance(may(actor(role), verb), Permit) is allowed


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("verb", ["read", "choose_theme", "change_own_password", "make_pack"])
def test_everybody_may_read_and_look_after_oneself(role: str, verb: str) -> None:
    assert may(actor(role), verb) == Permit(verb=verb)


def test_auditors_write_nothing_but_judgements() -> None:
    """An auditor who could hand in evidence would audit their own work."""
    allowed = {verb for verb, roles in VERBS.items() if "auditor" in roles}
    of_their_own = {"visit", "choose_theme", "change_own_password", "create_token", "revoke_token"}
    of_their_own |= {"add_second_factor", "end_second_factor", "end_own_session"}
    of_their_own |= {"keep_view", "choose_mail"}
    of_their_own |= {"ask_use", "acknowledge", "take_course"}  # auditors of the house work here as everybody does
    assert allowed - of_their_own == {
        "read", "read_people", "make_pack", "judge", "close_judgement", "see_case", "read_stop_switch",
        "read_activity_content", "sample_activity",
    }  # fmt: skip


def test_members_and_outsiders_see_nothing_by_themselves() -> None:
    """Rule: what they see beyond themselves comes from grants; an outsider has no token and no list of people."""
    member = {verb for verb, roles in VERBS.items() if "member" in roles}
    outsider = {verb for verb, roles in VERBS.items() if "external" in roles}
    assert outsider == {"choose_theme", "change_own_password", "visit", "keep_view", "choose_mail", "revoke_token"} | {
        "add_second_factor",
        "end_second_factor",
        "end_own_session",
    }
    assert member - outsider == {"read_people", "create_token", "ask_use", "acknowledge", "take_course", "log_activity"}
    assert {verb for verb, roles in VERBS.items() if "reader" in roles} == {"read", "read_stop_switch"}


def test_the_program_may_do_everything_on_the_command_line() -> None:
    assert [verb for verb in VERBS if isinstance(may(ANNEXA, verb), Refusal)] == []


def test_only_known_roles_are_named() -> None:
    assert set().union(*VERBS.values()) == set(ROLES)
    assert set(WORDS) == set(ROLES) - {"program"}


def test_a_refusal_says_who_could() -> None:
    assert may(actor("owner"), "exclude_control") == Refusal(
        because="Ada may not exclude control; an administrator, a compliance lead may."
    )


def test_a_refusal_of_what_nobody_may_says_so() -> None:
    assert may(actor("administrator"), "rewrite_history") == Refusal(
        because="Ada may not rewrite history; nobody here may."
    )


@given(st.one_of(st.sampled_from(ROLES), st.text()), st.one_of(st.sampled_from(sorted(VERBS)), st.text()))
def test_no_is_the_default(role: str, verb: str) -> None:
    assert isinstance(may(actor(role), verb), Permit) is (role in VERBS.get(verb, frozenset()))


@given(st.text(min_size=1).filter(lambda role: role not in ROLES), st.sampled_from(sorted(VERBS)))
def test_an_unknown_role_may_nothing(role: str, verb: str) -> None:
    assert isinstance(may(actor(role), verb), Refusal)


UNITS = ("Retail", "Retail cards", "Markets")
SLUGS = ("score", "chat", "planner")
places = st.builds(Place, system=st.sampled_from(("", *SLUGS)), unit=st.sampled_from(("", *UNITS)))
grants = st.builds(
    Grant,
    role=st.sampled_from(GRANTABLE),
    units=st.frozensets(st.sampled_from(UNITS)),
    systems=st.frozensets(st.sampled_from(SLUGS)),
    everywhere=st.booleans(),
)
actors = st.builds(
    Actor,
    id=st.just("p1"),
    name=st.just("Ada"),
    role=st.sampled_from(ROLES),
    scopes=st.none() | st.frozensets(st.sampled_from(sorted(SCOPES))),
    grants=st.lists(grants, max_size=3).map(tuple),
)


def permitted(actor: Actor, verb: str, place: Place) -> bool:
    return isinstance(may(actor, verb, place), Permit)


RETAIL = Actor(
    id="p2", name="Kim", role="member", grants=(Grant(role="owner", units=frozenset({"Retail", "Retail cards"})),)
)


def test_a_grant_counts_in_its_part_only() -> None:
    assert permitted(RETAIL, "change_system", Place(system="score", unit="Retail cards"))
    assert not permitted(RETAIL, "change_system", Place(system="desk", unit="Markets"))
    assert not permitted(RETAIL, "adopt_control", WHOLE)
    assert not permitted(RETAIL, "exclude_control", Place(system="score", unit="Retail"))
    assert may(RETAIL, "adopt_control") == Refusal(
        because="Kim may not adopt control for the whole organisation; an administrator, a compliance lead, an owner "
        "may."
    )


@given(actors, st.sampled_from(sorted(VERBS)), places)
def test_a_permit_comes_from_a_role_that_counts_there(actor: Actor, verb: str, place: Place) -> None:
    """The definition, written the other way round."""
    roles = {actor.role} | {
        one.role
        for one in actor.grants
        if one.everywhere or (place.unit and place.unit in one.units) or (place.system and place.system in one.systems)
    }
    scoped = actor.scopes is None or verb in actor.scopes
    assert permitted(actor, verb, place) is (bool(roles & VERBS[verb]) and scoped)


@given(actors, st.sampled_from(sorted(VERBS)), places)
def test_what_is_allowed_for_the_whole_is_allowed_everywhere(actor: Actor, verb: str, place: Place) -> None:
    assert not permitted(actor, verb, WHOLE) or permitted(actor, verb, place)
    assert not permitted(actor, verb, place) or isinstance(may_somewhere(actor, verb), Permit)


@given(actors, grants, st.sampled_from(sorted(VERBS)), places)
def test_a_grant_never_takes_away(actor: Actor, grant: Grant, verb: str, place: Place) -> None:
    more = Actor(id=actor.id, name=actor.name, role=actor.role, scopes=actor.scopes, grants=(*actor.grants, grant))
    assert not permitted(actor, verb, place) or permitted(more, verb, place)


@given(actors, st.frozensets(st.sampled_from(UNITS)), st.sampled_from(sorted(SCOPES)), places)
def test_narrowed_to_units_it_may_nothing_more_and_nothing_elsewhere(actor, units, verb, place) -> None:
    """Rule: a token for some units does there what its holder may, and nothing anywhere else."""
    narrowed = actor.within(units)
    ours = "member" in VERBS[verb]
    assert not permitted(narrowed, verb, place) or permitted(actor, verb, place) or ours
    if place.unit not in units and not ours:
        assert not permitted(narrowed, verb, place)
    if place.unit in units and not place.system:
        assert permitted(narrowed, verb, place) >= permitted(actor, verb, place)
