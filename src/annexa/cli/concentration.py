"""`annexa concentration`: which suppliers the organisation leans on, and what stops if one of them does."""

import argparse
from collections.abc import Mapping
from typing import Any

from annexa.cli import words

COLUMNS = ("slug", "name", "tier", "country", "systems", "direct", "high_risk", "assets", "share")
OF_ONE = ("slug", "name", "stage", "unit", "high_risk", "says")


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "concentration",
        help="which suppliers the organisation leans on",
        epilog="example: annexa concentration chat-ltd",
    )
    found.add_argument("supplier", nargs="?", default="", metavar="SUPPLIER", help="what stops if this one does")
    words.add_format(found)
    found.set_defaults(run=show)


def show(args: argparse.Namespace) -> int:
    """Prints the concentration in the records of this machine."""
    from annexa.answers.concentration import concentration, if_it_stops, told_concentration, told_stops
    from annexa.pure.permits import ANNEXA

    if args.supplier:
        return printed(told_stops(if_it_stops(actor=ANNEXA, slug=args.supplier, now=words.now())), args.format)
    return printed(told_concentration(concentration(actor=ANNEXA, now=words.now())), args.format)


def printed(found: Mapping[str, Any], how: str) -> int:
    """Prints everything as JSON, else a line for each supplier or, of one supplier, for each AI system that stops."""
    if how == "json":
        words.dump(found)
        return 0
    rows, columns = (found["stops"], OF_ONE) if "stops" in found else (found["suppliers"], COLUMNS)
    words.rows([{name: one[name] for name in columns} for one in rows], how, columns=columns)
    return 0
