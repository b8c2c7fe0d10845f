"""May this actor do this, there? Role by place by verb, default no; through a token only what the token was made for.

A person has one role for the whole organisation and, by grants, further ones in parts of it: in units with whatever is
below them, or for single AI systems. What somebody may not read does not exist for them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is done or looked at: one AI system (its slug), a unit (its name), an AI system in its unit.

    With neither it is the organisation as a whole.
    """

    system: str = ""
    unit: str = ""


WHOLE = Place()
"""The organisation as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role that counts in a part of the organisation: in units (by name, with those below them), for AI systems (by
    slug), or everywhere."""

    role: str
    units: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    everywhere: bool = False

    def reaches(self, place: Place) -> bool:
        """Whether the role counts there."""
        return self.everywhere or place.system in self.systems or place.unit in self.units

    def within(self, units: frozenset[str]) -> "Grant":
        """The same grant, as far as it lies in these units."""
        kept = units if self.everywhere else self.units & units
        return Grant(role=self.role, units=kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: a person, a service account or the program itself. `id` goes into the ledger; `name` is for people.

    `role` counts everywhere, each of `grants` in its own part. `scopes`: the only verbs a token lets its holder use;
    None without a token: whatever the roles may. `part`: the units, by name, that a token is narrowed to.
    """

    id: str
    name: str
    role: str
    scopes: frozenset[str] | None = None
    grants: tuple[Grant, ...] = ()
    part: frozenset[str] | None = None

    def within(self, units: Iterable[str]) -> "Actor":
        """The same actor through a token that counts in these units only. Who comes from outside stays outside."""
        there = frozenset(units)
        narrowed = tuple(one.within(there) for one in (Grant(role=self.role, everywhere=True), *self.grants))
        return replace(self, role=EXTERNAL if self.role == EXTERNAL else MEMBER, grants=narrowed, part=there)

    def roles_in(self, place: Place) -> Iterator[str]:
        """The roles that count there, the one that counts everywhere first."""
        yield self.role
        yield from (one.role for one in self.grants if one.reaches(place))

    @property
    def roles(self) -> Iterator[str]:
        """Every role, wherever it counts."""
        yield self.role
        yield from (one.role for one in self.grants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Yes."""

    verb: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """No, and why."""

    because: str


MEMBER = "member"
"""Works here; what they see and do beyond themselves comes from grants."""
EXTERNAL = "external"
"""From outside, such as an auditor of a certification body or a customer: sees only what was shared, until a day."""
RESPONDENT = "respondent"
"""Came by a link to answer one questionnaire: sees and does nothing else. Nobody is given this role."""
READER = "reader"
"""A role for grants only: reads a part of the organisation."""

ANNEXA = Actor(id="annexa", name="Annexa", role="program")
"""The program itself: at first start and on the command line of the machine it runs on."""

_EVERYBODY = frozenset({"administrator", "lead", "owner", "auditor", "program"})
_ANYBODY = _EVERYBODY | {MEMBER, EXTERNAL}
_WRITERS = frozenset({"administrator", "lead", "owner", "program"})
_LEADS = frozenset({"administrator", "lead", "program"})
_ADMINISTRATORS = frozenset({"administrator", "program"})

VERBS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "read": _EVERYBODY | {READER},
        "read_people": _EVERYBODY | {MEMBER},
        "choose_theme": _ANYBODY,
        "change_own_password": _ANYBODY,
        "visit": _ANYBODY,
        "keep_view": _ANYBODY,
        "choose_mail": _ANYBODY,
        "send_mail": frozenset({"program"}),
        "share_view": _LEADS,
        "set_up_organisation": frozenset({"program"}),
        "back_up": frozenset({"program"}),
        "restore": frozenset({"program"}),
        "rebuild": frozenset({"program"}),
        "add_person": _ADMINISTRATORS,
        "change_person": _ADMINISTRATORS,
        "end_access": _ADMINISTRATORS,
        "provision": _ADMINISTRATORS,
        "map_group": _ADMINISTRATORS,
        "grant": _ADMINISTRATORS,
        "share": _LEADS,
        "change_units": _LEADS,
        "change_committees": _LEADS,
        "appoint": _LEADS,
        "add_second_factor": _ANYBODY,
        "end_second_factor": _ANYBODY,
        "end_own_session": _ANYBODY,
        "set_password_of_others": frozenset({"program"}),
        "reset_second_factors": _ADMINISTRATORS,
        "end_sessions_of_others": _ADMINISTRATORS,
        "sign_in_by_provider": frozenset({"program"}),
        "note_sign_in": frozenset({"program"}),
        "import_systems": _LEADS,
        "change_system": _WRITERS,
        "change_register": _WRITERS,
        "import_register": _LEADS,
        "send_questionnaire": _WRITERS,
        "answer_questionnaire": frozenset({RESPONDENT, "program"}),
        "judge_questionnaire": _WRITERS,
        "ask_use": _EVERYBODY | {MEMBER},
        "decide_use": _WRITERS,
        "change_uses": _LEADS,
        "change_tools": _LEADS,
        "write_document": _WRITERS,
        "review_document": _WRITERS,
        "approve_document": _WRITERS,
        "publish_document": _WRITERS,
        "ask_to_read": _WRITERS,
        "acknowledge": _EVERYBODY | {MEMBER},
        "take_course": _EVERYBODY | {MEMBER},
        "see_training": _LEADS,
        "settle_training": frozenset({"program"}),
        "log_activity": _WRITERS | {MEMBER},
        "open_activity_source": _ADMINISTRATORS,
        "change_activity_source": _LEADS,
        "choose_activity": _LEADS,
        "hold_activity": _LEADS,
        "release_hold": _LEADS,
        "erase_activity": _LEADS,
        "retain_activity": frozenset({"program"}),
        "plan_oversight": _WRITERS,
        "post_case": _WRITERS,
        "see_case": _WRITERS | {"auditor"},
        "decide_case": _WRITERS,
        "delegate_cases": _WRITERS,
        "settle_cases": frozenset({"program"}),
        "read_stop_switch": _EVERYBODY | {READER},
        "pull_stop": _WRITERS,
        "release_stop": _WRITERS,
        "read_activity_content": _EVERYBODY,
        "sample_activity": _EVERYBODY,
        "propose_acceptance": _WRITERS,
        "accept_risk": _WRITERS,
        "approve_exception": _LEADS,
        "choose_risk_scale": _LEADS,
        "find_uses": _LEADS,
        "answer_classification": _WRITERS,
        "review_classification": _LEADS,
        "assess": _WRITERS,
        "review_assessment": _LEADS,
        "adopt_control": _WRITERS,
        "exclude_control": _LEADS,
        "decide_applicability": _LEADS,
        "ask_statement_approval": _LEADS,
        "decide_statement": _LEADS,
        "name_owner": _WRITERS,
        "make_task": _WRITERS,
        "change_task": _WRITERS,
        "add_evidence": _WRITERS,
        "attest": _WRITERS,
        "judge": _LEADS | {"auditor"},
        "close_judgement": _LEADS | {"auditor"},
        "make_pack": _EVERYBODY,
        "import_access": _LEADS,
        "open_access_review": _LEADS,
        "decide_access": _WRITERS,
        "carry_out_access": _WRITERS,
        "close_access_review": _LEADS,
        "choose_monitors": _WRITERS,
        "run_monitors": _WRITERS,
        "answer_breach": _WRITERS,
        "change_library": _LEADS,
        "choose_frameworks": _LEADS,
        "create_token": _EVERYBODY | {MEMBER},
        "create_service_token": _ADMINISTRATORS,
        "create_token_of_others": frozenset({"program"}),
        "revoke_token": _ANYBODY,
        "revoke_token_of_others": _ADMINISTRATORS,
        "add_service_account": _ADMINISTRATORS,
        "note_use_of_token": frozenset({"program"}),
        "keep_answer": frozenset({"program"}),
        "count_requests": frozenset({"program"}),
        "tell_of_process": frozenset({"program"}),
        "seal_activity": frozenset({"program"}),
        "compact_activity": frozenset({"program"}),
        "manage_webhooks": _ADMINISTRATORS,
        "deliver_webhook": frozenset({"program"}),
    }
)
"""Which roles may do what. A verb that is not here is refused to everybody."""

