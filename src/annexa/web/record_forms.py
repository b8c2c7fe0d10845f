"""The form of a record of any register, made from its declaration: one field of a page for each field of a record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from annexa.answers.registers import Offer, Target, meant_targets, offers
from annexa.pure.fields import Field, field_problems
from annexa.pure.permits import Actor
from annexa.pure.register import Group, Register
from annexa.web.lists import said

BLANKS = 3
"""Empty lines under a list of links, for more of them."""
LONGEST_TYPED = 300
ALONE = ("name", "reference")
"""What tells records apart, so that no two are given the same."""


class LinksField(forms.Field):
    """Slugs or names of other records: those there are as boxes, more of them typed; `one` for a single one."""

    widget = forms.SelectMultiple

    def __init__(self, *, about: Field, **more: Any) -> None:
        super().__init__(**more)
        self.about, self.one = about, about.kind == "link"
        self.blanks = range(1 if self.one else BLANKS)
        self.chosen: tuple[Target, ...] = ()
        self.offer: Offer | None = None

    def prepare_value(self, value: Any) -> list[str]:
        """What was typed or recorded, each once."""
        return typed_of(value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether other records were typed than there are."""
        return typed_of(initial) != typed_of(data)

    def to_python(self, value: Any) -> list[str]:
        """The same, as it is checked."""
        return typed_of(value)


def typed_of(value: Any) -> list[str]:
    """The texts of a field that may have several, without the empty ones and each once."""
    listed = [value] if isinstance(value, str) else value or []
    return list(dict.fromkeys(text for one in listed if (text := str(one).strip()[:LONGEST_TYPED])))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A group of the form: its heading, what it is for, its short fields and those that want a line of their own."""

    title: str
    help: str
    short: tuple[forms.BoundField, ...]
    long: tuple[forms.BoundField, ...]


class RecordForm(forms.Form):
    """What is asked about a record. `changes`: of one that is there, so that a reason may be given."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, register: Register, data: QueryDict | None = None, *, who: Actor, changes: bool = False, **more: Any
    ) -> None:
        super().__init__(data, **more)
        self.register, self.who = register, who
        self.fields |= {one.name: form_field(one, register) for one in register.fields}
        if changes:
            help_text = "Stands in the ledger beside the change."
            self.fields["because"] = forms.CharField(label="Reason", required=False, help_text=help_text)

    def clean(self) -> dict[str, Any]:
        """What links mean, and everything that keeps the record from being accepted."""
        values: dict[str, Any] = dict(super().clean() or {})
        for one in (one for one in self.register.leading if one.name in values):
            values[one.name] = self._led(one, values[one.name])
        entry = self.register.tidied(self.register.make(self._given(values)))
        for problem in self.register.problems(entry):
            if problem.field not in self.errors:
                self.add_error(problem.field if problem.field in self.fields else None, self.register.sentence(problem))
        return values

    def _led(self, one: Field, typed: Sequence[str]) -> Any:
        """The slugs that were meant; what means nothing is a problem of the field."""
        meant = self._meant(one.to, typed)
        for text in typed:
            if text not in meant:
                self.add_error(one.name, f"{one.label} leads to “{text}”, which is not there, or is there twice.")
        slugs = tuple(dict.fromkeys(meant[text].slug if text in meant else text for text in typed))
        return slugs if one.kind == "links" else next(iter(slugs[-1:]), "")

    def _meant(self, noun: str, typed: Iterable[str]) -> Mapping[str, Target]:
        return meant_targets(actor=self.who, noun=noun, typed=typed) if typed else {}

    def _given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: values[name] for name in self.register.field if name in values}
        return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}

    def entry(self, before: Any = None) -> Any:
        """The record that was typed; what an import kept as it came stays as it was."""
        values = self._given(self.cleaned_data)
        return self.register.replaced(before, values) if before is not None else self.register.make(values)

    def tell(self, problems: Mapping[str, Iterable[str]]) -> None:
        """Says what the action found wrong beside the fields it is about."""
        for name, sentences in problems.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)

    def asked_in_groups(self) -> list[Asking]:
        """The headings with their fields, in the order of the page; links with what they lead to as they stand."""
        for one in self.register.leading:
            field = self.fields[one.name]
            assert isinstance(field, LinksField)  # noqa: S101  form_field makes it of whatever leads somewhere
            field.offer, field.chosen = self.offers[one.to], self._chosen(one)
        return [self._asking(group) for group in self.register.groups]

    def _chosen(self, one: Field) -> tuple[Target, ...]:
        """The records that a field leads to as it stands; what was typed and means none has no name."""
        typed = typed_of(self[one.name].value())
        meant = self._meant(one.to, typed)
        return tuple(meant.get(text, Target(noun=one.to, slug=text, name="")) for text in typed)

    def _asking(self, group: Group) -> Asking:
        long = {one.name for one in group.fields if one.kind == "long"}
        bound = [self[one.name] for one in group.fields if one.name in self.fields]
        return Asking(
            title=group.title,
            help=group.help,
            short=tuple(one for one in bound if one.name not in long),
            long=tuple(one for one in bound if one.name in long),
        )

    @cached_property
    def offers(self) -> Mapping[str, Offer]:
        """What there is to lead to."""
        return offers(actor=self.who, register=self.register)


