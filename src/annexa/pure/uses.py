"""What comes of a request to use AI: policy first, by data, tool and purpose; then a second person.

Nothing is approved unless the tool is, for this purpose and this data, until a day that has not come; every rule can
only make the answer stricter. So a rule more, a stricter class of data or a tool nobody knows never gives a milder one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from annexa.pure.register import Entry
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.tools import PERSONAL, STATUSES
from annexa.pure.registers.uses import APPROVED, OUTCOMES, SETTLED, USES, same_person

UNKNOWN = "unknown"
TOOL_STATES: tuple[str, ...] = (UNKNOWN, *STATUSES, "expired")
"""How a tool stands on a day; expired: approved until a day that has come."""
BEYOND: tuple[str, ...] = ("data", "personal data", "purpose")
"""What of a request may lie outside of what its tool is there for."""
YEAR = timedelta(days=365)
"""The longest an approval lasts."""
BY_POLICY = "policy"
"""Who decided what no person had to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the policy: it speaks when every condition that is given holds; empty conditions do not matter.

    `unit`: the part of the organisation whose uses it binds, by name; "": everybody's. `source`: the text it comes
    from; `cites`: the same as "framework requirement". `condition`: what whoever uses the tool then has to keep to.
    `data_from`, `personal_from`: this and everything stricter. `register`: the use is to be registered as an AI system.
    """

    id: str
    outcome: str
    because: str
    source: str = ""
    cites: str = ""
    condition: str = ""
    states: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    data_from: str = ""
    personal_from: str = ""
    results: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    trains: tuple[str, ...] = ()
    register: bool = False
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsePolicy:
    """Rules under a name and an edition."""

    id: str
    edition: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A rule that spoke, with what it says."""

    rule: str
    outcome: str
    because: str
    source: str = ""
    condition: str = ""

    @property
    def sentence(self) -> str:
        """The reason with its source."""
        return f"{self.because} ({self.source})" if self.source else self.because


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What policy makes of a request: the strictest outcome, every rule that spoke, the strictest first.

    `until`: the day an approval would end. `register`: whether the use has to be an AI system of the register.
    """

    outcome: str
    fired: tuple[Fired, ...]
    until: date
    register: bool

    @property
    def conditions(self) -> tuple[str, ...]:
        """What whoever uses the tool has to keep to, each once."""
        return tuple(dict.fromkeys(one.condition for one in self.fired if one.condition))

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, in sentences."""
        return tuple(one.sentence for one in self.fired)


def assess(
    use: Entry,
    tool: Entry | None,
    policy: UsePolicy,
    own: Sequence[Rule] = (),
    *,
    on: date,
    units: frozenset[str] | None = frozenset(),
) -> Assessment:
    """What policy makes of a request on a day. `tool`: as the catalogue has it; None: it is not there.

    `own`: the organisation's rules on top; of those of units, the ones of `units`, by name in small letters: where it
    is used and what that lies below. None: nobody knows where, so a person decides if a rule of a unit would speak.
    Source: ISO/IEC 42001 A.9.2 (processes for responsible use).
    """
    state = tool_state(tool, on)
    beyond = lying_beyond(use, tool)
    everywhere = [one for one in own if not one.unit or (units is not None and one.unit.casefold() in units)]
    rules = [one for one in (*policy.rules, *everywhere) if _speaks(one, use, tool, state, beyond)]
    fired = [_fired(one) for one in rules]
    if units is None and any(one.unit and _speaks(one, use, tool, state, beyond) for one in own):
        fired.append(UNPLACED)
    if tool is not None and tool.conditions:
        because = f"{tool.name} may be used on conditions."
        fired.append(Fired(rule="tool-conditions", outcome=OUTCOMES[1], because=because, condition=tool.conditions))
    fired.append(_granted(use, tool, state, beyond))
    ordered = tuple(sorted(fired, key=lambda one: -strictness(one.outcome)))
    ends = [on + YEAR, *([tool.approved_until] if tool is not None and state == "approved" else [])]
    return Assessment(
        outcome=ordered[0].outcome, fired=ordered, until=min(ends), register=any(one.register for one in rules)
    )


UNPLACED = Fired(
    rule="unit-unknown",
    outcome="with owner",
    because="Units have rules about this, and nobody knows in which unit it is used, so a person decides.",
)
"""Stands for the rules of units that may bind a use: what they say is for their own people."""


def strictness(outcome: str) -> int:
    """Where an outcome stands among the others, the mildest 0."""
    return OUTCOMES.index(outcome)


def tool_state(tool: Entry | None, on: date) -> str:
    """How a tool stands on a day, one of TOOL_STATES."""
    if tool is None or (tool.ended_on is not None and tool.ended_on <= on):
        return UNKNOWN
    if tool.status == "approved" and (tool.approved_until is None or tool.approved_until <= on):
        return "expired"
    return str(tool.status or STATUSES[0])


def lying_beyond(use: Entry, tool: Entry | None) -> tuple[str, ...]:
    """What of a request lies outside of what its tool is there for."""
    if tool is None:
        return BEYOND
    found = (
        level(use.data_class, CLASSIFICATIONS) > allowed(tool.data_up_to, CLASSIFICATIONS),
        level(use.personal_data, PERSONAL) > max(0, allowed(tool.personal_up_to, PERSONAL)),
        use.purpose not in tool.purposes,
    )
    return tuple(what for what, outside in zip(BEYOND, found, strict=True) if outside)


def level(word: str, scale: Sequence[str]) -> int:
    """Where a word stands on a scale, the mildest 0; what nobody stated counts as stricter than everything."""
    return scale.index(word) if word in scale else len(scale)


