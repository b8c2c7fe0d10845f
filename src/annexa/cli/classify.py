"""`annexa classify`: which law catches a system or the organisation, from answers and never from words."""

import argparse
import json
import textwrap
import tomllib
from pathlib import Path
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "classify",
        help="roles, risk class and duties with dates, each with rule and article",
        epilog="example: annexa classify --facts answers.toml --regime eu-ai-act --at 2027-12-02",
    )
    which = found.add_mutually_exclusive_group(required=True)
    which.add_argument("system", nargs="?", metavar="SYSTEM", help="slug of an AI system, or organisation")
    which.add_argument("--facts", type=Path, metavar="FILE", help="answers in a TOML or JSON file instead")
    found.add_argument("--regime", metavar="ID", help="only this law, such as eu-ai-act")
    words.add_at(found)
    found.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    found.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints each law with what follows from the answers, why, and what is still open."""
    from annexa.answers.classification import classify_facts, classify_scope, regime_json
    from annexa.pure.classify import AnswersError
    from annexa.pure.permits import ANNEXA

    now = words.now()
    at = words.instant(args.at)
    if args.facts:
        try:
            facts = _read(args.facts)
            regimes = classify_facts(facts=facts, at=(at or now).date(), regime=args.regime or "")
        except AnswersError as error:
            for problem in error.problems:
                words.say(f"annexa: {args.facts}: {problem}")
            return 2
        except ValueError as error:
            words.say(f"annexa: {args.facts}: {error}")
            return 2
    else:
        regimes = classify_scope(actor=ANNEXA, scope=args.system, now=now, at=at)
        if args.regime and args.regime not in {one.tree.id for one in regimes}:
            known = ", ".join(one.tree.id for one in regimes)
            words.say(f"annexa: there are no questions of {args.regime!r} for {args.system}; known are {known}.")
            return 2
        regimes = tuple(one for one in regimes if args.regime in (None, one.tree.id))
    found = [regime_json(one) for one in regimes]
    if args.format == "json":
        words.dump({"regimes": found})
        return 0
    for one in found:
        _print(one, recorded=not args.facts)
    return 0


def _read(path: Path) -> dict[str, Any]:
    """The answers of a file, TOML or JSON by what stands in it. Raises ValueError with the end of a sentence."""
    text = path.read_bytes().decode("utf-8-sig")
    try:
        found = json.loads(text) if text.lstrip().startswith(("{", "[")) and path.suffix != ".toml" else None
        found = tomllib.loads(text) if found is None else found
    except (json.JSONDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"it can be read neither as TOML nor as JSON: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("it has no table of answers, question = answer")
    return found


def _line(label: str, text: str) -> None:
    print(textwrap.fill(text, 110, initial_indent=f"  {label:<10}", subsequent_indent=" " * 12))


def _print(one: dict[str, Any], *, recorded: bool) -> None:
    revision = f", revision {one['revision']}" if one["revision"] else ", nothing answered yet" if recorded else ""
    print(f"{one['title']} ({one['id']}) on {one['at']}{revision}")
    if one["outcome"]:
        _line("outcome", f"{one['outcome']}: {one['says']}")
    if one["roles"]:
        _line("roles", ", ".join(one["roles"]))
    if one["classes"]:
        by = f" by {one['high_risk_by']}" if one["high_risk_by"] else ""
        _line("class", ", ".join(one["classes"]) + by)
    for later in one["upcoming"]:
        added = [*later["roles"], *later["classes"], *([later["outcome"]] if later["outcome"] else [])]
        _line("from", f"{later['from']}: {', '.join(added)}")
    for because in one["because"]:
        said = "; ".join(f"{k}={_said(v)}" for k, v in because["answer"].items())
        _line(
            "because",
            f"{because['rule']} ({', '.join(because['cites'])}): {because['says']}" + f" [{said}]" * bool(said),
        )
    for duty in one["duties"]:
        day = f", from {duty['binding_from']}" if duty["binding_from"] else ""
        _line("duty", f"{duty['id']} {duty['title']}{day} ({', '.join(duty['because'])})")
    for question in one["open_questions"]:
        asked = ", nobody knows yet" if question["asked"] else ""
        choices = " | ".join(question["choices"])
        many = ", several" if question["kind"] == "several" else ""
        _line("open", f"{question['id']}: {question['text']} [{choices}{many}]{asked}")
    if one["settled"]:
        _line("open", "nothing: no further answer can change this")


def _said(answer: Any) -> str:
    return answer if isinstance(answer, str) else "+".join(answer) or "none"
