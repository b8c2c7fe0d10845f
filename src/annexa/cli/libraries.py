"""`annexa frameworks import|withdraw|upgrade|choose`: what the library in force holds, changed only on purpose."""

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from annexa.cli import words


def add_parsers(below: Any) -> None:
    """Adds the commands below `annexa frameworks`."""
    one = below.add_parser(
        "import",
        help="add own frameworks, controls, coverage and mappings, all or nothing",
        epilog="example: annexa frameworks import house-rules.toml house-rules-coverage.toml --dry-run",
    )
    one.add_argument("files", nargs="+", metavar="FILE", help="TOML, OSCAL JSON, CISO Assistant YAML or CSV")
    one.add_argument("--id", default="", help="id of the framework, where the file's own is taken or does not suit")
    one.add_argument("--replace", action="store_true", help="replace files of the library that have the same name")
    one.add_argument("--because", default="", help="why; it stands in the ledger")
    one.add_argument("--dry-run", action="store_true", help="say what would change, to the last verdict, and stop")
    words.add_format(one)
    one.set_defaults(run=import_, looks_before=False)
    two = below.add_parser(
        "withdraw",
        help="take own files out again; the past keeps them",
        epilog='example: annexa frameworks withdraw frameworks/house-rules.toml --because "Customer gone"',
    )
    two.add_argument("names", nargs="+", metavar="NAME", help="own files, as `annexa frameworks own` lists them")
    two.add_argument("--because", required=True, help="why; it stands in the ledger")
    two.add_argument("--dry-run", action="store_true", help="say what would change, and stop")
    words.add_format(two)
    two.set_defaults(run=withdraw, looks_before=False)
    three = below.add_parser(
        "upgrade",
        help="what the library of this version of Annexa would change; with --apply, take it up",
        epilog="example: annexa frameworks upgrade --apply",
    )
    three.add_argument("--apply", action="store_true", help="take it up")
    three.add_argument("--because", default="", help="why; it stands in the ledger")
    words.add_format(three)
    three.set_defaults(run=upgrade, looks_before=False)
    four = below.add_parser(
        "own", help="the organisation's own files in force", epilog="example: annexa frameworks own"
    )
    words.add_format(four)
    four.set_defaults(run=own, looks_before=False)
    five = below.add_parser(
        "choose",
        help="which frameworks the organisation judges itself against, in this order",
        epilog="example: annexa frameworks choose iso27001-2022 iso42001-2023 eu-ai-act house-rules",
    )
    five.add_argument("ids", nargs="+", metavar="ID", help="ids of frameworks")
    five.add_argument("--because", default="", help="why; it stands in the ledger")
    five.set_defaults(run=choose, looks_before=False)


def import_(args: argparse.Namespace) -> int:
    """Reads, shows what would change, and unless it is a dry run takes it up."""
    from annexa.actions.libraries import import_files
    from annexa.adapters.catalogs import CatalogError
    from annexa.answers.upgrades import preview_files, read_files
    from annexa.library.reader import LibraryError
    from annexa.pure.permits import ANNEXA

    files: dict[str, bytes] = {}
    problems: list[str] = []
    for name in args.files:
        path = Path(name)
        try:
            found = read_files(name=path.name, data=path.read_bytes(), id=args.id)
        except CatalogError as error:
            problems.extend(error.problems)
            continue
        problems.extend(f"{path.name}: makes {one}, which another file makes too" for one in found if one in files)
        files |= found
        for sentence in found.left_out:
            words.say(f"left out: {sentence}")
    if problems:
        return _refused(problems)
    try:
        seen = preview_files(actor=ANNEXA, files=files, now=words.now(), replace=args.replace)
    except LibraryError as error:
        return _refused(error.problems)
    _show(seen, args.format)
    if args.dry_run:
        words.say("Nothing was changed: this was a dry run.")
        return 0
    if seen.before == seen.after:
        words.say("The library in force has exactly these files already.")
        return 0
    done = import_files(actor=ANNEXA, files=files, now=words.now(), because=args.because, replace=args.replace)
    words.say(f"Taken up: {', '.join(done.changed)}. The library in force is {done.version[:12]}.")
    return 0