def allowed(word: str, scale: Sequence[str]) -> int:
    """Up to where a scale is allowed; nothing of it (-1) where nobody stated it."""
    return scale.index(word) if word in scale else -1


def _speaks(rule: Rule, use: Entry, tool: Entry | None, state: str, beyond: Sequence[str]) -> bool:
    trains = "unknown" if tool is None else tool.trains_on_inputs
    return (
        _among(rule.states, state)
        and _among(rule.tools, use.tool)
        and _among(rule.purposes, use.purpose)
        and _among(rule.results, use.result)
        and _among(rule.trains, trains)
        and (not rule.people or bool(set(rule.people) & set(use.people)))
        and (not rule.beyond or bool(set(rule.beyond) & set(beyond)))
        and (not rule.data_from or level(use.data_class, CLASSIFICATIONS) >= CLASSIFICATIONS.index(rule.data_from))
        and (not rule.personal_from or level(use.personal_data, PERSONAL) >= PERSONAL.index(rule.personal_from))
    )


def _among(words: Sequence[str], word: str) -> bool:
    return not words or word in words


def _fired(rule: Rule) -> Fired:
    return Fired(rule=rule.id, outcome=rule.outcome, because=rule.because, source=rule.source, condition=rule.condition)


def _granted(use: Entry, tool: Entry | None, state: str, beyond: Sequence[str]) -> Fired:
    """The one thing that approves: the tool, as far as it is approved."""
    if tool is not None and state == "approved" and not beyond:
        because = f"{tool.name} is approved for {use.purpose} with data up to {tool.data_up_to}."
        return Fired(rule="tool-approved", outcome=OUTCOMES[0], because=because)
    because = "Nothing approves this by itself, so a person decides."
    return Fired(rule="not-approved", outcome="with owner", because=because)


def own_rules(entries: Iterable[tuple[str, Entry]], *, on: date) -> Iterator[Rule]:
    """The organisation's own rules that count on a day, from slugs and records of their register."""
    for slug, one in entries:
        if one.ended_on is None or one.ended_on > on:
            yield Rule(
                id=slug,
                outcome=one.outcome,
                because=one.reason,
                source=one.clause,
                condition=one.condition,
                tools=one.tools,
                purposes=one.purposes,
                data_from=one.data_from,
                personal_from=one.personal_from,
                results=one.results,
                unit=one.unit.strip(),
            )


# What becomes of a record


def waits(use: Entry, on: date) -> bool:
    """Whether a use waits for somebody to decide."""
    return use.decision not in SETTLED and not USES.ended(use, on) and use.in_use != "no"


def stands(use: Entry, on: date) -> bool:
    """Whether a use is approved on a day."""
    return use.decision in APPROVED and not USES.ended(use, on) and use.review_on is not None and use.review_on > on


def answered(use: Entry, found: Assessment, *, on: date) -> Entry:
    """The request with what policy answers: settled where policy settles it, else waiting for a person."""
    values: dict[str, Any] = told(found)
    if found.outcome == "with owner":
        values |= {"decision": "with owner"}
    else:
        values |= settled(found.outcome, found.fired[0].sentence, found.conditions, BY_POLICY, on, found.until)
    return USES.replaced(use, values)


def told(found: Assessment) -> dict[str, Any]:
    """What a record keeps of an assessment."""
    return {"assessment": found.outcome, "reasons": "\n".join(found.reasons)}


def settled(
    decision: str, because: str, conditions: Iterable[str], by: str, on: date, until: date | None
) -> dict[str, Any]:
    """What a decision writes into a request; an approval puts it in use."""
    yes = decision in APPROVED
    return {
        "decision": decision,
        "reason": because,
        "conditions": "\n".join(conditions) if yes else "",
        "decided_by": by,
        "decided_on": on,
        "review_on": until if yes else None,
        "in_use": "yes" if yes else "no",
    }


def decision_problems(
    use: Entry,
    found: Assessment,
    *,
    decision: str,
    because: str,
    conditions: str,
    by: str,
    until: date | None,
    on: date,
) -> Mapping[str, list[str]]:
    """Everything that keeps a decision from being taken, by field; empty: it is fine.

    Source: ISO/IEC 27001 A.5.3 (conflicting duties are apart); AI Act Art. 5 (what is forbidden nobody approves).
    """
    problems: dict[str, list[str]] = {}
    if decision not in SETTLED:
        problems["decision"] = [f"Choose one of: {', '.join(SETTLED)}."]
    if same_person(use.asked_by, by):
        problems[""] = ["Who asked does not decide; somebody else has to."]
    if decision == "refused" and not because.strip():
        problems["because"] = ["Say why; whoever asked reads it."]
    if decision not in APPROVED:
        return problems
    if found.outcome == "refused":
        problems["decision"] = [f"Policy refuses it: {found.fired[0].sentence}"]
    if decision == "approved" and found.conditions:
        problems["decision"] = ["Policy asks for conditions; approve it with them."]
    if decision == "approved with conditions" and not conditions.strip():
        problems["conditions"] = ["Say what whoever uses it has to keep to."]
    if found.register and not use.systems:
        problems["systems"] = ["The law calls this purpose high-risk: name the AI system it is registered as."]
    return problems | until_problems(until, on=on)


def until_problems(until: date | None, *, on: date) -> dict[str, list[str]]:
    """What is wrong with the day on which an approval ends."""
    if until is not None and on < until <= on + YEAR:
        return {}
    return {"review_on": [f"An approval ends on a day after {on} and at the latest on {on + YEAR}."]}
