"""May this actor do this? A first form: role by verb, default no; through a token only what the token was made for."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person, a service account or the program itself. `id` goes into the ledger; `name` is for people.

    `scopes`: the only verbs a token lets its holder use; None without a token: whatever the role may.
    """

    id: str
    name: str
    role: str
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Yes."""

    verb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No, and why."""

    because: str


ANNEXA = Actor(id="annexa", name="Annexa", role="program")
"""The program itself: at first start and on the command line of the machine it runs on."""

_EVERYBODY = frozenset({"administrator", "lead", "owner", "auditor", "program"})
_WRITERS = frozenset({"administrator", "lead", "owner", "program"})
_LEADS = frozenset({"administrator", "lead", "program"})

VERBS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "read": _EVERYBODY,
        "choose_theme": _EVERYBODY,
        "change_own_password": _EVERYBODY,
        "visit": _EVERYBODY,
        "set_up_organisation": frozenset({"program"}),
        "back_up": frozenset({"program"}),
        "restore": frozenset({"program"}),
        "add_person": frozenset({"administrator", "program"}),
        "import_systems": _LEADS,
        "change_system": _WRITERS,
        "answer_classification": _WRITERS,
        "review_classification": _LEADS,
        "adopt_control": _WRITERS,
        "exclude_control": _LEADS,
        "name_owner": _WRITERS,
        "make_task": _WRITERS,
        "change_task": _WRITERS,
        "add_evidence": _WRITERS,
        "attest": _WRITERS,
        "judge": _LEADS | {"auditor"},
        "close_judgement": _LEADS | {"auditor"},
        "make_pack": _EVERYBODY,
        "change_library": _LEADS,
        "choose_frameworks": _LEADS,
        "create_token": _EVERYBODY,
        "create_service_token": frozenset({"administrator", "program"}),
        "create_token_of_others": frozenset({"program"}),
        "revoke_token": _EVERYBODY,
        "revoke_token_of_others": frozenset({"administrator", "program"}),
        "add_service_account": frozenset({"administrator", "program"}),
        "note_use_of_token": frozenset({"program"}),
        "keep_answer": frozenset({"program"}),
        "manage_webhooks": frozenset({"administrator", "program"}),
        "deliver_webhook": frozenset({"program"}),
    }
)
"""Which roles may do what. A verb that is not here is refused to everybody."""

PERSONAL = frozenset({"attest", "answer_classification", "review_classification"})
"""What only a person can do: to state something, to answer for a law's questions, to look at such answers again."""

SCOPES = frozenset(
    {
        "read", "import_systems", "change_system", "adopt_control", "exclude_control", "add_evidence", "judge",
        "close_judgement", "make_pack", "choose_frameworks", "add_person", "manage_webhooks",
    }
    | PERSONAL
)  # fmt: skip
"""Verbs a token may be made for. Passwords, tokens and the library stay with people who signed in."""

WORDS: Mapping[str, str] = MappingProxyType(
    {"administrator": "an administrator", "lead": "a compliance lead", "owner": "an owner", "auditor": "an auditor"}
)


def may(actor: Actor, verb: str) -> Permit | Refusal:
    """Whether the actor may do this; a refusal says who could."""
    allowed = VERBS.get(verb, frozenset())
    if actor.role in allowed and actor.scopes is not None and verb not in actor.scopes:
        made_for = ", ".join(sorted(actor.scopes)) or "nothing"
        return Refusal(because=f"{actor.name} may not {verb.replace('_', ' ')} here; its scopes are: {made_for}.")
    if actor.role in allowed:
        return Permit(verb=verb)
    who = ", ".join(words for role, words in WORDS.items() if role in allowed) or "nobody here"
    return Refusal(because=f"{actor.name} may not {verb.replace('_', ' ')}; {who} may.")
