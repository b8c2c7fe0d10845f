"""What an action answers when it does not do what was asked. Nothing was changed in any of these cases.

ActionError
├── NotPermittedError   the actor may not; says who may
├── InvalidError        the input is wrong; says every problem, by field
├── NotFoundError       there is no such thing, or the actor may not know of it
└── ConflictError       somebody else changed it meanwhile
    └── TakenError      another one has this name already
"""

from collections.abc import Mapping, Sequence


class ActionError(Exception):
    """The action was not done; nothing was changed."""


class NotPermittedError(ActionError):
    """The actor may not do this."""


class NotFoundError(ActionError):
    """There is no such thing, for this actor."""


class ConflictError(ActionError):
    """The record changed since the actor saw it."""


class TakenError(ConflictError):
    """A name that only one may have belongs to another one."""


class InvalidError(ActionError):
    """The input is wrong. `problems` maps a field ("" for the whole) to its sentences."""

    def __init__(self, problems: Mapping[str, Sequence[str]]) -> None:
        self.problems = {field: tuple(sentences) for field, sentences in problems.items()}
        super().__init__(" ".join(sentence for sentences in self.problems.values() for sentence in sentences))
