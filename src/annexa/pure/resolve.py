"""Understands the number of a requirement as people type it, and finds what is meant by it today.

Numbers are compared as words and digits, so that "Art 26 (6)", "art. 26(6)" and "Article 26, paragraph 6" are one. A
number without its edition may have several readings; all are given, and the question says so.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from annexa.pure.mappings import compose, direct
from annexa.pure.standards import Framework, Library, Relation, Requirement

Tokens = tuple[str, ...]
Reading = tuple[Framework, Requirement]

LONGEST = 200
NEAREST = 5
_YEAR = r"(?:\s*[:\-/(]?\s*(?P<year>(?:19|20)\d\d)\)?)?(?!\d)"
_ISO = r"(?:\biso\b\s*(?:/\s*iec\b)?|\biso/?iec\b|\biso)?[\s-]*"
_NAMES: tuple[tuple[str, str], ...] = (
    (_ISO + r"(?<!\d)27001" + _YEAR, "iso27001"),
    (_ISO + r"(?<!\d)42001" + _YEAR, "iso42001"),
    (_ISO + r"(?<!\d)27701" + _YEAR, "iso27701"),
    (r"\b(?:eu[\s-]*)?ai[\s-]*act\b|(?:\bregulation\s*)?(?:\(eu\)\s*)?\b2024/1689\b|\baia\b", "eu-ai-act"),
    (r"\b(?:eu[\s-]*)?(?:gdpr|dsgvo)\b|(?:\bregulation\s*)?(?:\(eu\)\s*)?\b2016/679\b", "gdpr"),
    (r"\bnis[\s-]*2\b|(?:\bdirective\s*)?(?:\(eu\)\s*)?\b2022/2555\b", "nis2"),
    (r"\b(?:nist[\s-]*)?ai[\s-]*rmf\b(?:[\s-]*1\.0)?", "nist-ai-rmf"),
    (r"\b(?:nist[\s-]*)?csf\b(?:[\s-]*2(?:\.0)?(?![\d.]))?", "nist-csf"),
    (r"\b(?:colorado\s*)?sb[\s-]*24-?205\b|\bus-co-sb24-?205\b", "us-co-sb24"),
    (r"\b(?:colorado\s*)?sb[\s-]*26-?189\b|\bus-co-sb26-?189\b", "us-co-sb26"),
    (r"\bcolorado(?:\s+ai\s+act)?\b", "us-co"),
)
"""How people name a framework, and how the ids of its editions begin."""

_SAME = {
    "article": "art", "articles": "art", "arts": "art", "artikel": "art",
    "chapter": "ch", "chap": "ch", "annexes": "annex", "appendix": "annex",
}  # fmt: skip
_FILLING = frozenset({
    "of", "the", "in", "from", "under", "and", "to", "clause", "clauses", "cl", "control", "controls",
    "section", "sec", "requirement", "paragraph", "para", "par", "point", "points", "subparagraph", "lit",
    "letter", "subcategory", "category", "number", "no", "edition", "table", "nist", "iso", "iec",
    "regulation", "directive", "eu", "s", "abs", "absatz", "nr",
})  # fmt: skip
_ROMAN = ("", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A requirement of today. `via` says which older one leads to it, such as `iso27001-2013 A.12.4`."""

    framework: str
    id: str
    title: str
    relation: Relation
    via: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What somebody may have meant.

    `edition` is the framework the number was read in, None if it has several readings or none. `question` says what is
    unclear, or why nothing was found and what is near; it is empty where there is no doubt.
    """

    asked: str
    edition: str | None
    matches: tuple[Match, ...]
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was typed, taken apart: the number, the frameworks it may belong to, and the word that stood before it."""

    tokens: Tokens
    frameworks: tuple[Framework, ...]
    named: bool
    clause: bool
    control: bool
    brackets: bool


def resolve(library: Library, text: str, edition: str | None = None) -> Resolution:
    """Today's requirements for a number as people type it. `edition` is the id of a framework that exists."""
    asked = " ".join(text.split())[:LONGEST]
    typed = take_apart(library, asked, edition)
    readings, remark = _readings(typed)
    if not readings:
        return Resolution(asked=asked, edition=None, matches=(), question=_nothing(library, typed, asked))
    matches = tuple(match for reading in readings for match in _today(library, reading))
    question = remark
    if len(readings) > 1:
        question = f"{remark} {_which(asked, readings)}".strip()
    return Resolution(
        asked=asked,
        edition=readings[0][0].id if len(readings) == 1 else None,
        matches=tuple(dict.fromkeys(matches)),
        question=question,
    )


