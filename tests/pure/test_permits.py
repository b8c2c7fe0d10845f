"""Who may do what is one table; whatever it does not name is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.permits import ANNEXA, VERBS, WORDS, Actor, Permit, Refusal, may

ROLES = ("administrator", "lead", "owner", "auditor", "program")


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


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("verb", ["read", "choose_theme", "change_own_password", "make_pack"])
def test_everybody_may_read_and_look_after_oneself(role: str, verb: str) -> None:
    assert may(actor(role), verb) == Permit(verb=verb)


def test_auditors_write_nothing_but_judgements() -> None:
    """An auditor who could hand in evidence would audit their own work."""
    allowed = {verb for verb, roles in VERBS.items() if "auditor" in roles}
    of_their_own = {"visit", "choose_theme", "change_own_password", "create_token", "revoke_token"}
    assert allowed - of_their_own == {"read", "make_pack", "judge", "close_judgement"}


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
