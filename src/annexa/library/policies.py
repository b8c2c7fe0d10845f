"""Reads the policies, the facts they ask for and the modules they share; refuses all if anything is wrong.

All errors of all files are reported together. Format: docs/policies.md.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.checks.documents import acknowledged, documented
from annexa.pure.checks.over import SUBJECT
from annexa.pure.documents import (
    BUILT_IN,
    FILL_KINDS,
    OPERATORS,
    REVIEW,
    SLOT,
    UNFILLED,
    Basis,
    Condition,
    Fill,
    FillValue,
    Module,
    Policy,
    wrong,
)
from annexa.pure.standards import Library

FILLS = "policies/fills.toml"
MODULES = "policies/modules.toml"
UNITS = ("", "character", "day", "euro", "hour", "minute", "month", "person-day", "point", "working day", "year")
"""What numbers count; each takes an s."""


@cache
def policies() -> Mapping[str, Policy]:
    """The policies shipped with this version of Annexa, by id. Read once per process. Raises LibraryError."""
    return load_policies(shipped(("policies",)))


@cache
def fills() -> Mapping[str, Fill]:
    """Every fact that the shipped policies ask for, by id, in the order of asking. Raises LibraryError."""
    policies()
    reader = next(readers({FILLS: shipped(("policies",))[FILLS]}, []))
    return MappingProxyType(_fills(reader, []))


def load_policies(files: Mapping[str, bytes]) -> Mapping[str, Policy]:
    """Policies from their files, by id. Raises LibraryError with every problem of every file."""
    problems: list[str] = []
    by_file = {reader.file: reader for reader in readers(files, problems)}
    facts = _fills(by_file.pop(FILLS, None), problems)
    shared = _shared(by_file.pop(MODULES, None), facts)
    found: dict[str, Policy] = {}
    used: set[str] = set()
    for reader in by_file.values():
        policy, uses = _policy(reader, facts, shared)
        used |= uses
        if policy.id != Path(reader.file).stem:
            reader.wrong(f"id is {policy.id!r}, but the file is named {Path(reader.file).stem}")
        found[policy.id] = policy
    problems.extend(f"{MODULES}: module {one}: no policy uses it" for one in sorted(set(shared) - used))
    asked_for = {fill for policy in found.values() for fill in policy.fills}
    problems.extend(f"{FILLS}: fill {one}: no policy asks for it" for one in sorted(set(facts) - asked_for))
    if problems:
        raise LibraryError(problems)
    return MappingProxyType(found)


def dangling(found: Mapping[str, Policy], library: Library) -> list[str]:
    """A sentence for each requirement that a policy or module claims to serve and that the library does not have, and
    for each expectation that asks for no document."""
    claims = {
        (f"policies/{policy.id}.toml: {place}", basis)
        for policy in found.values()
        for place, claimed in [("file", policy.basis), *((f"module {one.id}", one.basis) for one in policy.modules)]
        for basis in claimed
    }
    lost = [
        f"{place}: {basis.framework} has no requirement {basis.requirement}"
        for place, basis in claims
        if basis.framework not in library.frameworks
        or basis.requirement not in library.frameworks[basis.framework].by_id
    ]
    lost += [
        f"policies/{policy.id}.toml: {one} is no expectation that asks for a document or its readers"
        for policy in found.values()
        for one in policy.serves
        if one not in known_to_serve(policy, library)
    ]
    return sorted(lost)


def known_to_serve(policy: Policy, library: Library) -> tuple[str, ...]:
    """What a document written from a policy proves in this library, in the order of the policy."""
    asking = {
        f"{control.id}/{one.id}"
        for control in library.controls.values()
        for one in control.expectations
        if one.check.partition(SUBJECT)[0] in _OF_DOCUMENTS
    }
    return tuple(one for one in policy.serves if one in asking)


_OF_DOCUMENTS = frozenset({documented.name, acknowledged.name})
"""Checks whose subject is the expectation that a document serves."""


def basis_of(reader: Reader) -> tuple[Basis, ...]:
    """The requirements that a table names as its basis: framework id → requirement ids."""
    found = []
    for framework, requirements in reader.take("basis", (dict,), {}).items():
        if not isinstance(requirements, list) or not requirements:
            reader.wrong(f"basis {framework} is a list of requirement ids, not empty")
            continue
        found += [Basis(framework=framework, requirement=str(one)) for one in requirements]
    for twice in sorted({one for one in found if found.count(one) > 1}):
        reader.wrong(f"basis names {twice.framework} {twice.requirement} twice")
    return tuple(found)


def _fills(reader: Reader | None, problems: list[str]) -> dict[str, Fill]:
    if reader is None:
        problems.append(f"{FILLS}: file: does not exist")
        return {}
    found: dict[str, Fill] = {}
    for table in reader.tables("fill"):
        fill = _fill(table)
        if fill.id in found or fill.id in BUILT_IN:
            table.wrong("the id occurs twice, or is a slot that policies fill themselves")
        found[fill.id] = fill
    for fill in found.values():
        if fill.more_than and (fill.more_than not in found or found[fill.more_than].kind != "number"):
            reader.wrong(f"fill {fill.id}: more_than names {fill.more_than!r}, which is no number")
    reader.done()
    return found


def _fill(reader: Reader) -> Fill:
    kind = reader.one_of("kind", FILL_KINDS)
    fill = Fill(
        id=reader.text("id"),
        label=reader.text("label"),
        help=reader.text("help"),
        kind=kind,
        default=_default(reader),
        choices=reader.words("choices"),
        required=reader.take("required", (bool,), True),
        unit=reader.one_of("unit", UNITS, ""),
        minimum=reader.take("minimum", (int,), 0),
        maximum=reader.take("maximum", (int,), 1_000_000_000),
        more_than=reader.text("more_than", ""),
    )
    if not SLOT.fullmatch(f"{{{fill.id}}}"):
        reader.wrong("the id is small letters, digits and hyphens")
    if (kind == "choice") != bool(fill.choices) and kind != "list":
        reader.wrong("choices belong to kind choice, which needs them, and to kind list")
    if kind != "number" and {"unit", "minimum", "maximum", "more_than"} & set(reader.table):
        reader.wrong("unit, minimum, maximum and more_than belong to kind number")
    if fill.default is not None and (because := wrong(fill, fill.default)):
        reader.wrong(f"the default {because}")
    reader.done()
    return fill


def _default(reader: Reader) -> FillValue | None:
    value: Any = reader.take("default", (str, int, date, list), None)
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return value  # type: ignore[no-any-return]


def _shared(reader: Reader | None, facts: Mapping[str, Fill]) -> dict[str, Module]:
    found: dict[str, Module] = {}
    if reader is None:
        return found
    for table in reader.tables("module"):
        module = _module(table, facts)
        if module.id in found:
            table.wrong("the id occurs twice")
        found[module.id] = module
    reader.done()
    return found


def _policy(reader: Reader, facts: Mapping[str, Fill], shared: Mapping[str, Module]) -> tuple[Policy, set[str]]:
    modules: list[Module] = []
    uses: set[str] = set()
    for table in reader.tables("module"):
        if "uses" not in table.table:
            modules.append(_module(table, facts))
            continue
        name = table.text("uses")
        table.done()
        if name in shared:
            uses.add(name)
            modules.append(shared[name])
        else:
            table.wrong(f"shared module {name!r} does not exist")
    owner, approver = reader.text("owner_role"), reader.text("approver_role")
    policy = Policy(
        id=reader.text("id"),
        title=reader.text("title"),
        purpose=reader.text("purpose"),
        basis=basis_of(reader),
        serves=reader.words("serves"),
        owner_role=owner,
        approver_role=approver,
        review_months=reader.take("review_months", (int,)),
        version=reader.text("version"),
        modules=tuple(modules),
        fills=MappingProxyType(_needed(modules, (owner, approver), facts)),
    )
    _check_policy(reader, policy)
    reader.done()
    return policy, uses


def _needed(modules: list[Module], roles: tuple[str, ...], facts: Mapping[str, Fill]) -> dict[str, Fill]:
    """The facts that a policy asks for, in the order of the file of facts."""
    wanted = set(roles)
    for module in modules:
        wanted |= {REVIEW if slot == "policy-review" else slot for slot in module.slots}
        wanted |= {condition.fill for condition in module.asked_if}
    return {name: fill for name, fill in facts.items() if name in wanted}


def _check_policy(reader: Reader, policy: Policy) -> None:
    ids = [module.id for module in policy.modules]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        reader.wrong(f"module {twice!r} occurs twice")
    if not ids:
        reader.wrong("it has no modules, so there is nothing to read")
    if UNFILLED.search(f"{policy.title} {policy.version}"):
        reader.wrong("title or version looks like a gap")
    if not 1 <= policy.review_months <= 36:
        reader.wrong(f"review_months is {policy.review_months}; it is from 1 to 36")
    for key, role in (("owner_role", policy.owner_role), ("approver_role", policy.approver_role)):
        if role not in policy.fills or policy.fills[role].kind != "person" or not policy.fills[role].required:
            reader.wrong(f"{key} is {role!r}, which is not a required fill of kind person")
    always = {basis for module in policy.modules if not module.asked_if for basis in module.basis}
    for basis in policy.basis:
        if basis not in always:
            reader.wrong(f"basis {basis.framework} {basis.requirement} is served by no module that is always there")


def _module(reader: Reader, facts: Mapping[str, Fill]) -> Module:
    module = Module(
        id=reader.text("id"),
        title=reader.text("title"),
        text=reader.text("text"),
        asked_if=tuple(_conditions(reader, facts)),
        basis=basis_of(reader),
    )
    reader.done()
    known = {condition.fill for condition in module.asked_if if condition.operator != "!="}
    for slot in module.slots:
        if slot not in facts and slot not in BUILT_IN:
            reader.wrong(f"slot {slot!r} is no fill")
        elif slot in facts and not facts[slot].required and facts[slot].default is None and slot not in known:
            reader.wrong(f"slot {slot!r} may stay empty; ask the module if it is given")
    if re.search(r"\w\{|\}[\w{]", module.text):
        reader.wrong("a slot touches a word or another slot")
    if found := UNFILLED.search(f"{module.title} {SLOT.sub(' ', module.text)}"):
        reader.wrong(f"the text has {found[0]!r}, which looks like a gap")
    return module


def _conditions(reader: Reader, facts: Mapping[str, Fill]) -> Iterator[Condition]:
    text = reader.text("asked_if", "")
    for part in text.split(" and ") if text else ():
        match = re.fullmatch(r"(?P<fill>\S+) (?P<operator>\S+)(?: (?P<value>\S.*))?", part.strip())
        if (
            match is None
            or match["operator"] not in OPERATORS
            or (match["operator"] == "given") == bool(match["value"])
        ):
            reader.wrong(f"asked_if has {part!r}; write fill = value, fill != value, fill includes value, fill given")
            continue
        fill = facts.get(match["fill"])
        if fill is None:
            reader.wrong(f"asked_if asks for {match['fill']!r}, which is no fill")
            continue
        operator = next(one for one in OPERATORS if one == match["operator"])
        if operator != "given" and (fill.kind == "list") != (operator == "includes"):
            reader.wrong(f"asked_if compares {fill.id}, which is of kind {fill.kind}, with {operator!r}")
        if operator != "given" and match["value"] not in fill.choices:
            reader.wrong(f"asked_if expects {match['value']!r} of {fill.id}, which is none of its choices")
        yield Condition(fill=fill.id, operator=operator, value=match["value"] or "")
