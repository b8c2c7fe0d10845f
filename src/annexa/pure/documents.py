"""Policies as values: which sections an organisation's facts call for, and the document they make.

Text is plain: a blank line ends a paragraph, a line that begins with "- " is an item of a list, two spaces continue
it, and {fill-id} is a slot. Text is split before slots are filled, so that a value never becomes markup.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Literal, get_args

FillKind = Literal["text", "number", "choice", "person", "date", "list"]
FillValue = str | int | date | tuple[str, ...]
Operator = Literal["=", "!=", "includes", "given"]
FILL_KINDS: tuple[FillKind, ...] = get_args(FillKind)
OPERATORS: tuple[Operator, ...] = get_args(Operator)
BUILT_IN = ("policy-title", "policy-version", "policy-owner", "policy-approver", "policy-review")
"""Slots that the policy fills itself, so that modules it shares with others can speak of it."""
REVIEW = "review-months"
"""The fill with the organisation's own rhythm of reviews; a policy keeps its own months if they are fewer."""
SLOT = re.compile(r"\{([a-z][a-z0-9-]*)\}")
UNFILLED = re.compile(r"[\[\]{}]|tbd|xxx|<[^<>]*>|\?\?", re.IGNORECASE)
"""What somebody writes who has no answer yet."""
LONGEST_VALUE = 300
LONGEST_LIST = 50
_MARKDOWN = re.compile(r"([\\`*_<>#|~&])")
_MARKDOWN_START = re.compile(r"^(\d*)([-+=.)])")


