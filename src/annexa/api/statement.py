"""The statement of applicability: as it stands, decided, approved as a whole, its versions and what differs."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from annexa.actions.errors import NotPermittedError
from annexa.actions.soa import ask_approval, decide_applicability, decide_statement, withdraw_statement
from annexa.answers.soa import DRAFT, Version, compare, draft, list_versions, one_version
from annexa.api.askers import who
from annexa.api.operations import get, post
from annexa.api.shapes import Day, Given, Instant, Shown, ShownDay, Text, Verdict, given, now, shown
from annexa.pure.permits import Actor
from annexa.pure.proofs import rfc3339
from annexa.pure.soa import Choice, to_json

router = Router(tags=["statement of applicability"])
LINE: dict[str, Any] = {
    "framework": "iso27001-2022", "requirement": "A.7.11", "title": "Supporting utilities", "theme": "A.7",
    "applies": False, "reasons": [], "because": "The landlord runs power and cooling", "by": "Ines Hartog",
    "until": "2027-11-20", "verdict": "not applicable", "controls": ["PHY-04"], "risks": [], "laws": [],
    "contracts": [], "owner": "", "evidence_on": None,
}  # fmt: skip
SCOPE: dict[str, Any] = {
    "system": "isms", "text": "Operation of the grid", "covers": "", "locations": "Vienna", "systems": [],
}  # fmt: skip
STATEMENT: dict[str, Any] = {
    "at": "2026-11-20T09:40:00+00:00", "ledger_size": 1829, "ledger_root": "c923" * 16, "library": "ab12" * 16,
    "scopes": [SCOPE], "lines": [LINE],
}  # fmt: skip
CHOICE: dict[str, Any] = {
    "framework": "iso27001-2022", "requirement": "A.5.1", "applies": True, "reasons": ["law"], "because": "",
}  # fmt: skip
VERSION: dict[str, Any] = {
    "number": 1, "state": "approved", "asked_by": "Ines Hartog", "asked_at": "2026-11-20T09:40:00Z",
    "message": "Yearly review", "decided_by": "Tomas Verhey", "decided_at": "2026-11-21T08:00:00Z",
    "because": "I read it", "findings": 0, "ledger_index": 1830,
}  # fmt: skip
Word = Annotated[str, Field(max_length=80)]
Reason = Literal["risk", "law", "contract", "practice"]


class StatementLine(Shown):
    """One control of an annex. `applies` null: nobody has decided. `until`: the last day of an exclusion."""

    model_config = shown(**LINE)

    framework: str
    requirement: str
    title: str
    theme: str
    applies: bool | None
    reasons: list[str]
    because: str
    by: str
    until: ShownDay | None
    verdict: Verdict
    controls: list[str]
    risks: list[str]
    laws: list[str]
    contracts: list[str]
    owner: str
    evidence_on: ShownDay | None


class Scope(Shown):
    """What one management system reaches: isms, aims or pims. `systems`: slugs, where it does not reach all."""

    model_config = shown(**SCOPE)

    system: str
    text: str
    covers: str
    locations: str
    systems: list[str]


class Content(Shown):
    """What a statement says, and the instant and state of the ledger it was computed at."""

    model_config = shown(**STATEMENT)

    at: Instant
    ledger_size: int
    ledger_root: str
    library: str
    scopes: list[Scope]
    lines: list[StatementLine]


class Proposal(Shown):
    """What Annexa proposes for a control nobody has decided on."""

    model_config = shown(**CHOICE)

    framework: str
    requirement: str
    applies: bool
    reasons: list[str]
    because: str


class Missing(Shown):
    """What is missing before the statement may be approved. `requirement` "": it is about a scope."""

    model_config = shown(framework="iso27001-2022", requirement="A.5.1", lacks="a decision")

    framework: str
    requirement: str
    lacks: str


class Finding(Shown):
    """Where the statement contradicts what stands elsewhere. `about`: a management system, or a control's id."""

    model_config = shown(about="A.7.11", says="A.7.11 Supporting utilities is left out, but asked for by NIS 2 Art.21.")

    about: str
    says: str


