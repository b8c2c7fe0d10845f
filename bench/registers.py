"""Server time of the pages of a register with 50,000 records, and how long it takes to import them.

    python bench/registers.py [--json] [--rows 50000] [--runs 7] [--postgres 1]

The records are made up, with a fixed seed. A page's figure is the median of the runs after the first. `plan_s` reads
the file and compares every row with the register, `import_s` writes rows and ledger entries, in one transaction.
"""

import csv
import io
import random
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from installation import SEED, installation, options, report

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres_server import postgres

WORDS = (
    "payment",
    "fraud",
    "grid",
    "customer",
    "claim",
    "route",
    "forecast",
    "chat",
    "image",
    "voice",
    "meter",
    "crew",
)
PAGES = {
    "list": "/assets",
    "list_two_facets_and_search": "/assets?kind=model&unit=Unit+07&q=fraud",
    "list_search": "/assets?q=fraud+grid",
    "list_last_changed": "/assets?sort=-changed",
    "list_by_owner": "/assets?sort=owner",
    "list_last_page": "/assets?page=999999",
    "record": "/assets/asset-00007",
    "record_edit": "/assets/asset-00007/edit",
    "record_add": "/assets/add",
    "bulk_all_models": "/assets/bulk?these=filter&kind=model&unit=Unit+07",
}


def made_up(rows: int) -> bytes:
    """A file of assets."""
    from annexa.pure.registers.assets import AI_KINDS, CLASSIFICATIONS, OTHER_KINDS

    chance = random.Random(SEED)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["Name", "Reference", "Kind", "Unit", "Owner", "Purpose", "Classification", "Reviewed on", "Uses"])
    for number in range(rows):
        purpose = " ".join(chance.choices(WORDS, k=12))
        uses = f"A-{chance.randrange(number)}" if number and chance.random() < 0.3 else ""
        writer.writerow(
            [
                f"Asset {number:05}", f"A-{number}", chance.choice((*AI_KINDS, *OTHER_KINDS)),
                f"Unit {chance.randrange(40):02}", f"owner{chance.randrange(300)}@example.org", purpose,
                chance.choice(CLASSIFICATIONS), f"2026-{chance.randrange(1, 10):02}-11", uses,
            ]
        )  # fmt: skip
    return out.getvalue().encode()


@contextmanager
def database(on_postgres: int) -> Iterator[str]:
    """The address of an empty PostgreSQL database, or "" for SQLite in the home."""
    with ExitStack() as stack:
        yield stack.enter_context(postgres(durable=True)) if on_postgres else ""


def main() -> None:
    """Imports, then asks each page."""
    args = options(__doc__ or "", rows=50_000, runs=7, postgres=0)
    with database(args.postgres) as url, installation(url):
        report(measured(args.rows, args.runs), as_json=args.json)


def measured(rows: int, runs: int) -> dict[str, float | int | str]:
    """Every figure."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from annexa.actions.organisation import set_up_organisation
    from annexa.actions.registers import import_register
    from annexa.answers.register_files import export_register, plan_register
    from annexa.pure.permits import ANNEXA
    from annexa.pure.registers.assets import ASSETS
    from annexa.records.people import Person

    settings.ALLOWED_HOSTS = ["testserver"]
    given = {"email": "ada@example.org", "name": "Ada"}
    set_up_organisation(
        name="Bench", admin_email=given["email"], admin_name=given["name"], password="a long enough pass phrase",  # noqa: S106
        now=datetime.now(UTC),
    )  # fmt: skip
    data, told = made_up(rows), []
    figures: dict[str, float | int | str] = {"database": connection.vendor, "rows": rows}
    asked: dict[str, Any] = {"actor": ANNEXA, "register": ASSETS, "data": data, "name": "assets.csv"}
    planned = timed(figures, "plan_s", lambda: plan_register(**asked))
    timed(
        figures, "import_s",
        lambda: import_register(
            actor=ANNEXA, planned=planned, now=datetime.now(UTC), progress=lambda done, _total: told.append(done)
        ),
    )  # fmt: skip
    figures["import_whole_s"] = round(float(figures["plan_s"]) + float(figures["import_s"]), 2)
    figures["progress_told_times"] = len(told)
    timed(figures, "same_file_again_s", lambda: plan_register(**asked))
    for kind in ("csv", "xlsx", "json"):
        timed(figures, f"export_{kind}_s", lambda k=kind: export_register(actor=ANNEXA, register=ASSETS, file_format=k))
    client = Client()
    client.force_login(Person.objects.get(email=given["email"]))
    for name, url in PAGES.items():
        figures[f"{name}_ms"] = page(client, url, runs)
    return figures


def timed(figures: dict[str, float | int | str], name: str, do: Any) -> Any:
    """Does something, and notes the seconds."""
    begun = time.perf_counter()
    found = do()
    figures[name] = round(time.perf_counter() - begun, 2)
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
