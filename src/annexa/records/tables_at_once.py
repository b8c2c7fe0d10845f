"""Many tables made in one step of a migration: a beginning takes a third of the time.

Django works out anew, for every table that a migration makes, all tables that lead to it. Where they come one after the
other it has to do so once.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import CreateModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class CreateModels(Operation):
    """Makes tables in the order given. Not to be undone: what stands for many steps is not gone back through."""

    reversible = False

    def __init__(self, models: Sequence[CreateModel]) -> None:
        self.models = models

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The models as they will be, none of them worked out yet."""
        state.__dict__.pop("apps", None)
        for model in self.models:
            model.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """The tables, with their indexes and constraints."""
        for model in self.models:
            model.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        """What is said of it in a plan of migrations."""
        return f"Create {len(self.models)} models at once"


def at_once(operations: Iterable[Any]) -> list[Any]:
    """The operations of a migration, those that only make tables taken together where they stand together."""
    found: list[Any] = []
    for makes, turn in groupby(operations, key=lambda one: isinstance(one, CreateModel)):
        some = list(turn)
        found += [CreateModels(some)] if makes else some
    return found
