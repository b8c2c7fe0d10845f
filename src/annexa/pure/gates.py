"""Gates of the AI life cycle: what has to be true, and who has to have agreed, before a system may go on.

A gate never asks for a typed-in status. It opens on verdicts of controls, on assessments that are done and on
decisions of named people; `check` says what is missing, everything at once. Format of the files: docs/risks.md.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from annexa.pure.posture import Verdict


class Described(Protocol):
    """What a gate has to know about an AI system; its record and its dated facts both have it."""

    @property
    def roles(self) -> tuple[str, ...]:
        """What the organisation is to the system."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The legal risk classes; empty while it is not classified."""

    @property
    def personal_data(self) -> str:
        """Whether it works on data about identifiable people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binds:
    """The AI systems a part of a gate is for; empty means every system, `personal_data` all but those known to have
    none."""

    roles: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    personal_data: bool = False

    def reaches(self, system: Described) -> bool:
        """Whether the part is for this system."""
        if self.personal_data and system.personal_data in ("no", "not applicable"):
            return False
        return (not self.roles or bool(set(self.roles) & set(system.roles))) and (
            not self.classes or bool(set(self.classes) & set(system.classes))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One agreement a gate asks for. `apart_from` names decisions that must have been taken by somebody else."""

    id: str
    role: str
    what: str
    apart_from: tuple[str, ...] = ()
    binds: Binds = Binds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that must be in order: a control that is effective in the system, or a questionnaire answered."""

    kind: Literal["control", "questionnaire"]
    id: str
    why: str
    binds: Binds = Binds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A requirement that a gate serves."""

    framework: str
    requirement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One gate of the life cycle. `per_revision`: agreement to one revision of the system is none to the next."""

    id: str
    title: str
    order: int
    question: str
    from_stage: str
    to_stage: str
    per_revision: bool
    because: str
    source: str
    cites: tuple[Cited, ...]
    needs: tuple[Need, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A decision somebody took about a system. `revision` is empty where it is not about one."""

    decision: str
    by: str
    at: datetime
    agreed: bool
    because: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One thing that keeps a gate closed, in a sentence for the person who can mend it."""

    kind: Literal["control", "questionnaire", "decision"]
    id: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The gate is open: nothing it asks of this system is missing."""

    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The gate is closed, with everything that is missing, in the order of the gate."""

    gate: str
    missing: tuple[Missing, ...]

    @property
    def because(self) -> tuple[str, ...]:
        """The reasons as sentences."""
        return tuple(one.because for one in self.missing)


def needs_of(gate: Gate, system: Described) -> tuple[Need, ...]:
    """What the gate asks of this system, without what is for other roles and classes."""
    return tuple(need for need in gate.needs if need.binds.reaches(system))


def decisions_of(gate: Gate, system: Described) -> tuple[Decision, ...]:
    """The agreements the gate asks for in this system."""
    return tuple(decision for decision in gate.decisions if decision.binds.reaches(system))


def check(
    gate: Gate,
    verdicts: Mapping[str, Verdict],
    decisions: Iterable[Taken],
    *,
    system: Described,
    answered: Collection[str] = (),
    revision: str = "",
) -> Open | Closed:
    """Whether a system may pass, and everything that is missing if not.

    `verdicts`: of each control in the system; `answered`: ids of the questionnaires completed for it. Only effective
    counts: what is excluded, unproven or unknown keeps the gate closed. The last decision of each kind counts, and at
    a gate per revision only those about this one.
    """
    last: dict[str, Taken] = {}
    for taken in sorted(decisions, key=lambda taken: taken.at):
        if not gate.per_revision or taken.revision == revision:
            last[taken.decision] = taken
    missing = [
        *(found for need in needs_of(gate, system) if (found := _unmet(need, verdicts, answered))),
        *(found for decision in decisions_of(gate, system) if (found := _undecided(decision, last))),
    ]
    return Closed(gate=gate.id, missing=tuple(missing)) if missing else Open(gate=gate.id)


def _unmet(need: Need, verdicts: Mapping[str, Verdict], answered: Collection[str]) -> Missing | None:
    if need.kind == "questionnaire":
        if need.id in answered:
            return None
        return Missing(kind=need.kind, id=need.id, because=f"{need.id} is not completed. {need.why}")
    verdict = verdicts.get(need.id)
    if verdict is Verdict.EFFECTIVE:
        return None
    found = f"is {verdict.value}" if verdict else "has no verdict in this system"
    return Missing(kind=need.kind, id=need.id, because=f"{need.id} {found}; the gate asks for effective. {need.why}")


def _undecided(decision: Decision, last: Mapping[str, Taken]) -> Missing | None:
    taken = last.get(decision.id)
    if taken is None:
        because = f"The {decision.role} has not decided: {decision.what}"
    elif not taken.agreed:
        because = f"{taken.by} refused as {decision.role}: {taken.because or decision.what}"
    else:
        same = [other for other in decision.apart_from if other in last and last[other].by == taken.by]
        if not same:
            return None
        because = f"{taken.by} also decided {', '.join(same)}; {decision.id} needs another person."
    return Missing(kind="decision", id=decision.id, because=because)
