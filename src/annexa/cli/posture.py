"""`annexa posture` and `annexa explain`: where we stand, and why."""

import argparse
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from annexa.cli import words

if TYPE_CHECKING:
    from annexa.answers.what_if import WhatIf
    from annexa.pure.posture import FrameworkPosture, Verdict
    from annexa.pure.upgrades import VerdictChange


def add_parsers(sub: Any) -> None:
    """Adds the commands."""
    one = sub.add_parser(
        "posture",
        help="where the organisation, or one AI system, stands against every framework",
        epilog="example: annexa posture --framework iso27001-2022 --at 2027-03-01 --format json",
    )
    one.add_argument("--framework", action="append", metavar="ID", help="only this framework; may be repeated")
    which = one.add_mutually_exclusive_group()
    which.add_argument("--system", metavar="SLUG", help="for one AI system")
    which.add_argument("--all-systems", action="store_true", help="for every AI system in use, one line each")
    words.add_at(one)
    words.add_hindsight(one)
    one.add_argument("--what-if", metavar="FILE", help="suppose what this file says (TOML or JSON); nothing is written")
    words.add_format(one)
    one.set_defaults(run=posture)
    two = sub.add_parser(
        "explain",
        help="the proof tree under one verdict",
        epilog="example: annexa explain A.5.24 --framework iso27001-2022",
    )
    two.add_argument("requirement", help="official id of the requirement")
    two.add_argument("--framework", required=True, metavar="ID")
    two.add_argument("--system", metavar="SLUG", help="for one AI system")
    words.add_at(two)
    words.add_hindsight(two)
    two.add_argument("--format", choices=("table", "json"), default="table", help="how to print (default: table)")
    two.set_defaults(run=explain)


def posture(args: argparse.Namespace) -> int:
    """Prints counts per framework; as JSON, every requirement."""
    from annexa.answers.frameworks import adopted_frameworks, framework_page
    from annexa.answers.posture import standpoint
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import posture_json, rfc3339

    now = words.now()
    at = words.instant(args.at, now)
    if args.hindsight and words.refuses_hindsight(at, now):
        return 2
    if args.what_if:
        return _what_if(args, now, at)
    stand = standpoint(actor=ANNEXA, now=now, at=at, hindsight=args.hindsight)
    scopes: Sequence[str] = tuple(stand.systems) if args.all_systems else (args.system or ORGANISATION,)
    chosen = args.framework or adopted_frameworks(stand.library) or tuple(sorted(stand.library.frameworks))
    for framework in chosen:
        framework_page(
            actor=ANNEXA, framework=framework, now=now, at=at, hindsight=args.hindsight,
            scope=scopes[0] if scopes else ORGANISATION,
        )  # fmt: skip
    if args.format == "json":
        told: dict[int, dict[str, Any]] = {}  # systems that cannot differ share their lines
        found = []
        for one in stand.postures(chosen, scopes):
            if id(one.lines) not in told:
                told[id(one.lines)] = posture_json(one)
            found.append({**told[id(one.lines)], "scope": one.scope})
        learnt = {"learnt_by": rfc3339(stand.learnt_by)} if stand.learnt_by else {}
        head = {"at": rfc3339(stand.at), **learnt, "library": stand.library.version, "ledger_size": stand.size}
        words.dump({**head, "frameworks": found})
        return 0
    words.tell_hindsight(stand.learnt_later if args.hindsight else None)
    if args.all_systems:
        counted = stand.tallies(chosen)
        words.rows([row(one, slug, counted[one, slug]) for slug in scopes for one in chosen], args.format)
    else:
        words.rows(
            [row(one.framework.id, one.scope, one.counts) for one in stand.postures(chosen, scopes)], args.format
        )
    return 0


def row(framework: str, scope: str, counts: Mapping[Any, int]) -> dict[str, Any]:
    """One framework in one scope: what is met of what applies, then the other verdicts, best first."""
    applicable = sum(n for verdict, n in counts.items() if verdict != "not applicable")
    return {
        "framework": framework,
        "scope": scope,
        "met": counts["met"],
        "applicable": applicable,
        "readiness": f"{counts['met'] / applicable:.0%}" if applicable else "",
        **{str(verdict): n for verdict, n in counts.items() if verdict != "met"},
    }


