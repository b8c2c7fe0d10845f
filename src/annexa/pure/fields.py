"""One thing that is asked of a record: its kind, its help, and the one way its value is written down.

Forms, tables, imports, exports, the API and the guides are made from it. A value is plain: text, a word of `choices`,
a tuple of words or of slugs, a day, a number, or money ("1250.00 EUR").
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, Literal

Kind = Literal[
    "text", "long", "choice", "choices", "answer", "date", "whole", "number", "money", "link", "links",
]  # fmt: skip

ANSWERS: tuple[str, ...] = ("yes", "no", "planned", "not applicable", "unknown")
# Dates outside these years are slips of the keyboard or of a spreadsheet, so the import may read them as such.
FIRST_YEAR, LAST_YEAR = 1950, 2100
LONGEST_LINK = 80
MOST_LINKS = 500
MONEY = re.compile(r"(?P<amount>-?\d{1,15}(?:\.\d{1,2})?) (?P<currency>[A-Z]{3})")
EMPTY: Mapping[str, Any] = {
    "text": "", "long": "", "choice": "", "choices": (), "answer": "unknown", "date": None, "whole": None,
    "number": None, "money": "", "link": "", "links": (),
}  # fmt: skip
"""What stands in a field of each kind as long as nobody said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing asked about a record, from which form, import, export and help are made.

    `to`: for links, the noun of the register they lead to. `facet`: lists are narrowed by it. `listed`: lists show it
    beside the name. `headings`: what other people's files call it. `least`, `most`: the range of a number, inclusive.
    `person`: somebody, best by e-mail address.
    """

    name: str
    label: str  # also the heading in exports: changing it breaks files people keep
    help: str
    kind: Kind
    choices: tuple[str, ...] = ()
    longest: int = 0  # characters; 0 = the kind has no length
    required: bool = False
    to: str = ""
    facet: bool = False
    listed: bool = False
    headings: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """One thing that keeps a record from being accepted; the message goes on from the field's label."""

    field: str
    message: str


# Making them


def text(name: str, label: str, help_: str, *, longest: int = 300, **more: Any) -> Field:
    """A line of text."""
    return Field(name=name, label=label, help=help_, kind="text", longest=longest, **more)


def owner(help_: str, *, name: str = "owner", label: str = "Owner", **more: Any) -> Field:
    """A person, best by e-mail address."""
    return Field(name=name, label=label, help=help_, kind="text", longest=254, person=True, **more)


def long(name: str, label: str, help_: str, **more: Any) -> Field:
    """Text of several lines."""
    return Field(name=name, label=label, help=help_, kind="long", longest=20_000, **more)


def choice(name: str, label: str, help_: str, choices: tuple[str, ...], **more: Any) -> Field:
    """One word of several; empty as long as nobody chose."""
    return Field(name=name, label=label, help=help_, kind="choice", choices=("", *choices), **more)


def choices(name: str, label: str, help_: str, words: tuple[str, ...], **more: Any) -> Field:
    """Any of several words."""
    return Field(name=name, label=label, help=help_, kind="choices", choices=words, **more)


def answer(name: str, label: str, help_: str, **more: Any) -> Field:
    """Yes, no, planned, not applicable or unknown."""
    return Field(name=name, label=label, help=help_, kind="answer", choices=ANSWERS, **more)


def day(name: str, label: str, help_: str, **more: Any) -> Field:
    """A day."""
    return Field(name=name, label=label, help=help_, kind="date", **more)


def whole(name: str, label: str, help_: str, *, least: int = 0, most: int = 1_000_000_000, **more: Any) -> Field:
    """A whole number."""
    return Field(name=name, label=label, help=help_, kind="whole", least=least, most=most, **more)


def number(name: str, label: str, help_: str, *, least: float = 0, most: float = 1e12, **more: Any) -> Field:
    """A number with decimals."""
    return Field(name=name, label=label, help=help_, kind="number", least=least, most=most, **more)


def money(name: str, label: str, help_: str, **more: Any) -> Field:
    """An amount with its currency."""
    return Field(name=name, label=label, help=help_, kind="money", longest=24, **more)


def link(name: str, label: str, help_: str, *, to: str, **more: Any) -> Field:
    """One record of a register, by its slug."""
    return Field(name=name, label=label, help=help_, kind="link", to=to, longest=LONGEST_LINK, **more)


def links(name: str, label: str, help_: str, *, to: str, **more: Any) -> Field:
    """Records of a register, by their slugs."""
    return Field(name=name, label=label, help=help_, kind="links", to=to, **more)


# Texts


def tidy(said: str, *, long: bool = False) -> str:
    """Return a text fit for one line (spaces collapsed) or, if long, for several (line breaks kept)."""
    if said.isprintable():  # nothing is hidden in it, and it has no line breaks; so is nearly every cell of a file
        return said.strip() if long else " ".join(said.split())
    said = said.replace("\r\n", "\n").replace("\r", "\n")
    if long:
        return "".join(c for c in said if c in "\n\t" or not _is_hidden(c)).strip()
    return " ".join("".join(c if c.isspace() or not _is_hidden(c) else "" for c in said).split())


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")


def known_words(field: Field) -> str:
    """List the words a field knows, for people."""
    return ", ".join(word for word in field.choices if word)


# Values as JSON and back


def plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, tuple):
        return list(value)
    return value.isoformat() if isinstance(value, date) else value


def value_of(field: Field, said: object) -> Any:
    """Read one plain value. Raises ValueError with the end of a sentence that begins with the name of the field."""
    return _VALUES.get(field.kind, _text_of)(field, said)


