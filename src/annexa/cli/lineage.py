"""`annexa lineage`: what something rests on, what rests on it, and what comes along."""

import argparse
from collections.abc import Mapping
from typing import Any

from annexa.cli import words

COLUMNS = ("side", "what", "name", "way")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "lineage",
        help="what rests on what: AI systems, assets and suppliers",
        epilog="example: annexa lineage systems/chatbot",
    )
    found.add_argument("thing", metavar="REGISTER/SLUG", help="below systems, assets or suppliers")
    words.add_format(found)
    found.set_defaults(run=show)


def show(args: argparse.Namespace) -> int:
    """Prints the lineage of something in the records of this machine."""
    from annexa.answers.lineage import PLURALS, lineage_page, told_lineage
    from annexa.pure.permits import ANNEXA

    plural, _, slug = args.thing.partition("/")
    noun = next((noun for noun, one in PLURALS.items() if one == plural), plural)
    return printed(told_lineage(lineage_page(actor=ANNEXA, noun=noun, slug=slug, now=words.now())), args.format)


def printed(found: Mapping[str, Any], how: str) -> int:
    """Prints a lineage: everything as JSON, else a line for each thing and for what comes along."""
    if how == "json":
        words.dump(found)
        return 0
    sides = (("rests on", "before", "thing"), ("below it", "after", "thing"), ("along", "passed", "what"))
    rows = [
        {"side": side, "what": one[key]["address"], "name": one[key]["name"], "way": one["says"] or "its own"}
        for side, name, key in sides
        for one in found[name]
    ]
    words.rows(rows, how, columns=COLUMNS)
    return 0
