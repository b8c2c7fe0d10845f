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
    below = found.add_subparsers(dest="what", required=True, metavar="add|list|password|reset-mfa|unlock")
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

    _add_help(below)


def _add_help(below: Any) -> None:
    three = below.add_parser(
        "password",
        help="set somebody's password and end their sessions; second factors stay",
        epilog="example: annexa people password kim@example.org --password-file new.txt",
    )
    three.add_argument("email")
    three.add_argument("--password-file", type=Path, metavar="F", help="file whose first line is the password")
    three.set_defaults(run=password)
    four = below.add_parser(
        "reset-mfa",
        help="take somebody's second factors out of use and end their sessions; the password stays",
        epilog="example: annexa people reset-mfa kim@example.org --because 'Telephone lost'",
    )
    four.add_argument("email")
    four.add_argument("--because", default="", help="why")
    four.set_defaults(run=reset_mfa)
    five = below.add_parser(
        "unlock",
        help="forget all failed tries to sign in, so that everybody can try at once",
        epilog="example: annexa people unlock",
    )
    five.set_defaults(run=unlock)


def password(args: argparse.Namespace) -> int:
    """Sets somebody's password."""
    from annexa.actions.people import person_named, set_password
    from annexa.actions.sequencer import publish
    from annexa.actions.sign_in import forget_tries
    from annexa.pure.permits import ANNEXA

    person = person_named(args.email)
    given = _given(args)
    if given is None:
        return 2
    set_password(actor=ANNEXA, person=person, password=given, now=words.now())
    forget_tries(now=words.now())
    publish()
    print(f"{person.name} signs in with the new password from now on, and is signed out everywhere.")
    words.say("Second factors are as they were; annexa people reset-mfa takes them out of use.")
    return 0


def reset_mfa(args: argparse.Namespace) -> int:
    """Takes somebody's second factors out of use."""
    from annexa.actions.people import person_named
    from annexa.actions.second_factors import reset_second_factors
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    person = person_named(args.email)
    ended = reset_second_factors(actor=ANNEXA, by=None, person=person, now=words.now(), because=args.because)
    publish()
    print(f"{person.name} has no second factor any more ({ended} taken out of use), and is signed out everywhere.")
    return 0


def unlock(_args: argparse.Namespace) -> int:
    """Forgets failed tries."""
    from annexa.actions.sign_in import forget_tries

    forget_tries(now=words.now())
    print("Everybody can try to sign in again.")
    return 0


def _given(args: argparse.Namespace) -> str | None:
    """The password from a file or the terminal; None, and said, if there is neither."""
    if args.password_file:
        text: str = args.password_file.read_text(encoding="utf-8")
        return text.partition("\n")[0].rstrip("\r")
    if sys.stdin.isatty():
        return getpass.getpass(f"Password for {args.email}: ")
    words.say("annexa: give the password with --password-file; there is no terminal to ask for it.")
    return None


def add(args: argparse.Namespace) -> int:
    """Adds one person."""
    from annexa.actions.people import add_person
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    password = _given(args)
    if password is None:
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
