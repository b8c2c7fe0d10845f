"""Words of addresses that stand for more than a text: the register that a page is about."""

from django.urls import register_converter

from annexa.pure.register import Register
from annexa.pure.registers import BY_PLURAL

REGISTER = "<register:register>"
"""How addresses of registers begin."""


class RegisterConverter:
    """The word for a register in an address."""

    regex = "|".join(sorted(BY_PLURAL))

    def to_python(self, value: str) -> Register:
        """The register of a word."""
        return BY_PLURAL[value]

    def to_url(self, value: Register) -> str:
        """The word of a register."""
        return value.plural


register_converter(RegisterConverter, "register")
