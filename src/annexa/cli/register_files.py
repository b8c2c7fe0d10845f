"""The work behind `annexa import` and `annexa export`. Imported only once a command runs, with Django set up."""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from annexa.actions.errors import ActionError
from annexa.actions.registers import import_register
from annexa.actions.sequencer import publish
from annexa.actions.systems import Imported, import_systems
from annexa.adapters.tables import TableError
from annexa.answers.imports import FORMATS, ExportError, Format, Planned, export_systems, plan_systems
from annexa.answers.register_files import PlannedRegister, export_register, plan_register
from annexa.cli import words
from annexa.pure.mapping_files import MappingError, parse_mapping
from annexa.pure.permits import ANNEXA
from annexa.pure.register import Register
from annexa.pure.registers import BY_PLURAL
from annexa.pure.systems import SYSTEMS

DONE, NO, WRONG, UNREADABLE = 0, 1, 2, 3
QUIET_SECONDS = 1.0
Plan = Planned | PlannedRegister


class _WrongError(Exception):
    """The command was used wrongly or the file cannot be taken; says what to do. `code` is the exit code."""

    def __init__(self, message: str, code: int = WRONG) -> None:
        self.code = code
        super().__init__(message)


def run_import(args: argparse.Namespace) -> int:
    """Imports a register. 0 done, 1 problems found and nothing imported, 2 wrong use or file, 3 cannot read."""
    register = _register(args)
    try:
        planned = _planned(args, register)
        report = _Report(planned, register, as_json=args.format == "json")
        report.guess()
        if planned.plan.problems and not args.skip_bad:
            return report.problems(dry_run=args.dry_run)
        if args.dry_run:
            return report.preview()
        if not planned.plan.rows:
            return report.problems(dry_run=False)
        done = _recorded(planned, register, skip_bad=args.skip_bad)
        publish()
    except _WrongError as error:
        words.say(f"annexa: {error}")
        return error.code
    except (TableError, MappingError, ActionError) as error:
        words.say(f"annexa: {error}")
        return WRONG
    return report.result(done)


def run_export(args: argparse.Namespace) -> int:
    """Exports a register. 0 done, 2 wrong use, 3 cannot write."""
    suffix = args.output.suffix.lower().removeprefix(".") if args.output else ""
    by_name = {str(known): known for known in FORMATS}
    chosen: Format = args.format or by_name.get(suffix, "csv")
    try:
        data = _exported(_register(args), chosen)
        if args.output is None:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            args.output.write_bytes(data)
    except ExportError as error:
        words.say(f"annexa: {error}")
        return WRONG
    except OSError as error:
        words.say(f"annexa: {args.output or 'standard output'} cannot be written: {error.strerror}.")
        return UNREADABLE
    return DONE


def _register(args: argparse.Namespace) -> Register:
    return SYSTEMS if args.noun == SYSTEMS.plural else BY_PLURAL[args.noun]


def _recorded(planned: Plan, register: Register, *, skip_bad: bool) -> Imported:
    given: dict[str, Any] = {"now": timezone.now(), "progress": _progress(register.many), "skip_bad": skip_bad}
    if isinstance(planned, Planned):
        return import_systems(actor=ANNEXA, planned=planned, **given)
    return import_register(actor=ANNEXA, planned=planned, **given)


def _exported(register: Register, chosen: Format) -> bytes:
    if register is SYSTEMS:
        return export_systems(actor=ANNEXA, file_format=chosen)
    return export_register(actor=ANNEXA, register=register, file_format=chosen)


def _planned(args: argparse.Namespace, register: Register) -> Plan:
    """The file read and planned. Raises _WrongError, TableError, MappingError."""
    data = _bytes_of(args.file)
    said = None
    if args.columns:
        try:
            said = parse_mapping(_bytes_of(args.columns).decode("utf-8"), register)
        except UnicodeDecodeError as error:
            raise _WrongError(f"{args.columns} is not UTF-8 text: {error.reason}.") from error
        except MappingError as error:
            raise _WrongError("\n".join(f"{args.columns}: {problem}" for problem in error.problems)) from error
    given: dict[str, Any] = {"said": said, "encoding": args.encoding, "sheet": args.sheet, "name": args.file.name}
    if register is SYSTEMS:
        return plan_systems(actor=ANNEXA, data=data, **given)
    return plan_register(actor=ANNEXA, register=register, data=data, **given)


def _bytes_of(path: Path) -> bytes:
    """The bytes of a file, refused by its size before it is read."""
    try:
        size = path.stat().st_size
        if size > settings.UPLOAD_LIMIT_BYTES:
            most = settings.UPLOAD_LIMIT_BYTES // (1024 * 1024)
            raise _WrongError(
                f"{path} has {size / (1024 * 1024):,.0f} MiB; at most {most:,} MiB are taken"
                " (ANNEXA_UPLOAD_LIMIT_MB). Split it into several files. Nothing was imported."
            )
        return path.read_bytes()
    except OSError as error:
        raise _WrongError(f"{path} cannot be read: {error.strerror}.", UNREADABLE) from error


