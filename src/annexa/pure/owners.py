"""Who answers for a control: whoever was named for it, else the owner of the AI system, else nobody."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from annexa.pure.facts import ORGANISATION
from annexa.pure.standards import Control


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Somebody who answers for something. `person` is their key in Annexa; None for a name that is only written."""

    name: str
    person: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Everybody who was named for a control, by control and scope, and the owners of AI systems, by slug."""

    named: Mapping[tuple[str, str], Owner] = field(default_factory=dict)
    systems: Mapping[str, Owner] = field(default_factory=dict)

    def of(self, control: str, scope: str) -> Owner | None:
        """Who answers for a control in a scope.

        In an AI system: who is named for it there, else the system's owner, else who is named for the organisation.
        """
        if (named := self.named.get((control, scope))) is not None or scope == ORGANISATION:
            return named
        return self.systems.get(scope) or self.named.get((control, ORGANISATION))

    def theirs(self, person: int, control: str, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those of the scopes in which this person answers for the control."""
        return tuple(scope for scope in scopes if (owner := self.of(control, scope)) and owner.person == person)

    def owns_anything(self, person: int) -> bool:
        """Whether this person answers for any control or AI system at all."""
        return any(owner.person == person for held in (self.named, self.systems) for owner in held.values())


def propose(owners: Owners, controls: Mapping[str, Control], control: str, scope: str) -> Owner | None:
    """Who could take something on for a control: its owner, else whoever owns most controls of the same owner role.

    Among several with equally many, the one whose name comes first.
    """
    owner = owners.of(control, scope)
    if owner is not None and owner.person is not None:
        return owner
    role = controls[control].owner_role
    held = Counter(
        named
        for (other, where), named in owners.named.items()
        if where == ORGANISATION and other in controls and controls[other].owner_role == role
    )
    return min(held, key=lambda one: (-held[one], one.name, one.person or 0), default=None)
