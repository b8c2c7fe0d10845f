"""What is meant by the number of a requirement that somebody read or typed."""

from annexa.answers.errors import UnknownError
from annexa.answers.libraries import active_or_shipped
from annexa.pure.resolve import Resolution
from annexa.pure.resolve import resolve as understand


def resolve(text: str, *, edition: str | None = None) -> Resolution:
    """Today's requirements for a number, with the way to them. Raises UnknownError for an edition nobody has.

    The library is the same for everybody, so it does not matter who asks.
    """
    known = active_or_shipped().frameworks
    if edition is not None and edition not in known:
        raise UnknownError(f"there is no framework {edition!r}; known are {', '.join(sorted(known))}.")
    return understand(active_or_shipped(), text, edition)
