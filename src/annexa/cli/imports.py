"""`annexa import` and `annexa export`: AI systems and every other register somebody keeps, in and out again."""

import argparse
from pathlib import Path
from typing import Any

from annexa.cli.access import add_import
from annexa.pure.registers import BY_PLURAL

NAMES = sorted(BY_PLURAL, key=lambda plural: (plural != "assets", plural))
"""The registers, the one of the examples first."""

IMPORT_EXAMPLE = """\
example:
  annexa import systems inventory.csv --dry-run
  annexa import systems inventory.xlsx --sheet "AI use cases" --columns map.toml

A mapping file overrides what was guessed:
  [columns]
  name = "Use case"
  unit = ["Agency", "Bureau"]
  [values.stage]
  "Go live" = "operation"
  [dates]
  order = "day first"
"""
EXPORT_EXAMPLE = """\
example:
  annexa export systems -o register.xlsx
  annexa export systems --format json > register.json
"""


def add_parsers(sub: Any) -> None:
    """Adds `import` and `export` to the command line."""
    _add_import(sub.add_parser("import", help="take a register from a file"))
    _add_export(sub.add_parser("export", help="write a register to a file"))


def _add_import(parser: argparse.ArgumentParser) -> None:
    nouns = parser.add_subparsers(dest="noun", required=True, metavar="NOUN")
    add_import(nouns)
    systems = nouns.add_parser(
        "systems",
        help="AI systems from CSV, XLSX, JSON or YAML",
        description="Takes AI systems from a file into the register: all of it, or nothing if anything is wrong.",
        epilog=IMPORT_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_import_arguments(systems)
    _add_import_arguments(
        nouns.add_parser(
            NAMES[0],
            aliases=NAMES[1:],
            help="records of any register from CSV, XLSX, JSON or YAML",
            description="Takes records from a file into their register: all of it, or nothing if anything is wrong.",
            epilog=IMPORT_EXAMPLE.replace("systems inventory", "assets inventory"),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )


def _add_import_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV, XLSX, JSON or YAML")
    parser.add_argument("--columns", type=Path, metavar="MAP.toml", help="which column means what")
    parser.add_argument("--encoding", help="how the text is encoded, such as cp1252; guessed if not given")
    parser.add_argument("--sheet", help="the sheet of a workbook; the first visible one if not given")
    parser.add_argument("--dry-run", action="store_true", help="list what would happen, change nothing")
    parser.add_argument("--skip-bad", action="store_true", help="leave out rows with a problem")
    parser.add_argument("--format", choices=("table", "json"), default="table", help="how to report")
    parser.set_defaults(run=run_import)


def _add_export(parser: argparse.ArgumentParser) -> None:
    nouns = parser.add_subparsers(dest="noun", required=True, metavar="NOUN")
    for what, names in (("AI systems", ["systems"]), ("records of any register", NAMES)):
        found = nouns.add_parser(
            names[0],
            aliases=names[1:],
            help=f"{what} to CSV, XLSX or JSON",
            description=f"Writes {what} in a form that import reads back without loss.",
            epilog=EXPORT_EXAMPLE.replace("systems", names[0]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        found.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to; standard output if not given")
        found.add_argument("--format", choices=("csv", "xlsx", "json"), help="by the name of the file, else csv")
        found.set_defaults(run=run_export)


def run_import(args: argparse.Namespace) -> int:
    """Imports AI parser. 0 done, 1 problems found and nothing imported, 2 wrong use or file, 3 cannot read."""
    from annexa.cli import register_files

    return register_files.run_import(args)


def run_export(args: argparse.Namespace) -> int:
    """Exports AI parser. 0 done, 2 wrong use, 3 cannot write."""
    from annexa.cli import register_files

    return register_files.run_export(args)
