"""Record checks: functions over the organisation's own records, named by what they assert.

A check looks at one AI system; the engine runs it over the population and counts. `CHECKS` is made from the
functions themselves: a new check is one function in one of these modules.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType

from annexa.pure.checks import registers
from annexa.pure.facts import SystemFact

Check = Callable[[SystemFact], bool]


def proven_only(check: Check) -> Check:
    """The check with an answer whatever happens: what errs, or says anything but yes, has proven nothing."""

    @wraps(check)
    def asked(system: SystemFact) -> bool:
        try:
            return check(system) is True
        except Exception:  # noqa: BLE001  one broken check must neither pass nor take every verdict down with it
            return False

    return asked


CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        name: proven_only(check)
        for name, check in vars(registers).items()
        if callable(check) and getattr(check, "__module__", "") == registers.__name__
    }
)
"""Every check by name, as library controls name it."""


def says(check: str) -> str:
    """What a check asserts, in a sentence."""
    return (CHECKS[check].__doc__ or check).strip()
