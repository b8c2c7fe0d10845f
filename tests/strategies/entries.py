"""Records of any register, as Annexa would hold them: tidy, without problems."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
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
    days = st.none() | st.dates(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))
    there = known.get(about.to, ())
    slugs = st.sampled_from(there) if there else st.nothing()
    return {
        "text": NAMES if about.required else TEXTS.map(lambda text: text[: about.longest]),
        "long": TEXTS,
        "choice": st.sampled_from([word for word in about.choices if word or not about.required] or [""]),
        "answer": st.sampled_from(about.choices or ("unknown",)),
        "choices": st.lists(st.sampled_from(about.choices or ("x",)), unique=True, max_size=3).map(tuple),
        "date": days,
        "whole": st.none() | st.integers(int(about.least or 0), int(about.most or 0)),
        "number": st.none() | st.floats(about.least, about.most, allow_nan=False),
        "money": st.just("")
        | st.builds(
            money_text, st.decimals(Decimal("-1e9"), Decimal("1e9"), places=2), st.sampled_from(["EUR", "USD", "CHF"])
        ),
        "link": st.just("") | slugs,
        "links": st.lists(slugs, unique=True, max_size=3).map(tuple),
    }[about.kind]  # fmt: skip


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
