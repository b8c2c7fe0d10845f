"""`annexa uses`: requests to use AI, what policy says of them, and the decision about one, in a person's own name."""

import argparse
from typing import Any

from annexa.cli import words

COLUMNS = ("use", "name", "tool", "decision", "waits", "stands", "asked_by", "review_on")
RULES = ("kind", "text")
OF = ("all", "waiting", "due", "mine")
ASKED = ("tool", "tool_named", "purpose", "data_class", "personal_data", "result", "task", "benefit", "unit")


def add_parsers(sub: Any) -> None:
    """Adds `uses`."""
    found = sub.add_parser("uses", help="requests to use AI", epilog="example: annexa uses list --of waiting")
    below = found.add_subparsers(dest="what", required=True, metavar="list|show|ask|approve|refuse|renew|withdraw")
    one = below.add_parser(
        "list", help="those that stand, what was asked first on top", epilog="example: annexa uses list --of waiting"
    )
    one.add_argument(
        "--of", choices=OF, default="all", help="over --server also what waits for, is due to or is of you"
    )
    two = below.add_parser(
        "show",
        help="what policy says of one; 1 if it is not approved today",
        epilog="example: annexa uses show letters",
    )
    for parser, run in ((one, listed), (two, show)):
        words.add_format(parser)
        parser.set_defaults(run=run)
    three = below.add_parser(
        "ask",
        help="ask for one; 1 if policy refuses it",
        epilog="example: annexa uses ask 'Draft letters' --tool aide --purpose 'writing and editing'"
        " --data-class internal --personal-data none --result 'own draft or idea' (after --server URL)",
    )
    three.add_argument("name", metavar="NAME", help="what it is to do")
    for name, does in (
        ("tool", "the tool, by its slug in the catalogue"), ("tool-named", "a tool that is not there, by its name"),
        ("purpose", "what kind of work it is"), ("data-class", "the most sensitive information that goes in"),
        ("personal-data", "data about people that goes in"), ("result", "what happens with what it gives"),
        ("task", "more about it"), ("benefit", "what it is good for"), ("unit", "where it is used"),
    ):  # fmt: skip
        three.add_argument(f"--{name}", default="", metavar="TEXT", help=does)
    three.add_argument(
        "--people", action="append", default=[], metavar="WHO", help="whom the result bears on; repeat it"
    )
    deciding = [
        below.add_parser(name, help=does, epilog=f"example: annexa uses {name} letters{more} (after --server URL)")
        for name, does, more in (
            ("approve", "approve one until a day", " --until 2027-03-01 --because 'Useful'"),
            ("refuse", "refuse one", " --because 'Too many names in it'"),
            ("renew", "let an approved one go on", " --until 2027-09-01 --because 'Saves a day a week'"),
            ("withdraw", "take one back, or end it", " --because 'Another tool does it'"),
        )
    ]
    for parser in deciding:
        words.add_because(parser)
    for parser in (deciding[0], deciding[2]):
        parser.add_argument("--until", required=True, metavar="DAY", help="the day the approval ends")
    deciding[0].add_argument("--conditions", default="", metavar="TEXT", help="what whoever uses it has to keep to")
    deciding[0].add_argument("--system", action="append", default=[], metavar="SLUG",
                             help="the AI system it is registered as; repeat it")  # fmt: skip
    for parser in (two, *deciding):
        parser.add_argument("use", metavar="SLUG", help="the request, as annexa uses list names it")
    for parser in (three, *deciding):
        parser.set_defaults(run=words.by_people_only)


def listed(args: argparse.Namespace) -> int:
    """Prints requests that stand."""
    from annexa.answers.uses import list_use_requests
    from annexa.pure.permits import ANNEXA

    if args.of != "all":
        words.say("annexa: nothing waits for Annexa itself; --of is for people, over --server URL.")
        return 2
    found = list_use_requests(actor=ANNEXA, of="all", now=words.now())
    words.rows([_row(one) for one in found], args.format, columns=COLUMNS)
    return 0


def show(args: argparse.Namespace) -> int:
    """Prints what policy says of one request. 1 unless it is approved today."""
    from annexa.answers.uses import use_request
    from annexa.pure.permits import ANNEXA

    one = use_request(actor=ANNEXA, slug=args.use, now=words.now())
    return told(_row(one), one.assessment.reasons, one.row.entry.conditions or one.assessment.conditions, args)


def told(row: dict[str, Any], reasons: Any, conditions: Any, args: argparse.Namespace) -> int:
    """Prints reasons and conditions of a request, and says how it stands. 1 unless it is approved today."""
    kept = conditions.splitlines() if isinstance(conditions, str) else conditions
    rows = [{"kind": "reason", "text": one} for one in reasons] + [{"kind": "condition", "text": one} for one in kept]
    words.rows(rows, args.format, columns=RULES)
    words.say(says(row))
    return 0 if row["stands"] else 1


def says(row: dict[str, Any]) -> str:
    """How a request stands, in a line."""
    until = f" until {row['review_on']}" if row["stands"] and row["review_on"] else ""
    waits = ", waits for a person" if row["waits"] else ""
    return f"{row['use']}: {row['decision'] or 'not answered'}{until}{waits}"


def _row(one: Any) -> dict[str, Any]:
    use = one.row.entry
    return {
        "use": one.row.slug, "name": use.name, "tool": one.tool, "decision": use.decision, "waits": one.waits,
        "stands": one.stands, "asked_by": use.asked_by,
        "review_on": use.review_on.isoformat() if use.review_on else None,
    }  # fmt: skip
