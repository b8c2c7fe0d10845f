"""`annexa control` and `annexa evidence`: declare what is done, and show it."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the commands."""
    found = sub.add_parser(
        "evidence", help="add evidence to a control", epilog="example: annexa evidence add SUP-01 questionnaire.xlsx"
    )
    below = found.add_subparsers(dest="what", required=True, metavar="add")
    add = below.add_parser(
        "add",
        help="keep a file as evidence",
        epilog="example: annexa evidence add IMP-02 assessment.pdf --system chatbot",
    )
    add.add_argument("control", help="id of the control")
    add.add_argument("file", type=Path, help="the file to keep")
    add.add_argument("--expectation", metavar="ID", help="which expectation it answers, if the control has several")
    add.add_argument("--system", metavar="SLUG", help="the AI system it is about")
    add.add_argument("--observed-at", metavar="T", help="when it was so (default: now)")
    add.add_argument("--expires-at", metavar="T", help="when it stops to count, if before it is too old")
    add.add_argument("--failing", action="store_true", help="it shows that the expectation is not fulfilled")
    add.add_argument("--note", default="", help="a sentence kept with it")
    add.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    add.set_defaults(run=add_file)
    control = sub.add_parser(
        "control", help="declare what is done about a control", epilog="example: annexa control adopt GOV-02"
    )
    verbs = control.add_subparsers(dest="what", required=True, metavar="adopt")
    adopt = verbs.add_parser(
        "adopt",
        help="implemented, planned, not implemented or excluded",
        epilog='example: annexa control adopt PHY-01 --state excluded --because "no premises of our own"',
    )
    adopt.add_argument("control", help="id of the control")
    adopt.add_argument(
        "--state", default="implemented", choices=("implemented", "planned", "not implemented", "excluded")
    )
    adopt.add_argument("--system", metavar="SLUG", help="only for this AI system")
    adopt.add_argument("--because", default="", help="the reason; an exclusion needs one")
    adopt.add_argument("--due", metavar="T", help="when a plan is to be done")
    adopt.set_defaults(run=adopt_one)


def add_file(args: argparse.Namespace) -> int:
    """Keeps the file and prints its digest."""
    from django.conf import settings

    from annexa.actions.evidence import add_evidence
    from annexa.actions.sequencer import publish
    from annexa.answers.ledger import entry_of
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.permits import ANNEXA

    size = args.file.stat().st_size
    if size > settings.UPLOAD_LIMIT_BYTES:
        most = settings.UPLOAD_LIMIT_BYTES // 1024**2
        words.say(f"annexa: {args.file} has {size / 1024**2:,.0f} MiB; at most {most:,} MiB are taken.")
        return 2
    expectation = args.expectation or _only_expectation(args.control)
    if expectation is None:
        return 2
    with args.file.open("rb") as file:
        evidence = add_evidence(
            actor=ANNEXA,
            person=None,
            control=args.control,
            expectation=expectation,
            file=file,
            name=args.file.name,
            limit_bytes=settings.UPLOAD_LIMIT_BYTES,
            now=words.now(),
            scope=args.system or ORGANISATION,
            observed_at=words.instant(args.observed_at),
            expires_at=words.instant(args.expires_at),
            passing=not args.failing,
            note=args.note,
        )
    publish()
    position = entry_of(f"evidence/{evidence.id}")
    if args.format == "json":
        words.dump({"id": evidence.id, "ledger_index": position, **evidence.state()})
    else:
        print(f"{evidence.control}/{evidence.expectation} in {evidence.scope}: {evidence.name}, {evidence.media_type}")
        print(f"sha256 {evidence.sha256}, valid until {evidence.expires_at.isoformat()}, ledger entry {position}")
    return 0


def _only_expectation(control: str) -> str | None:
    """The expectation meant when none was named: the only one a file can answer."""
    from annexa.answers.libraries import active_library
    from annexa.pure.standards import ExpectationKind

    found = active_library().controls.get(control)
    if found is None:
        words.say(f"annexa: there is no control {control!r}.")
        return None
    ids = [e.id for e in found.expectations if e.kind is not ExpectationKind.RECORD]
    if len(ids) == 1:
        return ids[0]
    if not ids:
        words.say(f"annexa: {control} is proven by Annexa's own records; there is nothing to add.")
    else:
        words.say(f"annexa: {control} expects several things; say which with --expectation: {', '.join(ids)}.")
    return None


def plans_without_day(args: argparse.Namespace) -> bool:
    """Whether a plan lacks its date; then it is said how to give it."""
    if args.state != "planned" or args.due:
        return False
    words.say("annexa: a plan needs a date; give it with --due, such as 2027-03-02.")
    return True


def adopt_one(args: argparse.Namespace) -> int:
    """Declares and prints the declaration."""
    from annexa.actions.controls import adopt_control
    from annexa.actions.sequencer import publish
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.permits import ANNEXA

    if plans_without_day(args):
        return 2
    adoption = adopt_control(
        actor=ANNEXA,
        person=None,
        control=args.control,
        state=args.state,
        scope=args.system or ORGANISATION,
        because=args.because,
        plan_due=words.instant(args.due),
        now=words.now(),
    )
    publish()
    print(f"{adoption.control} in {adoption.scope}: {adoption.state_word}")
    return 0
