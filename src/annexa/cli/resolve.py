"""`annexa resolve`: what is meant by a number that somebody typed, and where it stands today."""

import argparse
from typing import Any

from annexa.cli import words

COLUMNS = ("framework", "id", "relation", "via", "title")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "resolve",
        help="any number of a requirement → the requirement of today",
        epilog="example: annexa resolve 'A.12.4.1' --in iso27001-2013",
    )
    found.add_argument("text", help="the number as you have it, such as 'Art 26(6)' or 'ISO 27001:2013 A.7.2'")
    found.add_argument("--in", dest="edition", metavar="EDITION", help="id of the framework it was read in")
    found.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    found.set_defaults(run=run, looks_before=True)


def run(args: argparse.Namespace) -> int:
    """Prints what it may be. 1 if it is nothing."""
    from annexa.answers.resolve import resolve

    if not args.text.strip():
        words.say("annexa: say which requirement, such as 'A.12.4' or 'Art 26(6)'.")
        return 2
    found = resolve(args.text, edition=args.edition)
    matches = [
        {"framework": m.framework, "id": m.id, "title": m.title, "relation": str(m.relation), "via": m.via}
        for m in found.matches
    ]
    if args.format == "json":
        words.dump(
            {"asked": found.asked, "edition": found.edition, "matches": matches, "question": found.question or None}
        )
    elif matches:
        words.rows(matches, "table", columns=COLUMNS)
    if found.question and args.format == "table":
        words.say(found.question)
    return 0 if matches else 1
