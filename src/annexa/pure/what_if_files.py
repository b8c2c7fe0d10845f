"""What somebody supposes, as a file (TOML or JSON) and as words in an address; read with everything that is wrong."""

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from annexa.pure.posture import Engine
from annexa.pure.systems import CLASSES, HIGH_RISK_BY, ROLES
from annexa.pure.what_if import MOST, Kind, Supposition

ASKED: Mapping[Kind, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "control-effective": (("control",), ("system",)),
        "control-lost": (("control",), ("system",)),
        "control-failing": (("control",), ("system",)),
        "evidence-withdrawn": ((), ("control", "system", "expectation", "evidence")),
        "system-reclassified": (("system",), ("roles", "classes", "high_risk_by")),
        "system-retired": (("system",), ()),
        "system-added": (("system",), ("name", "roles", "classes", "high_risk_by")),
        "supplier-lost": (("supplier",), ()),
        "law-moved": (("framework", "requirement", "applies_from"), ()),
    }
)
"""What each kind of supposition asks for, and what it may say besides; in the order in which an address has it."""
LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"roles": ROLES, "classes": CLASSES})
NONE = "none"
"""How an address says that no role or class is decided."""


class WhatIfError(ValueError):
    """Suppositions cannot be used; `problems` says everything that is wrong with them."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What suppositions may speak of: the library and facts of an instant, and who supplies which AI systems."""

    engine: Engine
    suppliers: Mapping[str, tuple[str, ...]]


