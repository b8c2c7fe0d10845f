"""Units: the tree that the organisation consists of."""

from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import Field

from annexa.actions.units import add_unit, adopt_units, change_unit
from annexa.answers.errors import UnknownError
from annexa.answers.governance import UnitLine, governance_page
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_at
from annexa.api.operations import get, patch, post
from annexa.api.shapes import Because, Cursor, Given, Instant, Limit, Shown, after_of, cursor_of, given, now, shown
from annexa.pure.proofs import rfc3339

router = Router(tags=["units"])
Name = Annotated[str, Field(max_length=300)]
Slug = Annotated[str, Field(max_length=80)]
EXAMPLE: dict[str, Any] = {
    "slug": "cards", "name": "Cards", "parent": "retail", "depth": 1, "closed": False, "systems": 2,
    "changed_at": "2026-11-20T09:40:00Z",
}  # fmt: skip
LOOSE: dict[str, Any] = {"name": "Markets", "systems": 3}


class Unit(Shown):
    """A part of the organisation. `parent`: the unit it belongs to; null directly below the organisation.

    `systems`: how many AI systems, of those you may know of, name it as their own.
    """

    model_config = shown(**EXAMPLE)

    slug: str
    name: str
    parent: str | None
    depth: int
    closed: bool
    systems: int
    changed_at: Instant


class Loose(Shown):
    """A name that AI systems give as their unit, and that is none yet."""

    model_config = shown(**LOOSE)

    name: str
    systems: int


class Units(Shown):
    """A part of the tree, each unit before those below it, neighbours by name; and names that are no unit yet."""

    model_config = shown(items=[EXAMPLE], next=None, not_units=[LOOSE])

    items: list[Unit]
    next: str | None
    not_units: list[Loose]


class UnitGiven(Given):
    """A new unit; without `parent` directly below the organisation."""

    model_config = given(name="Cards", parent="retail", because="Reorganisation")

    name: Name
    parent: Slug = ""
    because: Because = ""


class UnitChanged(Given):
    """What changes about a unit; what is left out stays as it is. `parent` "": directly below the organisation."""

    model_config = given(name="Card business", because="Renamed by the board")

    name: Name | None = None
    parent: Slug | None = None
    closed: bool | None = None
    because: Because = ""


class AdoptGiven(Given):
    """Why the names become units."""

    model_config = given(because="First import of the register")

    because: Because = ""


class Adopted(Shown):
    """The units that were made."""

    model_config = shown(items=[EXAMPLE])

    items: list[Unit]


@get(router, "/units", Units, errors=(404,))
def list_units(request: HttpRequest, limit: Limit, cursor: Cursor) -> dict[str, Any]:
    """List the units as a tree, in order."""
    page = governance_page(actor=who(request).actor)
    run = run_of(page.units, lambda one: one.placed.unit.slug, after=after_of(cursor), limit=limit)
    return {
        "items": [_shown(one) for one in run.rows],
        "next": cursor_of(run.last),
        "not_units": [{"name": name, "systems": number} for name, number in page.loose],
    }


@post(router, "/units", Unit, may=("change_units",), reads=True)
def add_one_unit(request: HttpRequest, response: HttpResponse, body: UnitGiven) -> dict[str, Any]:
    """Add a unit."""
    made = add_unit(
        actor=who(request).actor, name=body.name, parent=body.parent, because=body.because, now=now()
    )  # fmt: skip
    response["Location"] = f"/api/v1/units/{made.slug}"
    return _answered(request, response, made.slug)


@post(router, "/adopted-units", Adopted, may=("change_units",), reads=True)
def adopt_names(request: HttpRequest, body: AdoptGiven) -> dict[str, Any]:
    """Make a unit of each name that AI systems give as theirs and that is none yet."""
    actor = who(request).actor
    made = {one.slug for one in adopt_units(actor=actor, now=now(), because=body.because)}
    return {"items": [_shown(one) for one in governance_page(actor=actor).units if one.placed.unit.slug in made]}


@get(router, "/units/{unit}", Unit, errors=(404,))
def show_unit(request: HttpRequest, response: HttpResponse, unit: str) -> dict[str, Any]:
    """Show one unit."""
    return _answered(request, response, unit)


@patch(router, "/units/{unit}", Unit, may=("change_units",))
def change_one_unit(request: HttpRequest, response: HttpResponse, unit: str, body: UnitChanged) -> dict[str, Any]:
    """Rename, move, close or reopen a unit. Its AI systems follow its name; only an empty unit can be closed."""
    actor = who(request).actor
    found = _line(request, unit)
    seen = found.placed.unit
    ask_match(request, tag_at(found.changed_at))
    change_unit(
        actor=actor,
        slug=unit,
        name=seen.name if body.name is None else body.name,
        parent=seen.parent if body.parent is None else body.parent,
        closed=seen.closed if body.closed is None else body.closed,
        because=body.because,
        now=now(),
        seen=found.changed_at,
    )
    return _answered(request, response, unit)


def _line(request: HttpRequest, slug: str) -> UnitLine:
    units = governance_page(actor=who(request).actor).units
    found = next((one for one in units if one.placed.unit.slug == slug), None)
    if found is None:
        raise UnknownError(f"There is no unit {slug!r}.")
    return found


def _answered(request: HttpRequest, response: HttpResponse, slug: str) -> dict[str, Any]:
    found = _line(request, slug)
    response["ETag"] = tag_at(found.changed_at)
    return _shown(found)


def _shown(line: UnitLine) -> dict[str, Any]:
    unit = line.placed.unit
    return {
        "slug": unit.slug,
        "name": unit.name,
        "parent": unit.parent or None,
        "depth": line.placed.depth,
        "closed": unit.closed,
        "systems": line.systems,
        "changed_at": rfc3339(line.changed_at),
    }