class Current(Shown):
    """The statement as it stands. `number`: the version it will be; `approved`, `pending`: numbers, if there are."""

    model_config = shown(
        number=2, approved=1, pending=None, content=STATEMENT, proposals=[CHOICE], missing=[], findings=[]
    )

    number: int
    approved: int | None
    pending: int | None
    content: Content
    proposals: list[Proposal]
    missing: list[Missing]
    findings: list[Finding]


class VersionLine(Shown):
    """One version: who asked for its approval, and what became of it."""

    model_config = shown(**VERSION)

    number: int
    state: Literal["asked", "approved", "returned", "withdrawn"]
    asked_by: str
    asked_at: Instant
    message: str
    decided_by: str | None
    decided_at: Instant | None
    because: str
    findings: int | None
    ledger_index: int | None


class Versions(Shown):
    """Every version, the latest first."""

    model_config = shown(items=[VERSION])

    items: list[VersionLine]


class WholeVersion(VersionLine):
    """One version with all it says. It never changes."""

    model_config = shown(**VERSION, content=STATEMENT)

    content: Content


class Change(Shown):
    """One line that differs: `what` names the fields; `old` or `new` is null where only one version has it."""

    model_config = shown(framework="iso27001-2022", requirement="A.7.11", what=["applies"], old=LINE, new=None)

    framework: str
    requirement: str
    what: list[str]
    old: StatementLine | None
    new: StatementLine | None


class Difference(Shown):
    """What differs between two versions, each a number or draft."""

    model_config = shown(old="1", new="draft", changes=[])

    old: str
    new: str
    changes: list[Change]


class ControlsDecided(Shown):
    """How many controls were decided; what was so already is not counted."""

    model_config = shown(decided=93)

    decided: int


class ChoiceGiven(Given):
    """Whether one control applies, and why. An exclusion needs its justification."""

    model_config = given(**CHOICE)

    framework: Word
    requirement: Word
    applies: bool
    reasons: list[Reason] = []
    because: Text = ""


class ChoicesGiven(Given):
    """What is decided, one control or many. `until`: the last day of what is left out."""

    model_config = given(choices=[CHOICE])

    choices: Annotated[list[ChoiceGiven], Field(max_length=1000)]
    until: Day | None = None


class ConfirmationGiven(Given):
    """Which proposals are followed: those of a framework, of a theme of it, or all. `until`: as for decisions."""

    model_config = given(framework="iso27001-2022", theme="A.5")

    framework: Word = ""
    theme: Word = ""
    until: Day | None = None


class AskedGiven(Given):
    """What each management system reaches, in words, and what the approver should know."""

    model_config = given(scopes={"isms": "Operation of the grid"}, because="Yearly review")

    scopes: dict[Literal["isms", "aims", "pims"], Text] = {}
    because: Text = ""


class StatementDecisionGiven(Given):
    """What becomes of a version. Approving and returning are for somebody else than who asked."""

    model_config = given(decision="approved", because="I read it")

    decision: Literal["approved", "returned", "withdrawn"]
    because: Text


Old = Annotated[str, Query(max_length=20, description="The number of a version, or draft.")]
New = Annotated[str, Query(default=DRAFT, max_length=20, description="The number of a version, or draft.")]


@get(router, "/statement", Current, errors=(404,))
def show_statement(request: HttpRequest) -> dict[str, Any]:
    """Show the statement as it stands, with what is proposed, what is missing and what contradicts it."""
    found = draft(actor=who(request).actor, now=now())
    return {
        "number": found.number,
        "approved": found.approved.number if found.approved else None,
        "pending": found.pending.number if found.pending else None,
        "content": to_json(found.statement),
        "proposals": [_fields(one, Proposal) for one in found.proposals.values()],
        "missing": [_fields(one, Missing) for one in found.missing],
        "findings": [_fields(one, Finding) for one in found.findings],
    }


@post(router, "/statement/decisions", ControlsDecided, may=("decide_applicability",), status=200)
def decide_controls(request: HttpRequest, body: ChoicesGiven) -> dict[str, Any]:
    """Decide which controls apply, and why. What does not apply is left out by an exclusion that ends."""
    choices = [
        Choice(
            framework=one.framework, requirement=one.requirement, applies=one.applies, because=one.because,
            reasons=tuple(one.reasons),
        )
        for one in body.choices
    ]  # fmt: skip
    return _decide(request, choices, body.until)


