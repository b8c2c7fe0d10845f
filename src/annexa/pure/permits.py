"""May this actor do this? A first form: role by verb, default no."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person or the program itself. `id` is opaque and goes into the ledger; `name` is for people."""

    id: str
    name: str
    role: str


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
    }
)
"""Which roles may do what. A verb that is not here is refused to everybody."""

WORDS: Mapping[str, str] = MappingProxyType(
    {"administrator": "an administrator", "lead": "a compliance lead", "owner": "an owner", "auditor": "an auditor"}
)


def may(actor: Actor, verb: str) -> Permit | Refusal:
    """Whether the actor may do this; a refusal says who could."""
    allowed = VERBS.get(verb, frozenset())
    if actor.role in allowed:
        return Permit(verb=verb)
    who = ", ".join(words for role, words in WORDS.items() if role in allowed) or "nobody here"
    return Refusal(because=f"{actor.name} may not {verb.replace('_', ' ')}; {who} may.")
