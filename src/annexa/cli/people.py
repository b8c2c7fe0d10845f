"""`annexa people`: who may sign in."""

import argparse
import getpass
import sys
from pathlib import Path
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("people", help="who may sign in", epilog="example: annexa people list")
    below = found.add_subparsers(dest="what", required=True, metavar="add|list")
    one = below.add_parser(
        "add",
        help="let somebody sign in; asks for a password unless a file gives it",
        epilog="example: annexa people add kim@example.org --name 'Kim Lee' --role owner",
    )
    one.add_argument("email")
    one.add_argument("--name", required=True)
    one.add_argument("--role", required=True, choices=("administrator", "lead", "owner", "auditor"))
    one.add_argument("--password-file", type=Path, metavar="F", help="file whose first line is the password")
    one.set_defaults(run=add)
    two = below.add_parser("list", help="everybody who may sign in", epilog="example: annexa people list --format json")
    words.add_format(two)
    two.set_defaults(run=show)


def add(args: argparse.Namespace) -> int:
    """Adds one person."""
    from annexa.actions.people import add_person
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    if args.password_file:
        password = args.password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    elif sys.stdin.isatty():
        password = getpass.getpass(f"Password for {args.email}: ")
    else:
        words.say("annexa: give the password with --password-file; there is no terminal to ask for it.")
        return 2
    person = add_person(
        actor=ANNEXA, email=args.email, name=args.name, role=args.role, password=password, now=words.now()
    )
    publish()
    print(f"{person.name} <{person.email}> may sign in as {person.get_role_display().lower()}.")
    return 0


def show(args: argparse.Namespace) -> int:
    """Lists everybody."""
    from annexa.answers.people import list_people
    from annexa.pure.permits import ANNEXA

    found = list_people(actor=ANNEXA)
    words.rows(
        [{"email": p.email, "name": p.name, "role": p.role, "active": "yes" if p.is_active else "no"} for p in found],
        args.format,
        columns=("email", "name", "role", "active"),
    )
    return 0
