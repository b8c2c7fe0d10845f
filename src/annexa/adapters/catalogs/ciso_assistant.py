"""Libraries of CISO Assistant in YAML: frameworks and mapping sets in, a framework out.

The shape is that of its library files: a header, and `objects` with frameworks, reference controls, mapping sets.
Nodes know their parent by URN. Nothing of YAML's types or aliases is used, so a file can neither run nor multiply.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import yaml

from annexa.adapters.catalogs.findings import LIMIT_DEPTH, Findings, check_tree, shortened, slug
from annexa.pure.library_files import framework_path, framework_toml, mapping_path, mapping_toml
from annexa.pure.standards import Confidence, Declared, Edge, Framework, FrameworkMapping, Relation, Requirement

LIMIT_NODES = 500_000
LEFT_OUT = {
    "reference_controls": "reference controls: they ask for no evidence, so they could never be shown to be effective",
    "threats": "threats: the library has no place for them",
    "risk_matrix": "risk matrix: scales of risk are set by the organisation",
    "risk_matrices": "risk matrices: scales of risk are set by the organisation",
    "metric_definitions": "metric definitions: the library has no place for them",
    "preset": "preset: it arranges another product's pages",
}
UNPLACED = "{}: the library has no place for it"
RELATIONS = {
    "equal": Relation.EQUAL,
    "subset": Relation.SUBSET_OF,
    "superset": Relation.SUPERSET_OF,
    "intersect": Relation.INTERSECTS_WITH,
}
GROUPS = "implementation_groups"
NOT_ASSESSED = "Marked as not assessed in the library it comes from."

Table = dict[str, Any]
_NOT_URN = re.compile(r"[^a-z0-9().\[\]_-]+")


# --- Out ------------------------------------------------------------------------------------------------------


def ciso_assistant_yaml(framework: Framework) -> str:
    """A framework as a library file of CISO Assistant, the same text for the same framework.

    Levels, roles, classes, dates and attributes have no place there; why a requirement is no duty, its note and its
    first day stand in the annotation.
    """
    name = _NOT_URN.sub("-", framework.id.lower())
    urns = _urns(framework, f"urn:annexa:risk:req_node:{name}:")
    library = {
        "urn": f"urn:annexa:risk:library:{name}",
        "locale": framework.language,
        "ref_id": framework.id,
        "name": framework.title,
        "description": f"{framework.title}, {framework.edition}\n{framework.source_url}",
        "copyright": framework.licence_note,
        "version": int(framework.version) if re.fullmatch(r"[1-9]\d{0,8}", framework.version) else 1,
        "provider": framework.publisher,
        "packager": "annexa",
        "objects": {
            "framework": {
                "urn": f"urn:annexa:risk:framework:{name}",
                "ref_id": framework.id,
                "name": framework.title,
                "description": framework.edition,
                "requirement_nodes": [_node(framework, one, urns) for one in _depth_first(framework, None)],
            }
        },
    }
    return yaml.safe_dump(library, sort_keys=False, allow_unicode=True, width=120)


def _depth_first(framework: Framework, parent: str | None) -> Iterator[Requirement]:
    """Each requirement right after the one above it, as that product draws its tree."""
    for requirement in framework.children.get(parent, ()):
        yield requirement
        yield from _depth_first(framework, requirement.id)


def _urns(framework: Framework, start: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    taken: set[str] = set()
    for requirement in framework.requirements:
        urn = wanted = start + (_NOT_URN.sub("-", requirement.id.lower()).strip("-") or "node")
        turn = 1
        while urn in taken:
            turn += 1
            urn = f"{wanted}-{turn}"
        taken.add(urn)
        found[requirement.id] = urn
    return found


def _node(framework: Framework, requirement: Requirement, urns: Mapping[str, str]) -> Table:
    node: Table = {
        "urn": urns[requirement.id],
        "assessable": requirement.id not in framework.children and not requirement.no_duty,
        "depth": sum(1 for _ in framework.lineage(requirement)),
    }
    if requirement.parent is not None:
        node["parent_urn"] = urns[requirement.parent]
    node |= {"ref_id": requirement.id, "name": requirement.title, "description": requirement.summary}
    binds = f"Applies from {requirement.applies_from.isoformat()}." if requirement.applies_from else ""
    annotation = "\n".join(text for text in (requirement.no_duty, binds, requirement.note) if text)
    return node | ({"annotation": annotation} if annotation else {})


# --- In -------------------------------------------------------------------------------------------------------


def read(
    text: str,
    found: Findings,
    *,
    framework_id: str | None = None,
    known: Mapping[str, Framework] = MappingProxyType({}),
) -> dict[str, bytes]:
    """The frameworks and mappings of a library as library files; problems name the place as a path."""
    library = _yaml(text, found)
    if library is None:
        return {}
    if not isinstance(library, dict) or "objects" not in library:
        found.wrong(
            "", "this is no library of CISO Assistant: objects is missing. TOML, OSCAL JSON and CSV are read too"
        )
        return {}
    objects = found.table(library, "objects", "")
    _leave_out(objects, found)
    files: dict[str, bytes] = {}
    numbers: dict[str, tuple[str, str]] = {}
    frameworks = list(_either(objects, "framework", "frameworks", found))
    if framework_id is not None and len(frameworks) > 1:
        found.wrong("objects", f"there are {len(frameworks)} frameworks, so --id cannot name them; leave it out")
    for place, table in frameworks:
        framework = _framework(library, table, place, found, framework_id, numbers)
        if not found.problems:
            files[framework_path(framework.id)] = framework_toml(framework)
    sets = list(_either(objects, "requirement_mapping_set", "requirement_mapping_sets", found))
    for place, table in sets:
        mapping = _mapping(library, table, place, found, _Numbers(numbers, known))
        if not found.problems:
            files[mapping_path(mapping.source, mapping.target)] = mapping_toml(mapping)
    if not frameworks and not sets:
        found.wrong("objects", "there is neither a framework nor a mapping set in it, and nothing else is taken over")
    return files


def _either(objects: Table, one: str, many: str, found: Findings) -> Iterator[tuple[str, Table]]:
    """One object or a list of them, under the singular or the plural name."""
    for name in (one, many):
        value = objects.get(name)
        if isinstance(value, dict):
            yield f"objects.{name}.", value
        elif isinstance(value, list):
            for place, table in found.tables(objects, name, "objects.", "[{}]"):
                yield f"{place}.", table
        elif value:
            found.wrong(f"objects.{name}", "is neither an object nor a list of objects")


def _leave_out(objects: Table, found: Findings) -> None:
    taken = {"framework", "frameworks", "requirement_mapping_set", "requirement_mapping_sets"}
    for name, value in objects.items():
        if name not in taken and value:
            count = f" ({len(value)})" if isinstance(value, list) else ""
            found.leave_out(f"left out{count}: {LEFT_OUT.get(name, UNPLACED.format(name))}")


def _framework(
    library: Table,
    table: Table,
    place: str,
    found: Findings,
    framework_id: str | None,
    numbers: dict[str, tuple[str, str]],
) -> Framework:
    title = found.text(table, "name", place, None)
    ref_id = found.text(table, "ref_id", place) or found.text(table, "urn", place).rsplit(":", 1)[-1]
    own = found.id(framework_id or slug(ref_id) or slug(title), f"{place}ref_id")
    nodes = list(found.tables(table, "requirement_nodes", place, "[{}]"))
    ids = _ids(nodes, found)
    numbers |= {urn: (own, number) for urn, number in ids.items()}
    parents = _parents(nodes)
    requirements = tuple(_requirement(node, f"{here}.", ids, parents, found) for here, node in nodes)
    groups = dict.fromkeys(one for _, node in nodes for one in _groups(node))
    if any("questions" in node or "question" in node for _, node in nodes):
        found.leave_out("the questions of requirements and their answers are left out")
    framework = Framework(
        id=own,
        version=found.text(library, "version", "", "1"),
        title=title,
        publisher=found.text(library, "provider", "", "Not stated"),
        licence_note=found.text(library, "copyright", "", f"Not stated in {found.name}."),
        source_url=_url(found.text(library, "description", "")),
        language=found.text(library, "locale", "", "en"),
        edition=found.text(table, "description", place) or title,
        status="current",
        requirements=requirements,
        attributes=MappingProxyType(
            {GROUPS: Declared(title="Implementation groups", values=tuple(groups))} if groups else {}
        ),
    )
    check_tree(found, framework, [here for here, _ in nodes])
    return framework


def _url(text: str) -> str:
    match = re.search(r"https?://[^\s<>\"]+", text)
    return match[0] if match else "Not stated"


def _ids(nodes: Sequence[tuple[str, Table]], found: Findings) -> dict[str, str]:
    """For each URN the number of its requirement: ref_id where each is there once, else the end of the URN."""
    refs = [node.get("ref_id") for _, node in nodes]
    times = Counter(ref for ref in refs if isinstance(ref, str))
    ids: dict[str, str] = {}
    for (place, node), ref in zip(nodes, refs, strict=True):
        urn = found.text(node, "urn", f"{place}.", None).lower()
        if urn and urn in ids:
            found.wrong(f"{place}.urn", f"{urn} occurs twice; each node has one of its own")
        own = isinstance(ref, str) and ref.strip() and times[ref] == 1
        ids[urn] = found.text(node, "ref_id", f"{place}.") if own else ":".join(urn.split(":")[5:]) or urn
    return ids


def _parents(nodes: Sequence[tuple[str, Table]]) -> frozenset[str]:
    return frozenset(str(node.get("parent_urn")).lower() for _, node in nodes if node.get("parent_urn"))


def _requirement(
    node: Table, place: str, ids: Mapping[str, str], parents: frozenset[str], found: Findings
) -> Requirement:
    urn = str(node.get("urn") or "").lower()
    number = ids.get(urn, urn)
    parent = found.text(node, "parent_urn", place).lower()
    if parent and parent not in ids:
        found.wrong(f"{place}parent_urn", f"there is no node {parent}; name one of this framework")
    if not parent and str(node.get("depth") or "1") not in ("0", "1"):
        found.wrong(f"{place}parent_urn", f"is missing, though the depth is {node['depth']!r}; name the node above")
    description = found.text(node, "description", place)
    title = found.text(node, "name", place) or shortened(description) or number
    assessed = str(node.get("assessable") or "").lower() in ("true", "yes", "on", "x")
    notes = [found.text(node, "annotation", place), found.text(node, "typical_evidence", place)]
    named = _groups(node)
    return Requirement(
        id=number,
        parent=ids.get(parent, parent) or None,
        kind="requirement" if assessed else "section",
        title=" ".join(title.split()),
        summary=description or title,
        level="organisation",
        no_duty="" if assessed or urn in parents else NOT_ASSESSED,
        note="\n".join(note for note in notes if note),
        attributes=MappingProxyType({GROUPS: named} if named else {}),
    )


def _groups(node: Table) -> tuple[str, ...]:
    groups = node.get(GROUPS)
    return tuple(one for one in groups if isinstance(one, str)) if isinstance(groups, list) else ()


class _Numbers:
    """Finds framework and number of a URN: in the same file, or in a framework of the library ignoring case."""

    def __init__(self, here: Mapping[str, tuple[str, str]], known: Mapping[str, Framework]) -> None:
        self.here, self.known = here, known
        self.numbers = {name: {slug(number): number for number in one.by_id} for name, one in known.items()}

    def framework(self, urn: str) -> str:
        """The framework's id by its URN."""
        end = slug(urn.rsplit(":", 1)[-1])
        return next((name for name in self.known if slug(name) == end), end)

    def requirement(self, framework: str, urn: str) -> str:
        """The requirement's number by its URN."""
        if urn.lower() in self.here:
            return self.here[urn.lower()][1]
        end = ":".join(urn.split(":")[5:]) or urn
        return self.numbers.get(framework, {}).get(slug(end), end)