def _text_of(field: Field, said: object) -> str:
    if not isinstance(said, str):
        raise ValueError("is not a text")
    return _word(field, said) if field.choices else said


def _date_of(_field: Field, said: object) -> date | None:
    if said is None:
        return None
    if not isinstance(said, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", said):
        raise ValueError("is not a date written like 2026-01-31")
    return date.fromisoformat(said)


def _many_of(field: Field, said: object) -> tuple[str, ...]:
    if not isinstance(said, list | tuple):
        raise ValueError("is not a list")
    if field.choices:
        return tuple(_word(field, item) for item in said)
    if not all(isinstance(item, str) for item in said):
        raise ValueError("is not a list of texts")
    return tuple(str(item) for item in said)


def _whole_of(_field: Field, said: object) -> int | None:
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or said != said // 1:
        raise ValueError("is not a whole number")
    return int(said)


def _number_of(_field: Field, said: object) -> float | None:
    if said is None:
        return None
    if isinstance(said, bool) or not isinstance(said, int | float) or not isfinite(said):
        raise ValueError("is not a number")
    return float(said)


def _word(field: Field, word: object) -> str:
    if not isinstance(word, str) or word not in field.choices:
        raise ValueError(f'has "{word}", which is none of: {known_words(field)}')
    return word


_VALUES: Mapping[str, Any] = {
    "date": _date_of,
    "choices": _many_of,
    "links": _many_of,
    "whole": _whole_of,
    "number": _number_of,
}


# Money


def amount_of(said: str) -> tuple[Decimal, str] | None:
    """The amount and the currency of money as it is kept; None for nothing. Raises ValueError for anything else."""
    if not said:
        return None
    found = MONEY.fullmatch(said)
    if found is None:
        raise ValueError("is not an amount with its currency, written like 1250.00 EUR")
    return Decimal(found["amount"]), found["currency"]


def money_text(amount: Decimal, currency: str) -> str:
    """Money as it is kept: two decimals, then the currency (ISO 4217)."""
    try:
        return f"{amount.quantize(Decimal('0.01')):f} {currency}"
    except InvalidOperation as error:
        raise ValueError("has more digits than any budget") from error


# What is wrong with values


def field_problems(field: Field, value: Any) -> list[FieldProblem]:
    """Everything that is wrong with one value, whoever made it: also where a caller went round the types."""
    found = []
    if field.required and (not value.strip() if isinstance(value, str) else value in (None, ())):
        found.append("is missing")
    if field.longest and (length := len(value)) > field.longest:
        found.append(f"has {length:,} characters; {field.longest:,} are allowed")
    if field.person and "@" in value and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        found.append("has an @ but is not an e-mail address")
    found += _word_problems(field, value) if field.choices else []
    found += _KIND_PROBLEMS[field.kind](field, value) if field.kind in _KIND_PROBLEMS else []
    return [FieldProblem(field=field.name, message=message) for message in found]


def _word_problems(field: Field, value: Any) -> list[str]:
    words = value if field.kind == "choices" else (value,)
    found = [f'has "{word}", which is none of: {known_words(field)}' for word in words if word not in field.choices]
    return [*found, *(["names the same word twice"] if len(set(words)) < len(words) else [])]


def _day_problems(_field: Field, value: date | None) -> list[str]:
    if value is None or FIRST_YEAR <= value.year <= LAST_YEAR:
        return []
    return [f"is in {value.year}; years from {FIRST_YEAR} to {LAST_YEAR} are allowed"]


def _number_problems(field: Field, value: float | None) -> list[str]:
    least, most = field.least, field.most
    if value is None or least is None or most is None or least <= value <= most:
        return []
    return [f"is {value:,}; it must be from {least:,} to {most:,}"]


def _money_problems(_field: Field, value: str) -> list[str]:
    try:
        amount_of(value)
    except ValueError as wrong:
        return [str(wrong)]
    return []


def _links_problems(_field: Field, value: tuple[str, ...]) -> list[str]:
    found = ["leads to the same record twice"] if len(set(value)) < len(value) else []
    if len(value) > MOST_LINKS:
        found.append(f"leads to {len(value):,} records; {MOST_LINKS} are allowed")
    return found


_KIND_PROBLEMS: Mapping[str, Any] = {
    "date": _day_problems,
    "whole": _number_problems,
    "number": _number_problems,
    "money": _money_problems,
    "links": _links_problems,
}


# Cells that are kept as they came


def pairs_of(value: object) -> tuple[tuple[str, str], ...]:
    """Read cells that are kept as they came. Raises ValueError."""
    if not isinstance(value, list | tuple):
        raise ValueError("is not a list of [column, text] pairs")
    pairs: list[tuple[str, str]] = []
    for pair in value:
        match pair:
            case [str(column), str(cell)]:
                pairs.append((column, cell))
            case _:
                raise ValueError("is not a list of [column, text] pairs")
    return tuple(pairs)


def source_problems(source: tuple[tuple[str, str], ...]) -> list[FieldProblem]:
    """What is wrong with the cells that are kept as they came."""
    columns = [column for column, _ in source]
    found = []
    if len(set(columns)) < len(columns):
        found.append(FieldProblem(field="source", message="names the same column twice"))
    if not all(column and column == tidy(column) for column in columns):
        found.append(FieldProblem(field="source", message="has a column name that is empty or has stray spaces"))
    if not all(cell.strip() for _, cell in source):
        found.append(FieldProblem(field="source", message="has an empty text"))
    return found
