"""What a password has to be beside long; asked of nobody else's server."""

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from annexa.pure.passwords import guessable


class GuessableValidator(CommonPasswordValidator):
    """Refuses the common ones of Django's list also when they are dressed up, repeated, or a row of keys."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError."""
        del user
        if guessable(password, self.passwords):
            raise ValidationError("This password is too common: it is one of those that are tried first.")
