"""`annexa assess`: where the impact assessments of each AI system stand, one version, and its files."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words

COLUMNS = ("system", "form", "state", "due", "until", "approved", "in_work", "changed")


def add_parsers(sub: Any) -> None:
    """Adds `assess`."""
    found = sub.add_parser(
        "assess", help="impact assessments of AI systems", epilog="example: annexa assess list --to-do"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="list|show|export")
    one = below.add_parser(
        "list", help="where each form stands for every AI system", epilog="example: annexa assess list --to-do"
    )
    one.add_argument("--system", default="", metavar="SLUG", help="only this AI system")
    one.add_argument("--to-do", action="store_true", help="only what is due, in work or waits for its decision")
    words.add_format(one)
    one.set_defaults(run=show_all)
    two = below.add_parser(
        "show", help="one version with its answers", epilog="example: annexa assess show 9b1c --missing"
    )
    two.add_argument("assessment", help="its id, or as much of it as tells it from others")
    two.add_argument("--missing", action="store_true", help="only what keeps it from being handed in")
    words.add_format(two)
    two.set_defaults(run=show)
    three = below.add_parser(
        "export", help="one version as a file", epilog="example: annexa assess export 9b1c fria.xlsx"
    )
    three.add_argument("assessment", help="its id, or as much of it as tells it from others")
    three.add_argument("file", type=Path, metavar="FILE", help="by its ending: .json with everything, .xlsx or .csv")
    three.set_defaults(run=export)


def show_all(args: argparse.Namespace) -> int:
    """Lists where each form stands. 1 if something is to be done."""
    from annexa.answers.assessments import assessed_systems, standings, system_of
    from annexa.pure.permits import ANNEXA

    now = words.now()
    if args.system:
        lines = list(standings(actor=ANNEXA, systems=[system_of(ANNEXA, args.system)], now=now))
    else:
        lines = [one for _system, rows in assessed_systems(actor=ANNEXA, now=now) for one in rows]
    waits = [one for one in lines if one.to_do or one.draft]
    rows = [
        {
            "system": one.system.slug,
            "form": one.form.id,
            "state": one.state,
            "due": one.due,
            "until": one.approval.until.isoformat() if one.approval and one.approval.until else None,
            "approved": one.current.id if one.current else None,
            "in_work": one.draft.id if one.draft else None,
            "changed": [change.words for change, _day in one.changes],
        }
        for one in (waits if args.to_do else lines)
    ]
    words.rows(rows, args.format, columns=COLUMNS)
    return 1 if waits else 0


def show(args: argparse.Namespace) -> int:
    """Lists the questions of one version with their answers. 1 if something is missing."""
    from annexa.answers.assessments import cell_of, one_assessment
    from annexa.pure.permits import ANNEXA

    page = one_assessment(actor=ANNEXA, assessment=_whole(args.assessment), now=words.now())
    rows = [
        {
            "section": part.section.id,
            "question": one.question.id,
            "text": one.question.text,
            "answer": cell_of(one.value),
            "by": one.given.by if one.given else "",
            "missing": one.missing,
        }
        for part in page.parts
        for one in part.asked
        if one.missing or not args.missing
    ]
    words.rows(rows, args.format, columns=("section", "question", "text", "answer", "by", "missing"))
    return 1 if page.missing else 0


def export(args: argparse.Namespace) -> int:
    """Writes one version into a file. 2 for an ending that is none of ours."""
    from annexa.answers.assessments import export_assessment
    from annexa.pure.permits import ANNEXA

    kind = args.file.suffix.removeprefix(".").lower()
    if kind not in ("csv", "xlsx", "json"):
        words.say(f"annexa: {args.file.name} ends in none of .json, .xlsx, .csv.")
        return 2
    data = export_assessment(actor=ANNEXA, assessment=_whole(args.assessment), file_format=kind, now=words.now())
    args.file.write_bytes(data)
    print(f"{args.file} has {len(data):,} bytes.")
    return 0


def _whole(said: str) -> str:
    """The id of the one assessment that begins like this; what was said if there is none, or more."""
    from annexa.answers.assessments import ids_like

    found = ids_like(said)
    return found[0] if len(found) == 1 else said
