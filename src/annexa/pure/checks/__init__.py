"""Record checks: functions over the organisation's own records, named by what they assert.

A check looks at one AI system, or at one record of a register; the engine runs it over the population and counts. The
mappings here are made from the functions themselves: a new check is one function in one of these modules.
"""

from collections.abc import Callable, Container, Iterator, Mapping
from functools import wraps
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from annexa.pure.checks import registers, reviews
from annexa.pure.checks.assessments import ASSESSED
from annexa.pure.checks.over import SUBJECT, Part, RecordCheck
from annexa.pure.facts import ORGANISATION, SystemFact
from annexa.pure.registers.assets import ASSETS

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
        for module in (registers, reviews)
        for name, check in vars(module).items()
        if callable(check) and getattr(check, "__module__", "") == module.__name__
    }
)
"""Every check over AI systems by name."""


class ChecksByName(Mapping[str, RecordCheck]):
    """Checks over records by name; one that is asked about one thing at a time is found with that behind its name too,
    as in "documented:ACC-01/access-policy"."""

    def __init__(self, checks: Mapping[str, RecordCheck]) -> None:
        self._checks = checks

    def __getitem__(self, name: str) -> RecordCheck:
        word, subject, _ = name.partition(SUBJECT)
        found = self._checks[word]
        if subject and found.subjects is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._checks)

    def __len__(self) -> int:
        return len(self._checks)


_FOUND: Mapping[str, RecordCheck] = {
    name: found
    for module in sorted(one.name for one in iter_modules(__path__))
    for name, found in vars(import_module(f"{__name__}.{module}")).items()
    if isinstance(found, RecordCheck)
}
OVER_RECORDS: Mapping[str, RecordCheck] = ChecksByName({n: one for n, one in _FOUND.items() if not one.through})
"""Checks over the records of a register: of the organisation, whatever AI systems there are."""
THROUGH_RECORDS: Mapping[str, RecordCheck] = MappingProxyType({n: one for n, one in _FOUND.items() if one.through})
"""Checks over the AI systems in use, each fulfilled by a record that leads to it."""
JUDGING: frozenset[str] = frozenset(name for name, one in THROUGH_RECORDS.items() if one.judged)
"""Those of them that a material change of the system ends."""
BY_REGISTER: Mapping[str, tuple[RecordCheck, ...]] = MappingProxyType(
    {
        noun: tuple(one for one in _FOUND.values() if one.register.noun == noun)
        for noun in sorted({one.register.noun for one in _FOUND.values()})
    }
)
"""The checks over each register, those over its parts among them."""
PARTS: Mapping[str, Part] = MappingProxyType({one.part.kind: one.part for one in _FOUND.values() if one.part})
"""The parts that checks look at, by the kind of their entries."""

REVIEWS = "access_review_done"
"""The check that rests on finished access reviews, which have an end, and that looks at Annexa itself too."""
LASTING: tuple[str, ...] = (REVIEWS, *THROUGH_RECORDS, *ASSESSED)
"""Checks over AI systems that something else than their record fulfils, until an instant."""


class _Deeds(Container[str]):
    def __contains__(self, name: object) -> bool:
        return name in LASTING or (isinstance(name, str) and name in OVER_RECORDS)


DEEDS: Container[str] = _Deeds()
"""Checks that work fulfils, not an answer in the register of AI systems."""
REACHING: frozenset[str] = frozenset({one.register.noun for one in THROUGH_RECORDS.values()} | {ASSETS.noun})
"""The registers whose records bear on AI systems: those with checks through them, and what systems are made of."""
KNOWN: tuple[str, ...] = tuple(sorted({*CHECKS, *OVER_RECORDS, *THROUGH_RECORDS, *ASSESSED}))
"""Every check, as library controls name it."""
NOT_OPERATING = frozenset({"concept", "development"})
"""Stages in which nobody's access bears on people yet. A system whose stage nobody stated counts as operating."""


def says(check: str) -> str:
    """What a check asserts, in a sentence."""
    found = OVER_RECORDS.get(check) or THROUGH_RECORDS.get(check) or ASSESSED.get(check)
    return found.says if found else (CHECKS[check].__doc__ or check).strip()


def register_of(check: str) -> str:
    """The noun of the register that a check looks at, also through it at AI systems; "" for every other check."""
    found = OVER_RECORDS.get(check) or THROUGH_RECORDS.get(check)
    return found.register.noun if found else ""


def asks(check: str, stage: str) -> bool:
    """Whether a check over the organisation looks at an AI system in use of this stage."""
    return check != REVIEWS or stage not in NOT_OPERATING


def of_annexa(check: str) -> tuple[str, ...]:
    """Annexa itself where a check over the organisation looks at it too, under the scope of the organisation."""
    return (ORGANISATION,) if check == REVIEWS else ()