class ManyForm(RecordForm):
    """What many records are given at once: of the fields only those that are ticked, in place of what each has."""

    def __init__(self, register: Register, data: QueryDict | None = None, *, who: Actor, **more: Any) -> None:
        super().__init__(register, data, who=who, changes=True, **more)
        for name in ("seen", *ALONE):
            self.fields.pop(name, None)
        for one in self.fields.values():
            one.required = False
        choices = [(name, register.field[name].label) for name in self.fields if name in register.field]
        required = {"required": "Tick what the records are given."}
        self.fields["set"] = forms.MultipleChoiceField(label="Given", choices=choices, error_messages=required)

    def clean(self) -> dict[str, Any]:
        """What links mean, and what keeps a value that is given from being accepted."""
        values: dict[str, Any] = dict(super(RecordForm, self).clean() or {})
        given = values.get("set", [])
        for name in [name for name in self.register.field if name in self.fields and name not in given]:
            self.errors.pop(name, None)
            if name in self.changed_data:
                self.add_error(name, f"Tick {self.register.field[name].label}, or leave it as it was.")
        for one in (self.register.field[name] for name in given if name in values):
            values[one.name] = self._led(one, values[one.name]) if one.to else values[one.name]
            if one.name not in self.errors:
                for problem in field_problems(one, self._given(values)[one.name]):
                    self.add_error(one.name, self.register.sentence(problem))
        return values

    def values(self) -> dict[str, Any]:
        """The fields that are given, with their values."""
        return {
            name: value for name, value in self._given(self.cleaned_data).items() if name in self.cleaned_data["set"]
        }

    @property
    def ticked(self) -> list[str]:
        """The fields that are ticked as the form stands."""
        return [str(one) for one in self["set"].value() or []]


def form_field(field: Field, register: Register) -> forms.Field:
    """The field of a page that asks for a field of a record."""
    common: dict[str, Any] = {"label": field.label, "help_text": field.help, "required": field.required}
    common["error_messages"] = {"required": f"{field.label} is missing."}
    if field.name == "name":
        common["error_messages"] = {"required": f"Give the {register.one} a name."}
    choices = [(word, said(word)) for word in field.choices]
    match field.kind:
        case "choices":
            return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)
        case "choice" | "answer":
            return forms.ChoiceField(choices=choices, **common)
        case "date":
            common["error_messages"]["invalid"] = "Write a date like 2026-01-31."
            return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **common)
        case "whole":
            common["error_messages"]["invalid"] = "Write a whole number."
            return forms.IntegerField(**common)
        case "number":
            common["error_messages"]["invalid"] = "Write a number like 0.25."
            return forms.FloatField(widget=forms.NumberInput(attrs={"step": "any"}), **common)
        case "long":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), **common)
        case "link" | "links":
            return LinksField(about=field, **common)
        case _:
            return forms.CharField(**common)


def parse_seen(text: str) -> datetime:
    """The instant in a form's hidden field; one that cannot be read is as good as an outdated one."""
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    return found if found and found.tzinfo else datetime.min.replace(tzinfo=timezone.get_default_timezone())


def differing(register: Register, theirs: Any, yours: Any) -> list[tuple[str, str, str]]:
    """The fields in which two versions of a record differ: label, one, the other."""
    return [
        (one.label, shown(one, getattr(theirs, one.name)), shown(one, getattr(yours, one.name)))
        for one in register.fields
        if getattr(theirs, one.name) != getattr(yours, one.name)
    ]


def shown(field: Field, value: Any) -> str:
    """A value in a line of text, also as JSON has it; "" for nothing."""
    words = value if isinstance(value, tuple | list) else [] if value in (None, "") else [value]
    return ", ".join(said(word) if field.choices else str(word) for word in words)
