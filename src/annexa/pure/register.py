"""A register is declared once: what is asked of its records, how lists show them, what they prove.

Table, list, form, history, import, export, API, command and guide come from one `Register`. Each is an object in
`annexa.pure.registers`; adding a field is one line there. A record is an `Entry`: the values under their names, and the
cells of an imported file that no field takes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import Any

from annexa.pure.fields import (
    EMPTY,
    Field,
    FieldProblem,
    choices,
    day,
    field_problems,
    owner,
    pairs_of,
    plain,
    source_problems,
    text,
    tidy,
    value_of,
)

Source = tuple[tuple[str, str], ...]
NOTHING: tuple[object, ...] = ("", None, ())
"""What is right in every field that is not required, but for answers, which are at least unknown."""
Record = Any
"""A record of some register, read by attributes: an Entry, or the facts about an AI system."""


class EntryError(ValueError):
    """A stored or sent record cannot be read; `problems` says everything that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that are asked together, under a heading. `help`: what they are for, with the clause that asks."""

    title: str
    fields: tuple[Field, ...]
    help: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of a register: a value for each field, readable as attributes; `source`: (column, text) as it came."""

    values: Mapping[str, Any]
    source: Source = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return object.__getattribute__(self, "values")[name]
        except KeyError:
            raise AttributeError(name) from None


Rule = Callable[[Entry], Iterable[FieldProblem]]


def _no_rule(_entry: Entry) -> Iterable[FieldProblem]:
    return ()


Fixed = Callable[[Entry | None], frozenset[str]]
"""Which fields only the register's own actions fill in, given the record as it was; None: it is new."""


def _not_fixed(_before: Entry | None) -> frozenset[str]:
    return frozenset()


AsksAnew = Callable[[Record, Record], Record]
"""A record after a change, without the decision that the change makes undone, given it before and after."""


def _stands(_before: Record, after: Record) -> Record:
    return after


@dataclass(frozen=True, kw_only=True)
class Register:
    """One register.

    `noun`: the kind of its ledger entries and the word of the API; `plural`: its address and the word of the commands.
    `one`, `title`: what a record and the whole are called on screen. `says`: what it is for, in a sentence. `asked_by`:
    the clauses that ask for it. `place`: the heading under which the navigation has it. `rule`: what holds between
    fields. `ends`: the day field after which a record no longer counts; lists leave it out, checks do not look at it.
    `change`: the verb that forms need. `fixed`: what forms leave alone, as decisions, which have actions of their own.
    `asks_anew`: takes back the decision about what a change makes another record.
    `seen_by`: fields that name people who know of the record without a role there, each with the verb they need for it.
    `open_to`: whoever may do this verb knows of every record. `takes`: fields that a new record left empty, each with
    the link and the field there that it is taken from, as that stands then.
    """

    noun: str
    plural: str
    one: str
    title: str
    says: str
    asked_by: tuple[str, ...]
    place: str
    groups: tuple[Group, ...]
    rule: Rule = _no_rule
    ends: str = "ended_on"
    change: str = "change_register"
    fixed: Fixed = _not_fixed
    asks_anew: AsksAnew = _stands
    seen_by: Mapping[str, str] = field(default_factory=dict)
    open_to: str = ""
    takes: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    sorts: tuple[str, ...] = ()
    examples: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def many(self) -> str:
        """What several records are called in a sentence."""
        return self.plural.replace("-", " ")

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in the order of the form."""
        return tuple(one for group in self.groups for one in group.fields)

    @cached_property
    def field(self) -> Mapping[str, Field]:
        """The fields by name."""
        return MappingProxyType({one.name: one for one in self.fields})

    @cached_property
    def empty(self) -> tuple[tuple[str, Any], ...]:
        """The names of the fields, each with what stands there as long as nobody said anything."""
        return tuple((one.name, EMPTY[one.kind]) for one in self.fields)

    @cached_property
    def facets(self) -> tuple[Field, ...]:
        """What lists are narrowed by."""
        return tuple(one for one in self.fields if one.facet)

    @cached_property
    def listed(self) -> tuple[Field, ...]:
        """What lists show beside the name."""
        return tuple(one for one in self.fields if one.listed)

    @cached_property
    def searched(self) -> tuple[Field, ...]:
        """What a search looks into."""
        return tuple(one for one in self.fields if one.kind in ("text", "long"))

    @cached_property
    def leading(self) -> tuple[Field, ...]:
        """The fields that lead to records, of this register or of others."""
        return tuple(one for one in self.fields if one.to)

    def make(self, values: Mapping[str, Any], source: Source = ()) -> Entry:
        """A record from values; what is not among them is empty."""
        given = values.get
        return Entry(MappingProxyType({name: given(name, empty) for name, empty in self.empty}), source)

    def replaced(self, entry: Entry, values: Mapping[str, Any], source: Source | None = None) -> Entry:
        """The record with some values changed."""
        return self.make({**entry.values, **values}, entry.source if source is None else source)

    def to_json(self, entry: Entry) -> dict[str, object]:
        """The record as plain values, in the order of the form and `source` last."""
        return {
            **{one.name: plain(entry.values[one.name]) for one in self.fields},
            "source": [[column, cell] for column, cell in entry.source],
        }

    def from_json(self, record: Mapping[str, object]) -> Entry:
        """Read what to_json wrote; keys that are absent are empty. Raises EntryError with everything that is wrong."""
        values: dict[str, Any] = {}
        source: Source = ()
        problems = [f'"{key}" is not a field of {self.one}' for key in record if key not in {*self.field, "source"}]
        for key in (key for key in (*self.field, "source") if key in record):
            try:
                if key == "source":
                    source = pairs_of(record[key])
                else:
                    values[key] = value_of(self.field[key], record[key])
            except ValueError as wrong:
                problems.append(f'"{key}" {wrong}')
        if problems:
            raise EntryError(problems)
        return self.make(values, source)

    def read(self, state: Mapping[str, object]) -> Entry:
        """A state as any version of Annexa kept it: what no field takes any more, or cannot, is left out."""
        values: dict[str, Any] = {}
        for name in (name for name in self.field if name in state):
            try:
                values[name] = value_of(self.field[name], state[name])
            except ValueError:
                continue
        return self.make(values)

    def tidied(self, entry: Entry) -> Entry:
        """The same record with stray spaces, line breaks and invisible characters put in order."""
        texts = {
            one.name: tidy(str(entry.values[one.name]), long=one.kind == "long")
            for one in self.fields
            if one.kind in ("text", "long", "money")
        }
        return self.replaced(entry, texts)

    def problems(self, entry: Entry) -> tuple[FieldProblem, ...]:
        """Everything that keeps the record from being accepted, by field; empty: it is fine."""
        found = [
            wrong
            for one in self.fields
            if one.required or one.kind == "answer" or entry.values[one.name] not in NOTHING
            for wrong in field_problems(one, entry.values[one.name])
        ]
        if not found:  # what holds between fields is asked of values that are right by themselves
            found += self.rule(entry)
        return (*found, *source_problems(entry.source))

    def sentence(self, problem: FieldProblem) -> str:
        """A problem as a sentence that begins with the field's label."""
        about = self.field.get(problem.field)
        return f"{about.label if about else problem.field.capitalize()} {problem.message}."

    def fixed_problems(self, before: Entry | None, after: Entry) -> tuple[FieldProblem, ...]:
        """What of the change is not for forms and files to make; empty: it is fine."""
        old = before or self.make({})
        names = (one for one in self.field if one in self.fixed(before))
        message = "is settled by its own step, not in a form or a file"
        return tuple(FieldProblem(field=one, message=message) for one in names if old.values[one] != after.values[one])

    def ended(self, entry: Entry, on: date) -> bool:
        """Whether the record no longer counts on a day."""
        end = entry.values.get(self.ends)
        return isinstance(end, date) and end <= on


