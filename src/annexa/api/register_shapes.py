"""What is sent to a register and shown of it: shapes made from its declaration, a property for every field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, create_model
from pydantic import Field as Property

from annexa.actions.registers import MOST_AT_ONCE
from annexa.api.shapes import Because, Day, Given, Instant, Shown, ShownDay, given, shown
from annexa.pure.fields import EMPTY, LONGEST_LINK, MOST_LINKS, Field, plain
from annexa.pure.register import Register

RESERVED = frozenset({"because", "q", "unowned", "ended", "sort", "limit", "cursor"})
"""Names no field may have: what is said beside the fields of a record, or asked beside the facets of a list."""
Slug = Annotated[str, Property(max_length=LONGEST_LINK)]
WHEN = "2026-11-20T09:40:00Z"
_MONEY = r"^(-?[0-9]{1,15}(\.[0-9]{1,2})? [A-Z]{3})?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """The shapes of one register: a record, a part of its list, what is sent for a new one, for a change of one and of
    many, and what a list is narrowed by."""

    record: type[Schema]
    listed: type[Schema]
    new: type[Schema]
    changed: type[Schema]
    many: type[Schema]
    narrowing: type[Schema]


class RegisterLine(Shown):
    """One register. `plural`: its address, and the word of the commands; `noun`: the kind of its ledger entries."""

    plural: str
    noun: str
    title: str
    says: str
    asked_by: list[str]
    records: int


class Registers(Shown):
    """Every register, by title."""

    model_config = shown(
        items=[
            {
                "plural": "assets", "noun": "asset", "title": "Assets", "says": "What the organisation has to protect.",
                "asked_by": ["ISO/IEC 27001 A.5.9"], "records": 12,
            }
        ]
    )  # fmt: skip

    items: list[RegisterLine]


class FacetCount(Shown):
    """One value of a facet, and how many records it leaves given the other facets."""

    value: str
    count: int


class FieldChange(Shown):
    """One field of a record, before and after."""

    field: str
    before: Any
    after: Any


class Version(Shown):
    """A record as one entry of the ledger has it; `changes` from the version before, none in the first."""

    model_config = shown(
        number=2, entry=431, at=WHEN, by="Kim Lee", because="Moved", state={"slug": "ledger", "name": "Ledger"},
        changes=[{"field": "location", "before": "", "after": "Dublin"}],
    )  # fmt: skip

    number: int
    entry: int | None
    at: Instant
    by: str
    because: str
    state: dict[str, Any]
    changes: list[FieldChange]


class History(Shown):
    """A part of the versions of a record, the newest first."""

    model_config = shown(items=[Version.model_config["json_schema_extra"]["examples"][0]], next=None)  # type: ignore[index]

    items: list[Version]
    next: str | None


class Changed(Shown):
    """How many of the records changed; the others were so already."""

    model_config = shown(changed=2)

    changed: int


def shapes_of(register: Register) -> Shapes:
    """The shapes of a register."""
    word = "".join(part.capitalize() for part in register.noun.split("_"))
    made = partial(_made, register)
    example = example_of(register)
    facts: dict[str, Any] = {one.name: (_given_type(one), plain(EMPTY[one.kind])) for one in register.fields}
    needed: dict[str, Any] = {one.name: (_given_type(one), ...) for one in register.fields if one.required}
    because: dict[str, Any] = {"because": (Because, "")}
    least = {name: example[name] for name in needed}
    some = {"owner": "kim@example.org"} if "owner" in register.field else least
    record: dict[str, Any] = {
        "slug": (str, ...),
        **{one.name: (_shown_type(one), ...) for one in register.fields},
        "source": (list[list[str]], ...),
        "created_at": (Instant, ...),
        "changed_at": (Instant, ...),
    }
    found = made(f"{word}Record", Shown, f"One {register.one}, as the register has it.", record, shown(**example))
    values = made(f"{word}Values", Given, f"What is said about one {register.one}.", facts, given(**some))
    part: dict[str, Any] = {
        "items": (list[found], ...),  # type: ignore[valid-type]
        "next": (str | None, ...),
        "total": (int, ...),
        "facets": (dict[str, list[FacetCount]], ...),
    }
    counts = {one.name: [{"value": str(example[one.name]), "count": 1}] for one in register.facets}
    many: dict[str, Any] = {
        "slugs": (Annotated[list[Slug], Property(max_length=MOST_AT_ONCE)], ...),
        "values": (values, ...),
        **because,
    }
    return Shapes(
        record=found,
        listed=made(
            f"{word}Records", Shown,
            f"A part of the {register.many}, how many the filter leaves, and what each facet would.", part,
            shown(items=[example], next=None, total=1, facets=counts),
        ),
        new=made(f"New{word}", values, f"A new {register.one}.", {**needed, **because}, given(**least)),
        changed=made(
            f"Changed{word}", values, f"The fields of one {register.one} that change.", because,
            given(**some, because="Taken over"),
        ),
        many=made(
            f"Changed{word}Records", Given, f"The same values for many {register.many}.", many,
            given(slugs=[example["slug"]], values=some, because="Taken over"),
        ),
        narrowing=_narrowing(register, word),
    )  # fmt: skip


def example_of(register: Register) -> dict[str, Any]:
    """A record as the description shows it: what has to be said, and else nothing."""
    said = {
        one.name: one.choices[1] if one.choices else f"Some {register.one}" for one in register.fields if one.required
    }
    values = {one.name: plain(said.get(one.name, EMPTY[one.kind])) for one in register.fields}
    slug = f"some-{register.one}".replace(" ", "-").lower()
    return {"slug": slug, **values, "source": [], "created_at": WHEN, "changed_at": WHEN}


def _made(
    register: Register, name: str, kind: type[Schema], says: str, properties: dict[str, Any], config: ConfigDict
) -> type[Schema]:
    model = create_model(name, __base__=kind, __doc__=says, __module__=f"{__name__}.{register.noun}", **properties)
    model.model_config = {**kind.model_config, **config}
    model.model_rebuild(force=True)
    return model


def _narrowing(register: Register, word: str) -> type[Schema]:
    """What of a register is asked for; a facet may be given several times."""
    end = register.field[register.ends].label.lower()
    questions: dict[str, Any] = {
        "q": (str, Property("", max_length=200, description="Words that all occur somewhere in a record.")),
        **{one.name: (list[str], Property([], description=f"Facet. {one.help}")) for one in register.facets},
        "ended": (bool, Property(False, description=f"Also those that no longer count ({end} is past).")),
        "sort": (Literal["name", "changed"], Property("name", description="By name, or by last change.")),
    }
    if "owner" in register.field:
        questions["unowned"] = (bool, Property(False, description="Only those that nobody answers for."))
    says = f"What of the {register.many} is asked for; a facet may be given several times."
    return _made(register, f"{word}Narrowing", Given, says, questions, ConfigDict(strict=False, extra="ignore"))


def _given_type(about: Field) -> Any:
    """What may be sent for a field."""
    if about.required and about.choices:
        return Annotated[Literal[about.choices[1:]], Property(description=about.help)]
    return _described(about, Day)


def _shown_type(about: Field) -> Any:
    """What is shown of a field."""
    return _described(about, ShownDay)


def _described(about: Field, a_day: Any) -> Any:
    kind = _TYPES[about.kind](about, a_day)
    return Annotated[kind, Property(description=about.help, title=about.label)]


def _text(about: Field, _a_day: Any) -> Any:
    return Annotated[str, Property(max_length=about.longest)]


def _word(about: Field, _a_day: Any) -> Any:
    return Literal[about.choices]


_TYPES: Mapping[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "long": _text,
    "choice": _word,
    "answer": _word,
    "choices": lambda about, _: Annotated[list[_word(about, _)], Property(max_length=len(about.choices))],  # type: ignore[misc]
    "date": lambda _, a_day: a_day | None,
    "whole": lambda about, _: Annotated[int, Property(ge=about.least, le=about.most)] | None,
    "number": lambda about, _: Annotated[float, Property(ge=about.least, le=about.most, allow_inf_nan=False)] | None,
    "money": lambda about, _: Annotated[str, Property(max_length=about.longest, pattern=_MONEY)],
    "link": _text,
    "links": lambda _, __: Annotated[list[Slug], Property(max_length=MOST_LINKS)],
}
"""The type of each kind of field."""
