"""What another library would change: in what it holds, and in the verdicts of this organisation. Nothing is written."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from annexa.pure.facts import ORGANISATION
from annexa.pure.posture import Engine, FrameworkPosture, Verdict
from annexa.pure.standards import Control, Framework, Library

Judged = Callable[[str, str], FrameworkPosture]
"""Where a scope stands against a framework, however it is found out."""


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

    None where the requirement, or the system, is not judged before, or no longer afterwards.
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


def verdict_changes(
    before: Engine,
    after: Engine,
    *,
    frameworks: Collection[str] | None = None,
    scope: str = "",
    postures: tuple[Judged, Judged] | None = None,
) -> tuple[VerdictChange, ...]:
    """Every verdict of every framework that would be another one, framework by framework, the organisation first.

    Both engines have the same instant. Systems that are judged alike before and after are computed once. `frameworks`
    narrows to some of them, `scope` to one scope. `postures` answer for the two engines where they were asked before.
    """
    held = {*before.library.frameworks, *after.library.frameworks}
    asked = postures or (before.posture, after.posture)
    judged = ((scope,),) if scope else ((ORGANISATION,), *_alike(before, after))
    return tuple(
        change
        for framework in sorted(held if frameworks is None else held & set(frameworks))
        for scopes in judged
        for change in _verdicts((before, after), asked, framework, scopes)
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


def _alike(before: Engine, after: Engine) -> tuple[tuple[str, ...], ...]:
    """Slugs of systems that cannot differ in any verdict, neither before nor after; one side may lack some."""
    found: dict[tuple[str, ...], list[str]] = {}
    for slug in sorted({*before.systems, *after.systems}):
        key = tuple(engine.grounds(slug) if slug in engine.systems else "" for engine in (before, after))
        found.setdefault(key, []).append(slug)
    return tuple(tuple(slugs) for slugs in found.values())


def _verdicts(
    engines: tuple[Engine, Engine], asked: tuple[Judged, Judged], framework: str, scopes: tuple[str, ...]
) -> Iterator[VerdictChange]:
    was, will = (_lines(*side, framework, scopes[0]) for side in zip(engines, asked, strict=True))
    for requirement in dict.fromkeys([*was, *will]):
        old, new = was.get(requirement, (None, ""))[0], will.get(requirement, (None, ""))[0]
        if old is not new:
            title = (will.get(requirement) or was[requirement])[1]
            yield VerdictChange(
                scopes=scopes, framework=framework, requirement=requirement, title=title, before=old, after=new
            )


def _lines(engine: Engine, asked: Judged, framework: str, scope: str) -> dict[str, tuple[Verdict, str]]:
    if framework not in engine.library.frameworks or (scope != ORGANISATION and scope not in engine.systems):
        return {}
    lines = asked(framework, scope).lines
    return {line.requirement.id: (line.verdict, line.requirement.title) for line in lines}