# Fields that nearly every register has


def name(help_: str, *, label: str = "Name") -> Field:
    """What people call it."""
    return text("name", label, help_, required=True)


def reference(what: str) -> Field:
    """The organisation's own number."""
    return text("reference", "Reference", f"Your own number or code for {what}; unique if given.", longest=100)


def unit(what: str) -> Field:
    """The part of the organisation."""
    return text("unit", "Unit", f"The part of the organisation that answers for {what}.", facet=True, listed=True)


def owned(what: str) -> Field:
    """Who answers for it."""
    return owner(f"The person who answers for {what}, best by e-mail address.", listed=True)


def ended(what: str) -> Field:
    """Since when it is no more."""
    return day("ended_on", "Ended on", f"The day since which {what} no longer counts. Nothing is deleted.")


def reviewed(what: str) -> Field:
    """When somebody last asked whether it still holds."""
    return day("reviewed_on", "Reviewed on", f"The day somebody last asked whether {what} still holds.", listed=True)


def approved(what: str) -> tuple[Field, Field]:
    """Who approved it and when; `approval_problem` sees to it that it was somebody else than the owner."""
    return (
        owner(f"Who approved {what}; somebody else than its owner.", name="approved_by", label="Approved by"),
        day("approved_on", "Approved on", "The day of the approval."),
    )


def approval_problem(entry: Entry) -> list[FieldProblem]:
    """An approval by the owner, or one that says only half."""
    if entry.approved_by and entry.approved_by.casefold() == entry.owner.casefold():
        return [FieldProblem(field="approved_by", message="is the owner; somebody else has to approve")]
    if entry.approved_on is not None and not entry.approved_by:
        return [FieldProblem(field="approved_by", message="is missing although there is a day of approval")]
    return []


def systems_of(help_: str) -> Field:
    """The AI systems it bears on."""
    return Field(name="systems", label="AI systems", help=help_, kind="links", to="ai_system")


def controls_of(help_: str) -> Field:
    """The controls of the library that bear on it."""
    return Field(name="controls", label="Controls", help=help_, kind="links", to="control")


def order_problem(entry: Entry, register: Register, earlier: str, later: str) -> list[FieldProblem]:
    """A day before another one that must not be."""
    first, second = entry.values[earlier], entry.values[later]
    if first is None or second is None or first <= second:
        return []
    return [FieldProblem(field=later, message=f"is {second}, before {register.field[earlier].label.lower()} {first}")]


SYSTEM_PARTS: tuple[str, ...] = ("isms", "aims", "pims")
"""The management systems a record may belong to: information security, AI, privacy."""


def management_systems(what: str) -> Field:
    """Which of the management systems it belongs to."""
    return choices(
        "management_systems",
        "Management systems",
        f"Which {what} belongs to: information security (isms), AI (aims), privacy (pims).",
        SYSTEM_PARTS,
    )
