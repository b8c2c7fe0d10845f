"""Publishing: the files that segments are in, as one Delta table for each AI system.

The table says what the rows say; it is made again from them whenever something differs, and nothing of ours reads it.
"""

import json
import logging
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from annexa.activity import SegmentError
from annexa.activity.delta import Added, commit, commit_path, fields_of, wider
from annexa.activity.segments import schema_of, system_folder
from annexa.answers.segments import Located, located
from annexa.records.activity import Segment
from annexa.vault import VaultError
from annexa.vault.objects import ObjectExistsError, Objects

CHECKPOINT_EVERY: Final = 50
"""Commits after which a reader need not look at those before."""
log = logging.getLogger("annexa.publishing")


def publish_system(*, store: Objects, system: str, now: datetime, since: datetime | None = None) -> int:
    """Brings the Delta table of one system ("": nobody's) to what its files are now; returns the commits made: 0 or 1.

    `since`: only hours from then on, if there is a table; None: all. Cost: reads the columns of each file
    that joins. Another process that publishes at the same time wins; the next round goes on from there. Raises
    VaultError. Ledger: nothing.
    """
    folder = system_folder(system)
    table = _table(store, folder)
    since = since if table else None  # after a restore there is none, and older hours belong into it, too
    want = _files(system, since)
    have = set(table.file_uris()) if table else set()
    have = {one.split(f"{folder}", 1)[-1] for one in have}
    if since is not None:
        have = {path for path in have if path >= f"{since.astimezone(UTC):%Y-%m-%d/%H}"}
    joins = sorted(want.keys() - have)
    leaves = sorted(have - want.keys())
    if not joins and not leaves:
        return 0
    added, schemas = [], []
    for path in joins:
        try:
            schemas.append(schema_of(store.get(folder + path)))
        except (VaultError, SegmentError) as error:
            log.warning("%s is not published: %s", folder + path, error)
            continue
        added.append(_added(path, want[path]))
    before = _fields(table)
    after = fields_of(schemas) if before is None else wider(before, schemas)
    version = table.version() + 1 if table else 0
    data = commit(
        added=added, removed=leaves, fields=None if before == after else after, first=table is None, now=now,
        table=str(table.metadata().id) if table else str(uuid.uuid4()),
    )  # fmt: skip
    try:
        store.put(folder + commit_path(version), data)
    except ObjectExistsError:
        return 0
    if version and version % CHECKPOINT_EVERY == 0 and (made := _table(store, folder)):
        made.create_checkpoint()
    return 1


def publish_everything(*, store: Objects, now: datetime) -> int:
    """Brings the tables of all systems to what their files are now; returns how many changed. Ledger: nothing."""
    systems = Segment.objects.order_by("system").values_list("system", flat=True).distinct()
    return sum(publish_system(store=store, system=one, now=now) for one in list(systems))


def _table(store: Objects, folder: str) -> DeltaTable | None:
    try:
        return DeltaTable(store.address(folder.rstrip("/")), storage_options=store.options())
    except (TableNotFoundError, FileNotFoundError):
        return None
    except DeltaError as error:
        raise VaultError(f"The Delta table {folder} cannot be read: {error}.") from error


def _files(system: str, since: datetime | None) -> dict[str, list[Located]]:
    """The files that segments are in now, by their path from the system's folder; empty ones are left out."""
    found = Segment.objects.filter(system=system, records__gt=0).order_by("hour", "id")
    places = located(list(found if since is None else found.filter(hour__gte=since)))
    folder = system_folder(system)
    by_path = groupby(sorted(places, key=lambda one: one.path), key=lambda one: one.path)
    return {path.removeprefix(folder): list(some) for path, some in by_path}


def _added(path: str, places: Sequence[Located]) -> Added:
    rows = [one.segment for one in places]
    return Added(
        path=path, size=places[0].size, records=sum(one.records for one in rows),
        at=(min(one.first_at for one in rows), max(one.last_at for one in rows)),
        received_at=(min(one.first_received_at for one in rows), max(one.last_received_at for one in rows)),
    )  # fmt: skip


def _fields(table: DeltaTable | None) -> dict[str, str] | None:
    if table is None:
        return None
    found: list[dict[str, Any]] = json.loads(table.schema().to_json())["fields"]
    return {one["name"]: one["type"] for one in found}
