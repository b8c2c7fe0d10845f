"""What a question answers when there is nothing to show."""

from collections.abc import Iterable

from annexa.pure.near import meant


class UnknownError(LookupError):
    """There is no such thing, or not for this actor: both look the same from outside. Says what was asked for."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


THEN = " in use at that time"


def no_framework(asked: str, known: Iterable[str]) -> UnknownError:
    """There is no such framework; says which there are."""
    return UnknownError(f"There is no framework {asked!r}; known are {', '.join(sorted(known))}.")


def no_system(asked: str, known: Iterable[str], *, use: str = "") -> UnknownError:
    """There is no such AI system; says which are near to it. `use`: " in use", where only those count."""
    return UnknownError(f"There is no AI system {asked!r}{use}.{meant(asked, known)}")
