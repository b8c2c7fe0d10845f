"""Reads the policy for uses of AI into values; refuses it if anything in it is wrong. Format: docs/library.md."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from annexa.library.reader import LibraryError, Reader, readers, shipped
from annexa.pure.fields import ANSWERS
from annexa.pure.registers.assets import CLASSIFICATIONS
from annexa.pure.registers.tools import PERSONAL, PURPOSES
from annexa.pure.registers.uses import OUTCOMES, RESULTS
from annexa.pure.standards import Library
from annexa.pure.systems import PEOPLE
from annexa.pure.uses import BEYOND, TOOL_STATES, Rule, UsePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request with what has to come of it: values of the use and of its tool (None: it is in no catalogue), the
    outcome, and the rules that speak."""

    id: str
    use: Mapping[str, Any]
    tool: Mapping[str, Any] | None
    outcome: str
    rules: tuple[str, ...]


@cache
def use_policy() -> UsePolicy:
    """The policy shipped with this version of Annexa. Raises LibraryError."""
    policy, _ = load_use_policy(shipped(("use_policy",)))
    return policy


def load_use_policy(files: Mapping[str, bytes]) -> tuple[UsePolicy, tuple[Example, ...]]:
    """The policy of a file with the examples in it. Raises LibraryError with every problem."""
    problems: list[str] = []
    found = [_policy(reader) for reader in readers(files, problems)]
    if len(found) != 1:
        problems.append(f"use_policy: there are {len(found)} policies; one is needed")
    if problems:
        raise LibraryError(problems)
    return found[0]


def dangling(policy: UsePolicy, library: Library) -> tuple[str, ...]:
    """A sentence for each rule that cites a requirement which does not exist."""
    return tuple(
        f"use_policy/{policy.id}.toml: {rule.id}: {framework} has no requirement {requirement!r}"
        for rule in policy.rules
        if rule.cites
        for framework, _, requirement in [rule.cites.partition(" ")]
        if framework not in library.frameworks or requirement not in library.frameworks[framework].by_id
    )


def _policy(reader: Reader) -> tuple[UsePolicy, tuple[Example, ...]]:
    rules = tuple(_rule(table) for table in reader.tables("rule"))
    policy = UsePolicy(id=reader.text("id"), edition=reader.text("edition"), rules=rules)
    ids = [rule.id for rule in rules]
    for twice in sorted({one for one in ids if ids.count(one) > 1}):
        reader.wrong(f"rule {twice!r} occurs twice")
    examples = tuple(_example(table) for table in reader.tables("example"))
    reader.done()
    return policy, examples


def _rule(reader: Reader) -> Rule:
    rule = Rule(
        id=reader.text("id"),
        outcome=reader.one_of("outcome", OUTCOMES[1:]),
        because=reader.text("because"),
        source=reader.text("source", ""),
        cites=reader.text("cites", ""),
        condition=reader.text("condition", ""),
        states=reader.words("states", TOOL_STATES),
        purposes=reader.words("purposes", PURPOSES),
        data_from=reader.one_of("data_from", ("", *CLASSIFICATIONS), ""),
        personal_from=reader.one_of("personal_from", ("", *PERSONAL), ""),
        results=reader.words("results", RESULTS),
        people=reader.words("people", PEOPLE),
        beyond=reader.words("beyond", BEYOND),
        trains=reader.words("trains", ANSWERS),
        register=bool(reader.take("register", (bool,), False)),
    )
    if rule.outcome == OUTCOMES[1] and not rule.condition:
        reader.wrong("condition is missing although it approves with conditions")
    reader.done()
    return rule


def _example(reader: Reader) -> Example:
    tool = reader.take("tool", (dict,), {})
    found = Example(
        id=reader.text("id"),
        use=reader.take("use", (dict,)),
        tool=tool or None,
        outcome=reader.one_of("outcome", OUTCOMES),
        rules=reader.words("rules"),
    )
    reader.done()
    return found
