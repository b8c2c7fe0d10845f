"""Tables that the sign-in library brings and that stay empty: Annexa keeps what it needs in records of its own.

Nothing reads them to decide who gets in, nothing writes them (`refuse` sees to it), and `annexa ledger verify` names a
row in one of them.
"""

from typing import Any

from django.apps import apps
from django.db.models import Model
from django.db.models.signals import pre_delete, pre_save

from annexa.records.guard import DoorClosedError

KEPT_EMPTY = {
    "account.EmailAddress": "The address of a person is in Person.",
    "account.EmailConfirmation": "Nobody confirms an address here; the provider says whether it did.",
    "socialaccount.SocialApp": "Which provider is asked is a setting; a row would be another one.",
    "socialaccount.SocialAccount": "By what name a provider knows a person is in ProviderIdentity.",
    "socialaccount.SocialToken": "Tokens of a provider are used once, when somebody signs in, and kept nowhere.",
}
"""Each such table, and where its matter is instead."""


def kept_empty() -> tuple[type[Model], ...]:
    """The tables themselves."""
    return tuple(apps.get_model(name) for name in KEPT_EMPTY)


def strays() -> list[str]:
    """Each of these tables that holds something, in a sentence. Cost: one query each."""
    return [
        f"{table._meta.db_table}: {n:,} rows, but Annexa keeps this table empty"
        for table in kept_empty()
        if (n := table._base_manager.count())
    ]


def refuse(sender: type[Model], **_more: Any) -> None:
    """Refuses to write such a table. A mistake in the program, not in the input: DoorClosedError."""
    if sender in kept_empty():
        raise DoorClosedError(sender._meta.label)


def watch() -> None:
    """From now on nothing writes them."""
    pre_save.connect(refuse, dispatch_uid="annexa.kept_empty.save")
    pre_delete.connect(refuse, dispatch_uid="annexa.kept_empty.delete")
