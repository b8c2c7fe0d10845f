"""`annexa access-review` and `annexa import access`: lists of who has access, and the reviews that decide them."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words

EXAMPLE = """\
example:
  annexa import access chatbot.csv --system chatbot --taken 2026-11-20 --dry-run
  annexa import access vault.xlsx --other "Key vault" --column account="Login name"
"""


def add_import(nouns: Any) -> None:
    """Adds `import access` beside the other nouns that are imported."""
    found = nouns.add_parser(
        "access",
        help="who has access to a system, from CSV, XLSX, JSON, YAML or SCIM",
        description="Takes in who has access to one system: every line, or nothing if anything is wrong.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_import_arguments(found)


def add_parsers(sub: Any) -> None:
    """Adds `access-review`."""
    found = sub.add_parser(
        "access-review", help="who has access, decided line by line", epilog="example: annexa access-review list"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="import|list|show|decide|close")
    _add_import_arguments(
        below.add_parser(
            "import",
            help="take in a list of who has access",
            epilog="example: annexa access-review import chatbot.csv --system chatbot",
        )
    )
    one = below.add_parser("list", help="every review", epilog="example: annexa access-review list --format json")
    words.add_format(one)
    one.set_defaults(run=show_all)
    two = below.add_parser(
        "show", help="the lines of a review", epilog="example: annexa access-review show 9b1c --undecided --format csv"
    )
    two.add_argument("review", help="its id, or as much of it as tells it from others")
    two.add_argument("--undecided", action="store_true", help="only lines that nobody decided")
    words.add_format(two)
    two.set_defaults(run=show)
    three = below.add_parser(
        "decide",
        help="decide lines as one of the reviewers",
        epilog="example: annexa access-review decide 9b1c revoke 5d1f.4 --as lee@example.org --because 'Unused'",
    )
    three.add_argument("review", help="its id, or as much of it as tells it from others")
    three.add_argument("decision", choices=("keep", "change", "revoke"))
    three.add_argument("lines", nargs="+", metavar="LIST.ROW", help="as show prints them")
    three.add_argument("--because", required=True, metavar="REASON", help="kept with every line")
    three.add_argument("--to", default="", metavar="RIGHT", help="to what a change changes")
    _add_as(three)
    three.set_defaults(run=decide)
    four = below.add_parser(
        "close", help="end a review", epilog="example: annexa access-review close 9b1c --as lee@example.org"
    )
    four.add_argument("review", help="its id, or as much of it as tells it from others")
    four.add_argument("--because", default="", metavar="REASON", help="needed if lines are undecided")
    _add_as(four)
    four.set_defaults(run=close)


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, XLSX, JSON, YAML, or a SCIM export as JSON")
    about = parser.add_mutually_exclusive_group(required=True)
    about.add_argument("--system", default="", metavar="SLUG", help="the AI system it is about")
    about.add_argument("--other", default="", metavar="NAME", help="another system it is about")
    parser.add_argument("--taken", metavar="T", help="when it was taken from that system (default: now)")
    parser.add_argument(
        "--column", action="append", default=[], metavar="FIELD=HEADING", help="which column means what"
    )
    parser.add_argument("--encoding", help="how the text is encoded; guessed if not given")
    parser.add_argument("--sheet", help="the sheet of a workbook; the first visible one if not given")
    parser.add_argument("--dry-run", action="store_true", help="say what would be taken, change nothing")
    parser.set_defaults(run=take)


def _add_as(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--as", dest="person", required=True, metavar="EMAIL", help="the person who decides")


def take(args: argparse.Namespace) -> int:
    """Takes in a list. 0 done, 1 problems and nothing taken, 2 wrong use or file, 3 cannot read."""
    from django.conf import settings

    from annexa.actions.access_reviews import Subject, import_access_list
    from annexa.actions.sequencer import publish
    from annexa.adapters.tables import TableError
    from annexa.answers.access_reviews import plan_list
    from annexa.answers.store import blobs
    from annexa.pure.access_lists import FIELDS
    from annexa.pure.permits import ANNEXA

    now = words.now()
    said = dict(one.partition("=")[::2] for one in args.column)
    if unknown := sorted(set(said) - set(FIELDS)):
        words.say(f"annexa: {', '.join(unknown)} is nothing a line says; known are {', '.join(FIELDS)}.")
        return 2
    data = args.file.read_bytes()
    try:
        planned = plan_list(data=data, name=args.file.name, said=said, encoding=args.encoding, sheet=args.sheet)
    except TableError as error:
        words.say(f"annexa: {error}")
        return 2
    if missing := [column for column in said.values() if column and column not in planned.table.header]:
        words.say(f"annexa: {args.file.name} has no column {', '.join(missing)}.")
        return 2
    for one in planned.plan.columns:
        print(f"  {FIELDS[one.field]:<22}{one.column!r} ({one.because})")
    for note in planned.plan.notes:
        print(f"  {note}")
    if planned.plan.problems:
        for problem in planned.plan.problems:
            print(problem)
        print(f"{len(planned.plan.problems):,} problems; nothing was taken in.")
        return 1
    if args.dry_run:
        print(f"{len(planned.plan.lines):,} lines would be taken in; nothing was.")
        return 0
    blobs().put(data, limit_bytes=settings.UPLOAD_LIMIT_BYTES)
    about = Subject(kind="other" if args.other else "system", subject=args.other or args.system)
    taken_at = words.instant(args.taken, now) or now
    made = import_access_list(actor=ANNEXA, person=None, planned=planned, about=about, taken_at=taken_at, now=now)
    publish()
    print(f"{len(made.lines):,} lines about {made.subject} were taken in as list {made.id}.")
    return 0


def show_all(args: argparse.Namespace) -> int:
    """Lists every review."""
    from annexa.answers.access_reviews import list_reviews
    from annexa.pure.permits import ANNEXA

    rows = [
        {
            "id": one.review.id,
            "name": one.review.name,
            "state": one.state,
            "due_on": one.review.due_on.isoformat(),
            "lines": one.progress.total,
            "decided": one.progress.decided,
            "revoke": one.progress.revoke,
            "still_there": one.still_there,
        }
        for one in list_reviews(actor=ANNEXA, now=words.now())
    ]
    columns = ("id", "name", "state", "due_on", "lines", "decided", "revoke", "still_there")
    words.rows(rows, args.format, columns=columns)
    return 0


def show(args: argparse.Namespace) -> int:
    """Lists the lines of one review, those worth a look first."""
    from annexa.answers.access_reviews import review_page
    from annexa.pure.permits import ANNEXA

    page = review_page(actor=ANNEXA, review=_whole(args.review), now=words.now())
    rows = [
        {
            "line": one.id,
            "system": one.subject_name,
            "account": one.line.account,
            "person": one.line.person,
            "entitlement": one.line.entitlement,
            "right": one.line.right,
            "last_used": one.line.last_used.isoformat() if one.line.last_used else None,
            "flags": list(one.flags),
            "decision": one.decision.decision if one.decision else None,
            "because": one.decision.because if one.decision else "",
        }
        for one in page.rows
        if not (args.undecided and one.decision)
    ]
    columns = (
        "line", "system", "account", "person", "entitlement", "right", "last_used", "flags", "decision", "because",
    )  # fmt: skip
    words.rows(rows, args.format, columns=columns)
    return 0


def decide(args: argparse.Namespace) -> int:
    """Decides lines in the name of a reviewer."""
    from annexa.actions.access_reviews import decide_access
    from annexa.actions.people import actor_of
    from annexa.actions.sequencer import publish
    from annexa.answers.access_reviews import open_review
    from annexa.pure.permits import ANNEXA

    person = _person(args.person)
    review = open_review(actor=ANNEXA, review=_whole(args.review))
    lines = []
    for said in args.lines:
        source, _dot, row = said.rpartition(".")
        known = [one for one in review.lists if source and one.startswith(source)]
        if len(known) != 1 or not row.isdecimal():
            words.say(f"annexa: {said} is no line of this review; write it as annexa access-review show prints it.")
            return 2
        lines.append((known[0], int(row)))
    made = decide_access(
        actor=actor_of(person), person=person, review=review.id, lines=lines, decision=args.decision, to=args.to,
        because=args.because, now=words.now(),
    )  # fmt: skip
    publish()
    print(f"{len(made):,} decided by {person.name}.")
    return 0


def close(args: argparse.Namespace) -> int:
    """Ends a review in the name of a person. 1 if it counts for nothing, since lines were left open."""
    from annexa.actions.access_reviews import close_access_review
    from annexa.actions.people import actor_of
    from annexa.actions.sequencer import publish

    person = _person(args.person)
    end = close_access_review(
        actor=actor_of(person), person=person, review=_whole(args.review), because=args.because, now=words.now()
    )
    publish()
    if end.undecided:
        print(f"Ended with {len(end.undecided):,} lines left open; it counts for nothing.")
        return 1
    print(f"Done; it counts until {min(end.until.values(), default='')[:10] or 'the next one'}.")
    return 0


def _whole(said: str) -> str:
    """The id of the one review that begins like this; what was said if there is none, or more."""
    from annexa.answers.access_reviews import list_reviews
    from annexa.pure.permits import ANNEXA

    found = [one.review.id for one in list_reviews(actor=ANNEXA, now=words.now()) if one.review.id.startswith(said)]
    return found[0] if len(found) == 1 else said


def _person(address: str) -> Any:
    """The person with that address. Raises NotFoundError."""
    from annexa.actions.errors import NotFoundError
    from annexa.actions.tokens import holder_named
    from annexa.records.people import Person

    found = holder_named(address)
    if not isinstance(found, Person):
        raise NotFoundError(f"{address} is no person; give an email address.")
    return found
