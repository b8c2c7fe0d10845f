"""What is shown only to who reads the whole organisation: to others it does not exist."""

from annexa.answers.errors import UnknownError
from annexa.pure.permits import Actor, Refusal, may


def require_whole(actor: Actor) -> None:
    """Lets nobody go on who reads a part of the organisation only. Raises UnknownError."""
    if isinstance(may(actor, "read"), Refusal):
        raise UnknownError("There is nothing here for who reads a part of the organisation.")
