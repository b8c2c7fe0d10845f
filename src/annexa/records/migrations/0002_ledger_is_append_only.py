"""The ledger's tables refuse UPDATE and DELETE in the database itself, whoever asks."""

from django.db import migrations

TABLES = ("records_ledgerentry", "records_entrybody", "records_ledgercheckpoint")

SQLITE = """
CREATE TRIGGER {table}_no_{verb} BEFORE {VERB} ON {table}
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {table} refuses {VERB}'); END
"""

POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION annexa_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only: % refuses %', TG_TABLE_NAME, TG_OP; END $$
"""
POSTGRESQL = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION annexa_append_only()
"""


def protect(apps, editor):
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL_FUNCTION, params=None)
        for table in TABLES:
            editor.execute(POSTGRESQL.format(table=table))
        return
    for table in TABLES:
        for verb in ("update", "delete"):
            editor.execute(SQLITE.format(table=table, verb=verb, VERB=verb.upper()))


def unprotect(apps, editor):
    if editor.connection.vendor == "postgresql":
        for table in TABLES:
            editor.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        editor.execute("DROP FUNCTION annexa_append_only()")
        return
    for table in TABLES:
        for verb in ("update", "delete"):
            editor.execute(f"DROP TRIGGER {table}_no_{verb}")


class Migration(migrations.Migration):
    dependencies = [("records", "0001_first_tables")]
    operations = [migrations.RunPython(protect, unprotect)]
