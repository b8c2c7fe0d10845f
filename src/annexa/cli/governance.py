"""`annexa governance`: committees, offices and who holds them, and who does what (RACI)."""

import argparse
from collections.abc import Iterator
from typing import Any

from annexa.cli import words

OFFICES = ("office", "body", "title", "vacant", "holders")
COMMITTEES = ("slug", "name", "months_between", "members", "closed", "purpose")
RACI = ("id", "title", "R", "A", "C", "I")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser("governance", help="who governs", epilog="example: annexa governance offices")
    below = found.add_subparsers(
        dest="what", required=True, metavar="offices|appoint|end|raci|committees|add-committee|change-committee"
    )
    one = below.add_parser(
        "offices",
        help="the offices with who holds them, what is vacant, and who holds two that have to be apart",
        epilog="example: annexa governance offices --vacant",
    )
    one.add_argument("--vacant", action="store_true", help="only those that have to be filled and are not")
    words.add_format(one)
    one.set_defaults(run=offices)
    two = below.add_parser(
        "appoint",
        help="appoint somebody to an office",
        epilog="example: annexa governance appoint security-lead kim@example.org --because 'Board, 12 May'",
    )
    two.add_argument("office", help="its id, such as security-lead")
    two.add_argument("email", help="whom")
    two.add_argument(
        "--in", dest="body", default="organisation", metavar="BODY",
        help="unit/SLUG or committee/SLUG (default: organisation)",
    )  # fmt: skip
    _add_because(two)
    two.set_defaults(run=appoint)
    three = below.add_parser(
        "end",
        help="end an appointment without a successor",
        epilog="example: annexa governance end 5b1f0a --because 'The office is merged'",
    )
    three.add_argument("appointment", help="its id, or as much of it as tells it from others")
    _add_because(three)
    three.set_defaults(run=end)
    four = below.add_parser(
        "raci",
        help="who is responsible, accountable, consulted and informed",
        epilog="example: annexa governance raci --format csv",
    )
    four.add_argument("--controls", action="store_true", help="for controls instead of processes")
    words.add_format(four)
    four.set_defaults(run=raci)
    five = below.add_parser("committees", help="the committees", epilog="example: annexa governance committees")
    words.add_format(five)
    five.set_defaults(run=committees)
    _add_committee(below)


def _add_committee(below: Any) -> None:
    one = below.add_parser(
        "add-committee",
        help="add a committee",
        epilog="example: annexa governance add-committee 'AI board' --purpose 'Decides on AI systems.' --months 3",
    )
    one.add_argument("name")
    one.add_argument("--purpose", required=True, help="what it decides, in a sentence or two")
    one.add_argument("--months", type=int, required=True, metavar="N", help="months between its meetings")
    one.set_defaults(run=add_committee)
    two = below.add_parser(
        "change-committee",
        help="change, close or reopen a committee",
        epilog="example: annexa governance change-committee ai-board --months 1 --because 'More to decide'",
    )
    two.add_argument("slug")
    two.add_argument("--name", help="its new name")
    two.add_argument("--purpose", help="what it decides now")
    two.add_argument("--months", type=int, metavar="N", help="months between its meetings")
    ends = two.add_mutually_exclusive_group()
    ends.add_argument("--close", action="store_true", help="close it; its appointments end")
    ends.add_argument("--reopen", action="store_true", help="open it again")
    _add_because(two)
    two.set_defaults(run=change_committee)


