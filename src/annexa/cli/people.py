"""`annexa people`: who may sign in, what they hold, and how they move, leave and come back."""

import argparse
import getpass
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexa.cli import words

if TYPE_CHECKING:
    from annexa.answers.people import Holdings

ROLES = ("administrator", "lead", "owner", "auditor", "member", "external")
KINDS = ("controls", "systems", "tasks", "offices", "records")
COLUMNS = ("email", "name", "role", "active")
HELD = ("kind", "what", "where")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("people", help="who may sign in", epilog="example: annexa people list")
    below = found.add_subparsers(
        dest="what", required=True, metavar="add|list|show|change|suspend|leave|readmit|password|reset-mfa|unlock"
    )
    one = below.add_parser(
        "add",
        help="let somebody sign in; asks for a password unless a file gives it",
        epilog="example: annexa people add kim@example.org --name 'Kim Lee' --role owner",
    )
    one.add_argument("email")
    one.add_argument("--name", required=True)
    one.add_argument("--role", required=True, choices=ROLES)
    one.add_argument("--password-file", type=Path, metavar="F", help="file whose first line is the password")
    one.set_defaults(run=add)
    two = below.add_parser("list", help="everybody who may sign in", epilog="example: annexa people list --format json")
    words.add_format(two)
    two.set_defaults(run=show)
    three = below.add_parser(
        "show", help="what somebody holds", epilog="example: annexa people show kim@example.org --format json"
    )
    three.add_argument("email")
    words.add_format(three)
    three.set_defaults(run=show_one)
    four = below.add_parser(
        "change",
        help="give somebody another name or role",
        epilog="example: annexa people change kim@example.org --role auditor --because 'Moves to audit' "
        "--controls mei@example.org --tasks mei@example.org",
    )
    four.add_argument("email")
    four.add_argument("--name", help="the new name")
    four.add_argument("--role", choices=ROLES, help="the new role; it needs a reason")
    _add_heirs(four, ("controls", "tasks"))
    four.set_defaults(run=change)
    five = below.add_parser(
        "leave",
        help="end somebody's access; what they answer for goes to successors",
        epilog="example: annexa people leave kim@example.org --to mei@example.org --because 'Last day at work'",
    )
    five.add_argument("email")
    five.add_argument("--to", metavar="EMAIL", help="who takes over whatever no other flag gives to somebody else")
    _add_heirs(five, KINDS)
    five.set_defaults(run=leave)
    six = below.add_parser(
        "readmit",
        help="let somebody sign in again who left",
        epilog="example: annexa people readmit kim@example.org --because 'Back from parental leave'",
    )
    six.add_argument("email")
    six.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")
    six.set_defaults(run=back)
    _add_help(below)


def _add_heirs(parser: argparse.ArgumentParser, kinds: tuple[str, ...]) -> None:
    for kind in kinds:
        parser.add_argument(f"--{kind}", metavar="EMAIL", help=f"who takes over their {kind}")
    parser.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")


def _add_help(below: Any) -> None:
    zero = below.add_parser(
        "suspend",
        help="end somebody's access at once; what they answer for waits to be handed over",
        epilog="example: annexa people suspend kim@example.org --because 'Laptop stolen'",
    )
    zero.add_argument("email")
    zero.add_argument("--because", required=True, metavar="REASON", help="why; it stands in the ledger")
    zero.set_defaults(run=suspend)
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
        epilog="example: annexa people reset-mfa kim@example.org --because 'Telephone lost; seen in person'",
    )
    four.add_argument("email")
    four.add_argument("--because", required=True, help="how it was made sure that it is they who ask")
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


def suspend(args: argparse.Namespace) -> int:
    """Ends somebody's access."""
    from annexa.actions.leaving import suspend_person
    from annexa.actions.people import person_named
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    found = suspend_person(actor=ANNEXA, person=person_named(args.email).pk, because=args.because, now=words.now())
    publish()
    print(f"{found.name} <{found.email}> may not sign in any more.")
    return 0


def show(args: argparse.Namespace) -> int:
    """Lists everybody."""
    from annexa.answers.people import list_people
    from annexa.pure.permits import ANNEXA

    found = list_people(actor=ANNEXA)
    words.rows(
        [line({"email": p.email, "name": p.name, "role": p.role, "active": p.is_active}) for p in found],
        args.format,
        columns=COLUMNS,
    )
    return 0


def line(person: dict[str, Any]) -> dict[str, Any]:
    """Somebody as a row of the list."""
    return {**person, "active": "yes" if person["active"] else "no"}


