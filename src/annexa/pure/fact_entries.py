"""The facts that ledger entries carry: what verdicts depend on, read from the entries' own JSON."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from annexa.pure.assessments import component_of, pairs
from annexa.pure.checks import BY_REGISTER, PARTS
from annexa.pure.checks.over import Part
from annexa.pure.facts import (
    ADOPTION_STATES,
    JUDGEMENT_KINDS,
    Adoption,
    Assessed,
    Circumstances,
    Closure,
    Evidence,
    Fact,
    FactError,
    Judgement,
    RecordFact,
    Reviewed,
    SystemFact,
    instant,
)
from annexa.pure.oversight_standing import OVERSIGHT, standing_entry
from annexa.pure.register import Entry, Register
from annexa.pure.registers import REGISTERS
from annexa.pure.registers.assets import ASSETS
from annexa.pure.statement import HELD, STATEMENT, approved_entry


def fact_of_entry(
    *, kind: str, body: Mapping[str, Any], at: datetime, effective_at: datetime, actor: str, position: int
) -> Fact | None:
    """The fact that a ledger entry carries, or None for entries that no verdict depends on.

    `body` is the entry's own JSON body: {"state": {...}, "because": ..., "by": ...}. Raises FactError.
    """
    make = _MAKERS.get(kind) or _maker_over_records(kind)
    if make is None:
        return None
    try:
        state = body["state"]
        when = {"effective_at": effective_at, "recorded_at": at, "entry": position}
        when["by"] = str(body.get("by") or actor)
        return make(state, body, when)
    except (KeyError, TypeError, AttributeError) as error:
        raise FactError(f"entry {position}: a body of kind {kind!r} lacks or misstates {error}") from error


def _circumstances(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> Circumstances | None:
    """Only an approval counts, and only one that says what it found: earlier ones kept it in the system's record."""
    if state["decision"] != "approved" or "circumstances" not in state:
        return None
    return Circumstances(
        id=state["id"], law=state["tree"], scope=state["scope"], words=_texts(state["circumstances"]), **when
    )