PERSONAL = frozenset(
    {
        "ask_statement_approval", "decide_statement",
        "attest", "answer_classification", "review_classification", "open_access_review", "decide_access",
        "carry_out_access", "close_access_review", "assess", "review_assessment", "send_questionnaire",
        "judge_questionnaire", "ask_use", "decide_use", "review_document", "approve_document", "acknowledge",
        "propose_acceptance", "accept_risk", "take_course", "approve_exception", "plan_oversight", "decide_case",
        "delegate_cases", "pull_stop", "release_stop", "answer_breach", "release_hold",
    }
)  # fmt: skip
"""What only a person can do: to state something, to answer for a law's questions, to look at such answers again, to
assess impacts, to have a statement of applicability approved, to decide who keeps access, to ask suppliers and
judge what they say, to ask for a use of AI and decide about one, to agree to documents, to approve them and to say that
one has read them, to propose and to accept what is left of a risk, to approve an exception from a rule, to answer the
questions of a course; to say how an AI system is overseen, to decide about its cases or have somebody else do so, to
stop it and to let it go on, to deal with what a monitor found, to let go what a legal hold kept."""

PROVISION = "provision"
"""What the token of a directory is for, and nothing else: people and groups over SCIM."""
LOG_ACTIVITY = "log_activity"
"""What the token of a program is for that sends what AI systems do."""

