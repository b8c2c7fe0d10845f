"""The statement of applicability: which controls of the annexes apply, why, and whether a statement may be approved.

One statement is made over the annexes of ISO/IEC 27001, 42001 and 27701 that the organisation adopted. Of every control
it says whether it applies, with a justification for both, and whether it is implemented, as the engine computed it.
Source: ISO/IEC 27001:2022 6.1.3 d), ISO/IEC 42001:2023 6.1.3, ISO/IEC 27701:2025 6.1.3.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from annexa.pure.facts import instant
from annexa.pure.posture import Verdict
from annexa.pure.standards import Framework, Requirement

STANDARDS: Mapping[str, str] = MappingProxyType(
    {"iso27001-2022": "isms", "iso42001-2023": "aims", "iso27701-2025": "pims"}
)
"""The frameworks whose annex a statement is made over, each with the management system it belongs to."""
ANNEX = "A"
"""The annex of the reference controls; each of the three standards calls it so."""
REASONS = ("risk", "law", "contract", "practice")
"""Why a control is included: it treats a risk, a law or a contract asks for it, or it is good practice."""
GAPS = frozenset({Verdict.AT_RISK, Verdict.PARTIAL, Verdict.UNMET, Verdict.UNCOVERED})
"""Verdicts of a control that applies and is not, or not wholly, implemented."""
COMPARED = ("applies", "reasons", "because", "verdict", "controls", "risks", "laws", "contracts", "owner")
"""What of a line may differ between two versions. Evidence is renewed all the time and says nothing here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """One control of an annex. `applies` None: nobody has decided.

    `because`: the justification in words, needed where it does not apply; `until`: the day an exclusion is looked at
    again. `controls` cover it; `risks`, `laws` and `contracts` ask for it; `evidence_on`: when the newest was observed.
    """

    framework: str
    requirement: str
    title: str
    theme: str
    applies: bool | None = None
    reasons: tuple[str, ...] = ()
    because: str = ""
    by: str = ""
    until: date | None = None
    verdict: Verdict
    controls: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    laws: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    owner: str = ""
    evidence_on: date | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What identifies it in any version: framework and official id."""
        return self.framework, self.requirement

    @property
    def is_gap(self) -> bool:
        """Whether it applies, as far as anybody said, and is not wholly implemented."""
        return self.applies is not False and self.verdict in GAPS


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeSaid:
    """The scope of one management system, as a statement or a scope record says it.

    `covers` and `locations`: the parts and sites within, in words; `systems`: slugs, where it does not reach all.
    """

    system: str
    text: str
    covers: str = ""
    locations: str = ""
    systems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A whole statement as computed at one instant over one state of the ledger. `root` is hex; `at` is UTC."""

    at: datetime
    size: int
    root: str
    library: str
    lines: tuple[StatementLine, ...]
    scopes: tuple[ScopeSaid, ...] = ()

    @property
    def standards(self) -> tuple[str, ...]:
        """The frameworks it is made over, in the order of its lines."""
        return tuple(dict.fromkeys(line.framework for line in self.lines))

    @property
    def by_key(self) -> Mapping[tuple[str, str], StatementLine]:
        """The lines by framework and official id."""
        return {line.key: line for line in self.lines}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody decides about one control: it applies, for these reasons, or it does not, because."""

    framework: str
    requirement: str
    applies: bool
    reasons: tuple[str, ...] = ()
    because: str = ""


# --- what belongs in


def annex(framework: Framework) -> tuple[Requirement, ...]:
    """The controls of the annex, in its order: its leaves, without what asks for nothing."""
    return tuple(leaf for leaf in framework.leaves if theme(framework, leaf) is not None and not leaf.no_duty)


def theme(framework: Framework, requirement: Requirement) -> Requirement | None:
    """The group of the annex that a requirement stands in, such as A.5; None for what is not in the annex."""
    return next((step for step in framework.lineage(requirement) if step.parent == ANNEX), None)


# --- what a choice needs


def choice_problems(choice: Choice, *, until: date | None, today: date) -> tuple[str, ...]:
    """Everything that keeps one decision from being recorded, in sentences; empty: it can be."""
    found = [
        f"{choice.requirement}: {word!r} is no reason; use {', '.join(REASONS)}."
        for word in choice.reasons
        if word not in REASONS
    ]
    if choice.applies and not choice.reasons and not choice.because:
        found.append(f"{choice.requirement}: say why it applies: choose a reason, or write one.")
    if not choice.applies and not choice.because:
        found.append(f"{choice.requirement}: an exclusion needs a justification; auditors read it.")
    if not choice.applies and (until is None or until <= today):
        found.append(f"{choice.requirement}: say until which day ahead it is left out; then somebody looks again.")
    return tuple(found)


def proposed(line: StatementLine, same: Iterable[StatementLine]) -> Choice:
    """What Annexa proposes for a control nobody has decided on: it applies, for whatever asks for it.

    `same`: controls of other annexes that ask the same; where one of those was left out, this one is too, for the same
    reason, so that nobody writes it twice.
    """
    left_out = next((one for one in same if one.applies is False), None)
    if left_out is not None:
        return Choice(framework=line.framework, requirement=line.requirement, applies=False, because=left_out.because)
    asked = {"risk": line.risks, "law": line.laws, "contract": line.contracts}
    reasons = tuple(word for word in REASONS if asked.get(word))
    return Choice(
        framework=line.framework, requirement=line.requirement, applies=True, reasons=reasons or ("practice",)
    )


# --- what is missing before it may be approved


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What one line or the scope of one management system lacks. `requirement` "": it is about the scope."""

    framework: str
    requirement: str
    lacks: str