def _add_because(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")


def offices(args: argparse.Namespace) -> int:
    """Prints the offices."""
    from annexa.answers.governance import governance_page
    from annexa.pure.permits import ANNEXA

    page = governance_page(actor=ANNEXA)
    bodies = [("organisation", page.offices)]
    bodies += [(f"committee/{s.committee.slug}", s.offices) for s in page.committees if not s.committee.closed]
    bodies += [(f"unit/{u.placed.unit.slug}", u.offices) for u in page.units if not u.placed.unit.closed]
    found = [
        {
            "office": one.office.id, "body": body, "title": one.office.title, "vacant": one.vacant,
            "holders": [f"{seat.person.name} ({seat.id})" for seat in one.appointments],
        }
        for body, filled in bodies
        for one in filled
    ]  # fmt: skip
    print_offices(found, [f"{one.holder.name}: {one.because}" for one in page.conflicts], args)
    return 0


def print_offices(found: list[dict[str, Any]], conflicts: list[str], args: argparse.Namespace) -> None:
    """The offices as rows; what is vacant and what stands against each other as sentences."""
    shown = [one for one in found if one["vacant"] or not args.vacant]
    if args.format != "json":
        shown = [{**one, "vacant": "yes" if one["vacant"] else "no"} for one in shown]
    words.rows(shown, args.format, columns=OFFICES)
    words.say(f"{sum(1 for one in found if one['vacant'] in {True, 'yes'})} vacant.")
    for one in conflicts:
        words.say(f"Has to be apart: {one}")


def appoint(args: argparse.Namespace) -> int:
    """Appoints somebody."""
    from annexa.actions import governance
    from annexa.actions.errors import NotFoundError
    from annexa.actions.sequencer import publish
    from annexa.answers.people import list_people
    from annexa.pure.permits import ANNEXA

    people = list_people(actor=ANNEXA)
    person = next((one for one in people if one.email.casefold() == args.email.casefold()), None)
    if person is None:
        raise NotFoundError(f"There is nobody with the address {args.email}.")
    made = governance.appoint(
        actor=ANNEXA, by=None, office=args.office, body=args.body, person=person, because=args.because,
        now=words.now(),
    )  # fmt: skip
    publish()
    print(f"{person.name} holds {made.office} in {made.body}: {made.id}")
    return 0


def end(args: argparse.Namespace) -> int:
    """Ends an appointment."""
    from annexa.actions.governance import end_appointment
    from annexa.actions.sequencer import publish
    from annexa.answers.governance import governance_page
    from annexa.pure.permits import ANNEXA

    page = governance_page(actor=ANNEXA)
    filled = [
        *page.offices,
        *(o for s in page.committees for o in s.offices),
        *(o for u in page.units for o in u.offices),
    ]
    found = sorted({one.id for office in filled for one in office.appointments if one.id.startswith(args.appointment)})
    if len(found) > 1:
        words.say(f"annexa: {len(found)} appointments begin with {args.appointment}; write more of the id.")
        return 2
    end_appointment(
        actor=ANNEXA, by=None, appointment=found[0] if found else args.appointment, because=args.because,
        now=words.now(),
    )  # fmt: skip
    publish()
    print("The appointment has ended.")
    return 0


def raci(args: argparse.Namespace) -> int:
    """Prints who does what."""
    from annexa.answers.governance import table_of, who_does_what
    from annexa.pure.governance import vacant
    from annexa.pure.permits import ANNEXA

    found = who_does_what(actor=ANNEXA, now=words.now())
    rows = found.controls if args.controls else found.processes
    shown = [dict(zip(RACI, row, strict=True)) for row in table_of(rows, found.governance)]
    words.rows(shown, args.format, columns=RACI)
    words.say(f"{sum(bool(vacant(found.governance, [one])) for one in rows)} of {len(rows)} have a vacant office.")
    return 0


def committees(args: argparse.Namespace) -> int:
    """Prints the committees."""
    from annexa.answers.governance import governance_page
    from annexa.pure.permits import ANNEXA

    found = [
        {
            "slug": one.committee.slug, "name": one.committee.name, "months_between": one.committee.months_between,
            "members": one.members, "closed": one.committee.closed, "purpose": one.committee.purpose,
        }
        for one in governance_page(actor=ANNEXA).committees
    ]  # fmt: skip
    words.rows(list(_said(found, args.format)), args.format, columns=COMMITTEES)
    return 0


def _said(found: list[dict[str, Any]], how: str) -> Iterator[dict[str, Any]]:
    for one in found:
        yield one if how == "json" else {**one, "closed": "yes" if one["closed"] else "no"}


def add_committee(args: argparse.Namespace) -> int:
    """Adds a committee."""
    from annexa.actions import governance
    from annexa.actions.sequencer import publish
    from annexa.pure.permits import ANNEXA

    made = governance.add_committee(
        actor=ANNEXA, name=args.name, purpose=args.purpose, months_between=args.months, now=words.now()
    )
    publish()
    print(f"{made.name} is a committee: {made.slug}")
    return 0


def change_committee(args: argparse.Namespace) -> int:
    """Changes a committee."""
    from annexa.actions import governance
    from annexa.actions.errors import NotFoundError
    from annexa.actions.sequencer import publish
    from annexa.answers.governance import governance_page
    from annexa.pure.permits import ANNEXA

    page = governance_page(actor=ANNEXA)
    seen = next((one.committee for one in page.committees if one.committee.slug == args.slug), None)
    if seen is None:
        raise NotFoundError(f"There is no committee {args.slug}.")
    made = governance.change_committee(
        actor=ANNEXA, slug=args.slug, name=args.name or seen.name, purpose=args.purpose or seen.purpose,
        months_between=seen.months_between if args.months is None else args.months,
        closed=args.close or (seen.closed and not args.reopen), because=args.because, now=words.now(),
    )  # fmt: skip
    publish()
    print(f"{made.name} meets every {made.months_between} months{', closed' if made.closed else ''}.")
    return 0