def take_apart(library: Library, asked: str, edition: str | None) -> Typed:
    """Separates the name of the framework from the number."""
    rest = unicodedata.normalize("NFKC", asked).casefold()
    every = tuple(sorted(library.frameworks.values(), key=lambda f: (f.status != "current", f.id)))
    chosen: tuple[Framework, ...] | None = None
    for framework in every:
        if framework.id in rest and framework.id != "nis2":
            chosen, rest = (framework,), rest.replace(framework.id, " ")
            break
    for pattern, start in _NAMES:
        name = re.search(pattern, rest)
        if name is not None:
            year = name.groupdict().get("year")
            ids = {f.id for f in every if f.id.startswith(start) and (not year or f.id.endswith(f"-{year}"))}
            chosen = tuple(f for f in chosen or every if f.id in ids)
            rest = f"{rest[: name.start()]} {rest[name.end() :]}"
    year_alone = re.search(r"(?<![\d.(-])\(?\b((?:19|20)\d\d)\b\)?(?![.\d(-])", rest)
    if year_alone is not None:
        chosen = tuple(f for f in chosen or every if f.id.endswith(f"-{year_alone[1]}"))
        rest = f"{rest[: year_alone.start()]} {rest[year_alone.end() :]}"
    if edition is not None:
        chosen = (library.frameworks[edition],)
    return Typed(
        tokens=tokens_of(rest),
        frameworks=every if chosen is None else chosen,
        named=chosen is not None,
        clause=re.search(r"\b(?:clauses?|cl)\b", rest) is not None,
        control=re.search(r"\bcontrols?\b", rest) is not None,
        brackets="(" in rest,
    )


@lru_cache(maxsize=8192)
def tokens_of(text: str) -> Tokens:
    """The words and digits of a number that tell it from others: "Art. 26 (6)" → art, 26, 6."""
    apart = re.sub(r"\b(annex|art|ch)(?=\d|[ivx]+\b)", r"\1 ", text.casefold())
    found = [_SAME.get(token, token) for token in re.findall(r"\d+[a-z]{0,2}(?![a-z])|\d+|[^\W\d_]+", apart)]
    found = [token.lstrip("0") or "0" for token in found if token not in _FILLING]
    if found[:2] == ["annex", "a"]:
        found = found[1:]
    if found[:1] == ["annex"] and len(found) > 1 and found[1].isdigit() and int(found[1]) < len(_ROMAN):
        found[1] = _ROMAN[int(found[1])]
    return tuple(found)


def _readings(typed: Typed) -> tuple[list[Reading], str]:
    """What the number stands for in each framework, and a remark if it was not written as it should be."""
    tokens = typed.tokens
    if not tokens:
        return [], ""
    bare = tokens[0][0].isdigit()
    plain = _in_each(typed.frameworks, [tokens])
    as_control = _in_each(typed.frameworks, [("a", *tokens)]) if bare else []
    if bare and typed.clause:
        return (plain, "") if plain else (as_control, _no_clause(typed, as_control))
    if bare and typed.control and as_control:
        return as_control, ""
    found = plain + as_control
    if bare and (typed.brackets or typed.named) and not plain:
        found = _in_each(typed.frameworks, [("art", *tokens)]) or found
    if not found and len(tokens) > 2:
        found = [(f, r) for f in typed.frameworks for r in f.requirements if tokens_of(r.id)[-len(tokens) :] == tokens]
    return found, ""


def _in_each(frameworks: Iterable[Framework], wanted: Sequence[Tokens]) -> list[Reading]:
    """The requirements whose number is one of those wanted; if there are none, those that differ only in brackets."""
    frameworks = tuple(frameworks)
    exact = [(f, r) for f in frameworks for r in f.requirements if tokens_of(r.id) in wanted]
    if exact:
        return exact
    loose = {_split(tokens) for tokens in wanted}
    return [(f, r) for f in frameworks for r in f.requirements if _split(tokens_of(r.id)) in loose]