def _reviewed(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> Reviewed | None:
    """Only a review without an undecided line counts: what was left open was not reviewed."""
    until = state["until"]
    if not isinstance(until, dict):
        raise TypeError(f"{until!r}, which does not say until when what counts")
    if state["undecided"] or not until:
        return None
    return Reviewed(
        id=state["id"], until=tuple((scope, instant(text)) for scope, text in sorted(until.items())), **when
    )


def _assessed(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> Assessed | None:
    """Only an approval counts, and the withdrawal of one, from that instant on."""
    about = {"id": state["assessment"], "form": state["form"], "scope": state["scope"], **when}
    if state["decision"] == "withdrawn" and _truth(state["ended"]):
        return Assessed(until=when["effective_at"], **about)
    if state["decision"] != "approved":
        return None
    parts = state["components"]
    return Assessed(
        until=datetime.combine(date.fromisoformat(state["until"]), time(), UTC),
        material=pairs(state["material"]),
        components=None if parts is None else tuple((slug, pairs(parts[slug])) for slug in sorted(parts)),
        **about,
    )


W = TypeVar("W", bound=str)


def _word(value: object, known: tuple[W, ...]) -> W:
    found = next((word for word in known if word == value), None)
    if found is None:
        raise TypeError(f"{value!r}, which is none of {', '.join(known)}")
    return found


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r}, which is neither true nor false")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError(f"{value!r}, which is no list of texts")
    return tuple(value)


def _approved(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> RecordFact | None:
    """Only an approval counts; the latest one takes the place of those before."""
    entry = approved_entry(state, when["recorded_at"])
    return None if entry is None else _of_checks(STATEMENT, HELD, entry, when)


def _overseen(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> RecordFact:
    """What was worked out about the oversight of a system; the latest takes the place of what was before."""
    return _of_checks(OVERSIGHT, state["system"], standing_entry(state), when)


def _system(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> SystemFact:
    answers = ("personal_data", "impact_assessment", "monitoring", "independent_evaluation", "appeal")
    return SystemFact(
        id=state["slug"],
        name=state["name"],
        purpose=state["purpose"],
        **{name: state.get(name, "") for name in ("outputs", "built", "supplier")},
        stage=state["stage"],
        roles=_texts(state["roles"]),
        classes=_texts(state["classes"]),
        high_risk_by=state["high_risk_by"],
        owner=state["owner"],
        **{answer: state[answer] for answer in answers},
        people_affected=_texts(state.get("people_affected", [])),
        autonomy=state.get("autonomy", ""),
        overseers=state.get("overseers", ""),
        **when,
    )


def _adoption(state: Mapping[str, Any], body: Mapping[str, Any], when: dict[str, Any]) -> Adoption:
    due = state["plan_due"]
    return Adoption(
        id=state["id"],
        control=state["control"],
        scope=state["scope"],
        state=_word(state["state"], ADOPTION_STATES),
        because=str(body.get("because", "")),
        plan_due=instant(due) if due else None,
        **when,
    )


def _evidence(state: Mapping[str, Any], _body: Mapping[str, Any], when: dict[str, Any]) -> Evidence:
    return Evidence(
        id=state["id"],
        control=state["control"],
        expectation=state["expectation"],
        scope=state["scope"],
        passing=_truth(state["passing"]),
        sha256=state["sha256"],
        expires_at=instant(state["expires_at"]),
        name=state["name"],
        **when,
    )


def _judgement(state: Mapping[str, Any], body: Mapping[str, Any], when: dict[str, Any]) -> Judgement:
    ends = state["ends_at"]
    return Judgement(
        id=state["id"],
        kind=_word(state["kind"], JUDGEMENT_KINDS),
        subject=state["subject"],
        scope=state["scope"],
        framework=state["framework"],
        because=str(body["because"]),
        ends_at=instant(ends) if ends else None,
        **when,
    )


def _closure(state: Mapping[str, Any], body: Mapping[str, Any], when: dict[str, Any]) -> Closure:
    return Closure(id=state["id"], judgement=state["judgement"], because=str(body["because"]), **when)


Maker = Callable[[Mapping[str, Any], Mapping[str, Any], dict[str, Any]], Fact | None]
_MAKERS: Mapping[str, Maker] = {
    "ai_system": _system,
    "adoption": _adoption,
    "evidence": _evidence,
    "judgement": _judgement,
    "closure": _closure,
    "classification_review": _circumstances,
    "access_review_end": _reviewed,
    "assessment_step": _assessed,
    STATEMENT.noun: _approved,
    OVERSIGHT.noun: _overseen,
}
FACT_KINDS: frozenset[str] = frozenset({*_MAKERS, *BY_REGISTER, *PARTS})
"""The kinds of entries that carry facts."""


def _maker_over_records(kind: str) -> Maker | None:
    """How entries about a register, or about a part of one, are read; None for other kinds."""
    if (part := PARTS.get(kind)) is not None:
        return lambda state, _body, when: _part(part, state, when)
    if (register := REGISTERS.get(kind)) is not None:
        return lambda state, _body, when: _record(register, state, when)
    return None


def _record(register: Register, state: Mapping[str, Any], when: dict[str, Any]) -> RecordFact | None:
    """A record as the checks over its register see it; None where none looks at it."""
    if register.noun not in BY_REGISTER:
        return None
    return _of_checks(register, state["slug"], register.read(state), when)


def _of_checks(register: Register, slug: str, entry: Entry, when: dict[str, Any]) -> RecordFact:
    end = entry.values.get(register.ends)
    part = component_of(entry) if register.noun == ASSETS.noun else None
    return RecordFact(
        id=slug,
        register=register.noun,
        fulfils=_fulfilled(register, None, entry),
        systems=entry.values.get("systems", ()),
        ends_at=datetime.combine(end, time(), UTC) if isinstance(end, date) else None,
        component=None if part is None else pairs(part),
        judged=tuple(
            (check.name, day)
            for check in BY_REGISTER[register.noun]
            if check.through and (day := check.judged_on(entry)) is not None
        ),
        **when,
    )


def _part(part: Part, state: Mapping[str, Any], when: dict[str, Any]) -> RecordFact | None:
    """What an entry says of a part of a record; None where it changes nothing for the checks."""
    entry = Entry(state)
    if not part.tells(entry):
        return None
    return RecordFact(
        id=part.key(entry),
        register=part.register.noun,
        part=part.kind,
        fulfils=_fulfilled(part.register, part, entry),
        systems=_texts(state.get("systems", [])),
        **when,
    )


def _fulfilled(register: Register, part: Part | None, entry: Entry) -> tuple[tuple[str, datetime | None], ...]:
    """Until when a record, or what is said of its part, fulfils each check that asks about it."""
    return tuple(
        (name, check.until(entry))
        for check in BY_REGISTER[register.noun]
        if check.part is part and check.looks_at(entry)
        for name in check.names(entry)
    )