SCOPES = frozenset(
    {
        "read", "import_systems", "change_system", "change_register", "import_register", "change_uses", "change_tools",
        "write_document", "publish_document", "ask_to_read",
        "adopt_control", "exclude_control", "decide_applicability", "add_evidence", "judge", "close_judgement",
        "make_pack", "choose_frameworks", "add_person", "manage_webhooks", "change_person", "find_uses",
        "end_access", "change_units", "change_committees", "appoint", "share", "revoke_token", "import_access",
        "change_activity_source", "choose_activity", "read_activity_content", "hold_activity", "erase_activity",
        "sample_activity", "post_case", "see_case", "read_stop_switch", "choose_monitors", "run_monitors",
        LOG_ACTIVITY, PROVISION,
    }
    | PERSONAL
)  # fmt: skip
"""Verbs a token may be made for. Passwords, making tokens, giving roles and the library stay with people who signed in:
whoever finds a token can neither make it last nor make it more."""

IMPLIED: Mapping[str, str] = MappingProxyType({"read_people": "read", "see_training": "read"})
"""Verbs that another scope of a token brings along."""

GRANTABLE = ("lead", "owner", "auditor", READER)
"""Roles that can be granted in a part of the organisation. Administering is for the whole of it."""

OUTSIDE = ("auditor", READER)
"""Roles that can be granted to who comes from outside."""

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "administrator": "an administrator",
        "lead": "a compliance lead",
        "owner": "an owner",
        "auditor": "an auditor",
        READER: "a reader",
        MEMBER: "a member",
        EXTERNAL: "somebody from outside",
        RESPONDENT: "a supplier by its link",
    }
)


def may(actor: Actor, verb: str, place: Place = WHOLE) -> Permit | Refusal:
    """Whether the actor may do this there; a refusal says who could."""
    return _answer(actor, verb, actor.roles_in(place), _where(place))


def may_somewhere(actor: Actor, verb: str) -> Permit | Refusal:
    """Whether there is any place where the actor may do this: to be asked before the place is known."""
    return _answer(actor, verb, actor.roles, "")


def knows(actor: Actor, place: Place) -> bool:
    """Whether any role of the actor reads there: else what is there does not exist for them, whatever they ask.

    What their token is made for does not matter here: a program may add evidence where it cannot read.
    """
    return any(role in VERBS["read"] for role in actor.roles_in(place))


def holds(actor: Actor, verb: str, place: Place = WHOLE) -> bool:
    """Whether a role of the actor allows this there: what somebody is, whatever their token is made for."""
    return any(role in VERBS.get(verb, ()) for role in actor.roles_in(place))


def own_work(name: str, *, owns: bool, proved: bool, what: str) -> Refusal | None:
    """Why somebody must not decide about a control: they answer for it, or its evidence is theirs. None if they may.

    Source: ISO/IEC 27001 and 42001, 9.2 (auditors are objective) and A.5.3 (conflicting duties are apart).
    """
    if not (owns or proved):
        return None
    why = "answers for it" if owns else "gave evidence for it"
    return Refusal(because=f"{name} {why}, so somebody else has to {what}: nobody audits their own work.")


def _answer(actor: Actor, verb: str, roles: Iterable[str], where: str) -> Permit | Refusal:
    allowed = VERBS.get(verb, frozenset())
    held = any(role in allowed for role in roles)
    if held and actor.scopes is not None and IMPLIED.get(verb, verb) not in actor.scopes:
        made_for = ", ".join(sorted(actor.scopes)) or "nothing"
        return Refusal(because=f"{actor.name} may not {verb.replace('_', ' ')} here; its scopes are: {made_for}.")
    if held:
        return Permit(verb=verb)
    there = where if actor.grants else ""
    who = ", ".join(words for role, words in WORDS.items() if role in allowed) or "nobody here"
    return Refusal(because=f"{actor.name} may not {verb.replace('_', ' ')}{there}; {who} may.")


def _where(place: Place) -> str:
    if place == WHOLE:
        return " for the whole organisation"
    return f" in {place.system or place.unit}"
