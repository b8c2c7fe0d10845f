"""Whether the database has the form of this version of Annexa."""

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


def missing_migrations() -> int:
    """How many steps the database is behind this version; 0 if it is ready. DatabaseError if it does not answer."""
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def step_by_step() -> MigrationExecutor:
    """What brings the tables to any form they ever had: the migrations one by one, not what stands for many of them."""
    executor = MigrationExecutor(connection)
    setattr(executor.loader, "replace_migrations", False)  # noqa: B010  which the stubs do not know
    executor.loader.build_graph()
    return executor


def latest_migration() -> str:
    """The form the tables have in this version. Asks no database."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    return max(name for (app, name), one in known.items() if app == "records" and not one.replaces)
