"""`annexa due-diligence`: questionnaires sent to suppliers, what they answered, and the judgement of a person."""

import argparse
from typing import Any

from annexa.cli import words

COLUMNS = ("id", "supplier", "questionnaire", "state", "answered", "asked", "score", "proposed", "due_on")
ANSWERS = ("question", "value", "severity", "concern")
STATES = ("open", "returned", "handed in", "judged", "withdrawn", "closed")
OUTCOMES = ("adequate", "adequate with conditions", "not adequate")


def add_parsers(sub: Any) -> None:
    """Adds `due-diligence`."""
    found = sub.add_parser(
        "due-diligence",
        help="questionnaires of suppliers",
        epilog="example: annexa due-diligence list --state 'handed in'",
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|show|send|judge|return|withdraw")
    one = below.add_parser(
        "list",
        help="what was sent, the latest first; 1 if one waits to be judged",
        epilog="example: annexa due-diligence list --supplier parley",
    )
    one.add_argument("--supplier", default="", metavar="SLUG", help="only of this supplier")
    one.add_argument("--state", choices=STATES, default="", help="only in this state")
    two = below.add_parser(
        "show",
        help="the answers of one; 1 if it is not judged adequate",
        epilog="example: annexa due-diligence show 5f0c9a",
    )
    for parser, run in ((one, listed), (two, show)):
        words.add_format(parser)
        parser.set_defaults(run=run)
    three = below.add_parser(
        "send",
        help="ask a supplier; prints the link, once",
        epilog="example: annexa due-diligence send parley --questionnaire supplier-short --to security@parley.example"
        " --due 2027-01-15 (after --server URL)",
    )
    three.add_argument("supplier", metavar="SLUG", help="the supplier, as annexa records list suppliers names it")
    three.add_argument("--questionnaire", required=True, metavar="ID", help="such as supplier-short")
    three.add_argument("--to", required=True, metavar="WHO", help="who there is asked, best by e-mail address")
    three.add_argument("--due", required=True, metavar="DAY", help="by when the answers are due")
    four = below.add_parser(
        "judge",
        help="judge what was handed in",
        epilog="example: annexa due-diligence judge 5f0c9a --outcome adequate (after --server URL)",
    )
    four.add_argument("--outcome", required=True, choices=OUTCOMES, help="what comes of the answers")
    four.add_argument("--conditions", default="", metavar="TEXT", help="on which conditions")
    rest = [
        below.add_parser(
            name,
            help=does,
            epilog=f"example: annexa due-diligence {name} 5f0c9a --because '{why}' (after --server URL)",
        )
        for name, does, why in (
            ("return", "give the answers back to the supplier", "Question 4 names no document"),
            ("withdraw", "close the link before its time", "Another supplier was chosen"),
        )
    ]
    for parser in (three, four):
        parser.add_argument("--because", default="", metavar="REASON", help="why; it stands in the ledger")
    for parser in rest:
        words.add_because(parser)
    for parser in (two, four, *rest):
        parser.add_argument("id", metavar="ID", help="the questionnaire, as annexa due-diligence list names it")
    for parser in (three, four, *rest):
        parser.set_defaults(run=words.by_people_only)


def listed(args: argparse.Namespace) -> int:
    """Prints what was sent. 1 if one waits to be judged."""
    from annexa.answers.due_diligence import sent_to
    from annexa.pure.permits import ANNEXA

    found = sent_to(actor=ANNEXA, now=words.now(), supplier=args.supplier)
    return printed([_row(one) for one in found if args.state in ("", one.state)], args)


def show(args: argparse.Namespace) -> int:
    """Prints the answers of one questionnaire. 1 unless it is judged adequate."""
    from annexa.answers.due_diligence import one_sent, sections_of
    from annexa.pure.permits import ANNEXA
    from annexa.pure.questionnaires import kept

    one = one_sent(actor=ANNEXA, sent=args.id, now=words.now())
    rows = [
        {
            "question": asked.question.id, "value": kept(asked.value),
            "severity": asked.concern.severity if asked.concern else "",
            "concern": asked.concern.because if asked.concern else "",
        }
        for part in sections_of(one)
        for asked in part.rows
    ]  # fmt: skip
    return told(_row(one), rows, one.latest.outcome if one.latest else "", args)


def printed(rows: list[dict[str, Any]], args: argparse.Namespace) -> int:
    """Prints questionnaires. 1 if one waits to be judged."""
    words.rows(rows, args.format, columns=COLUMNS)
    return 1 if any(row["state"] == "handed in" for row in rows) else 0


def told(row: dict[str, Any], answers: list[dict[str, Any]], outcome: str, args: argparse.Namespace) -> int:
    """Prints answers, and says how the questionnaire stands. 1 unless it is judged adequate."""
    words.rows(answers, args.format, columns=ANSWERS)
    judged = outcome or (f"proposed: {row['proposed']}" if row["proposed"] else "")
    many = f"{row['answered']} of {row['asked']} answered"
    words.say(f"{row['supplier']}: {row['state']}, {many}" + (f"; {judged}" if judged else ""))
    return 0 if row["state"] == "judged" and outcome in OUTCOMES[:2] else 1


def _row(one: Any) -> dict[str, Any]:
    row, score = one.row, one.score
    return {
        "id": row.id, "supplier": row.supplier, "questionnaire": row.questionnaire, "state": one.state,
        "answered": one.done.answered if one.done else 0, "asked": one.done.asked if one.done else 0,
        "score": score.points if score else None,
        "proposed": score.outcome if score and one.state in ("handed in", "judged") else None,
        "due_on": row.due_on.isoformat(),
    }  # fmt: skip