def withdraw(args: argparse.Namespace) -> int:
    """Shows what would go and what would move, and unless it is a dry run does it."""
    from annexa.actions.libraries import withdraw_files
    from annexa.answers.upgrades import preview_files
    from annexa.library.reader import LibraryError
    from annexa.pure.permits import ANNEXA

    try:
        seen = preview_files(actor=ANNEXA, files={}, without=args.names, now=words.now())
    except LibraryError as error:
        return _refused(error.problems)
    _show(seen, args.format)
    if args.dry_run:
        words.say("Nothing was changed: this was a dry run.")
        return 0
    done = withdraw_files(actor=ANNEXA, names=args.names, now=words.now(), because=args.because)
    words.say(f"Withdrawn: {', '.join(done.changed)}. The library in force is {done.version[:12]}.")
    return 0


def upgrade(args: argparse.Namespace) -> int:
    """A dry run of the new library; with --apply it is taken up."""
    from annexa.actions.libraries import upgrade_library
    from annexa.answers.upgrades import preview_upgrade
    from annexa.library.reader import LibraryError
    from annexa.pure.permits import ANNEXA

    try:
        seen = preview_upgrade(actor=ANNEXA, now=words.now())
    except LibraryError as error:
        return _refused(error.problems)
    if seen is None:
        words.say("The library of this version of Annexa is in force already.")
        return 0
    _show(seen, args.format)
    if not args.apply:
        words.say("Nothing was changed; with --apply this library is taken up.")
        return 0
    done = upgrade_library(actor=ANNEXA, now=words.now(), because=args.because)
    words.say(f"The library in force is {done.version[:12]}.")
    return 0


def own(args: argparse.Namespace) -> int:
    """Lists own files."""
    from hashlib import sha256

    from annexa.answers.libraries import own_files

    found = [
        {"name": name, "sha256": sha256(data).hexdigest(), "bytes": len(data)} for name, data in own_files().items()
    ]
    words.rows(found, args.format, columns=("name", "sha256", "bytes"))
    return 0


def choose(args: argparse.Namespace) -> int:
    """Sets the adopted frameworks."""
    from annexa.actions.organisation import choose_frameworks
    from annexa.pure.permits import ANNEXA

    done = choose_frameworks(actor=ANNEXA, frameworks=args.ids, now=words.now(), because=args.because)
    words.say(f"{done.name} judges itself against {', '.join(done.frameworks)}.")
    return 0


def _refused(problems: Any) -> int:
    for problem in problems:
        words.say(f"annexa: {problem}")
    words.say("Nothing was changed.")
    return 2


def _show(seen: Any, how: str) -> None:
    """The dry run: as JSON whole, else the changes as rows and the verdicts counted by where they would move."""
    changes = [
        {"change": one.kind, "what": one.what, "id": one.id, "title": one.title, "fields": list(one.fields)}
        for one in seen.changes
    ]
    verdicts = [
        {
            "framework": one.framework,
            "requirement": one.requirement,
            "scopes": list(one.scopes),
            "before": one.before and one.before.value,
            "after": one.after and one.after.value,
        }
        for one in seen.verdicts
    ]
    if how == "json":
        words.dump({"before": seen.before, "after": seen.after, "changes": changes, "verdicts": verdicts})
        return
    words.rows(changes, how, columns=("change", "what", "id", "fields", "title"))
    _count(len(changes), "change", "changes", "of the library")
    moved = Counter((one["framework"], one["before"], one["after"]) for one in verdicts for _scope in one["scopes"])
    _count(sum(moved.values()), "verdict", "verdicts", f"would move, over {seen.scopes:,} scopes")
    for (framework, before, after), times in sorted(moved.items(), key=lambda one: (one[0][0], -one[1])):
        words.say(f"  {framework}: {times:,} from {before or 'not judged'} to {after or 'not judged'}")


def _count(n: int, one: str, many: str, what: str) -> None:
    words.say(f"{n:,} {one if n == 1 else many} {what}.")
