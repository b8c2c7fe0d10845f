"""The one Django app with tables."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Registers the tables under the label `records`."""

    name = "annexa.records"
    label = "records"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Keeps the tables of others empty."""
        from annexa.records import kept_empty

        kept_empty.watch()
