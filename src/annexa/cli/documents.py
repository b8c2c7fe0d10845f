"""`annexa documents`: how the versions of a document stand; the next one from a file; what is approved put in force."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words

COLUMNS = ("number", "state", "author", "name", "sha256")
TEXT = (".md", ".markdown", ".txt")
"""What is kept as text, to be read and compared here."""


def add_parsers(sub: Any) -> None:
    """Adds `documents`."""
    found = sub.add_parser(
        "documents", help="versions of documents", epilog="example: annexa documents show access-policy"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="show|write|publish")
    one = below.add_parser("show", help="the versions of one", epilog="example: annexa documents show access-policy")
    words.add_format(one)
    one.set_defaults(run=show)
    two = below.add_parser(
        "write", help="the next version, from a file", epilog="example: annexa documents write access-policy access.md"
    )
    two.set_defaults(run=write)
    three = below.add_parser(
        "publish", help="put what is approved in force", epilog="example: annexa documents publish access-policy"
    )
    three.add_argument("--on", default="", metavar="DAY", help="from this day; today if not given")
    three.set_defaults(run=publish)
    for parser in (one, two, three):
        parser.add_argument("document", metavar="SLUG", help="the document, as annexa records list documents names it")
    two.add_argument("file", type=Path, metavar="FILE", help=f"{', '.join(TEXT)} is text; anything else stays a file")
    two.add_argument("--hand-in", action="store_true", help="hand it to its reviewers and approver at once")
    for parser in (two, three):
        parser.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")


def show(args: argparse.Namespace) -> int:
    """Prints the versions of a document. 1 if none is in force, or its review is overdue."""
    from annexa.answers.documents import document_page
    from annexa.pure.permits import ANNEXA

    page = document_page(actor=ANNEXA, slug=args.document, person=None, now=words.now())
    life = page.life
    rows = []
    for one in life.versions:
        held = page.drafted(one.number)
        author = held.author.name if held and held.author else ""
        name, sha256 = (held.name, held.sha256) if held else ("", "")
        rows.append({"number": one.number, "state": one.state, "author": author, "name": name, "sha256": sha256})
    return printed(rows, life.says, life.review_by, args, fine=life.in_force is not None and not life.overdue)


def write(args: argparse.Namespace) -> int:
    """Keeps a file as the next version."""
    from django.conf import settings

    from annexa.actions.documents import hand_in, write_version
    from annexa.actions.sequencer import publish as seal
    from annexa.pure.permits import ANNEXA

    data = args.file.read_bytes()
    about: dict[str, Any] = {"actor": ANNEXA, "person": None, "document": args.document, "now": words.now()}
    made = write_version(
        content=data.decode("utf-8") if is_text(args.file) else data, name=args.file.name, because=args.because,
        limit_bytes=settings.UPLOAD_LIMIT_BYTES, **about,
    )  # fmt: skip
    if args.hand_in:
        hand_in(because=args.because, **about)
    seal()
    return written(args, made.number)


def publish(args: argparse.Namespace) -> int:
    """Puts the approved version in force."""
    from annexa.actions.documents import publish_version
    from annexa.actions.sequencer import publish as seal
    from annexa.pure.permits import ANNEXA

    on = words.instant(args.on)
    made = publish_version(
        actor=ANNEXA, person=None, document=args.document, because=args.because, now=words.now(),
        in_force_on=on.date() if on else None,
    )  # fmt: skip
    seal()
    print(f"{args.document}: version {made.number} is in force from {made.on}, its review is due by {made.review_by}.")
    return 0


def is_text(file: Path) -> bool:
    """Whether a file is kept as text."""
    return file.suffix.lower() in TEXT


def written(args: argparse.Namespace, number: int) -> int:
    """Says which version was kept."""
    print(f"{args.document}: version {number} is {'handed in' if args.hand_in else 'kept as a draft'}.")
    return 0


def printed(rows: list[dict[str, Any]], says: str, review_by: Any, args: argparse.Namespace, *, fine: bool) -> int:
    """Prints versions, and says how the document stands. 1 unless that is `fine`."""
    words.rows(rows, args.format, columns=COLUMNS)
    words.say(f"{args.document}: {says}" + (f", review due by {review_by}" if review_by else ""))
    return 0 if fine else 1
