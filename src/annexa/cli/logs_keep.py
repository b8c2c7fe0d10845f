"""`annexa logs erase`, `hold` and `retain`: what of the activity log goes, and what must not."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from annexa.cli import words

if TYPE_CHECKING:
    from annexa.answers.retention import KeptLine
    from annexa.records.retention import LegalHold

_HOLDS = ("id", "system", "user", "since", "until", "because", "recorded_at", "released_at")
_KEPT = ("system", "events", "days", "since", "next_expiry", "rule", "holds", "erased", "expired")


def add_parsers(below: Any) -> None:
    """Adds what keeps and erases to `annexa logs`."""
    one = below.add_parser(
        "erase",
        help="erase what a person said to AI systems; every proof stays",
        epilog="example: annexa logs erase --user ada@example.org --because 'Request 17 of 3 December'",
    )
    who = one.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", metavar="ID", help="the person, as programs name them; never written down")
    who.add_argument("--pseudonym", metavar="P", help="the name under which the log keeps them")
    _span(one)
    one.add_argument("--because", required=True, metavar="REASON", help="why, without naming the person")
    one.add_argument("--dry-run", action="store_true", help="only say how many events there are, and what keeps them")
    one.set_defaults(run=erase)
    two = below.add_parser(
        "retain",
        help="erase what was asked for and remove what is over; annexa serve and annexa worker start this themselves",
        epilog="example: annexa logs retain",
    )
    two.set_defaults(run=retain)
    three = below.add_parser(
        "kept",
        help="how long each system's events are kept, by what rule, and what goes next",
        epilog="example: annexa logs kept --format json",
    )
    words.add_format(three)
    three.set_defaults(run=kept)
    four = below.add_parser("hold", help="legal holds: what must not go", epilog="example: annexa logs hold list")
    sub = four.add_subparsers(dest="step", required=True, metavar="list|set")
    five = sub.add_parser("list", help="every hold", epilog="example: annexa logs hold list --format json")
    words.add_format(five)
    five.set_defaults(run=holds)
    six = sub.add_parser(
        "set",
        help="keep events from going until two persons release it on its page",
        epilog="example: annexa logs hold set --system chatbot --since 2026-10-01 --because 'Case 7'",
    )
    six.add_argument("--user", metavar="ID", default="", help="of this person only, as programs name them")
    six.add_argument("--pseudonym", metavar="P", default="", help="of this person only, as the log keeps them")
    _span(six)
    six.add_argument("--because", required=True, metavar="REASON", help="why; it stands in the ledger")
    six.set_defaults(run=hold)


def _span(one: argparse.ArgumentParser) -> None:
    one.add_argument("--system", metavar="SLUG", default="", help="of one AI system only (default: of all)")
    one.add_argument("--since", metavar="T", help="begun from this date or instant on")
    one.add_argument("--until", metavar="T", help="begun until this date or instant, itself taken along")


def _times(args: argparse.Namespace) -> dict[str, Any]:
    return {
        "system": args.system,
        "since": words.beginning(args.since),
        "until": words.instant(args.until),
    }


def erase(args: argparse.Namespace) -> int:
    """Asks for the erasure and carries it out; 1 where a second person has to agree first."""
    from annexa.actions.retention import ask_erasure
    from annexa.actions.retention_process import retain as go
    from annexa.answers.erasures import Meant, preview, pseudonym_of
    from annexa.pure.permits import ANNEXA
    from annexa.pure.retention import erasure_refusal, held_by

    said, now = _times(args), words.now()
    if args.dry_run:
        person = args.pseudonym or pseudonym_of(args.user)
        found, keeping = preview(Meant(person=person, received_until=now, **said), now=now)
        refusal = erasure_refusal(found, keeping)
        words.say(f"{found.free:,} events would be erased, {found.young:,} of them younger than the law has them kept.")
        if found.held:
            words.say(f"{found.held:,} stay. {held_by(keeping)}")
        return 1 if refusal else 0
    made = ask_erasure(
        actor=ANNEXA, person=None, user=args.user or args.pseudonym, pseudonym=bool(args.pseudonym),
        because=args.because, now=now, **said,
    )  # fmt: skip
    if made.second:
        words.say(
            f"Erasure {made.id} waits for a second person: {made.found['young']:,} events are younger than what the "
            "law has kept. A compliance lead agrees or refuses under Activity, Retention."
        )
        return 1
    go(clock=words.now)
    done = made.steps.get(step="done")
    words.say(
        f"{done.counts['events']:,} events erased in {done.counts['files']:,} files; {done.counts['held']:,} held."
    )
    if done.because:
        words.say(done.because)
    return 0


def retain(_args: argparse.Namespace) -> int:
    """One round of what the server does each hour."""
    from annexa.actions.retention_process import retain as go

    done = go(clock=words.now)
    words.say(
        f"{done.erasures:,} erasures carried out, {done.erased:,} events erased, {done.expired:,} events expired; "
        f"{done.kept:,} files are kept by the store until a day of its own."
    )
    return 0


def kept(args: argparse.Namespace) -> int:
    """Prints what is kept, a system a row."""
    from annexa.answers.retention import overview
    from annexa.pure.permits import ANNEXA

    words.rows([_kept_row(one) for one in overview(actor=ANNEXA)], args.format, columns=_KEPT)
    return 0


def holds(args: argparse.Namespace) -> int:
    """Prints the holds, those in force first."""
    from annexa.answers.retention import holds_of
    from annexa.pure.permits import ANNEXA

    words.rows([_hold_row(one) for one in holds_of(actor=ANNEXA)], args.format, columns=_HOLDS)
    return 0


def hold(args: argparse.Namespace) -> int:
    """Sets a hold."""
    from annexa.actions.retention import hold_activity
    from annexa.answers.erasures import pseudonym_of
    from annexa.pure.permits import ANNEXA

    user = args.pseudonym or (pseudonym_of(args.user) if args.user else "")
    made = hold_activity(
        actor=ANNEXA, person=None, user=user, because=args.because, now=words.now(), **_times(args)
    )  # fmt: skip
    words.say(f"Hold {made.id} is set; a person releases it under Activity, Retention.")
    return 0


def _kept_row(one: "KeptLine") -> Mapping[str, object]:
    return {
        "system": one.slug or "nobody's", "events": one.events, "days": one.terms.days,
        "since": one.since.isoformat() if one.since else "", "next_expiry": one.next.at.isoformat() if one.next else "",
        "rule": one.next.because if one.next else "", "holds": len(one.holds), "erased": one.erased,
        "expired": one.expired,
    }  # fmt: skip


def _hold_row(one: "LegalHold") -> Mapping[str, object]:
    return {
        "id": one.id, "system": one.system, "user": one.user, "since": one.since.isoformat() if one.since else "",
        "until": one.until.isoformat() if one.until else "", "because": one.because,
        "recorded_at": one.recorded_at.isoformat(),
        "released_at": one.release.recorded_at.isoformat() if hasattr(one, "release") else "",
    }  # fmt: skip