@post(router, "/statement/confirmations", ControlsDecided, may=("decide_applicability",), status=200, reads=True)
def confirm_proposals(request: HttpRequest, body: ConfirmationGiven) -> dict[str, Any]:
    """Follow what is proposed for controls nobody has decided on."""
    found = draft(actor=who(request).actor, now=now())
    themes = {line.key: line.theme for line in found.statement.lines}
    choices = [
        one
        for key, one in found.proposals.items()
        if body.framework in ("", one.framework) and body.theme in ("", themes[key])
    ]
    return _decide(request, choices, body.until)


def _decide(request: HttpRequest, choices: list[Choice], until: Any) -> dict[str, Any]:
    asks = who(request)
    n = decide_applicability(actor=asks.actor, person=asks.person, choices=choices, until=until, now=now())
    return {"decided": n}


@get(router, "/statement/versions", Versions, errors=(404,))
def list_statement_versions(request: HttpRequest) -> dict[str, Any]:
    """List the versions, the latest first."""
    return {"items": [_version(one) for one in list_versions(actor=who(request).actor, now=now())]}


@post(router, "/statement/versions", VersionLine, may=("ask_statement_approval",))
def ask_for_approval(request: HttpRequest, response: HttpResponse, body: AskedGiven) -> dict[str, Any]:
    """Freeze the statement as it stands into a version, and ask for its approval."""
    (actor, person), at = _somebody(request), now()
    made = ask_approval(
        actor=actor,
        person=person,
        scopes={str(one): text for one, text in body.scopes.items()},
        because=body.because,
        now=at,
    )
    response["Location"] = f"/api/v1/statement/versions/{made.number}"
    return _version(one_version(actor=actor, number=made.number, now=at))


@get(router, "/statement/versions/{number}", WholeVersion, errors=(404,))
def show_statement_version(request: HttpRequest, number: int) -> dict[str, Any]:
    """Show one version with all it says."""
    found = one_version(actor=who(request).actor, number=number, now=now())
    return {**_version(found), "content": to_json(found.statement)}


@post(router, "/statement/versions/{number}/decision", VersionLine, may=("decide_statement", "ask_statement_approval"))
def decide_version(request: HttpRequest, number: int, body: StatementDecisionGiven) -> dict[str, Any]:
    """Approve or return a version that somebody else asked for, or withdraw it."""
    (actor, person), at = _somebody(request), now()
    said: Any = {"actor": actor, "person": person, "number": number, "because": body.because, "now": at}
    if body.decision == "withdrawn":
        withdraw_statement(**said)
    else:
        decide_statement(decision=body.decision, **said)
    return _version(one_version(actor=actor, number=number, now=at))


@get(router, "/statement/difference", Difference, errors=(404,))
def show_statement_difference(request: HttpRequest, old: Old, new: New) -> dict[str, Any]:
    """Show what differs between two versions, or between one and the draft."""
    found = compare(actor=who(request).actor, old=old, new=new, now=now())
    before, after = (_by_key(to_json(which)["lines"]) for which in (found.before, found.after))
    return {
        "old": old,
        "new": new,
        "changes": [
            {
                "framework": one.key[0], "requirement": one.key[1], "what": list(one.what),
                "old": before.get(one.key), "new": after.get(one.key),
            }
            for one in found.changes
        ],
    }  # fmt: skip


def _somebody(request: HttpRequest) -> tuple[Actor, Any]:
    """Who asks, if it is a person. A program cannot have a statement approved."""
    found = who(request)
    if found.person is None:
        raise NotPermittedError("Only a person asks for an approval and decides it; a program cannot.")
    return found.actor, found.person


def _version(one: Version) -> dict[str, Any]:
    return {
        "number": one.number,
        "state": one.state,
        "asked_by": one.asked_by,
        "asked_at": rfc3339(one.asked_at),
        "message": one.message,
        "decided_by": one.decided_by or None,
        "decided_at": rfc3339(one.decided_at),
        "because": one.because,
        "findings": one.findings,
        "ledger_index": one.entry,
    }


def _fields(one: Any, shape: type[Shown]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in shape.model_fields}


def _by_key(lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(one["framework"], one["requirement"]): one for one in lines}
