"""What a question answers when there is nothing to show."""


class UnknownError(LookupError):
    """There is no such thing, or not for this actor: both look the same from outside. Says what was asked for."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""
