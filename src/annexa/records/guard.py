"""Tables that refuse to be written unless the door is open.

`annexa.actions.door` is the only caller of `opened`; a test in tests/house sees to it, another tries every table.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import models

from annexa.pure.permits import Actor, Refusal, may

_open: ContextVar[bool] = ContextVar("annexa_door_open", default=False)


class DoorClosedError(RuntimeError):
    """Somebody tried to write a record outside an action. That is a mistake in the program, not in the input."""

    def __init__(self, table: str) -> None:
        super().__init__(f"{table} is written only by an action: call one from annexa.actions, or add one.")


@contextmanager
def opened() -> Iterator[None]:
    """Lets records be written while it lasts."""
    token = _open.set(True)
    try:
        yield
    finally:
        _open.reset(token)


M = TypeVar("M", bound=models.Model)


class GuardedQuerySet(models.QuerySet[M]):
    """A query set whose writes ask for the open door."""

    def visible_to(self, actor: Actor) -> "GuardedQuerySet[M]":
        """The rows this actor may know of. A first form: whoever may read sees every row of the organisation."""
        return self.none() if isinstance(may(actor, "read"), Refusal) else self.all()

    def _ask(self) -> None:
        if not _open.get():
            raise DoorClosedError(self.model._meta.label)

    def update(self, **kwargs: Any) -> int:
        """As Django's, behind the door."""
        self._ask()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's, behind the door."""
        self._ask()
        return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[M]:
        """As Django's, behind the door."""
        self._ask()
        return super().bulk_create(*args, **kwargs)

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        """As Django's, behind the door."""
        self._ask()
        return super().bulk_update(*args, **kwargs)


class Guarded(models.Model):
    """A record: written by actions only, through the door."""

    objects: models.Manager[Any] = GuardedQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's, behind the door."""
        if not _open.get():
            raise DoorClosedError(self._meta.label)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """As Django's, behind the door."""
        if not _open.get():
            raise DoorClosedError(self._meta.label)
        return super().delete(*args, **kwargs)
