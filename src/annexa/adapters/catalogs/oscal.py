"""Frameworks as OSCAL catalogs, in (1.0 to 1.2) and out (1.2), and mappings as an OSCAL 1.2 mapping collection.

NIST, Open Security Controls Assessment Language, catalog model and control mapping model. What OSCAL has no field for
is carried in properties of the namespace NS; a catalog with those comes back exactly as it was.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from annexa.adapters.catalogs.findings import LIMIT_DEPTH, Findings, check_tree, shortened, slug
from annexa.pure.library_files import framework_path, framework_toml
from annexa.pure.rules_text import rules_text
from annexa.pure.standards import Attribute, Declared, Edge, Framework, FrameworkMapping, Relation, Requirement
from annexa.pure.systems import CLASSES, ROLES

NS = "urn:annexa:oscal"
NS_ATTRIBUTE = "urn:annexa:oscal:attribute"
VERSION = "1.2.0"
READ_VERSIONS = re.compile(r"1\.[0-2](\.\d+)?(-.*)?")
MEDIA_TYPE = "application/oscal.catalog+json"
HEADER = ("id", "version", "title", "publisher", "licence-note", "source-url", "language", "edition", "status")
OTHER_MODELS = {
    "profile": "a profile selects from catalogs; resolve it into a catalog first and import that",
    "component-definition": "a component definition describes products; import the catalog it refers to",
    "system-security-plan": "a system security plan describes one system; import the catalog it refers to",
    "assessment-plan": "an assessment plan holds no requirements; import the catalog it refers to",
    "assessment-results": "assessment results hold no requirements; import the catalog they refer to",
    "plan-of-action-and-milestones": "a plan of action holds no requirements; import the catalog it refers to",
    "mapping-collection": "mappings are imported as TOML or from a CISO Assistant library; import a catalog here",
}
RELATIONSHIPS: Mapping[Relation, str] = {
    Relation.EQUAL: "equal-to",
    Relation.SUBSET_OF: "subset-of",
    Relation.SUPERSET_OF: "superset-of",
    Relation.INTERSECTS_WITH: "intersects-with",
}
_SPACE = UUID("1f4b7b0e-5f43-5d0a-9a5b-0f1c6f6f8a2d")
_STRING = re.compile(r"[^\s\x00-\x1f\x7f-\x9f](?:[^\x00-\x1f\x7f-\x9f\u2028\u2029]*[^\s\x00-\x1f\x7f-\x9f])?")
_NOT_TOKEN = re.compile(r"[^A-Za-z0-9._-]+")
_URL = re.compile(r"https?://[^\s<>\"{}|\\^`]+")
_INSERT = re.compile(r"\{\{\s*(?:insert:\s*param,\s*|param:\s*)?([A-Za-z_][\w.-]{0,200})\s*\}\}")
_LONGEST = 50_000

Json = dict[str, Any]


# --- Out ------------------------------------------------------------------------------------------------------


def oscal_catalog(framework: Framework, *, last_modified: datetime) -> str:
    """A framework as an OSCAL 1.2 catalog in JSON; the same bytes for the same framework and instant."""
    catalog: Json = {
        "uuid": _uuid("catalog", framework.id, framework.version),
        "metadata": _metadata(framework, last_modified),
    }
    tokens = _tokens(framework)
    order = {requirement.id: number for number, requirement in enumerate(framework.requirements)}
    for top in framework.children.get(None, ()):
        kind = "groups" if top.id in framework.children else "controls"
        catalog.setdefault(kind, []).append(_node(framework, top, tokens, order))
    catalog["back-matter"] = {"resources": [_resource(framework)]}
    return _document({"catalog": catalog})


def _document(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _uuid(*names: str) -> str:
    """A UUID of version 5 that names the same thing each time."""
    return str(uuid5(_SPACE, json.dumps(names)))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _metadata(framework: Framework, last_modified: datetime) -> Json:
    party = _uuid("party", framework.publisher)
    values = (getattr(framework, name.replace("-", "_")) for name in HEADER)
    declared = [
        _prop("declared-attribute", json.dumps({"name": name, "title": one.title, "values": list(one.values)}))
        for name, one in framework.attributes.items()
    ]
    return {
        "title": _line(framework.title),
        "last-modified": _instant(last_modified),
        "version": _line(framework.version),
        "oscal-version": VERSION,
        "props": [*map(_prop, HEADER, values), *declared],
        "links": [{"href": f"#{_uuid('source', framework.id, framework.version)}", "rel": "reference"}],
        "roles": [{"id": "publisher", "title": "Publisher of the text"}],
        "parties": [{"uuid": party, "type": "organization", "name": _line(framework.publisher)}],
        "responsible-parties": [{"role-id": "publisher", "party-uuids": [party]}],
        "remarks": framework.licence_note,
    }


def _resource(framework: Framework) -> Json:
    """The text itself, as something to look up; its UUID is what a mapping refers to."""
    found: Json = {"uuid": _uuid("source", framework.id, framework.version), "title": _line(framework.title)}
    found["citation"] = {"text": _line(f"{framework.publisher}, {framework.title}, {framework.edition}")}
    if _URL.fullmatch(framework.source_url):
        found["rlinks"] = [{"href": framework.source_url}]
    return found


def _node(framework: Framework, requirement: Requirement, tokens: Mapping[str, str], order: Mapping[str, int]) -> Json:
    """A requirement as a group (at the top, with others below it) or a control."""
    token = tokens[requirement.id]
    found: Json = {"id": token}
    if _is_token(requirement.kind):
        found["class"] = requirement.kind
    found["title"] = _line(requirement.title)
    found["props"] = list(_props(requirement, order[requirement.id]))
    found["parts"] = [{"id": f"{token}_overview", "name": "overview", "prose": requirement.summary}]
    if requirement.note:
        found["parts"].append({"id": f"{token}_guidance", "name": "guidance", "prose": requirement.note})
    if below := framework.children.get(requirement.id):
        found["controls"] = [_node(framework, one, tokens, order) for one in below]
    return found


def _props(requirement: Requirement, number: int) -> Iterator[Json]:
    """What OSCAL knows as properties (label, sort-id), then ours."""
    yield {"name": "label", "value": _line(requirement.id)}
    yield {"name": "sort-id", "value": f"{number:05d}"}
    yield _prop("id", requirement.id)
    yield _prop("level", requirement.level)
    if not _is_token(requirement.kind):
        yield _prop("kind", requirement.kind)
    if _line(requirement.title) != requirement.title:
        yield _prop("title", requirement.title)
    yield from (_prop("binds-role", role) for role in requirement.binds_roles)
    yield from (_prop("binds-class", name) for name in requirement.binds_classes)
    if requirement.applies_from:
        yield _prop("applies-from", requirement.applies_from.isoformat())
    yield _prop("documented-information", requirement.documented_information)
    further = (("no-duty", requirement.no_duty), ("source", requirement.source), ("rules", rules_text(requirement)))
    for name, value in further:
        if value:
            yield _prop(name, value)
    yield from (_attribute(name, value) for name, value in requirement.attributes.items())


def _prop(name: str, value: str) -> Json:
    """A property of ours. OSCAL's strings have no line ends and no space around them; such texts go as JSON."""
    if _STRING.fullmatch(value):
        return {"name": name, "ns": NS, "value": value}
    return {"name": name, "ns": NS, "value": json.dumps(value), "class": "json"}


