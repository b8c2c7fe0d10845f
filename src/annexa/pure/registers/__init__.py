"""Every register, found by walking the modules beside this one: a new register is a new file."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from annexa.pure.register import Register

REGISTERS: Mapping[str, Register] = MappingProxyType(
    {
        found.noun: found
        for module in sorted(one.name for one in iter_modules(__path__))
        for found in vars(import_module(f"{__name__}.{module}")).values()
        if isinstance(found, Register)
    }
)
"""The registers by their noun."""
BY_PLURAL: Mapping[str, Register] = MappingProxyType({one.plural: one for one in REGISTERS.values()})
"""The same by the word of addresses and commands."""