def _share(posture: "FrameworkPosture") -> str:
    return "" if posture.readiness is None else f"{posture.readiness:.0%}"


def _what_if(args: argparse.Namespace, now: datetime, at: datetime | None) -> int:
    """Prints counts before and after, and the verdicts that would move."""
    from annexa.answers.what_if import in_use, read_file, what_if
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import rfc3339
    from annexa.pure.what_if_files import WhatIfError

    data = Path(args.what_if).read_bytes()
    try:
        given = read_file(actor=ANNEXA, data=data, now=now, at=at, hindsight=args.hindsight)
    except WhatIfError as error:
        for problem in error.problems:
            words.say(f"annexa: {args.what_if}: {problem}.")
        return 2
    scopes: Sequence[str] = (args.system or ORGANISATION,)
    if args.all_systems:
        scopes = in_use(actor=ANNEXA, now=now, at=at, suppositions=given, hindsight=args.hindsight)
    seen = what_if(
        actor=ANNEXA, now=now, at=at, suppositions=given, frameworks=tuple(args.framework or ()), scopes=scopes,
        hindsight=args.hindsight,
    )  # fmt: skip
    if args.format == "json":
        words.dump(_what_if_json(seen) | ({"learnt_by": rfc3339(now)} if args.hindsight else {}))
    elif args.format == "csv":
        words.rows([_moved(one) for one in seen.changes], "csv", columns=MOVED)
    else:
        _what_if_table(seen)
    return 0


MOVED = ("framework", "requirement", "title", "scopes", "before", "after")


def _moved(change: "VerdictChange") -> dict[str, Any]:
    return {
        "framework": change.framework,
        "requirement": change.requirement,
        "title": change.title,
        "scopes": list(change.scopes),
        "before": str(change.before) if change.before else None,
        "after": str(change.after) if change.after else None,
    }


def _what_if_json(seen: "WhatIf") -> dict[str, Any]:
    """As without suppositions, with what was supposed, the counts before and the verdicts that would move."""
    from annexa.pure.proofs import posture_json, rfc3339

    before = [{**posture_json(one.before), "requirements": None} for one in seen.compared if one.before]
    return {
        "at": rfc3339(seen.at),
        "library": seen.library,
        "ledger_size": seen.ledger_size,
        "frameworks": [posture_json(one.after) for one in seen.compared if one.after],
        "what_if": {
            "suppositions": list(seen.said),
            "remarks": [{"supposition": said, "because": why} for said, why in seen.remarks],
            "before": [{name: value for name, value in one.items() if name != "requirements"} for one in before],
            "changes": [_moved(one) for one in seen.changes],
        },
    }


def _what_if_table(seen: "WhatIf") -> None:
    for said in seen.said:
        words.say(f"Supposed: {said}.")
    for said, why in seen.remarks:
        words.say(f"But {said}: {why}")
    rows = []
    for one in seen.compared:
        counts = [side.counts if side else {} for side in (one.before, one.after)]
        verdicts = dict.fromkeys([*counts[0], *counts[1]])
        first, *rest = verdicts
        applicable = [side.applicable if side else 0 for side in (one.before, one.after)]
        share = [_share(side) if side else "" for side in (one.before, one.after)]
        rows.append(
            {
                "framework": one.framework.id,
                "scope": one.scope,
                "met": _from_to(counts, first),
                "applicable": _arrow(*applicable),
                "readiness": _arrow(*share),
                **{str(verdict): _from_to(counts, verdict) for verdict in rest},
            }
        )
    words.rows(rows, "table")
    print()
    print(f"{sum(len(change.scopes) for change in seen.changes):,} verdicts would move. Nothing is written.")
    for change in seen.changes:
        scopes = _some(change.scopes)
        title = f"{change.framework} {change.requirement} {change.title}"
        _line(1, f"{_arrow(change.before or 'not judged', change.after or 'not judged')}  {title}, in {scopes}")