def _mapping(library: Table, table: Table, place: str, found: Findings, numbers: _Numbers) -> FrameworkMapping:
    source = numbers.framework(found.text(table, "source_framework_urn", place, None))
    target = numbers.framework(found.text(table, "target_framework_urn", place, None))
    found.id(source, f"{place}source_framework_urn")
    found.id(target, f"{place}target_framework_urn")
    name = found.text(library, "name", "", found.name)
    edges: dict[tuple[str, str], Edge] = {}
    for here, one in found.tables(table, "requirement_mappings", place, "[{}]"):
        if one.get("relationship") == "not_related":
            found.leave_out(f"{here}: it says that two requirements have nothing to do with each other")
            continue
        edge = _edge(one, f"{here}.", (source, target), name, found, numbers)
        if (edge.start, edge.end) in edges:
            found.wrong(here, f"{edge.start} and {edge.end} are mapped twice; keep one")
        edges[edge.start, edge.end] = edge
    if not edges:
        found.wrong(f"{place}requirement_mappings", "is empty; a mapping needs at least one pair")
    return FrameworkMapping(
        source=source,
        target=target,
        author=found.text(library, "provider", "", "Not stated"),
        basis=found.text(library, "description", "") or name,
        edges=tuple(edges.values()),
    )


def _edge(one: Table, place: str, ends: tuple[str, str], name: str, found: Findings, numbers: _Numbers) -> Edge:
    relation = found.text(one, "relationship", place, None)
    if relation and relation not in RELATIONS:
        found.wrong(f"{place}relationship", f"is {relation!r}; it is one of {', '.join(RELATIONS)}")
    start = numbers.requirement(ends[0], found.text(one, "source_requirement_urn", place, None))
    end = numbers.requirement(ends[1], found.text(one, "target_requirement_urn", place, None))
    reasons = (found.text(one, "annotation", place), found.text(one, "rationale", place))
    return Edge(
        start=start,
        end=end,
        relation=RELATIONS.get(relation, Relation.INTERSECTS_WITH),
        rationale="; ".join(reason for reason in reasons if reason) or f"{start} to {end} as {name} has it.",
        source=name,
        confidence=_confidence(found.text(one, "strength_of_relationship", place)),
    )


