"""What changed between two editions of a framework, by number where those stayed, by mapping where they did not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from annexa.pure.mappings import Related, direct
from annexa.pure.standards import Framework, Library, Relation, Requirement

HEADER = ("version", "title", "publisher", "licence_note", "source_url", "language", "edition", "status")
FIELDS = (
    "kind", "title", "summary", "level", "binds_roles", "binds_classes", "applies_from", "documented_information",
    "no_duty", "note", "source",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """One field that reads differently in the newer edition; None stands for an attribute that is not there."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A requirement that kept its number but not its content."""

    id: str
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A requirement that kept its number but stands under another one; None is the top."""

    id: str
    old_parent: str | None
    new_parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What somebody who knows the older edition has to learn about the newer one, in the order of the editions."""

    header: tuple[FieldChange, ...]
    added: tuple[Requirement, ...]
    gone: tuple[Requirement, ...]
    changed: tuple[Changed, ...]
    moved: tuple[Moved, ...]

    @property
    def nothing(self) -> bool:
        """Whether both say the same, word for word."""
        return not (self.header or self.added or self.gone or self.changed or self.moved)


class Fate(StrEnum):
    """What became of a requirement, or where a new one came from."""

    SAME = "same"
    CHANGED = "changed"
    MERGED = "merged"
    SPLIT = "split"
    GONE = "gone"
    NEW = "new"
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A requirement of one edition and those of the other that it corresponds to, with relation and rationale.

    `fate` of an older one: same, changed, merged (what it became has other forerunners too), split (it became several)
    or gone. Of a newer one: same, changed, merged (from several), split (it is one of several parts) or new. Of either:
    unmapped, where no mapping speaks of anything under the same top, so that nothing is known.
    """

    requirement: Requirement
    fate: Fate
    related: tuple[Related, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondence:
    """Where every requirement of the older edition went, and where every one of the newer came from."""

    old: tuple[Passage, ...]
    new: tuple[Passage, ...]

    @property
    def known(self) -> bool:
        """Whether any mapping speaks of the two editions at all."""
        return any(passage.related for passage in self.old)


def difference(old: Framework, new: Framework) -> Difference:
    """Compares two editions by the numbers of their requirements."""
    both = [one for one in new.requirements if one.id in old.by_id]
    changed = [Changed(id=one.id, fields=_changes(old.by_id[one.id], one)) for one in both]
    return Difference(
        header=_compared(old, new, HEADER),
        added=tuple(one for one in new.requirements if one.id not in old.by_id),
        gone=tuple(one for one in old.requirements if one.id not in new.by_id),
        changed=tuple(one for one in changed if one.fields),
        moved=tuple(
            Moved(id=one.id, old_parent=before.parent, new_parent=one.parent)
            for one in both
            if (before := old.by_id[one.id]).parent != one.parent
        ),
    )


def _changes(old: Requirement, new: Requirement) -> tuple[FieldChange, ...]:
    names = dict.fromkeys([*old.attributes, *new.attributes])
    return _compared(old, new, FIELDS) + tuple(
        FieldChange(field=name, old=old.attributes.get(name), new=new.attributes.get(name))
        for name in names
        if old.attributes.get(name) != new.attributes.get(name)
    )


def _compared(old: object, new: object, names: tuple[str, ...]) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(field=name, old=getattr(old, name), new=getattr(new, name))
        for name in names
        if getattr(old, name) != getattr(new, name)
    )


def correspondence(library: Library, old: Framework, new: Framework) -> Correspondence:
    """Follows every judged requirement from one edition into the other along the mappings, read from both ends.

    A group appears only if a mapping speaks of it.
    """
    ends = {old.id, new.id}
    library = replace(library, mappings=tuple(one for one in library.mappings if {one.source, one.target} == ends))
    onward = _between(library, old, new)
    back = _between(library, new, old)
    return Correspondence(
        old=_passages(old, onward, back, (Fate.GONE, Fate.SPLIT, Fate.MERGED)),
        new=_passages(new, back, onward, (Fate.NEW, Fate.MERGED, Fate.SPLIT)),
    )


_Ways = Mapping[str, tuple[Related, ...]]


def _between(library: Library, here: Framework, there: Framework) -> _Ways:
    return {
        one.id: tuple(found for found in direct(library, here.id, one.id) if found.framework == there.id)
        for one in here.requirements
    }


def _passages(framework: Framework, ways: _Ways, return_: _Ways, fates: tuple[Fate, Fate, Fate]) -> tuple[Passage, ...]:
    """`fates`: of what leads nowhere, of what leads to several, of what shares its only counterpart with others."""
    none, many, shared = fates
    mapped = {_top(framework, one) for one in framework.requirements if ways[one.id]}
    passages = []
    for one in framework.requirements:
        related = ways[one.id]
        if not related and one.id in framework.children:
            continue
        if not related:
            fate = none if _top(framework, one) in mapped else Fate.UNMAPPED
        elif len(related) > 1:
            fate = many
        elif len(return_.get(related[0].requirement, ())) > 1:
            fate = shared
        else:
            fate = Fate.SAME if related[0].relation is Relation.EQUAL else Fate.CHANGED
        passages.append(Passage(requirement=one, fate=fate, related=related))
    return tuple(passages)


def _top(framework: Framework, requirement: Requirement) -> str:
    return [step.id for step in framework.lineage(requirement)][-1]
