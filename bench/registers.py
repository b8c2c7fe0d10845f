"""Registers with 50,000 records: how long it takes to import them, and the server time of their lists and pages.

    python bench/registers.py [--json] [--rows 50000] [--runs 7] [--postgres 1] [--lists 0] [--others 1]

The records are made up, with a fixed seed. Assets and risks come from files: `plan_s` reads the file and compares every
row with the register, `import_s` writes rows and ledger entries and signs them; both are told also as seconds of this
process alone, since another one may be busy. Every other register (`--lists 1`) gets as many records straight into its
table. A page's figure is the median of the runs after the first; `two_facets` narrows by two facets and a word,
`words` by two words of which every other record has both. With `--others 1` somebody else writes records during each
import, in a process of their own: `longest_wait_s` is the longest that one took them, `others_wrote` how many.
"""

import csv
import io
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from installation import SEED, installation, options, report

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres_server import postgres

WORDS = (
    *("payment", "fraud", "grid", "customer", "claim", "route"),
    *("forecast", "chat", "image", "voice", "meter", "crew"),
)  # fmt: skip
IMPORTED = {
    "asset": ("name", "reference", "kind", "unit", "owner", "purpose", "classification", "reviewed_on", "uses"),
    "risk": ("name", "reference", "area", "unit", "owner", "threat", "weakness", "likelihood", "impact", "assets"),
}
"""The registers that files are imported into, with the columns of these."""
PAGES = {
    "list_last_changed": "/assets?sort=-changed",
    "list_by_owner": "/assets?sort=owner",
    "list_last_page": "/assets?page=999999",
    "record": "/assets/{slug}",
    "record_edit": "/assets/{slug}/edit",
    "record_add": "/assets/add",
    "bulk_all_models": "/assets/bulk?these=filter&kind=model&unit=Unit+07",
}


def value_of(field: Any, number: int, chance: random.Random) -> Any:
    """A value as forms give it; empty for what a record need not have."""
    if field.name == "name":
        return f"{chance.choice(WORDS).capitalize()} {number:05}"
    if field.name == "reference":
        return f"R-{number}"
    if field.name == "unit":
        return f"Unit {chance.randrange(40):02}"
    if field.name == "owner":
        return f"owner{chance.randrange(300)}@example.org"
    if field.kind == "long":
        return " ".join(chance.choices(WORDS, k=12))
    if field.kind in ("choice", "answer"):
        return chance.choice([word for word in field.choices if word])
    if field.kind == "date" and field.listed:
        return date(2026, 1, 1) + timedelta(days=chance.randrange(300))
    if field.name in ("likelihood", "impact"):
        return chance.randrange(1, 6)
    if field.kind == "text" and (field.facet or field.required):
        return f"{field.label} {chance.randrange(60)}"[-field.longest :]
    return None


def file_of(register: Any, rows: int) -> bytes:
    """A file of as many records. Assets use earlier ones, and risks are about assets, by their references."""
    chance = random.Random(SEED)
    fields = [register.field[name] for name in IMPORTED[register.noun]]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([one.label for one in fields])
    for number in range(rows):
        there = f"R-{chance.randrange(number)}" if number and chance.random() < 0.3 else ""
        writer.writerow([there if one.kind == "links" else value_of(one, number, chance) for one in fields])
    return out.getvalue().encode()


@contextmanager
def database(on_postgres: int) -> Iterator[str]:
    """The address of an empty PostgreSQL database, or "" for SQLite in the home."""
    with ExitStack() as stack:
        yield stack.enter_context(postgres(durable=True)) if on_postgres else ""


def main() -> None:
    """Imports, then asks each page."""
    args = options(__doc__ or "", rows=50_000, runs=7, postgres=0, lists=1, others=0)
    with database(args.postgres) as url, installation(url):
        report(measured(args.rows, args.runs, every=bool(args.lists), others=bool(args.others)), as_json=args.json)


