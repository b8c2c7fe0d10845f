"""What a password has to be beside long, asked of nobody else's server; and how it is kept."""

from django.contrib.auth.hashers import ScryptPasswordHasher
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from annexa.actions.organisation import the_organisation
from annexa.pure.passwords import CONTEXT, guessable, mostly_context

SHORTEST_WORD = 4
"""Shorter words of the organisation's name occur by chance."""


class Scrypt(ScryptPasswordHasher):
    """scrypt with 32 MiB for each guess (RFC 7914; parameters as in ASVS 5.0.0, appendix C).

    A hash with other parameters is checked as it is, and replaced when its person chooses a new password.
    """

    work_factor = 2**15
    block_size = 8
    parallelism = 3
    maxmem = 64 * 1024 * 1024


class GuessableValidator(CommonPasswordValidator):
    """Refuses the common ones of Django's list also when they are dressed up, repeated, or a row of keys."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError."""
        del user
        if guessable(password, self.passwords):
            raise ValidationError("This password is too common: it is one of those that are tried first.")


class ContextValidator:
    """Refuses what is little more than words near at hand here: the organisation's name, roles, the product."""

    def validate(self, password: str, user: object = None) -> None:
        """Raises ValidationError."""
        del user
        found = the_organisation()
        name = [word for word in (found.name.lower().split() if found else []) if len(word) >= SHORTEST_WORD]
        if mostly_context(password, {*CONTEXT, *name}):
            raise ValidationError("This password is little more than words that are tried first, such as our name.")

    def get_help_text(self) -> str:
        """What is asked, in a sentence."""
        return "It has to be more than the names of the organisation, of roles or of the product."