def show_one(args: argparse.Namespace) -> int:
    """Prints what somebody holds."""
    from annexa.answers.people import person_page
    from annexa.pure.permits import ANNEXA

    page = person_page(actor=ANNEXA, person=_person(args.email).pk, now=words.now())
    person = page.person
    print_person(
        {"email": person.email, "name": person.name, "role": person.role, "active": person.is_active},
        list(_held(page.holdings)),
        args.format,
    )
    return 0


def print_person(person: dict[str, Any], held: list[dict[str, Any]], how: str) -> None:
    """Who somebody is, as a sentence, and what they hold, as rows; as JSON both in one."""
    if how == "json":
        words.dump({**person, "holdings": held})
        return
    words.rows(held, how, columns=HELD)
    state = "may sign in" if person["active"] else "may not sign in any more"
    words.say(f"{person['name']} <{person['email']}>, {person['role']}, {state}; {len(held)} things held.")


def _held(held: "Holdings") -> Iterator[dict[str, Any]]:
    for own in held.ownerships:
        yield {"kind": "control", "what": own.control, "where": own.scope}
    for system in held.systems:
        yield {"kind": "system", "what": system.slug, "where": system.unit}
    for record in held.records:
        yield {"kind": "record", "what": f"{record.KIND}/{record.slug}", "where": getattr(record, "unit", "")}
    for task in held.tasks:
        yield {"kind": "task", "what": f"{task.control} ({task.id})", "where": task.scope}
    for seat in held.appointments:
        yield {"kind": "office", "what": f"{seat.office} ({seat.id})", "where": seat.body}
    for one in held.grants:
        where = f"unit/{one.unit.slug}" if one.unit else one.system or "everywhere"
        yield {"kind": "grant", "what": f"{one.role} ({one.id})", "where": where}
    for token in held.tokens:
        yield {"kind": "token", "what": f"{token.name} ({token.id})", "where": ""}


def change(args: argparse.Namespace) -> int:
    """Gives somebody another name or role."""
    from annexa.actions.leaving import change_person
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    if nothing_changes(args):
        return 2
    seen = _person(args.email)
    heirs = {kind: _person(given) for kind, given in heirs_named(args).items()}
    made = change_person(
        actor=ANNEXA, by=None, person=seen.pk, name=args.name or seen.name, role=args.role or seen.role,
        because=args.because, successors=heirs, now=words.now(),
    )  # fmt: skip
    publish()
    print(f"{made.name} <{made.email}> is {made.get_role_display().lower()}.")
    return 0


def nothing_changes(args: argparse.Namespace) -> bool:
    """Whether nothing was said that would change somebody; then that is said."""
    if args.name is None and args.role is None:
        words.say("annexa: say what changes, with --name or --role.")
        return True
    return False


def leave(args: argparse.Namespace) -> int:
    """Ends somebody's access."""
    from annexa.actions.leaving import let_go
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    heirs = {kind: _person(given) for kind, given in heirs_named(args).items()}
    person = _person(args.email)
    done = let_go(
        actor=ANNEXA, by=None, person=person.pk, successors=heirs, because=args.because, now=words.now()
    )  # fmt: skip
    publish()
    print(left(args.email, done.handed_over, done.grants, done.tokens))
    return 0


def left(email: str, handed_over: int, grants: int, tokens: int) -> str:
    """What became of somebody's things, in one sentence."""
    return f"{email} may not sign in any more; handed over: {handed_over}, ended: {grants} grants, {tokens} tokens."


def heirs_named(args: argparse.Namespace) -> dict[str, str]:
    """The address of the successor for each kind of thing."""
    rest = getattr(args, "to", None)
    found = {kind: getattr(args, kind, None) or rest for kind in KINDS}
    return {kind: address for kind, address in found.items() if address}


def back(args: argparse.Namespace) -> int:
    """Lets somebody sign in again."""
    from annexa.actions.leaving import readmit
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    person = readmit(actor=ANNEXA, person=_person(args.email).pk, because=args.because, now=words.now())
    publish()
    print(f"{person.name} <{person.email}> may sign in again.")
    return 0


def _person(email: str) -> Any:
    """Somebody by their address. Raises NotFoundError."""
    from annexa.actions.errors import NotFoundError
    from annexa.answers.people import list_people
    from annexa.pure.permits import ANNEXA

    found = next((one for one in list_people(actor=ANNEXA) if one.email.casefold() == email.casefold()), None)
    if found is None:
        raise NotFoundError(f"There is nobody with the address {email}.")
    return found
