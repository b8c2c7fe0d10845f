"""`annexa classify`: which law catches a system or the organisation, from answers and never from words."""

import argparse
import json
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexa.cli import words

if TYPE_CHECKING:
    from annexa.answers.classification_register import Totals


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "classify",
        help="roles, risk class and duties with dates, each with rule and article",
        epilog="example: annexa classify --facts answers.toml --regime eu-ai-act --at 2027-12-02",
    )
    which = found.add_mutually_exclusive_group(required=True)
    which.add_argument("system", nargs="?", metavar="SYSTEM", help="slug of an AI system, or organisation")
    which.add_argument("--all-systems", action="store_true", help="every AI system in use, one line for each law")
    which.add_argument("--facts", type=Path, metavar="FILE", help="answers in a TOML or JSON file instead")
    found.add_argument("--regime", metavar="ID", help="only this law, such as eu-ai-act")
    words.add_at(found)
    words.add_format(found)
    found.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prints each law with what follows from answers and record, why, and what is still open."""
    if args.all_systems:
        return _all_systems(args)
    if args.format == "csv":
        words.say("annexa: csv has one line for each system; use it with --all-systems, or --format json.")
        return 2
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


COLUMNS = ("system", "regime", "roles", "class", "outcome", "settled", "open", "may_follow", "open_questions")
MORE_COLUMNS = (
    *("system", "name", "regime", "stage", "revision", "roles", "class", "classes", "high_risk_by", "outcome"),
    *(
        "settled",
        "open",
        "open_questions",
        "may_follow",
        "next_question",
        "confirm",
        "from_record",
        "contradictions",
        "duties",
    ),
)


def _all_systems(args: argparse.Namespace) -> int:
    """Prints a line for each system in use and law; what it all comes to on standard error."""
    from annexa.answers.classification_register import classification_register, line_json
    from annexa.pure.permits import ANNEXA

    now, at = words.now(), words.instant(args.at)
    register = classification_register(actor=ANNEXA, now=now, at=at, law=args.regime or "")
    found = [line_json(line) for line in register.lines]
    if args.format == "json":
        regimes = [_totals_json(one) for one in register.totals()]
        words.dump_rows({"at": register.at.isoformat(), "regimes": regimes}, "systems", found)
    elif args.format == "csv":
        words.rows([_flat(one) for one in found], "csv", columns=MORE_COLUMNS)
    else:
        lines = [{**_flat(one), "may_follow": len(one["may_follow"])} for one in found]
        words.rows(lines, "table", columns=COLUMNS)
    for one in register.totals():
        often = f"; most often open: {one.questions[0][0].id} ({one.questions[0][1]:,})" if one.questions else ""
        words.say(f"{one.tree.title} on {register.at}: {one.settled:,} settled, {one.open:,} open{often}.")
    return 0


def _totals_json(one: "Totals") -> dict[str, Any]:
    return {
        "id": one.tree.id,
        "title": one.tree.title,
        "systems": one.settled + one.open,
        "settled": one.settled,
        "open": one.open,
        "open_questions": [{"id": question.id, "text": question.text, "systems": n} for question, n in one.questions],
        "presumptions": [
            {
                "id": found.id,
                "question": found.question,
                "when": [str(term) for term in found.when],
                "unless": [str(term) for term in found.unless],
                "because": found.because,
                "cites": list(found.cites),
            }
            for found in one.tree.presumptions
        ],
    }


def _flat(one: dict[str, Any]) -> dict[str, Any]:
    """A line whose every cell is a word or a list of words."""
    return {
        **one,
        "settled": "yes" if one["settled"] else "no",
        "from_record": [f"{said['question']}={_said(said['answer'])}" for said in one["from_record"]],
        "duties": [
            f"{duty['id']} from {duty['binding_from']}" if duty["binding_from"] else duty["id"]
            for duty in one["duties"]
        ],
    }


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
    for said in one["from_record"]:
        answer = _said(said["answer"]) + ("" if said["whole"] else " and perhaps more")
        _line("record", f"{said['question']}={answer} [{', '.join(said['when'])}]: {' '.join(said['because'])}")
    for said in one["contradictions"]:
        _line(
            "conflict",
            f"{said['question']} is answered {_said(said['answered'])}; the record says {_said(said['answer'])} "
            f"[{', '.join(said['when'])}]",
        )
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