def parse_what_if(data: bytes, known: Known) -> tuple[Supposition, ...]:
    """Reads [[suppose]] tables, or the same as JSON. Raises WhatIfError with every problem."""
    try:
        text = data.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (UnicodeDecodeError, ValueError, RecursionError) as wrong:
        raise WhatIfError([f"This is neither TOML nor JSON: {wrong}"]) from wrong
    strange = [f"{name} is not known; there is only suppose" for name in document if name != "suppose"]
    entries = document.get("suppose", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise WhatIfError([*strange, "suppose must be a list of tables: write [[suppose]] before each"])
    return read_suppositions(entries, known, problems=strange)


def read_words(texts: Sequence[str], known: Known) -> tuple[Supposition, ...]:
    """Reads suppositions as addresses have them. Raises WhatIfError with every problem."""
    return read_suppositions([_entry(text) for text in texts], known)


def words_of(one: Supposition) -> str:
    """A supposition as one word of an address, which `read_words` reads back."""
    required, optional = ASKED[one.kind]
    return word(one.kind, {name: getattr(one, name) for name in (*required, *optional)})


def word(kind: Kind, values: Mapping[str, Any]) -> str:
    """A kind and what it asks for as one word of an address; nothing is checked. None or "": not said."""
    required, optional = ASKED[kind]
    parts: list[str] = [kind]
    for name in (*required, *optional):
        value = values.get(name)
        if isinstance(value, tuple):
            parts.append(",".join(value) or NONE)
        else:
            parts.append("" if value is None else str(value).strip().replace("%", "%25").replace("~", "%7E"))
    return "~".join(parts).rstrip("~")


def read_suppositions(
    entries: Sequence[Mapping[str, Any]], known: Known, *, problems: Iterable[str] = ()
) -> tuple[Supposition, ...]:
    """Reads suppositions, one table each: its `kind` and what that asks for. Raises WhatIfError with every problem."""
    wrong = list(problems)
    if len(entries) > MOST:
        wrong.append(f"There are {len(entries)} suppositions; at most {MOST} can be asked about at once")
    found: list[Supposition] = []
    systems = {*known.engine.systems, *(str(e.get("system")) for e in entries if e.get("kind") == "system-added")}
    for number, entry in enumerate(entries, start=1):
        said = _Reader(entry=entry, known=known, systems=systems)
        one = said.supposition()
        wrong += [f"Supposition {number}: {problem}" for problem in said.problems]
        found += [one] if one is not None and not said.problems else []
    if wrong:
        raise WhatIfError(wrong)
    return tuple(found)


def _entry(text: str) -> dict[str, Any]:
    """What one word of an address says, as a table."""
    kind, *values = text.split("~")
    required, optional = next((asked for name, asked in ASKED.items() if name == kind), ((), ()))
    names = (*required, *optional)
    entry: dict[str, Any] = {"kind": kind}
    entry |= {f"part {number}": value for number, value in enumerate(values[len(names) :], start=len(names) + 1)}
    for name, value in zip(names, values, strict=False):
        if value and name in LISTS:
            entry[name] = [] if value == NONE else value.split(",")
        elif value:
            entry[name] = value.replace("%7E", "~").replace("%25", "%")
    return entry


class _Reader:
    """Reads one table and keeps every problem it meets."""

    def __init__(self, *, entry: Mapping[str, Any], known: Known, systems: set[str]) -> None:
        self.entry, self.known, self.systems = entry, known, systems
        self.problems: list[str] = []

    def supposition(self) -> Supposition | None:
        """The supposition, as far as it could be read; None where not even the kind is known."""
        kind = next((one for one in ASKED if one == self.entry.get("kind")), None)
        if kind is None:
            self._wrong(f'kind "{self.entry.get("kind", "")}" is not known; kinds are {", ".join(ASKED)}')
            return None
        required, optional = ASKED[kind]
        known = {"kind", *required, *optional}
        for name in self.entry:
            if name not in known:
                self._wrong(f"{name} is not asked for {kind}; there are {', '.join((*required, *optional))}")
        for name in required:
            if not self.entry.get(name):
                self._wrong(f"{kind} needs {name}")
        values = {name: self._value(name) for name in (*required, *optional) if name in self.entry}
        one = Supposition(kind=kind, **{name: value for name, value in values.items() if value is not None})
        self._fits(one)
        return replace(one, systems=self.known.suppliers.get(one.supplier, ()))

    def _wrong(self, problem: str) -> None:
        self.problems.append(problem)

    def _value(self, name: str) -> Any:
        value = self.entry[name]
        if name in LISTS:
            return self._words(name, value)
        if name == "applies_from":
            return self._day(value)
        if not isinstance(value, str):
            self._wrong(f"{name} must be a text")
            return None
        return value.strip()

    def _words(self, name: str, value: object) -> tuple[str, ...] | None:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self._wrong(f"{name} must be a list of texts")
            return None
        for one in value:
            if one not in LISTS[name]:
                self._wrong(f'"{one}" is none of the {name}: {", ".join(LISTS[name])}')
        return tuple(dict.fromkeys(value))

    def _day(self, value: object) -> date | None:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self._wrong(f'applies_from "{value}" is not a date such as 2027-12-02')
            return None

    def _fits(self, one: Supposition) -> None:
        """Whether everything it names exists."""
        self._control(one)
        self._system(one)
        self._law(one)
        if one.supplier and one.supplier not in self.known.suppliers:
            self._wrong(f'no AI system in use comes from a supplier "{one.supplier}"')
        if one.high_risk_by and one.high_risk_by not in HIGH_RISK_BY:
            self._wrong(f'high_risk_by "{one.high_risk_by}" is not known; there are annex-iii and annex-i')
        if one.kind == "system-reclassified" and one.roles is None and one.classes is None and not one.high_risk_by:
            self._wrong("system-reclassified needs roles, classes or high_risk_by")

    def _control(self, one: Supposition) -> None:
        control = self.known.engine.library.controls.get(one.control)
        if one.kind == "evidence-withdrawn" and bool(one.evidence) == bool(one.control):
            self._wrong("evidence-withdrawn needs either evidence, its id, or control")
        if one.evidence and all(fact.id != one.evidence for fact in self.known.engine.facts.evidence):
            self._wrong(f'there is no evidence "{one.evidence}"')
        if one.control and control is None:
            self._wrong(f'there is no control "{one.control}"')
        if control and one.expectation and all(e.id != one.expectation for e in control.expectations):
            expected = ", ".join(e.id for e in control.expectations)
            self._wrong(f'{control.id} has no expectation "{one.expectation}"; it has {expected}')

    def _system(self, one: Supposition) -> None:
        if one.kind == "system-added":
            if one.system in self.known.engine.systems:
                self._wrong(f'there is an AI system "{one.system}" already')
        elif one.system and one.system not in self.systems:
            self._wrong(f'there is no AI system "{one.system}" in use')

    def _law(self, one: Supposition) -> None:
        if not one.framework:
            return
        framework = self.known.engine.library.frameworks.get(one.framework)
        if framework is None:
            self._wrong(f'there is no framework "{one.framework}"')
        elif one.requirement and one.requirement not in framework.by_id:
            self._wrong(f'{framework.title} has no requirement "{one.requirement}"')
