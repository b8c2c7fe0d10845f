"""What sends events, whose they are, and what is kept of them: the rules by which the border decides.

A source is a program that sends events with a token of its own. Either all it sends is of one AI system, or ordered
rules over the attributes of the sending resource decide; what no rule names is nobody's, and waits in quarantine.
For each system somebody chose what is kept; where nobody did, the organisation's own choice holds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from annexa.pure.events import Kept

LEAST_DAYS: Final = 183
"""Six months: so long the law has logs of high-risk systems kept at least.

Source: Regulation (EU) 2024/1689 Art. 19(1) for providers, Art. 26(6) for deployers.
"""
MOST_DAYS: Final = 3_660
"""Ten years: nothing that the organisation can choose is longer. Source: Art. 18(1), the longest time that is asked."""
MOST_RULES: Final = 200
MOST_PATTERNS: Final = 50
LONGEST_TEXT: Final = 300
SERVICE, ENVIRONMENT = "service.name", "deployment.environment.name"
"""The attributes of a resource that an event itself keeps."""


class Users(StrEnum):
    """How users are kept: as a keyed pseudonym, the same for the same user, or as they were sent."""

    PSEUDONYM = "pseudonym"
    AS_SENT = "as_sent"


class How(StrEnum):
    """How a rule compares: the whole value, or its beginning; letters count as they are written."""

    EQUALS = "equals"
    STARTS_WITH = "starts_with"


_HOW_WORDS: Final = {"is": How.EQUALS, "begins": How.STARTS_WITH}
"""How people write the ways to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What comes from a resource with this attribute is of this AI system."""

    attribute: str
    how: How
    value: str
    system: str

    def fits(self, attributes: Mapping[str, Any]) -> bool:
        """Whether a resource with these attributes is meant."""
        if self.attribute not in attributes:
            return False
        said = str(attributes[self.attribute])
        return said == self.value if self.how is How.EQUALS else said.startswith(self.value)

    def said(self) -> dict[str, str]:
        """The rule as plain JSON."""
        return {"attribute": self.attribute, "how": self.how.value, "value": self.value, "system": self.system}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """What else is made unreadable: whatever fits the expression, with the name of the pattern in its place.

    The expression is one of RE2: it takes time in proportion to the text, whatever the text is.
    """

    name: str
    pattern: str

    def said(self) -> dict[str, str]:
        """The pattern as plain JSON."""
        return {"name": self.name, "pattern": self.pattern}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is kept of a system's events, and for how many days."""

    kept: Kept = Kept.REDACTED
    users: Users = Users.PSEUDONYM
    patterns: tuple[Pattern, ...] = ()
    retention_days: int = 400


USUAL: Final = Choice()
"""What holds until the organisation chooses: thirteen months, so that a year can be compared with the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as the border knows it. `system`: "" where `rules` decide. `choices`: by system, as far as chosen;
    `otherwise`: what holds for the others, and for what is nobody's. `token`: the id of the token it came with."""

    slug: str
    name: str
    token: str = ""
    system: str = ""
    rules: tuple[Rule, ...] = ()
    choices: Mapping[str, Choice] = field(default_factory=dict)
    otherwise: Choice = USUAL

    def choice_for(self, system: str) -> Choice:
        """What is kept of the events of a system, or of nobody's where it is ""."""
        return self.choices.get(system, self.otherwise)


def system_for(source: Source, resource_attributes: Mapping[str, Any]) -> str:
    """Whose an event is, by what sent it: the slug of the system of the first rule that fits; "" where nobody knows."""
    if source.system:
        return source.system
    return next((rule.system for rule in source.rules if rule.fits(resource_attributes)), "")