def missing(statement: Statement) -> tuple[Missing, ...]:
    """Everything that is missing before the statement may be approved, in its own order; empty: it is complete."""
    found = [
        Missing(framework=line.framework, requirement=line.requirement, lacks=lacks)
        for line in statement.lines
        if (lacks := _lacks(line))
    ]
    said = {scope.system: scope.text.strip() for scope in statement.scopes}
    found += [
        Missing(framework=one, requirement="", lacks=f"what the {STANDARDS[one].upper()} reaches")
        for one in statement.standards
        if not said.get(STANDARDS[one])
    ]
    return tuple(found)


def _lacks(line: StatementLine) -> str:
    if line.applies is None:
        return "a decision"
    if line.applies:
        return "" if line.reasons or line.because.strip() else "the reason why it applies"
    return "" if line.because.strip() else "the justification of the exclusion"


# --- findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Where a statement contradicts what stands elsewhere. `about`: a management system, or a requirement's id."""

    about: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy in force: the management systems that it is the policy of, and whom it binds in words."""

    name: str
    systems: tuple[str, ...]
    covers: str


def scope_findings(
    said: Iterable[ScopeSaid],
    recorded: Mapping[str, ScopeSaid],
    certified: Mapping[str, str],
    policies: Iterable[Policy] = (),
) -> tuple[Finding, ...]:
    """Where the scope of the statement is not that of the scope record, the certificate or the policy.

    `recorded`: the scope records, `certified`: the words of the certificates, both by management system; what nobody
    recorded contradicts nothing, nor does a policy that does not say whom it binds.
    """
    bind = [one for one in policies if one.covers]
    found: list[Finding] = []
    for one in said:
        name, record, words = one.system.upper(), recorded.get(one.system), certified.get(one.system, "")
        parts = [("words", one.text, record.text), ("parts", one.covers, record.covers)] if record else []
        parts += [("locations", one.locations, record.locations)] if record else []
        for what, ours, theirs in parts:
            if plain(ours) != plain(theirs):
                found.append(Finding(about=one.system, says=_differ(name, what, ours, "the scope record", theirs)))
        if record and set(one.systems) != set(record.systems):
            ours, theirs = (", ".join(sorted(each.systems)) or "all of them" for each in (one, record))
            found.append(Finding(about=one.system, says=_differ(name, "AI systems", ours, "the scope record", theirs)))
        if words and plain(words) != plain(one.text):
            found.append(Finding(about=one.system, says=_differ(name, "words", one.text, "the certificate", words)))
        for policy in bind:
            if one.system in policy.systems and one.covers and _parts(policy.covers) != _parts(one.covers):
                says = _differ(name, "parts", one.covers, f"the policy {policy.name}", policy.covers)
                found.append(Finding(about=one.system, says=says))
    return tuple(found)


def _differ(name: str, what: str, ours: str, whose: str, theirs: str) -> str:
    return f"{name}: the {what} differ: “{ours or 'nothing'}” here, “{theirs or 'nothing'}” in {whose}."


def _parts(text: str) -> frozenset[str]:
    """Parts of an organisation as they are compared, in whatever order."""
    return frozenset(found for part in re.split(r"[,;\n]", text) if (found := plain(part)))


def plain(text: str) -> str:
    """Words of a scope as they are compared: without regard to case, spacing and a full stop at the end."""
    return " ".join(text.casefold().split()).rstrip(".")


def exclusion_findings(lines: Iterable[StatementLine]) -> tuple[Finding, ...]:
    """Controls that are left out although a risk on record names them, or a law or contract asks for them."""
    return tuple(
        Finding(
            about=line.requirement,
            says=f"{line.requirement} {line.title} is left out, but asked for by {', '.join(by)}.",
        )
        for line in lines
        if line.applies is False and (by := (*line.risks, *line.laws, *line.contracts))
    )


# --- the difference between two versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line that differs: `old` or `new` is None where only one version has it; `what`: the fields that differ."""

    key: tuple[str, str]
    old: StatementLine | None
    new: StatementLine | None
    what: tuple[str, ...]


