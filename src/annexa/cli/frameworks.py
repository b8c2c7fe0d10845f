"""`annexa frameworks`: what the library holds."""

import argparse
from typing import Any

from annexa.cli import words


def add_parsers(sub: Any) -> None:
    """Adds the command."""
    found = sub.add_parser(
        "frameworks",
        help="the frameworks of the library, or one in full",
        epilog="example: annexa frameworks show iso42001-2023 --format json",
    )
    below = found.add_subparsers(dest="what", metavar="list|show")
    one = below.add_parser("list", help="every framework", epilog="example: annexa frameworks list")
    words.add_format(one)
    two = below.add_parser("show", help="one framework", epilog="example: annexa frameworks show nist-ai-rmf-1.0")
    two.add_argument("id", help="id of the framework")
    words.add_format(two)
    found.set_defaults(run=run, format="table")


def run(args: argparse.Namespace) -> int:
    """Lists or shows."""
    from annexa.library.load import library

    if args.what != "show":
        words.rows(
            [
                {
                    "id": f.id,
                    "title": f.title,
                    "edition": f.edition,
                    "status": f.status,
                    "requirements": len(f.requirements),
                    "judged": sum(not leaf.no_duty for leaf in f.leaves),
                }
                for f in sorted(library().frameworks.values(), key=lambda f: f.id)
            ],
            args.format,
        )
        return 0
    framework = library().frameworks.get(args.id)
    if framework is None:
        words.say(f"annexa: there is no framework {args.id!r}; known are {', '.join(sorted(library().frameworks))}.")
        return 2
    requirements = [
        {
            "id": r.id,
            "parent": r.parent,
            "kind": r.kind,
            "title": r.title,
            "summary": r.summary,
            "level": r.level,
            "binds_roles": list(r.binds_roles),
            "binds_classes": list(r.binds_classes),
            "applies_from": r.applies_from.isoformat() if r.applies_from else None,
            "documented_information": r.documented_information,
            "covered_by": list(coverage.controls) if (coverage := library().covering(framework, r)) else [],
        }
        for r in framework.requirements
    ]
    if args.format == "json":
        words.dump(
            {"id": framework.id, "version": framework.version, "title": framework.title, "requirements": requirements}
        )
    else:
        words.rows(requirements, args.format, columns=("id", "level", "applies_from", "covered_by", "title"))
    return 0