def _attribute(name: str, value: Attribute) -> Json:
    found: Json = {"name": _token(name), "ns": NS_ATTRIBUTE}
    if isinstance(value, str) and _STRING.fullmatch(value):
        found["value"] = value
    elif isinstance(value, date):
        found |= {"value": value.isoformat(), "class": "date"}
    else:
        found |= {"value": json.dumps(value), "class": "json"}
    if found["name"] != name:
        found["remarks"] = json.dumps(name)
    return found


def _line(text: str) -> str:
    """A text on one line, as titles have to be."""
    return " ".join("".join(" " if not one.isprintable() else one for one in text).split()) or "-"


def _is_token(text: str) -> bool:
    return bool(text) and _token(text) == text


def _token(text: str) -> str:
    """A text as OSCAL's token: letters, digits, full stop, hyphen and underscore, not a digit first."""
    token = _NOT_TOKEN.sub("-", text).strip("-")
    return token if re.match(r"[A-Za-z_]", token) else f"_{token}"


def _tokens(framework: Framework) -> Mapping[str, str]:
    """For each requirement's number an id that OSCAL allows; no two are alike."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for requirement in framework.requirements:
        token = wanted = _token(requirement.id).lower()
        turn = 1
        while token in taken:
            turn += 1
            token = f"{wanted}_{turn}"
        taken.add(token)
        found[requirement.id] = token
    return found


def oscal_mapping(
    mappings: Sequence[FrameworkMapping], frameworks: Mapping[str, Framework], *, last_modified: datetime
) -> str:
    """Mappings between frameworks as one OSCAL 1.2 mapping collection in JSON.

    The catalogs are referred to in the back matter, under the names in which they are exported.
    """
    names = dict.fromkeys(name for mapping in mappings for name in (mapping.source, mapping.target))
    tokens = {name: _tokens(frameworks[name]) for name in names}
    authors = dict.fromkeys(mapping.author for mapping in mappings)
    collection = {
        "uuid": _uuid("mapping-collection", *(f"{one.source}--{one.target}" for one in mappings)),
        "metadata": {
            "title": " and ".join(_line(frameworks[name].title) for name in names),
            "last-modified": _instant(last_modified),
            "version": " ".join(_line(frameworks[name].version) for name in names),
            "oscal-version": VERSION,
            "roles": [{"id": "creator", "title": "Author of the mapping"}],
            "parties": [{"uuid": _uuid("party", one), "type": "organization", "name": _line(one)} for one in authors],
        },
        "provenance": {
            "method": "human",
            "matching-rationale": "semantic",
            "status": "complete",
            "mapping-description": "\n\n".join(dict.fromkeys(mapping.basis for mapping in mappings)),
            "responsible-parties": [{"role-id": "creator", "party-uuids": [_uuid("party", one) for one in authors]}],
        },
        "mappings": [_one_mapping(mapping, frameworks, tokens) for mapping in mappings],
        "back-matter": {"resources": [_catalog_resource(frameworks[name]) for name in names]},
    }
    return _document({"mapping-collection": collection})


def _catalog_resource(framework: Framework) -> Json:
    return {
        "uuid": _uuid("catalog-file", framework.id, framework.version),
        "title": _line(framework.title),
        "rlinks": [{"href": f"{framework.id}.json", "media-type": MEDIA_TYPE}],
    }


def _one_mapping(
    mapping: FrameworkMapping, frameworks: Mapping[str, Framework], tokens: Mapping[str, Mapping[str, str]]
) -> Json:
    def resource(name: str) -> Json:
        return {"type": "catalog", "href": f"#{_uuid('catalog-file', name, frameworks[name].version)}"}

    return {
        "uuid": _uuid("mapping", mapping.source, mapping.target),
        "source-resource": resource(mapping.source),
        "target-resource": resource(mapping.target),
        "maps": [
            _map(
                edge,
                mapping,
                _item(frameworks[mapping.source], edge.start, tokens),
                _item(frameworks[mapping.target], edge.end, tokens),
            )
            for edge in mapping.edges
        ],
        "mapping-description": mapping.basis,
    }


def _map(edge: Edge, mapping: FrameworkMapping, source: Json, target: Json) -> Json:
    return {
        "uuid": _uuid("map", mapping.source, edge.start, mapping.target, edge.end),
        "matching-rationale": "semantic",
        "relationship": RELATIONSHIPS[edge.relation],
        "sources": [source],
        "targets": [target],
        "confidence-score": {"category": str(edge.confidence)},
        "props": [_prop("source", edge.source)],
        "remarks": edge.rationale,
    }


def _item(framework: Framework, requirement: str, tokens: Mapping[str, Mapping[str, str]]) -> Json:
    """An end of a mapping, by the id it has in the exported catalog; its number as we write it is kept beside."""
    group = framework.by_id[requirement].parent is None and requirement in framework.children
    return {
        "type": "group" if group else "control",
        "id-ref": tokens[framework.id][requirement],
        "props": [{"name": "label", "value": _line(requirement)}],
    }


# --- In -------------------------------------------------------------------------------------------------------


def read(text: str, found: Findings, *, framework_id: str | None = None) -> dict[str, bytes]:
    """The framework in a catalog as a library file; problems name the place as a JSON pointer (RFC 6901)."""
    document = _json(text, found)
    catalog = document.get("catalog") if document is not None else None
    if document is not None and not isinstance(catalog, dict):
        _refuse(document, found)
    if not isinstance(catalog, dict):
        return {}
    metadata = found.table(catalog, "metadata", "/catalog/")
    version = found.text(metadata, "oscal-version", "/catalog/metadata/", None)
    if version and not READ_VERSIONS.fullmatch(version):
        found.wrong("/catalog/metadata/oscal-version", f"is {version!r}; versions 1.0 to 1.2 are read")
    own = _own(metadata.get("props"))
    reading = _Catalog(found=found, catalog=catalog, ours="id" in own)
    reading.walk()
    framework = _described(metadata, own, reading, framework_id)
    check_tree(found, framework, [place for _, place, _ in reading.nodes])
    if "back-matter" in catalog and not reading.ours:
        found.leave_out("back matter is left out: the library keeps no list of literature")
    return {framework_path(framework.id): framework_toml(framework)} if not found.problems else {}


def _json(text: str, found: Findings) -> Json | None:
    def distinct(pairs: list[tuple[str, Any]]) -> Json:
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1:
                found.wrong("", f"an object has the name {name[:40]!r} twice; remove one")
        return dict(pairs)

    try:
        document = json.loads(text, object_pairs_hook=distinct)
    except json.JSONDecodeError as wrong:
        found.wrong(f"line {wrong.lineno}, column {wrong.colno}", f"this is not JSON ({wrong.msg}); mend it")
        return None
    except (RecursionError, ValueError):
        found.wrong("", "the JSON is nested too deeply or holds a number too long; export it again")
        return None
    if isinstance(document, dict):
        return document
    found.wrong("", "the JSON is not an object; an OSCAL catalog is an object with the name catalog")
    return None


def _refuse(document: Json, found: Findings) -> None:
    for name, sentence in OTHER_MODELS.items():
        if name in document:
            found.wrong(f"/{name}", sentence)
            return
    found.wrong("", "there is no catalog in it; OSCAL catalogs begin with the name catalog")


def _own(props: Any, ns: str = NS) -> dict[str, list[Json]]:
    """The properties of a namespace by name, those without a text left aside."""
    named: dict[str, list[Json]] = {}
    for prop in props if isinstance(props, list) else ():
        if isinstance(prop, dict) and prop.get("ns") == ns and isinstance(prop.get("value"), str):
            named.setdefault(str(prop.get("name")), []).append(prop)
    return named


def _value(prop: Json) -> Any:
    """What a property of ours stands for."""
    text = prop["value"]
    try:
        if prop.get("class") == "json":
            value = json.loads(text)
            return tuple(value) if isinstance(value, list) else value
        if prop.get("class") == "date":
            return date.fromisoformat(text)
    except (ValueError, RecursionError):
        return text
    return text


class _Catalog:
    """Walks the groups and controls of a catalog into requirements, parents first."""

    def __init__(self, *, found: Findings, catalog: Json, ours: bool) -> None:
        self.found, self.catalog, self.ours = found, catalog, ours
        self.nodes: list[tuple[Requirement, str, str]] = []
        self.params: dict[str, Json] = {}
        # Parameters may insert each other many times over; the last few are remembered, so that it stays cheap.
        self._param = lru_cache(maxsize=256)(self._said_for)
        self.links = 0
        self.labels: dict[str, str] = {}

    def walk(self) -> None:
        """Fills `nodes` with requirement, place and order."""
        self._collect(self.catalog, 0)
        self._choose_numbers()
        self._below(self.catalog, "/catalog/", None, 0)
        if self.ours:
            self.nodes.sort(key=lambda node: node[2])
        if self.links:
            self.found.leave_out(f"left out: links to other controls and texts ({self.links})")

    def _collect(self, holder: Json, depth: int) -> None:
        """Parameters and labels first: prose may refer to a parameter that is defined further down."""
        for param in _objects(holder.get("params")):
            if isinstance(param.get("id"), str):
                self.params.setdefault(param["id"], param)
        if isinstance(holder.get("id"), str) and (label := _label(holder)):
            self.labels[holder["id"]] = label
        if depth < LIMIT_DEPTH:
            for one in (*_objects(holder.get("groups")), *_objects(holder.get("controls"))):
                self._collect(one, depth + 1)

    def _choose_numbers(self) -> None:
        """Labels number the requirements only if each is there once."""
        if len(set(self.labels.values())) < len(self.labels):
            self.labels = {}

    def _below(self, holder: Json, place: str, parent: str | None, depth: int) -> None:
        for kind in ("groups", "controls"):
            for here, one in self.found.tables(holder, kind, place, "/{}"):
                if depth >= LIMIT_DEPTH:
                    self.found.wrong(here, f"is nested more than {LIMIT_DEPTH} deep; flatten the catalog")
                    return
                number = self._node(one, here, parent, kind == "groups")
                self._below(one, f"{here}/", number, depth + 1)

    def _node(self, one: Json, place: str, parent: str | None, group: bool) -> str:
        own = _own(one.get("props"))
        token = found_id = self.found.text(one, "id", f"{place}/", "" if group else None)
        title = self.found.text(one, "title", f"{place}/", None)
        if not token:
            found_id = slug(title) or place
        number = str(_value(own["id"][0])) if self.ours and "id" in own else self.labels.get(token, found_id)
        self.links += len(_objects(one.get("links")))
        kind = self.found.text(one, "class", f"{place}/", "group" if group else "control")
        summary, note = self._prose(one, place)
        requirement = (
            self._exact(one, own, place, parent, number)
            if self.ours
            else Requirement(
                id=number,
                parent=parent,
                kind=kind,
                title=title,
                summary=summary or title,
                level="organisation",
                note=note,
                no_duty="Withdrawn in this edition of the catalog." if _withdrawn(one) else "",
            )
        )
        order = next((p["value"] for p in _objects(one.get("props")) if p.get("name") == "sort-id"), "")
        self.nodes.append((requirement, place, str(order)))
        return number

    def _exact(
        self, one: Json, own: Mapping[str, list[Json]], place: str, parent: str | None, number: str
    ) -> Requirement:
        """A requirement of our own export, field by field as it was."""
        prose = {str(part.get("name")): str(part.get("prose", "")) for part in _objects(one.get("parts"))}

        def say(name: str, default: str = "") -> str:
            return str(_value(own[name][0])) if name in own else default

        def one_of(name: str, choices: Sequence[str], default: str) -> Any:
            value = say(name, default)
            if value not in choices:
                self.found.wrong(f"{place}/props", f"{name} is {value!r}; it is one of {', '.join(choices)}")
            return value

        def words(name: str, choices: Sequence[str]) -> tuple[str, ...]:
            values = tuple(prop["value"] for prop in own.get(name, ()))
            for value in values:
                if value not in choices:
                    self.found.wrong(f"{place}/props", f"{name} is {value!r}; it is one of {', '.join(choices)}")
            return values

        title = str(one.get("title", ""))
        return Requirement(
            id=number,
            parent=parent,
            kind=say("kind", str(one.get("class", "requirement"))),
            title=say("title", title),
            summary=prose.get("overview", "") or title,
            level=one_of("level", ("organisation", "system"), "organisation"),
            binds_roles=words("binds-role", ROLES),
            binds_classes=words("binds-class", CLASSES),
            applies_from=self.found.day(say("applies-from"), f"{place}/props"),
            documented_information=one_of("documented-information", ("yes", "no", "if applicable"), "no"),
            no_duty=say("no-duty"),
            note=prose.get("guidance", ""),
            source=say("source"),
            attributes=MappingProxyType(_attributes(one.get("props"))),
            **self.found.rules(say("rules"), f"{place}/props"),
        )

    def _prose(self, one: Json, place: str) -> tuple[str, str]:
        """The statement as the summary, guidance as the note, parameters filled in."""
        said: list[str] = []
        noted: list[str] = []
        for here, part in self.found.tables(one, "parts", f"{place}/", "/{}"):
            name = str(part.get("name", ""))
            lines = list(self._part(part, here, 0))
            (noted if name in ("guidance", "example", "remarks") else said if _is_statement(name) else []).extend(lines)
        return self._joined(said, place), self._joined(noted, place)

    def _joined(self, lines: Iterable[str], place: str) -> str:
        text = "\n".join(line for line in lines if line)
        if len(text) > _LONGEST:
            self.found.wrong(f"{place}/parts", f"the text has {len(text):,} characters; {_LONGEST:,} are read. Cut it")
        return text

    def _part(self, part: Json, place: str, depth: int) -> Iterator[str]:
        prose = self.found.text(part, "prose", f"{place}/")
        label = _label(part)
        filled = self._filled(prose[:_LONGEST], 0)
        yield f"{label} {filled}".strip() if label else filled
        if depth < LIMIT_DEPTH:
            for here, below in self.found.tables(part, "parts", f"{place}/", "/{}"):
                yield from self._part(below, here, depth + 1)

    def _filled(self, text: str, depth: int) -> str:
        """The text with each parameter replaced by its value, its choices, or its label in brackets."""
        if depth > 2:
            return text
        return _INSERT.sub(lambda match: self._param(match[1], depth), text)[: _LONGEST + 1]

    def _said_for(self, name: str, depth: int) -> str:
        """What stands for a parameter inserted that deep."""
        param = self.params.get(name, {})
        values = [value for value in _list(param.get("values")) if isinstance(value, str)]
        if values:
            return ", ".join(values)
        select = param.get("select")
        choices = (
            [one for one in _list(select.get("choice")) if isinstance(one, str)] if isinstance(select, dict) else []
        )
        if choices:
            return f"[{'; '.join(self._filled(choice, depth + 1) for choice in choices)}]"
        label = param.get("label")
        return f"[{self._filled(label, depth + 1) if isinstance(label, str) else name}]"


def _is_statement(name: str) -> bool:
    return not name.startswith(("assessment", "objective"))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Json]:
    return [one for one in _list(value) if isinstance(one, dict)]


def _label(holder: Json) -> str:
    """The number by which people know a control, as OSCAL's property label has it."""
    labels = [prop for prop in _objects(holder.get("props")) if prop.get("name") == "label"]
    plain = [prop for prop in labels if prop.get("class") != "zero-padded"] or labels
    value = plain[0].get("value") if plain else ""
    return value.strip() if isinstance(value, str) else ""