def _split(tokens: Tokens) -> Tokens:
    """Digits and letters apart: "3d" is "3", "d"."""
    return tuple(part for token in tokens for part in re.findall(r"\d+|[^\W\d_]+", token))


def _today(library: Library, reading: Reading) -> Iterator[Match]:
    """The requirement itself if its edition is current; else those of the current edition that took its place."""
    framework, requirement = reading
    followed = [] if framework.status == "current" else list(_followers(library, framework, requirement))
    for successor, relation in followed:
        yield Match(
            framework=successor[0].id,
            id=successor[1].id,
            title=successor[1].title,
            relation=relation,
            via=f"{framework.id} {requirement.id}",
        )
    if not followed:
        yield Match(framework=framework.id, id=requirement.id, title=requirement.title, relation=Relation.EQUAL)


def _followers(library: Library, framework: Framework, requirement: Requirement) -> Iterator[tuple[Reading, Relation]]:
    """Where the mapping to the current edition leads; for a group it does not name, where its parts lead."""
    family = framework.id.rpartition("-")[0]
    found: dict[tuple[str, str], Relation] = {}
    for one in direct(library, framework.id, requirement.id):
        target = library.frameworks[one.framework]
        if target.status == "current" and target.id.rpartition("-")[0] == family:
            found[one.end] = one.relation
    for end, relation in found.items():
        target = library.frameworks[end[0]]
        yield (target, target.by_id[end[1]]), relation
    if not found:
        below: dict[tuple[str, str], tuple[Reading, Relation]] = {}
        for child in framework.children.get(requirement.id, ()):
            for reading, relation in _followers(library, framework, child):
                end = (reading[0].id, reading[1].id)
                below.setdefault(end, (reading, compose(Relation.SUPERSET_OF, relation)))
        yield from below.values()


def _which(asked: str, readings: Sequence[Reading]) -> str:
    said = "; ".join(f"{r.id} of {f.title} is “{r.title}” ({f.id})" for f, r in readings)
    return f"Which one is meant by {asked!r}? {said}. Say it with --in."


def _no_clause(typed: Typed, instead: Sequence[Reading]) -> str:
    """A control number written as a clause is the commonest slip there is."""
    number = ".".join(typed.tokens)
    parent = _in_each(typed.frameworks, [typed.tokens[:-1]])
    beside = "".join(f" Clause {r.id} of {f.title} is “{r.title}”." for f, r in parent[:NEAREST])
    if not instead:
        return ""
    likely = " or ".join(f"control {r.id} of {f.title}, “{r.title}”" for f, r in instead)
    return f"There is no clause {number}.{beside} Probably meant: {likely}."


def _nothing(library: Library, typed: Typed, asked: str) -> str:
    """Why nothing was found, and what is near it."""
    if typed.named and not typed.frameworks:
        return f"The library holds no such edition. It holds {', '.join(sorted(library.frameworks))}."
    where = f" in {', '.join(f.id for f in typed.frameworks)}" if typed.named else ""
    near = _near(library, typed)
    if not near:
        return f"There is nothing with the number {asked!r}{where}."
    said = "; ".join(f"{r.id} of {f.title}, “{r.title}” ({f.id})" for f, r in near[:NEAREST])
    return f"There is nothing with the number {asked!r}{where}. Near it: {said}."


def _near(library: Library, typed: Typed) -> list[Reading]:
    """The same number in other frameworks, else the groups it would be in, else titles with the words typed."""
    every = tuple(library.frameworks.values())
    if typed.named and typed.tokens:
        elsewhere = _in_each(every, [typed.tokens, ("a", *typed.tokens)])
        if elsewhere:
            return elsewhere
    for end in range(len(typed.tokens) - 1, 0, -1):
        shorter = typed.tokens[:end]
        wanted = [shorter, ("art", *shorter)] if typed.brackets or typed.named else [shorter]
        above = _in_each(typed.frameworks, wanted)
        if above:
            return above
    words = typed.tokens
    if not words or not all(len(word) > 2 and word.isalpha() for word in words):
        return []
    return [(f, r) for f in every for r in f.requirements if all(word in r.title.casefold() for word in words)]