class _Report:
    """What the command says on standard output: sentences, or one JSON object."""

    def __init__(self, planned: Plan, register: Register, *, as_json: bool) -> None:
        self.planned = planned
        self.register = register
        self.as_json = as_json

    def guess(self) -> None:
        """How the file was understood, before anything happens."""
        if self.as_json:
            return
        table, mapping = self.planned.table, self.planned.mapping
        parts = [table.format.upper(), table.encoding, _delimiter(table.delimiter), table.sheet]
        print(f"{self.planned.name}: {', '.join(part for part in parts if part)}. {table.encoding_why}".strip())
        print(f"{_many(len(table.rows), 'row')}, {_many(len(table.header), 'column')}. Read as:")
        for mapped in mapping.fields:
            columns = " + ".join(f'"{_short(column)}"' for column in mapped.columns)
            print(f"  {self.register.field[mapped.field].label:<24}{columns} ({mapped.because})")
        if mapping.missing:
            print(f"  not in the file: {', '.join(self.register.field[name].label for name in mapping.missing)}")
        _print_lines(self.planned.plan.notes)

    def problems(self, *, dry_run: bool) -> int:
        """Every problem; nothing was imported."""
        problems = self.planned.plan.problems
        if self.as_json:
            self._json(imported=False, dry_run=dry_run)
        else:
            _print_lines(str(problem) for problem in problems)
            print(f"{_n(len(problems), 'problem')} in {_n(len({p.row for p in problems}), 'row')}; nothing imported.")
        return NO

    def preview(self) -> int:
        """What an import would do."""
        if self.as_json:
            self._json(imported=False, dry_run=True)
            return DONE
        _print_lines(str(problem) for problem in self.planned.plan.problems)
        print(f"Would be {self._counts(self._skipped())}; nothing imported.")
        return DONE

    def result(self, done: Imported) -> int:
        """What the import did."""
        if self.as_json:
            self._json(imported=True, dry_run=False, entry=done.entry)
        elif done.entry is None:
            all_of_them = f"all {done.unchanged:,} {self.register.many}"
            print(f"Nothing changed: {all_of_them} are in the register as the file has them.")
        else:
            print(f"{self._counts(done.skipped).capitalize()}. Ledger entry {done.entry:,}.")
        return DONE

    def _skipped(self) -> int:
        return len(self.planned.table.rows) - len(self.planned.plan.rows)

    def _counts(self, skipped: int) -> str:
        plan = self.planned.plan
        counts = ", ".join(f"{plan.count(outcome):,} {outcome}" for outcome in ("added", "updated", "unchanged"))
        return counts + (f", {skipped:,} left out" if skipped else "")

    def _json(self, *, imported: bool, dry_run: bool, entry: int | None = None) -> None:
        table, mapping, plan = self.planned.table, self.planned.mapping, self.planned.plan
        report = {
            "file": self.planned.name,
            "sha256": self.planned.sha256,
            "read_as": {
                "format": table.format,
                "encoding": table.encoding,
                "encoding_because": table.encoding_why,
                "delimiter": table.delimiter,
                "sheet": table.sheet,
            },
            "columns": [
                {"field": mapped.field, "columns": list(mapped.columns), "because": mapped.because}
                for mapped in mapping.fields
            ],
            "missing": list(mapping.missing),
            "kept_as_source": list(mapping.left_over),
            "rows": len(table.rows),
            "added": plan.count("added"),
            "updated": plan.count("updated"),
            "unchanged": plan.count("unchanged"),
            "skipped": self._skipped(),
            "notes": list(plan.notes),
            "problems": [
                {"row": p.row, "column": p.column, "message": p.message, "value": p.value} for p in plan.problems
            ],
            "imported": imported,
            "dry_run": dry_run,
            "ledger_entry": entry,
        }
        print(json.dumps(report, ensure_ascii=False, indent=2))


def _progress(many: str) -> Any:
    """Tells on standard error how far it is, once it takes more than a second."""
    begun = time.monotonic()

    def tell(done: int, total: int) -> None:
        if time.monotonic() - begun > QUIET_SECONDS:
            words.say(f"{done:,} of {total:,} {many}")

    return tell


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(f"  {line}")


def _n(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _delimiter(mark: str) -> str:
    names = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
    return f"separated by {names[mark]}" if mark in names else ""


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"


def _many(count: int, thing: str) -> str:
    """So many of a thing: "1 row", "2 rows"."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