def measured(rows: int, runs: int, *, every: bool, others: bool) -> dict[str, float | int | str]:
    """Every figure."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from annexa.actions.organisation import set_up_organisation
    from annexa.pure.registers import REGISTERS
    from annexa.records.people import Person
    from annexa.records.registers import TABLES

    settings.ALLOWED_HOSTS = ["testserver"]
    given = {"email": "ada@example.org", "name": "Ada"}
    set_up_organisation(
        name="Bench", admin_email=given["email"], admin_name=given["name"], password="a long enough pass phrase",  # noqa: S106
        now=datetime.now(UTC),
    )  # fmt: skip
    figures: dict[str, float | int | str] = {"database": connection.vendor, "rows": rows}
    for noun in IMPORTED:
        imported(figures, REGISTERS[noun], rows, others=others)
    client = Client()
    client.force_login(Person.objects.get(email=given["email"]))
    figures["today_ms"] = page(client, "/", runs)
    for register in REGISTERS.values() if every else ():
        if register.noun not in IMPORTED:
            filled(register, rows)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as the server does by itself within a minute
    for register in REGISTERS.values() if every else (REGISTERS[noun] for noun in IMPORTED):
        for name, query in asked_of(register).items():
            figures[f"{register.noun}_{name}_ms"] = page(client, f"/{register.plural}?{urlencode(query)}", runs)
    slug = TABLES["asset"].objects.order_by("id").values_list("slug", flat=True)[7]
    for name, url in PAGES.items():
        figures[f"{name}_ms"] = page(client, url.format(slug=slug), runs)
    for name in ("list", "two_facets", "words"):
        found = {key: float(ms) for key, ms in figures.items() if key.endswith(f"_{name}_ms")}
        figures[f"slowest_{name}"] = "{} {}".format(*max(found.items(), key=lambda one: one[1]))
    return figures


def imported(figures: dict[str, float | int | str], register: Any, rows: int, *, others: bool) -> None:
    """Plans and takes a file, plans the same again, and exports."""
    from annexa.actions.registers import import_register
    from annexa.answers.register_files import export_register, plan_register
    from annexa.pure.permits import ANNEXA

    noun = register.noun
    asked: dict[str, Any] = {"actor": ANNEXA, "register": register, "data": file_of(register, rows), "name": "x.csv"}
    planned = timed(figures, f"{noun}_plan", lambda: plan_register(**asked))
    if planned.plan.problems:
        sys.exit(f"{noun}: {planned.plan.problems[0]}")
    with another_writer(figures, f"{noun}_import") if others else nullcontext():
        timed(
            figures, f"{noun}_import", lambda: import_register(actor=ANNEXA, planned=planned, now=datetime.now(UTC))
        )  # fmt: skip
    whole = float(figures[f"{noun}_plan_s"]) + float(figures[f"{noun}_import_s"])
    figures[f"{noun}_import_whole_s"] = round(whole, 2)
    timed(figures, f"{noun}_same_file_again", lambda: plan_register(**asked))
    for kind in ("csv", "xlsx", "json") if noun == "asset" else ():
        timed(
            figures, f"{noun}_export_{kind}",
            lambda k=kind: export_register(actor=ANNEXA, register=register, file_format=k),
        )  # fmt: skip


OTHER = """
import sys, time
from datetime import UTC, datetime
import django
django.setup()
from annexa.actions.registers import add_record
from annexa.pure.permits import ANNEXA
from annexa.pure.registers import REGISTERS
register, longest, number = REGISTERS["supplier"], 0.0, 0
sys.stdin.read(1)
import select
while not select.select([sys.stdin], [], [], 0.02)[0]:
    begun = time.perf_counter()
    number += 1
    entry = register.make({"name": f"Supplier {number}"})
    add_record(actor=ANNEXA, register=register, entry=entry, now=datetime.now(UTC))
    longest = max(longest, time.perf_counter() - begun)
print(longest, number)
"""
"""Somebody else who writes all the while, in a process of their own: the longest that one record took them."""


@contextmanager
def another_writer(figures: dict[str, float | int | str], name: str) -> Iterator[None]:
    """Measures how long somebody else has to wait for one record at most, while something goes on."""
    with subprocess.Popen(
        [sys.executable, "-c", OTHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:  # fmt: skip
        time.sleep(6)  # until it is ready
        print(".", end="", file=other.stdin, flush=True)
        yield
        found, _ = other.communicate(".")
    longest, many = found.split()
    figures[f"{name}_longest_wait_s"], figures[f"{name}_others_wrote"] = round(float(longest), 2), int(many)


def filled(register: Any, rows: int) -> None:
    """As many records straight into the table, whether or not a form would take them."""
    from annexa.records import guard
    from annexa.records.registers import TABLES

    chance, table, now = random.Random(SEED), TABLES[register.noun], datetime.now(UTC)
    with guard.opened():
        for start in range(0, rows, 5000):
            made = []
            for number in range(start, min(rows, start + 5000)):
                given = {one.name: value_of(one, number, chance) for one in register.fields}
                row = table(slug=f"{register.noun.replace('_', '-')}-{number:05}", created_at=now, changed_at=now)
                row.take(register.make({name: value for name, value in given.items() if value is not None}))
                made.append(row)
            table.objects.all().insert(made)


def asked_of(register: Any) -> dict[str, dict[str, str]]:
    """The whole list, the list with two facets and a word, and with two words."""
    chance = random.Random(SEED)
    two = {one.name: str(value_of(one, 0, chance)) for one in register.facets[:2]}
    return {"list": {}, "two_facets": {**two, "q": "fraud"}, "words": {"q": "fraud grid"}}


def timed(figures: dict[str, float | int | str], name: str, do: Any) -> Any:
    """Does something, and notes the seconds, all of them and those of this process."""
    begun, cpu = time.perf_counter(), time.process_time()
    found = do()
    figures[f"{name}_s"] = round(time.perf_counter() - begun, 2)
    figures[f"{name}_process_s"] = round(time.process_time() - cpu, 2)
    return found


def page(client: Any, url: str, runs: int) -> float:
    """The median time of a page in milliseconds, the first answer apart."""
    spans = []
    for _ in range(runs + 1):
        begun = time.perf_counter()
        response = client.get(url)
        spans.append(1000 * (time.perf_counter() - begun))
        assert response.status_code == 200, (url, response.status_code)  # noqa: S101
    return round(statistics.median(spans[1:]), 1)


if __name__ == "__main__":
    main()