def rules_of(said: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    """Rules from plain JSON. Raises ValueError with every problem, one a line."""
    problems = rule_problems(said)
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(
        Rule(attribute=one["attribute"].strip(), how=How(one["how"]), value=one["value"], system=one["system"].strip())
        for one in said
    )


def rule_problems(said: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with rules, each with its number."""
    problems = [] if len(said) <= MOST_RULES else [f"There are {len(said)} rules; at most {MOST_RULES} may be."]
    for number, one in enumerate(said, 1):
        if set(one) != {"attribute", "how", "value", "system"} or not all(isinstance(v, str) for v in one.values()):
            problems.append(f"Rule {number}: say attribute, how, value and system, each as text.")
            continue
        if one["how"] not in tuple(How):
            problems.append(f"Rule {number}: {one['how']!r} is no way to compare; use {' or '.join(How)}.")
        problems += [
            f"Rule {number}: give its {part}, at most {LONGEST_TEXT} characters."
            for part in ("attribute", "value", "system")
            if not 0 < len(one[part].strip()) <= LONGEST_TEXT
        ]
    return problems


def rules_said(said: str) -> list[dict[str, str]]:
    """Rules as people write them, one a line. Raises ValueError for a line that is none."""
    found = []
    for number, line in enumerate((one.strip() for one in said.splitlines() if one.strip()), 1):
        left, arrow, system = line.replace("->", "→").rpartition("→")
        attribute, _space, rest = left.strip().partition(" ")
        how, _space, value = rest.strip().partition(" ")
        if not arrow or how not in _HOW_WORDS:
            raise ValueError(f"Line {number}: write attribute is VALUE → system, or attribute begins VALUE → system.")
        found.append(
            {"attribute": attribute, "how": _HOW_WORDS[how].value, "value": value.strip(), "system": system.strip()}
        )
    return found


def rule_said(rule: Rule) -> str:
    """A rule as people write it."""
    how = next(word for word, one in _HOW_WORDS.items() if one is rule.how)
    return f"{rule.attribute} {how} {rule.value} → {rule.system}"


def patterns_of(said: Sequence[Mapping[str, Any]]) -> tuple[Pattern, ...]:
    """Patterns from plain JSON that was found to be right."""
    return tuple(Pattern(name=one["name"], pattern=one["pattern"]) for one in said)


def pattern_problems(said: Sequence[Pattern]) -> list[str]:
    """What is wrong with the names and expressions of patterns; that RE2 takes them is asked elsewhere."""
    problems = (
        [] if len(said) <= MOST_PATTERNS else [f"There are {len(said)} patterns; at most {MOST_PATTERNS} may be."]
    )
    for one in said:
        if not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", one.name) or len(one.name) > 40:
            problems.append(f"{one.name!r} is no name of a pattern; use at most 40 small letters, digits, - and _.")
        if not 0 < len(one.pattern) <= LONGEST_TEXT:
            problems.append(f"The pattern {one.name} needs an expression of at most {LONGEST_TEXT} characters.")
            continue
        try:
            empty = re.compile(one.pattern).search("") is not None
        except re.error as error:
            problems.append(f"The pattern {one.name} cannot be read: {error}.")
            continue
        if empty:
            problems.append(f"The pattern {one.name} fits also where nothing stands; it would hide every text.")
    names = [one.name for one in said]
    problems += [
        f"There are two patterns {name}; give each its own name." for name in sorted({*names}) if names.count(name) > 1
    ]
    return problems


def retention_problem(days: int, *, classes: Sequence[str] | None, most: int) -> str:
    """Why events must not be kept for so many days; "" if they may.

    `classes`: the legal risk classes of the system, none while it is not classified; None: for the organisation as a
    whole. `most`: how long the organisation keeps any events at all.
    """
    if days > most:
        return f"Events are kept for {most:,} days at most" + (
            ", as the organisation chose; change that first." if classes is not None else "."
        )
    if days >= LEAST_DAYS:
        return ""
    if classes is None:
        return f"{days} days are less than the {LEAST_DAYS} that the AI Act asks of high-risk systems (Art. 19, 26(6))."
    if not classes:
        return (
            f"{days} days are too few: nobody classified the system yet, so it may be of high risk, and logs of such "
            f"systems are kept for six months at least, {LEAST_DAYS} days (AI Act Art. 19, 26(6)). Classify it first."
        )
    if "high-risk" in classes:
        return (
            f"{days} days are too few: logs of a high-risk system are kept for six months at least, "
            f"{LEAST_DAYS} days (AI Act Art. 19 for providers, Art. 26(6) for deployers)."
        )
    return "" if days > 0 else "Say for how many days, one at least."
