"""Records of any register, as Annexa would hold them: tidy, without problems."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from annexa.pure.fields import FIRST_YEAR, LAST_YEAR, Field, money_text, tidy
from annexa.pure.register import Entry, Register

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12) | st.sampled_from(
    ["=SUM(A1)", "'=x", "-5", "+1", "@now", "N/A", "Yes", "=\n1", '"', "a,b;c", "''", " - x", "'\n-", "2024", "1,5"]
)
NAMES = TEXTS.map(tidy).filter(bool)


def value(about: Field, known: Mapping[str, tuple[str, ...]]) -> st.SearchStrategy[Any]:
    """Values of a field. `known`: the slugs that there are, by register."""
    return _value(about, known.get(about.to, ()))


@cache
def _value(about: Field, there: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Made once for each field: making it takes longer than drawing from it."""
    return _VALUES[about.kind](about, st.sampled_from(there) if there else st.nothing())


_DAYS = st.none() | st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
_MONEY = st.just("") | st.builds(
    money_text, st.decimals(Decimal("-1e9"), Decimal("1e9"), places=2), st.sampled_from(["EUR", "USD", "CHF"])
)
_VALUES: Mapping[str, Callable[[Field, st.SearchStrategy[str]], st.SearchStrategy[Any]]] = {
    "text": lambda one, _: NAMES if one.required else TEXTS.map(lambda text: text[: one.longest]),
    "long": lambda _one, _slugs: TEXTS,
    "choice": lambda one, _: st.sampled_from([word for word in one.choices if word or not one.required] or [""]),
    "answer": lambda one, _: st.sampled_from(one.choices),
    "choices": lambda one, _: st.lists(st.sampled_from(one.choices), unique=True, max_size=3).map(tuple),
    "date": lambda _one, _slugs: _DAYS,
    "whole": lambda one, _: st.none() | st.integers(int(one.least or 0), int(one.most or 0)),
    "number": lambda one, _: st.none() | st.floats(one.least, one.most, allow_nan=False),
    "money": lambda _one, _slugs: _MONEY,
    "link": lambda _one, slugs: st.just("") | slugs,
    "links": lambda _one, slugs: st.lists(slugs, unique=True, max_size=3).map(tuple),
}


def required(register: Register) -> dict[str, Any]:
    """The values that a record has to have."""
    return {one.name: (one.choices[1] if one.choices else "x") for one in register.fields if one.required}


@st.composite
def entries(draw: st.DrawFn, register: Register, known: Mapping[str, tuple[str, ...]]) -> Entry:
    """A record that its register accepts."""
    values = {one.name: draw(value(one, known)) for one in register.fields}
    values["name"] = draw(NAMES)
    source = draw(st.dictionaries(NAMES, TEXTS.filter(lambda text: bool(text.strip())), max_size=3))
    entry = register.tidied(register.make(values, tuple(source.items())))
    while wrong := {found.field for found in register.problems(entry)}:
        again = {name: draw(value(register.field[name], known)) for name in wrong}
        entry = register.tidied(register.replaced(entry, again))
    return entry
