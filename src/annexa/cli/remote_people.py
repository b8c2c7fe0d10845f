"""What `annexa --server URL` does about people, units, offices and grants."""

import argparse
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from annexa.cli import governance, grants, people, units, words
from annexa.client import Client


def _list_people(server: Client, args: argparse.Namespace) -> int:
    words.rows([people.line(one) for one in server.items("people", limit=200)], args.format, columns=people.COLUMNS)
    return 0


def _show_person(server: Client, args: argparse.Namespace) -> int:
    found = server.get(f"people/{_ids(server, [args.email])[0]}")
    held = found["holdings"]
    rows = [{"kind": "control", "what": one["control"], "where": one["scope"]} for one in held["controls"]]
    rows += [{"kind": kind[:-1], "what": one, "where": ""} for kind in ("systems", "records") for one in held[kind]]
    rows += [
        {"kind": "task", "what": f"{one['control']} ({one['id']})", "where": one["scope"]} for one in held["tasks"]
    ]
    rows += [
        {"kind": "office", "what": f"{one['office']} ({one['appointment']})", "where": one["body"]}
        for one in held["offices"]
    ]
    rows += [{"kind": kind[:-1], "what": one, "where": ""} for kind in ("grants", "tokens") for one in held[kind]]
    people.print_person({name: found[name] for name in people.COLUMNS}, rows, args.format)
    return 0


def _change_person(server: Client, args: argparse.Namespace) -> int:
    if people.nothing_changes(args):
        return 2
    body: dict[str, Any] = {"because": args.because, "successors": _heirs(server, args)}
    body |= {name: getattr(args, name) for name in ("name", "role") if getattr(args, name) is not None}
    made = server.change(f"people/{_ids(server, [args.email])[0]}", body)
    print(f"{made['name']} <{made['email']}> is {made['role']}.")
    return 0


def _leave(server: Client, args: argparse.Namespace) -> int:
    done = _as_seen(server, args.email, "leave", {"because": args.because, "successors": _heirs(server, args)})
    print(people.left(args.email, done["handed_over"], done["grants"], done["tokens"]))
    return 0


def _readmit(server: Client, args: argparse.Namespace) -> int:
    made = _as_seen(server, args.email, "readmit", {"because": args.because})
    print(f"{made['name']} <{made['email']}> may sign in again.")
    return 0


def _as_seen(server: Client, email: str, what: str, body: dict[str, Any]) -> Any:
    """Does something about somebody as they are now."""
    address = f"people/{_ids(server, [email])[0]}"
    headers = {"If-Match": server.ask("GET", address).tag, "Idempotency-Key": secrets.token_hex(16)}
    return server.ask("POST", f"{address}/{what}", body=body, headers=headers).body


def _heirs(server: Client, args: argparse.Namespace) -> dict[str, int]:
    named = people.heirs_named(args)
    return dict(zip(named, _ids(server, list(named.values())), strict=True))


def _ids(server: Client, emails: list[str]) -> list[int]:
    """The people with these addresses, as the server knows them. Raises ValueError."""
    known = {one["email"].casefold(): one["id"] for one in server.items("people", limit=200)} if emails else {}
    if lost := [one for one in emails if one.casefold() not in known]:
        raise ValueError(f"there is nobody with the address {', '.join(dict.fromkeys(lost))}.")
    return [known[one.casefold()] for one in emails]


def _list_units(server: Client, args: argparse.Namespace) -> int:
    loose = server.get("units", limit=1)["not_units"]
    units.print_tree(list(server.items("units", limit=200)), loose, args.format)
    return 0


def _add_unit(server: Client, args: argparse.Namespace) -> int:
    made = server.post("units", {"name": args.name, "parent": args.parent, "because": args.because})
    print(f"{made['name']} is a unit: {made['slug']}")
    return 0


def _adopt_units(server: Client, args: argparse.Namespace) -> int:
    units.adopted([one["name"] for one in server.post("adopted-units", {"because": args.because})["items"]])
    return 0


def _offices(server: Client, args: argparse.Namespace) -> int:
    conflicts = server.get("offices", limit=1)["conflicts"]
    found = [
        {**one, "holders": [f"{seat['name']} ({seat['appointment']})" for seat in one["holders"]]}
        for one in server.items("offices", limit=200)
    ]
    governance.print_offices(found, [f"{one['name']}: {one['because']}" for one in conflicts], args)
    return 0


def _appoint(server: Client, args: argparse.Namespace) -> int:
    person = _ids(server, [args.email])[0]
    said = {"office": args.office, "body": args.body, "person": person, "because": args.because}
    made = server.post("appointments", said)
    print(f"{made['name']} holds {made['office']} in {made['body']}: {made['id']}")
    return 0


def _raci(server: Client, args: argparse.Namespace) -> int:
    found = list(server.items("raci", of="controls" if args.controls else "processes", limit=200))
    words.rows([_raci_row(one) for one in found], args.format, columns=governance.RACI)
    words.say(f"{sum(1 for one in found if one['vacant'])} of {len(found)} have a vacant office.")
    return 0


def _raci_row(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, list[str]] = {letter: [] for letter in "RACI"}
    for cell in row["cells"]:
        names = ", ".join(one["name"] for one in cell["people"])
        found[cell["letter"]].append(f"{cell['title']} ({names})" if names else cell["title"])
    return {"id": row["id"], "title": row["title"], **{letter: "; ".join(said) for letter, said in found.items()}}


def _list_grants(server: Client, args: argparse.Namespace) -> int:
    holder = args.holder
    if "@" in holder:
        holder = f"person/{_ids(server, [holder])[0]}"
    elif holder:
        holder = f"service/{holder.removeprefix('service/')}"
    asked = {"holder": holder or None, "counting": None if args.all else "true"}
    found = [
        {**one, "where": grants.place(one["unit"], one["system"])} for one in server.items("grants", limit=200, **asked)
    ]
    words.rows(found, args.format, columns=grants.COLUMNS)
    return 0


def _give(server: Client, args: argparse.Namespace) -> int:
    said = {
        "holder": args.holder, "role": args.role, "because": args.because, "unit": args.unit, "system": args.system,
        "starts_at": args.starts_at, "ends_at": args.ends_at,
    }  # fmt: skip
    made = server.post("grants", said)
    print(grants.given(args.holder, made["role"], made["unit"], made["system"], made["id"]))
    return 0


COMMANDS: Mapping[str, Callable[[Client, argparse.Namespace], int]] = {
    "people list": _list_people,
    "people show": _show_person,
    "people change": _change_person,
    "people leave": _leave,
    "people readmit": _readmit,
    "units list": _list_units,
    "units add": _add_unit,
    "units adopt": _adopt_units,
    "governance offices": _offices,
    "governance appoint": _appoint,
    "governance raci": _raci,
    "grant list": _list_grants,
    "grant give": _give,
}
"""What can be asked of another server about people."""