def _withdrawn(holder: Json) -> bool:
    return any(
        prop.get("name") == "status" and str(prop.get("value")).lower() == "withdrawn"
        for prop in _objects(holder.get("props"))
    )


def _attributes(props: Any) -> dict[str, Attribute]:
    """The attributes of a requirement in our export, under their own names."""
    found: dict[str, Attribute] = {}
    for name, values in _own(props, NS_ATTRIBUTE).items():
        for prop in values:
            own = _value({"value": prop["remarks"], "class": "json"}) if isinstance(prop.get("remarks"), str) else name
            value = _value(prop)
            plain = isinstance(value, str | int | date) or (
                isinstance(value, tuple) and all(isinstance(one, str) for one in value)
            )
            found[str(own)] = value if plain else str(value)
    return found


def _described(metadata: Json, own: Mapping[str, list[Json]], reading: _Catalog, framework_id: str | None) -> Framework:
    """The framework with what the metadata says of it; what they do not say is said to be so."""
    found = reading.found
    title = found.text(metadata, "title", "/catalog/metadata/", None)
    version = found.text(metadata, "version", "/catalog/metadata/", "1")
    found.text(metadata, "last-modified", "/catalog/metadata/", None)
    header = {name: str(_value(own[name][0])) for name in HEADER if name in own}
    if header.get("status", "current") not in ("current", "withdrawn", "repealed"):
        found.wrong("/catalog/metadata/props", f"status is {header['status']!r}; it is current, withdrawn or repealed")
    status: Any = header.get("status", "current")
    remarks = found.text(metadata, "remarks", "/catalog/metadata/")
    return Framework(
        id=found.id(framework_id or header.get("id") or slug(title), "/catalog/metadata/title"),
        version=header.get("version", version),
        title=header.get("title", title),
        publisher=header.get("publisher") or _publisher(metadata) or "Not stated",
        licence_note=header.get("licence-note") or remarks or f"Not stated in {found.name}.",
        source_url=header.get("source-url") or _href(metadata) or "Not stated",
        language=header.get("language", "en"),
        edition=header.get("edition", version),
        status=status,
        requirements=tuple(requirement for requirement, _, _ in reading.nodes),
        attributes=MappingProxyType(_declared(own)),
    )


def _declared(own: Mapping[str, list[Json]]) -> dict[str, Declared]:
    declared = {}
    for prop in own.get("declared-attribute", ()):
        one = _value(prop | {"class": "json"})
        if isinstance(one, dict) and isinstance(one.get("name"), str):
            values = tuple(str(value) for value in _list(one.get("values")))
            declared[one["name"]] = Declared(title=str(one.get("title", one["name"])), values=values)
    return declared


def _publisher(metadata: Json) -> str:
    names = (party.get("name") for party in _objects(metadata.get("parties")))
    return next((shortened(name) for name in names if isinstance(name, str) and name.strip()), "")


def _href(metadata: Json) -> str:
    hrefs = (link.get("href") for link in _objects(metadata.get("links")))
    return next((href for href in hrefs if isinstance(href, str) and _URL.fullmatch(href)), "")
