"""What a register is for: its fields with their help, the clauses that ask for it, the checks that look at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from annexa.answers.actors import ask_reads
from annexa.answers.libraries import active_library
from annexa.pure.checks import BY_REGISTER
from annexa.pure.checks.over import EVER, RecordCheck
from annexa.pure.fields import Field
from annexa.pure.register import Entry, Register
from annexa.pure.standards import Control
from annexa.web.converters import REGISTER
from annexa.web.frame import actor
from annexa.web.lists import said

KINDS: Mapping[str, str] = {
    "text": "A line of text",
    "long": "Text of several lines",
    "choice": "One of",
    "choices": "Any of",
    "answer": "One of",
    "date": "A day",
    "whole": "A whole number",
    "number": "A number",
    "money": "An amount with its currency, such as 1250.00 EUR",
    "link": "One record",
    "links": "Records",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A field as the guide tells of it: what may stand in it, in words."""

    field: Field
    takes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proves:
    """A check over a register and the controls it proves; of one record, until when (exclusive) it fulfils it.

    `until` None: it falls short; `ever`: no time ends it.
    """

    check: RecordCheck
    controls: tuple[Control, ...]
    until: datetime | None = None
    ever: bool = False


@require_safe
def guide(request: HttpRequest, register: Register) -> HttpResponse:
    """The guide to one register, made from its declaration and from the library in force."""
    ask_reads(actor(request))
    context = {
        "heading": f"About {register.many}",
        "register": register,
        "groups": [(group, [_told(one) for one in group.fields]) for group in register.groups],
        "checks": [Proves(check=one, controls=found) for one, found in checks_of(register)],
    }
    return render(request, "registers/guide.html", context)


def checks_of(register: Register) -> list[tuple[RecordCheck, tuple[Control, ...]]]:
    """The checks that look at a register, each with the controls of the library in force that it proves."""
    by_check: dict[str, list[Control]] = {}
    for control in active_library().controls.values():
        for name in {one.check for one in control.expectations if one.check}:
            by_check.setdefault(name, []).append(control)
    return [
        (one, tuple(sorted(by_check.get(one.name, []), key=lambda control: control.id)))
        for one in BY_REGISTER.get(register.noun, ())
    ]


def proven_by(register: Register, entry: Entry) -> list[Proves]:
    """What one record proves: the checks that look at it, those it falls short of first."""
    found = []
    for check, controls in checks_of(register):
        if controls and check.looks_at(entry):
            until = check.until(entry)
            found.append(Proves(check=check, controls=controls, until=until, ever=until == EVER))
    return sorted(found, key=lambda one: (one.until is not None, one.check.name))


def _told(field: Field) -> Told:
    words = ", ".join(said(word) for word in field.choices if word)
    takes = KINDS[field.kind] + (f": {words}" if words else "")
    return Told(field=field, takes=takes)


urls = [path(f"{REGISTER}/about", guide, name="register-about")]