def difference(old: Statement, new: Statement) -> tuple[Change, ...]:
    """What differs between two versions, line by line, in the order of the newer one; what is gone comes last."""
    before, after = old.by_key, new.by_key
    keys = (*after, *(key for key in before if key not in after))
    return tuple(
        Change(key=key, old=before.get(key), new=after.get(key), what=what)
        for key in keys
        if (what := _differs(before.get(key), after.get(key)))
    )


def _differs(old: StatementLine | None, new: StatementLine | None) -> tuple[str, ...]:
    if old is None or new is None:
        return COMPARED
    return tuple(name for name in COMPARED if getattr(old, name) != getattr(new, name))


def scope_changes(old: Statement, new: Statement) -> tuple[tuple[ScopeSaid | None, ScopeSaid | None], ...]:
    """The scopes that differ, before and after; None where a version has none of that management system."""
    before, after = ({one.system: one for one in which.scopes} for which in (old, new))
    pairs = ((before.get(one), after.get(one)) for one in dict.fromkeys((*before, *after)))
    return tuple((a, b) for a, b in pairs if a != b)


# --- as it is kept


def to_json(statement: Statement) -> dict[str, Any]:
    """A statement as plain values, for the ledger, programs and exports. Fields are only ever added."""
    return {
        "at": statement.at.isoformat(),
        "ledger_size": statement.size,
        "ledger_root": statement.root,
        "library": statement.library,
        "scopes": [_plain(one) for one in statement.scopes],
        "lines": [_plain(one) for one in statement.lines],
    }


def from_json(kept: Mapping[str, Any]) -> Statement:
    """Reads what `to_json` wrote. Raises KeyError, TypeError, ValueError for anything else."""
    return Statement(
        at=instant(kept["at"]),
        size=kept["ledger_size"],
        root=kept["ledger_root"],
        library=kept["library"],
        scopes=tuple(ScopeSaid(**_values(one)) for one in kept["scopes"]),
        lines=tuple(
            StatementLine(
                **{
                    **_values(one),
                    "verdict": Verdict(one["verdict"]),
                    "until": _day(one["until"]),
                    "evidence_on": _day(one["evidence_on"]),
                }
            )
            for one in kept["lines"]
        ),
    )


def _plain(one: StatementLine | ScopeSaid) -> dict[str, Any]:
    found = {each.name: getattr(one, each.name) for each in fields(one)}
    return {name: _word(value) for name, value in found.items()}


def _word(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Verdict):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _values(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