class DocumentError(ValueError):
    """A document was asked for that would have had gaps. `problems` has each of them."""

    def __init__(self, problems: tuple["FillProblem", ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{problem.fill}: {problem.because}" for problem in problems))


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Basis:
    """A requirement that a text helps to meet."""

    framework: str
    requirement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """A fact that an organisation gives once and every policy uses. A number is whole and has a unit such as "day"."""

    id: str
    label: str
    help: str
    kind: FillKind
    default: FillValue | None = None
    choices: tuple[str, ...] = ()
    required: bool = True
    unit: str = ""
    minimum: int = 0
    maximum: int = 1_000_000_000
    more_than: str = ""
    """Another number that this one exceeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FillProblem:
    """Why a fact cannot be used as it stands."""

    fill: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What must be true of an organisation for a module to concern it."""

    fill: str
    operator: Operator
    value: str = ""

    def holds(self, given: FillValue | None) -> bool:
        """Whether it is true of that value; of no value, only that it differs."""
        if self.operator == "given":
            return given is not None
        if self.operator == "includes":
            return isinstance(given, tuple) and self.value in given
        return (given is not None and str(given) == self.value) == (self.operator == "=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A chapter of a policy, and for whom it is. All conditions must hold."""

    id: str
    title: str
    text: str
    asked_if: tuple[Condition, ...] = ()
    basis: tuple[Basis, ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        """The slots of its text, in order, each once."""
        return tuple(dict.fromkeys(SLOT.findall(self.text)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy before it knows for whom it is. `owner_role` and `approver_role` are fills of kind person.

    `serves`: the expectations of controls that a document written from it answers, as "ACC-01/access-policy".
    """

    id: str
    title: str
    purpose: str
    basis: tuple[Basis, ...]
    serves: tuple[str, ...]
    owner_role: str
    approver_role: str
    review_months: int
    version: str
    modules: tuple[Module, ...]
    fills: Mapping[str, Fill]
    """The facts that its modules ask for, by id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list of items."""

    items: tuple[str, ...]


Block = Paragraph | Bullets


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A chapter of a finished document, and the requirements it speaks to."""

    number: int
    id: str
    title: str
    blocks: tuple[Block, ...]
    basis: tuple[Basis, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A policy as people read, approve and acknowledge it. `fills` has every fact in it, as it is written there."""

    policy: str
    title: str
    version: str
    owner: str
    approver: str
    review: str
    sections: tuple[Section, ...]
    fills: Mapping[str, str]


def missing(policy: Policy, fills: Mapping[str, FillValue]) -> tuple[FillProblem, ...]:
    """Everything that keeps the policy from being written for this organisation, all at once.

    Facts that no chapter of this organisation needs are not looked at.
    """
    problems = []
    for fill in asked(policy, fills):
        value = _value(fill, fills)
        if value is None:
            if fill.required or _in_text(policy, fill.id, fills):
                problems.append(FillProblem(fill=fill.id, because=f"{fill.label} is not given"))
        elif because := wrong(fill, value) or _not_more(policy, fill, fills):
            problems.append(FillProblem(fill=fill.id, because=f"{fill.label} {because}"))
    return tuple(problems)


def wrong(fill: Fill, value: FillValue) -> str:
    """What is wrong with a value, as the end of a sentence that begins with the fill's label; empty if nothing is."""
    return _CHECKS[fill.kind](fill, value)


def asked(policy: Policy, fills: Mapping[str, FillValue]) -> tuple[Fill, ...]:
    """The facts to ask this organisation for, given what it has said so far; in the order of the policy's fills."""
    wanted = {policy.owner_role, policy.approver_role}
    wanted |= {condition.fill for module in policy.modules for condition in module.asked_if}
    for module in _chosen(policy, fills):
        wanted |= {REVIEW if slot == "policy-review" else slot for slot in module.slots}
    return tuple(fill for fill in policy.fills.values() if fill.id in wanted)


def assemble(policy: Policy, fills: Mapping[str, FillValue]) -> Document:
    """The policy as it reads for this organisation. Equal facts give an equal document.

    Raises DocumentError rather than leave a gap.
    """
    problems = missing(policy, fills)
    if problems:
        raise DocumentError(problems)
    values = {fill.id: _value(fill, fills) for fill in policy.fills.values()}
    words = {fill.id: _words(fill, value) for fill in policy.fills.values() if (value := values[fill.id]) is not None}
    built_in = {
        "policy-title": policy.title,
        "policy-version": policy.version,
        "policy-owner": words[policy.owner_role],
        "policy-approver": words[policy.approver_role],
        "policy-review": _counted(_months(policy, values.get(REVIEW)), "month"),
    }
    sections = tuple(
        Section(
            number=number,
            id=module.id,
            title=module.title,
            blocks=_filled(module.text, words | built_in, values),
            basis=module.basis,
        )
        for number, module in enumerate(_chosen(policy, fills), start=1)
    )
    return Document(
        policy=policy.id,
        title=policy.title,
        version=policy.version,
        owner=built_in["policy-owner"],
        approver=built_in["policy-approver"],
        review=built_in["policy-review"],
        sections=sections,
        fills=MappingProxyType({fill.id: words[fill.id] for fill in asked(policy, fills) if fill.id in words}),
    )


def served(policy: Policy, fills: Mapping[str, FillValue]) -> tuple[Basis, ...]:
    """The requirements that the policy speaks to as it is written for this organisation, sorted."""
    return tuple(sorted({basis for module in _chosen(policy, fills) for basis in module.basis}))


def to_markdown(document: Document) -> str:
    """The document as Markdown in which every character of a value stands for itself."""
    lines = [
        f"# {_escaped(document.title)}",
        "",
        f"Version {_escaped(document.version)}. Owner: {_escaped(document.owner)}. "
        f"Approved by: {_escaped(document.approver)}. Reviewed at least every {document.review}.",
    ]
    for section in document.sections:
        lines += ["", f"## {section.number}. {_escaped(section.title)}"]
        for block in section.blocks:
            lines.append("")
            if isinstance(block, Bullets):
                lines += [f"- {_escaped(item)}" for item in block.items]
            else:
                lines.append(_escaped(block.text))
    return "\n".join(lines) + "\n"


def read_fill(fill: Fill, text: str) -> FillValue | None:
    """A value from what a person typed: a list has one item a line; None if nothing was typed.

    What is no number or date stays text, so that `missing` can say what is wrong with it.
    """
    if not text.strip():
        return None
    if fill.kind == "list":
        return tuple(item for line in text.splitlines() if (item := " ".join(line.split())))
    tidy = " ".join(text.split())
    if fill.kind == "number":
        return int(tidy) if re.fullmatch(r"[0-9]{1,12}", tidy) else tidy
    if fill.kind == "date":
        try:
            return date.fromisoformat(tidy)
        except ValueError:
            return tidy
    return tidy


def blocks(text: str) -> tuple[Block, ...]:
    """The paragraphs and lists of a text."""
    found: list[Block] = []
    items: list[str] = []
    lines: list[str] = []

    def close() -> None:
        if items:
            found.append(Bullets(items=tuple(items)))
        if lines:
            found.append(Paragraph(text=" ".join(lines)))
        items.clear()
        lines.clear()

    for line in [*text.splitlines(), ""]:
        if line.startswith("- "):
            if lines:
                close()
            items.append(line[2:].strip())
        elif line.startswith("  ") and items:
            items[-1] = f"{items[-1]} {line.strip()}"
        else:
            if items or not line.strip():
                close()
            if line.strip():
                lines.append(line.strip())
    return tuple(found)


def _chosen(policy: Policy, fills: Mapping[str, FillValue]) -> tuple[Module, ...]:
    def holds(condition: Condition) -> bool:
        return condition.holds(_value(policy.fills[condition.fill], fills))

    return tuple(module for module in policy.modules if all(holds(condition) for condition in module.asked_if))


def _in_text(policy: Policy, fill: str, fills: Mapping[str, FillValue]) -> bool:
    return any(fill in module.slots for module in _chosen(policy, fills))


def _value(fill: Fill, fills: Mapping[str, FillValue]) -> FillValue | None:
    """What was given, or the default; an empty text or list counts as nothing given."""
    value = fills.get(fill.id)
    if value is None or value == () or (isinstance(value, str) and not value.strip()):
        return fill.default
    return value


def _not_more(policy: Policy, fill: Fill, fills: Mapping[str, FillValue]) -> str:
    other = policy.fills.get(fill.more_than)
    if other is None:
        return ""
    value, least = _value(fill, fills), _value(other, fills)
    if isinstance(value, int) and isinstance(least, int) and value <= least:
        return f"is {value}; it is more than {least}, the answer to: {other.label}"
    return ""


def _wrong_text(fill: Fill, value: FillValue) -> str:
    if not isinstance(value, str):
        return "is not text"
    if len(value) > LONGEST_VALUE:
        return f"is longer than {LONGEST_VALUE} characters"
    if any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} or _turns(one) for one in value):
        return "has a line break or another character that cannot be seen"
    if found := UNFILLED.search(value):
        return f"has {found[0]!r}, which stands for an answer not given yet"
    if not any(one.isalnum() for one in value):
        return "has neither letters nor digits"
    if fill.choices and value not in fill.choices:
        return f"is {value!r}; it is one of {', '.join(fill.choices)}"
    return ""


def _turns(one: str) -> bool:
    """Whether a character turns the direction of the text after it, which can hide what is written."""
    return "\u202a" <= one <= "\u202e" or "\u2066" <= one <= "\u2069"


def _wrong_number(fill: Fill, value: FillValue) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return "is not a whole number"
    if not fill.minimum <= value <= fill.maximum:
        return f"is {value}; it is from {fill.minimum} to {fill.maximum}"
    return ""


def _wrong_date(_fill: Fill, value: FillValue) -> str:
    return "" if isinstance(value, date) else "is not a date such as 2026-08-02"


def _wrong_list(fill: Fill, value: FillValue) -> str:
    if not isinstance(value, tuple):
        return "is not a list"
    if len(value) > LONGEST_LIST:
        return f"has more than {LONGEST_LIST} items"
    return next((because for item in value if (because := _wrong_text(fill, item))), "")


_CHECKS: Mapping[FillKind, Callable[[Fill, FillValue], str]] = {
    "text": _wrong_text,
    "choice": _wrong_text,
    "person": _wrong_text,
    "number": _wrong_number,
    "date": _wrong_date,
    "list": _wrong_list,
}


def _words(fill: Fill, value: FillValue) -> str:
    """A value as it is written inside a sentence."""
    if isinstance(value, tuple):
        items = [" ".join(item.split()) for item in value]
        return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)
    if isinstance(value, date):
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    if isinstance(value, int):
        return _counted(value, fill.unit) if fill.unit else f"{value:,}"
    return " ".join(value.split())


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _months(policy: Policy, given: FillValue | None) -> int:
    return min(policy.review_months, given) if isinstance(given, int) else policy.review_months


def _filled(text: str, words: Mapping[str, str], values: Mapping[str, FillValue | None]) -> tuple[Block, ...]:
    """The blocks of a text with its slots filled; an item that is nothing but a list's slot becomes its items."""

    def fill(part: str) -> str:
        return SLOT.sub(lambda slot: words[slot[1]], part)

    def items(item: str) -> tuple[str, ...]:
        slot = SLOT.fullmatch(item)
        given = values.get(slot[1]) if slot else None
        return tuple(" ".join(one.split()) for one in given) if isinstance(given, tuple) else (fill(item),)

    return tuple(
        Bullets(items=tuple(one for item in block.items for one in items(item)))
        if isinstance(block, Bullets)
        else Paragraph(text=fill(block.text))
        for block in blocks(text)
    )


def _escaped(text: str) -> str:
    return _MARKDOWN_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", text))
