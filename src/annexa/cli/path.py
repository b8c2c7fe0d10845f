"""`annexa path`: the order of work that meets the most binding requirements soonest, each step with its reason."""

import argparse
from datetime import date
from typing import TYPE_CHECKING, Any

from annexa.cli import words

if TYPE_CHECKING:
    from annexa.answers.path import Ahead, PathPage
    from annexa.pure.work import Won

COLUMNS = (
    "step", "control", "name", "verdict", "systems", "days", "cumulative", "wins", "owner_role", "due", "because",
)  # fmt: skip


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    one = sub.add_parser(
        "path",
        help="the order of work that meets the most binding requirements soonest, with reasons",
        epilog="example: annexa path --framework iso42001-2023 --by 2027-03-02 --capacity 3",
    )
    one.add_argument("--framework", action="append", metavar="ID", help="only this framework; may be repeated")
    one.add_argument("--by", metavar="DATE", type=_day, help="only what binds and can be done by this day")
    one.add_argument("--limit", metavar="N", type=_count, help="print at most so many steps")
    one.add_argument("--capacity", metavar="DAYS", type=_days, help="person-days a week (default: 5)")
    words.add_format(one)
    one.set_defaults(run=path)


def path(args: argparse.Namespace) -> int:
    """Prints the steps in their order; as JSON also the burn-up and what no step can meet."""
    from annexa.answers.path import path_page
    from annexa.pure.path import CAPACITY
    from annexa.pure.permits import ANNEXA

    page = path_page(
        actor=ANNEXA,
        now=words.now(),
        frameworks=tuple(args.framework or ()),
        capacity=args.capacity or CAPACITY,
        by=args.by,
    )
    shown = page.steps[: args.limit]
    if args.format == "json":
        words.dump(_json(page, shown))
        return 0
    words.rows([_row(one) for one in shown], args.format, columns=COLUMNS)
    if args.format == "table":
        words.say(_summary(page, len(shown)))
        for lost in page.unreachable:
            words.say(f"Cannot be met: {lost.framework} {lost.requirement} {lost.title}. {lost.because}")
    return 0


def _summary(page: "PathPage", shown: int) -> str:
    """Where the path leads, in one sentence."""
    met = f"{page.met_now:,} of {page.binding_now:,} requirements "
    met += "that bind now are met" if page.binding_later else "are met"
    met += f", {page.ready_later:,} of {page.binding_later:,} that bind later are ready" if page.binding_later else ""
    if not page.steps or page.ready_on is None:
        return f"{met}; no step meets another."
    printed = f" ({shown} printed)" if shown < len(page.steps) else ""
    return (
        f"{met}; {len(page.steps)} steps{printed} and {page.days:g} days of work lead to {page.met_after:,} of "
        f"{page.total:,}, at "
        f"{page.capacity:g} days a week by {page.ready_on.isoformat()}."
    )


def _row(one: "Ahead") -> dict[str, Any]:
    step = one.step
    return {
        "step": step.number,
        "control": step.control.id,
        "name": step.control.name,
        "verdict": str(step.verdict_before),
        "systems": step.systems_short or None,
        "days": step.effort_days,
        "cumulative": step.cumulative_days,
        "wins": len(step.wins),
        "owner_role": step.owner_role,
        "due": step.due_on.isoformat(),
        "because": step.because,
    }


def _json(page: "PathPage", shown: tuple["Ahead", ...]) -> dict[str, Any]:
    from annexa.pure.proofs import rfc3339

    return {
        "at": rfc3339(page.at),
        "library": page.library,
        "ledger_size": page.ledger_size,
        "frameworks": [
            {"id": one.framework.id, "met": one.met, "met_after": one.after, "total": one.total} for one in page.gains
        ],
        "capacity": page.capacity,
        "by": page.by.isoformat() if page.by else None,
        "met": page.met,
        "met_now": page.met_now,
        "binding_now": page.binding_now,
        "met_after": page.met_after,
        "total": page.total,
        "days": page.days,
        "ready_on": page.ready_on.isoformat() if page.ready_on else None,
        "steps": [
            _row(one) | {"wins": _won(one.step.wins), "helps": _won(one.step.helps), "late": one.step.late}
            for one in shown
        ],
        "burn_up": [
            {"on": one.on.isoformat(), "met": one.met, "binding": one.binding, "total": one.total}
            for one in page.burn_up
        ],
        "unreachable": [
            {"framework": one.framework, "requirement": one.requirement, "title": one.title, "because": one.because}
            for one in page.unreachable
        ],
    }


def _won(found: "tuple[Won, ...]") -> list[dict[str, Any]]:
    return [
        {
            "framework": one.framework,
            "requirement": one.requirement,
            "title": one.title,
            "binding_from": one.from_on.isoformat() if one.from_on else None,
        }
        for one in found
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as 2027-03-02") from None


def _count(text: str) -> int:
    try:
        found = int(text)
    except ValueError:
        found = 0
    if found < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of steps from 1 on")
    return found


def _days(text: str) -> float:
    from annexa.pure.path import MOST_CAPACITY

    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= MOST_CAPACITY:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of person-days a week above 0 and up to 1000")
    return found