def _confidence(strength: str) -> Confidence:
    """Strength is given from 0 to 10; where it is not given, we are not sure."""
    if not re.fullmatch(r"\d{1,2}", strength):
        return Confidence.MEDIUM
    return Confidence.HIGH if int(strength) >= 8 else Confidence.MEDIUM if int(strength) >= 4 else Confidence.LOW


# --- YAML -----------------------------------------------------------------------------------------------------


def _yaml(text: str, found: Findings) -> object:
    """Lists, objects and texts of a YAML document; None if it is none."""
    try:
        return _document(text, found)
    except yaml.MarkedYAMLError as wrong:
        place = f"line {wrong.problem_mark.line + 1}" if wrong.problem_mark else ""
        found.wrong(place, f"this is not YAML ({wrong.problem}); mend it")
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        found.wrong("", f"this is not YAML ({' '.join(str(wrong).split())}); mend it")
    return None


def _document(text: str, found: Findings) -> object:
    open_: list[list[Any]] = [[]]
    maps: list[bool] = [False]
    for number, event in enumerate(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            found.wrong(f"line {line}", "anchors and aliases (& and *) are not read; write the values out")
            return None
        if len(open_) > LIMIT_DEPTH or number > LIMIT_NODES:
            found.wrong(
                f"line {line}", f"it is nested more than {LIMIT_DEPTH} deep or has more than {LIMIT_NODES:,} parts"
            )
            return None
        if isinstance(event, yaml.ScalarEvent):
            nothing = event.implicit[0] and event.value in ("", "~", "null", "Null", "NULL")
            open_[-1].append(None if nothing else event.value)
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            open_.append([])
            maps.append(isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            items = open_.pop()
            open_[-1].append(_object(items, line, found) if maps.pop() else items)
    if len(open_[0]) == 1:
        return open_[0][0]
    found.wrong("", f"the YAML has {len(open_[0])} documents; give one")
    return None


def _object(items: Sequence[Any], line: int, found: Findings) -> Table:
    table: Table = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str):
            found.wrong(f"before line {line}", "an object has a name that is not a text; use plain names")
        elif key in table:
            found.wrong(f"before line {line}", f"an object has the name {key[:40]!r} twice; remove one")
        else:
            table[key] = value
    return table
