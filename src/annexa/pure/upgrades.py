"""What another library would change: in what it holds, and in the verdicts of this organisation. Nothing is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from annexa.pure.facts import ORGANISATION
from annexa.pure.posture import Engine, Verdict
from annexa.pure.standards import Control, Framework, Library


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing of the library that would be added, go, or change; `fields` names what changes in it."""

    kind: str
    what: str
    id: str
    title: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictChange:
    """A verdict that would be another one, in all of these scopes: the organisation, or AI systems judged alike.

    None where the requirement is not judged before, or no longer afterwards.
    """

    scopes: tuple[str, ...]
    framework: str
    requirement: str
    title: str
    before: Verdict | None
    after: Verdict | None


def library_changes(before: Library, after: Library) -> tuple[Change, ...]:
    """Every framework, requirement, coverage, control and mapping that differs, in this order; what is new first.

    A framework that comes or goes is one change; its requirements are not listed with it. `what` of a requirement and
    of its coverage is the framework's id.
    """
    return (
        *_things("framework", before.frameworks, after.frameworks, _framework_fields),
        *_inside(before, after),
        *_things("control", before.controls, after.controls, different),
        *_mappings(before, after),
    )


def verdict_changes(before: Engine, after: Engine) -> tuple[VerdictChange, ...]:
    """Every verdict of every framework that would be another one, framework by framework, the organisation first.

    Both engines have the same facts and instant, so that the same systems are judged alike; those are computed once.
    """
    held = list(dict.fromkeys([*before.library.frameworks, *after.library.frameworks]))
    return tuple(
        change
        for framework in sorted(held)
        for scopes in ((ORGANISATION,), *before.groups)
        for change in _verdicts(before, after, framework, scopes)
    )


def different(before: Any, after: Any) -> tuple[str, ...]:
    """The fields in which two values of the same kind differ."""
    return tuple(one.name for one in fields(before) if getattr(before, one.name) != getattr(after, one.name))


def _framework_fields(before: Framework, after: Framework) -> tuple[str, ...]:
    return tuple(name for name in different(before, after) if name != "requirements")


def _things(kind: str, before: Mapping[str, Any], after: Mapping[str, Any], compare: Any) -> Iterator[Change]:
    for name in sorted(after.keys() - before.keys()):
        yield Change(kind="added", what=kind, id=name, title=_title(after[name]))
    for name in sorted(before.keys() - after.keys()):
        yield Change(kind="gone", what=kind, id=name, title=_title(before[name]))
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name] and (named := compare(before[name], after[name])):
            yield Change(kind="changed", what=kind, id=name, title=_title(after[name]), fields=named)


def _title(thing: Framework | Control) -> str:
    return thing.title if isinstance(thing, Framework) else thing.name


def _inside(before: Library, after: Library) -> Iterator[Change]:
    """Requirements and their coverage, in the frameworks that both libraries hold."""
    for framework in sorted(before.frameworks.keys() & after.frameworks.keys()):
        old, new = before.frameworks[framework].by_id, after.frameworks[framework].by_id
        for name in new:
            if name not in old:
                yield Change(kind="added", what=framework, id=name, title=new[name].title)
            elif named := different(old[name], new[name]):
                yield Change(kind="changed", what=framework, id=name, title=new[name].title, fields=named)
        for name in old:
            if name not in new:
                yield Change(kind="gone", what=framework, id=name, title=old[name].title)
        was, will = before.coverage.get(framework, {}), after.coverage.get(framework, {})
        for name in (one for one in new if one in old and was.get(one) != will.get(one)):
            yield Change(kind="changed", what=framework, id=name, title=new[name].title, fields=("coverage",))


def _mappings(before: Library, after: Library) -> Iterator[Change]:
    def edges(library: Library) -> dict[str, Any]:
        return {f"{one.source}--{one.target}": one for one in library.mappings}

    old, new = edges(before), edges(after)
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            kind = "added" if name not in old else "gone" if name not in new else "changed"
            yield Change(kind=kind, what="mapping", id=name, title=name.replace("--", " to "))


def _verdicts(before: Engine, after: Engine, framework: str, scopes: tuple[str, ...]) -> Iterator[VerdictChange]:
    was, will = _lines(before, framework, scopes[0]), _lines(after, framework, scopes[0])
    for requirement in dict.fromkeys([*was, *will]):
        old, new = was.get(requirement, (None, ""))[0], will.get(requirement, (None, ""))[0]
        if old is not new:
            title = (will.get(requirement) or was[requirement])[1]
            yield VerdictChange(
                scopes=scopes, framework=framework, requirement=requirement, title=title, before=old, after=new
            )


def _lines(engine: Engine, framework: str, scope: str) -> dict[str, tuple[Verdict, str]]:
    if framework not in engine.library.frameworks:
        return {}
    posture = engine.posture(framework, scope)
    return {line.requirement.id: (line.verdict, line.requirement.title) for line in posture.lines}