def _from_to(counts: Sequence[Mapping["Verdict", int]], verdict: "Verdict") -> str:
    return _arrow(*(side.get(verdict, 0) for side in counts))


def _arrow(old: object, new: object) -> str:
    return f"{old}" if old == new else f"{old} → {new}"


def explain(args: argparse.Namespace) -> int:
    """Prints the tree: requirement, controls, expectations, evidence."""
    from annexa.answers import frameworks
    from annexa.pure.facts import ORGANISATION
    from annexa.pure.permits import ANNEXA
    from annexa.pure.proofs import proof_json, rfc3339

    now = words.now()
    at = words.instant(args.at, now)
    if args.hindsight and words.refuses_hindsight(at, now):
        return 2
    proof = proof_json(
        frameworks.explain(
            actor=ANNEXA,
            framework=args.framework,
            requirement=args.requirement,
            now=now,
            at=at,
            scope=args.system or ORGANISATION,
            hindsight=args.hindsight,
        )
    )
    if args.hindsight:
        proof["learnt_by"] = rfc3339(now)
    if args.format == "json":
        words.dump(proof)
    else:
        words.tell_hindsight(_learnt_later(now, at) if args.hindsight else None)
        print_proof(proof)
    return 0


def _learnt_later(now: datetime, at: datetime | None) -> int:
    from annexa.answers.posture import standpoint
    from annexa.pure.permits import ANNEXA

    return standpoint(actor=ANNEXA, now=now, at=at, hindsight=True).learnt_later


def print_proof(proof: dict[str, Any]) -> None:
    """The tree of a proof, as `explain` prints it."""
    _requirement(proof, 0)


def _line(depth: int, text: str) -> None:
    print(textwrap.fill(text, 110, initial_indent="  " * depth, subsequent_indent="  " * (depth + 1)))


def _requirement(proof: dict[str, Any], depth: int) -> None:
    _line(depth, f"[{proof['verdict']}] {proof['requirement']} {proof['title']} in {proof['scope']}, {proof['at']}")
    for sentence in proof["because"]:
        _line(depth + 1, sentence)
    for judgement in proof["judgements"]:
        _line(depth + 1, f"{judgement['kind']} by {judgement['by']}: {judgement['because']}")
    for control in proof["controls"]:
        _control(control, depth + 1)
    for group in proof.get("systems", {}).get("groups", ()):
        inner = group["proof"]
        _line(depth + 1, f"[{inner['verdict']}] {_some(group['systems'])}")
        for sentence in inner["because"][1:]:
            _line(depth + 2, sentence)


def _control(control: dict[str, Any], depth: int) -> None:
    inherited = ", inherited" if control["inherited"] else ""
    _line(depth, f"[{control['verdict']}] {control['id']} {control['name']} ({control.get('extent', '')}{inherited})")
    population = control.get("population")
    if population:
        _line(depth + 1, f"effective in {population['effective']} of {population['total']} AI systems")
        for group in population["groups"]:
            if group["proof"]["verdict"] != "effective":
                _line(depth + 1, f"[{group['proof']['verdict']}] {_some(group['systems'])}")
    for expectation in control["expectations"]:
        _line(depth + 1, f"({expectation['state']}) {expectation['what']}")
        if check := expectation["check"]:
            _line(depth + 2, f"{check['fulfilled']} of {check['population']}: {check['asserts']}")
            if check["exceptions"]:
                _line(depth + 2, f"falls short: {_some(check['exceptions'])}")
        for evidence in expectation["evidence"]:
            _line(
                depth + 2,
                f"{'pass' if evidence['passing'] else 'FAIL'} {evidence['name']}, observed {evidence['observed_at']}, "
                f"expires {evidence['expires_at']}, by {evidence['by']}, sha256 {evidence['sha256']}, "
                f"ledger entry {evidence['ledger_index']}",
            )


def _some(slugs: Sequence[str]) -> str:
    more = f" and {len(slugs) - 5:,} more" if len(slugs) > 5 else ""
    return ", ".join(slugs[:5]) + more
