"""The registers: for each the same operations, made from its declaration."""

from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from annexa.actions.registers import add_record, change_record, change_records, import_register
from annexa.answers.register_files import export_register, plan_register
from annexa.answers.register_values import told_history, told_records, told_registers
from annexa.answers.registers import Asked, one_record, register_run
from annexa.answers.runs import run_of
from annexa.api.askers import who
from annexa.api.guards import ask_match, tag_at
from annexa.api.imports import DryRun, FileFormat, Imported, Rows, file_of, taken_in
from annexa.api.operations import get, patch, post
from annexa.api.register_shapes import Changed, History, Registers, Shapes, shapes_of
from annexa.api.shapes import Cursor, Limit, after_of, cursor_of, now, place_of
from annexa.pure.permits import Actor
from annexa.pure.register import Register
from annexa.pure.registers import REGISTERS

router = Router()
whole = Router(tags=["registers"])
IMPORTS = ("import_register",)


@get(whole, "/registers", Registers)
def list_registers(request: HttpRequest) -> dict[str, Any]:
    """List the registers, each with its address and how many of its records count today."""
    return {"items": told_registers(actor=who(request).actor, now=now())}


def _list_and_import(register: Register, shapes: Shapes, of: Router) -> None:
    """The operations upon a register as a whole."""
    here, many = f"/{register.plural}", register.plural.replace("-", "_")

    def listed(request: HttpRequest, narrowing: Any, limit: Limit, cursor: Cursor) -> dict[str, Any]:
        actor, asked = who(request).actor, _asked(register, narrowing)
        place = place_of(cursor, asked.sort, dated=asked.sort == "changed")
        run, facets, total = register_run(
            actor=actor, register=register, asked=asked, after=place, limit=limit, now=now()
        )
        return {
            "items": told_records(actor=actor, register=register, rows=run.rows),
            "next": cursor_of(run.last, asked.sort),
            "total": total,
            "facets": {
                name: [{"value": value.value, "count": value.count} for value in values]
                for name, values in facets.items()
            },
        }

    def added(request: HttpRequest, response: HttpResponse, body: Any) -> dict[str, Any]:
        actor, entry = who(request).actor, register.make(_values(register, body))
        row = add_record(actor=actor, register=register, entry=entry, now=now(), because=body.because)
        response["Location"] = f"/api/v1{here}/{row.slug}"
        return _answered(response, actor, register, row)

    def imported(request: HttpRequest, body: Rows, dry_run: DryRun) -> dict[str, Any]:
        actor = who(request).actor
        return taken_in(
            body,
            dry_run,
            plan=lambda data: plan_register(actor=actor, register=register, data=data, name="API"),
            record=lambda planned: import_register(actor=actor, planned=planned, now=now()),
        )

    def changed_many(request: HttpRequest, body: Any) -> dict[str, Any]:
        count = change_records(
            actor=who(request).actor, register=register, slugs=list(dict.fromkeys(body.slugs)), now=now(),
            values=_values(register, body.values), because=body.because,
        )  # fmt: skip
        return {"changed": count}

    def exported(request: HttpRequest, file_format: FileFormat) -> HttpResponse:
        data = export_register(actor=who(request).actor, register=register, file_format=file_format)
        return file_of(register.plural, file_format, data)

    get(of, here, shapes.listed)(
        _said(
            listed,
            f"list_{many}",
            f"List {register.many}, narrowed by the facets of the register.",
            narrowing=Annotated[shapes.narrowing, Query(...)],  # type: ignore[type-arg]
        )
    )
    post(of, here, shapes.record, may=(register.change,))(
        _said(added, f"add_{register.noun}", f"Add one {register.one} to the register.", body=shapes.new)
    )
    post(of, f"{here}/import", Imported, may=IMPORTS, status=200, reads=True)(
        _said(imported, f"import_{many}", f"Import many {register.many}: all or none, or as a dry run nothing.{ROWS}")
    )
    post(of, f"{here}/bulk", Changed, may=(register.change,), status=200, reads=True)(
        _said(
            changed_many,
            f"change_{many}",
            f"Give the same values to many {register.many}, all or none.",
            body=shapes.many,
        )
    )
    get(of, f"{here}/export", None)(
        _said(exported, f"export_{many}", f"Get a file of the {register.many} that an import reads back without loss.")
    )


def _show_and_change(register: Register, shapes: Shapes, of: Router) -> None:
    """The operations upon one record."""
    one = f"/{register.plural}/{{slug}}"

    def shown(request: HttpRequest, response: HttpResponse, slug: str) -> dict[str, Any]:
        actor = who(request).actor
        return _answered(response, actor, register, one_record(actor=actor, register=register, slug=slug))

    def changed(request: HttpRequest, response: HttpResponse, slug: str, body: Any) -> dict[str, Any]:
        actor = who(request).actor
        seen = one_record(actor=actor, register=register, slug=slug)
        ask_match(request, tag_at(seen.changed_at))
        entry = register.replaced(seen.entry, _values(register, body))
        row = change_record(
            actor=actor, register=register, slug=slug, entry=entry, seen=seen.changed_at, now=now(),
            because=body.because,
        )  # fmt: skip
        return _answered(response, actor, register, row)

    def versions(request: HttpRequest, slug: str, limit: Limit, cursor: Cursor) -> dict[str, Any]:
        found = told_history(actor=who(request).actor, register=register, slug=slug)
        run = run_of(found, lambda version: str(version["number"]), after=after_of(cursor), limit=limit)
        return {"items": list(run.rows), "next": cursor_of(run.last)}

    get(of, one, shapes.record, errors=(404,))(_said(shown, f"show_{register.noun}", f"Show one {register.one}."))
    patch(of, one, shapes.record, may=(register.change,))(
        _said(
            changed,
            f"change_{register.noun}",
            f"Change one {register.one}; what is left out stays as it is.",
            body=shapes.changed,
        )
    )
    get(of, f"{one}/history", History, errors=(404,))(
        _said(versions, f"history_of_{register.noun}", f"List the versions of one {register.one}, the newest first.")
    )


ROWS = """

The body is a list of objects as the export writes it with format=json; columns are recognised by their names, what no
field takes is kept beside the record. Records that are known by slug or reference are updated."""


def _said(view: Callable[..., Any], name: str, says: str, **shapes: Any) -> Callable[..., Any]:
    """A function with the name, the words and the shapes by which the description knows it."""
    view.__name__, view.__doc__ = name, says
    view.__annotations__ |= shapes
    return view


def _asked(register: Register, narrowing: Any) -> Asked:
    return Asked(
        text=narrowing.q,
        chosen={one.name: tuple(getattr(narrowing, one.name)) for one in register.facets},
        unowned=getattr(narrowing, "unowned", False),
        ended=narrowing.ended,
        sort=narrowing.sort,
    )


def _values(register: Register, body: Any) -> dict[str, Any]:
    """What is said about the fields, as records hold it."""
    said = body.model_dump(exclude_unset=True, include=set(register.field))
    return {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}


def _answered(response: HttpResponse, actor: Actor, register: Register, row: Any) -> dict[str, Any]:
    response["ETag"] = tag_at(row.changed_at)
    return told_records(actor=actor, register=register, rows=[row])[0]


def _operations(register: Register) -> Router:
    """All operations of one register."""
    of, shapes = Router(tags=[register.many]), shapes_of(register)
    _list_and_import(register, shapes, of)
    _show_and_change(register, shapes, of)
    return of


router.add_router("", whole)
for _one in REGISTERS.values():
    router.add_router("", _operations(_one))
