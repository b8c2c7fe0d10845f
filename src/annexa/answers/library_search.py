"""Finding words in everything there is to read: the library in force and the working material beside it.

The index is built once for each version of the library. Words are compared casefolded and from their beginning, so
"assess" finds assessments and "art" does not find parts.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Literal, get_args

from annexa.answers.controls import FAMILIES
from annexa.answers.posture import standpoint
from annexa.answers.search import LONGEST, number
from annexa.library.classification import classifications
from annexa.library.courses import courses
from annexa.library.gates import gates
from annexa.library.policies import policies
from annexa.library.questionnaires import questionnaires
from annexa.library.regimes import regimes
from annexa.library.risks import risks
from annexa.pure.documents import SLOT, Basis, Policy
from annexa.pure.permits import Actor
from annexa.pure.regimes import Regime
from annexa.pure.standards import Framework, Library

Kind = Literal[
    "requirement", "control", "mapping", "regime", "questionnaire", "policy", "course", "scenario", "gate",
    "classification",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
KEPT = 4
LONGEST_EXCERPT = 260
_WORD = re.compile(r"\w+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_lock = Lock()
_indexes: OrderedDict[str, tuple["Entry", ...]] = OrderedDict()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that can be found: its number if it has one, its title, where it stands, what it says.

    `address` are the parts of the address of its page and `anchor` its place there; `frameworks` those it has to do
    with.
    """

    kind: Kind
    number: str
    title: str
    where: str
    address: tuple[str, ...]
    anchor: str
    frameworks: frozenset[str]
    texts: tuple[str, ...]
    folded_number: str
    folded_title: str
    folded: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a sentence; `match` if it is a word that was looked for."""

    text: str
    match: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that was found, with the words marked in its title and in the sentence that has most of them."""

    entry: Entry
    title: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found, by kind, the best of each first.

    `kinds` counts what the chosen framework leaves of each kind; `frameworks` what the chosen kind leaves of each.
    """

    text: str
    words: tuple[str, ...]
    groups: Mapping[Kind, tuple[Entry, ...]]
    kinds: tuple[tuple[Kind, int], ...]
    frameworks: tuple[tuple[Framework, int], ...]

    @property
    def total(self) -> int:
        """How many things were found."""
        return sum(len(entries) for entries in self.groups.values())


def search_library(*, actor: Actor, text: str, now: datetime, kind: str = "", framework: str = "") -> Found:
    """Everything whose number is, or whose words include, all that was typed. Raises UnknownError."""
    library = standpoint(actor=actor, now=now).library
    typed = " ".join(text.split())[:LONGEST]
    ranked = _ranked(index(library), typed)
    of_kind = [entry for entry in ranked if kind in ("", entry.kind)]
    of_framework = [entry for entry in ranked if not framework or framework in entry.frameworks]
    both = [entry for entry in of_kind if not framework or framework in entry.frameworks]
    groups = {one: tuple(entry for entry in both if entry.kind == one) for one in KINDS}
    by_kind = Counter(entry.kind for entry in of_framework)
    by_framework = Counter(one for entry in of_kind for one in entry.frameworks)
    return Found(
        text=typed,
        words=tuple(words_of(typed)),
        groups={one: entries for one, entries in groups.items() if entries},
        kinds=tuple((one, by_kind[one]) for one in KINDS if by_kind[one]),
        frameworks=tuple((f, by_framework[f.id]) for f in library.frameworks.values() if by_framework[f.id]),
    )


def hit(entry: Entry, words: Iterable[str]) -> Hit:
    """An entry as a result shows it."""
    pattern = _pattern(words)
    return Hit(entry=entry, title=_pieces(entry.title, pattern), excerpt=_pieces(_sentence(entry, pattern), pattern))


def words_of(text: str) -> list[str]:
    """The words of a text as they are compared."""
    return _WORD.findall(text.casefold())


def index(library: Library) -> tuple[Entry, ...]:
    """Everything that can be found beside this library; built at the first question after it changed."""
    with _lock:
        if library.version not in _indexes:
            _indexes[library.version] = tuple(_entries(library))
            while len(_indexes) > KEPT:
                _indexes.popitem(last=False)
        _indexes.move_to_end(library.version)
        return _indexes[library.version]


# --- matching -----------------------------------------------------------------------------------------------------


def _ranked(entries: tuple[Entry, ...], typed: str) -> list[Entry]:
    """What matches, best first: the number itself, numbers that begin so, words of the title, of the text."""
    wanted, words = number(typed), [f" {word}" for word in words_of(typed)]
    found: list[tuple[int, int, Entry]] = []
    for place, entry in enumerate(entries if words else ()):
        if entry.folded_number and entry.folded_number in (wanted, f"art.{wanted}"):
            found.append((0, place, entry))
        elif entry.folded_number.startswith(wanted) and any(one.isdigit() for one in wanted):
            found.append((1, place, entry))
        elif all(word in entry.folded for word in words):
            found.append((2 if all(word in entry.folded_title for word in words) else 3, place, entry))
    return [entry for _, _, entry in sorted(found, key=lambda one: one[:2])]


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    """Finds the words in a text as it is written; a word is marked whole."""
    wanted = sorted({re.escape(word) for word in words}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(wanted)})\w*", re.IGNORECASE) if wanted else None


def _sentence(entry: Entry, pattern: re.Pattern[str] | None) -> str:
    """The sentence with most of the words, the first if none has any; cut to what can be read at a glance."""
    sentences = [sentence for text in entry.texts for sentence in _SENTENCE.split(" ".join(text.split()))]
    if not sentences or pattern is None:
        return sentences[0] if sentences else ""

    def different(sentence: str) -> int:
        return len({found.casefold() for found in pattern.findall(sentence)})

    best = max(sentences, key=different)
    if len(best) <= LONGEST_EXCERPT:
        return best
    first = pattern.search(best)
    start = max(0, first.start() - LONGEST_EXCERPT // 3) if first else 0
    start = best.rfind(" ", 0, start) + 1 if start else 0
    end = best.rfind(" ", start, start + LONGEST_EXCERPT)
    end = end if len(best) > start + LONGEST_EXCERPT and end > start else len(best)
    return f"{'… ' if start else ''}{best[start:end]}{' …' if end < len(best) else ''}"


def _pieces(text: str, pattern: re.Pattern[str] | None) -> tuple[Piece, ...]:
    found, after = [], 0
    for match in pattern.finditer(text) if pattern else ():
        found += [Piece(text=text[after : match.start()], match=False), Piece(text=match[0], match=True)]
        after = match.end()
    return tuple(piece for piece in (*found, Piece(text=text[after:], match=False)) if piece.text)


# --- what there is to find ----------------------------------------------------------------------------------------


def _entry(
    kind: Kind,
    title: str,
    texts: Iterable[str],
    *,
    where: str,
    address: tuple[str, ...],
    number_: str = "",
    anchor: str = "",
    frameworks: Iterable[str] = (),
) -> Entry:
    said = tuple(text for text in texts if text)
    return Entry(
        kind=kind,
        number=number_,
        title=title,
        where=where,
        address=address,
        anchor=anchor,
        frameworks=frozenset(frameworks),
        texts=said,
        folded_number=number(number_) if number_ else "",
        folded_title=_folded(number_, title),
        folded=_folded(number_, title, where, *said),
    )


def _folded(*texts: str) -> str:
    """Its words, each after a blank, so that the beginning of a word can be looked for."""
    return f" {' '.join(words_of(' '.join(texts)))}"


def _entries(library: Library) -> Iterator[Entry]:
    for framework in library.frameworks.values():
        yield from _of_framework(framework)
    yield from _of_controls(library)
    yield from _of_mappings(library)
    for regime in regimes().values():
        yield from _of_regime(regime)
    yield from _of_questionnaires()
    yield from _of_policies()
    yield from _of_courses()
    yield from _of_scenarios(library)
    yield from _of_gates()
    yield from _of_classification()


def _of_framework(framework: Framework) -> Iterator[Entry]:
    for one in framework.requirements:
        yield _entry(
            "requirement",
            one.title,
            (one.summary, one.note, one.no_duty),
            where=framework.title,
            address=(framework.id, one.id),
            number_=one.id,
            frameworks=(framework.id,),
        )


def _of_controls(library: Library) -> Iterator[Entry]:
    for control in library.controls.values():
        letters = control.id.partition("-")[0]
        yield _entry(
            "control",
            control.name,
            (
                control.objective,
                control.practice,
                *(test.how for test in control.tests),
                *(expectation.what for expectation in control.expectations),
            ),
            where=FAMILIES.get(letters, letters),
            address=(control.id,),
            number_=control.id,
            frameworks=(framework for framework, _ in library.covered_by[control.id]),
        )


def _of_mappings(library: Library) -> Iterator[Entry]:
    for mapping in library.mappings:
        source, target = library.frameworks[mapping.source], library.frameworks[mapping.target]
        for edge in mapping.edges:
            yield _entry(
                "mapping",
                f"{edge.start} {source.by_id[edge.start].title} – {edge.end} {target.by_id[edge.end].title}",
                (edge.rationale,),
                where=f"{source.title} – {target.title}",
                address=(source.id, edge.start),
                anchor="elsewhere-h",
                frameworks=(source.id, target.id),
            )


def _of_regime(regime: Regime) -> Iterator[Entry]:
    def entry(row: str, title: str, texts: Iterable[str], frameworks: Iterable[str] = ()) -> Entry:
        return _entry(
            "regime", title, texts, where=regime.title, address=(regime.id,), anchor=row, frameworks=frameworks
        )

    for event in regime.events:
        yield entry(event.id, event.title, (event.what_it_means, event.article, event.note), event.touches)
    for clock in regime.clocks:
        texts = [clock.deadline, f"{clock.actor}, {clock.article}", clock.counts_from, clock.recipient, clock.note]
        yield entry(clock.id, clock.trigger, texts, (clock.framework,) if clock.framework else ())
    for kept in regime.retention:
        texts = [kept.period, f"{kept.actor}, {kept.article}", kept.start_event, kept.note]
        yield entry(kept.id, kept.record, texts, (kept.framework,) if kept.framework else ())
    for penalty in regime.penalties:
        texts = [f"{penalty.maximum:,} {penalty.currency}, {penalty.article}", penalty.small_firms, penalty.note]
        yield entry(penalty.id, penalty.infringement, texts, (penalty.framework,) if penalty.framework else ())
    for statement in regime.statements:
        yield entry(statement.id, statement.text, (statement.note,), statement.frameworks)
    for question in regime.questions:
        yield entry(question.id, question.text, (*(one.text for one in question.readings), question.unknown))


def _of_questionnaires() -> Iterator[Entry]:
    """Each question where it stands first: a deeper questionnaire asks those of the shorter one again."""
    seen = set()
    for questionnaire in sorted(questionnaires().values(), key=lambda one: len(one.questions)):
        for question in questionnaire.questions:
            own = (questionnaire.kind, question.id, question.text)
            if own in seen and questionnaire.includes:
                continue
            seen.add(own)
            yield _entry(
                "questionnaire",
                question.text,
                (question.help, question.evidence, *question.choices, *(one.because for one in question.worries)),
                where=questionnaire.title,
                address=(questionnaire.id,),
                anchor=question.id,
                frameworks=(served.framework for served in question.answers),
            )


def _of_policies() -> Iterator[Entry]:
    """Each chapter once, with all policies that have it; it leads to the first."""
    holders: dict[tuple[str, str], list[Policy]] = {}
    for policy in policies().values():
        for module in policy.modules:
            holders.setdefault((module.id, module.text), []).append(policy)
    for policy in policies().values():
        for module in policy.modules:
            having = holders[(module.id, module.text)]
            if having[0] is not policy:
                continue
            yield _entry(
                "policy",
                module.title,
                (_readable(policy, module.text),),
                where=policy.title if len(having) == 1 else f"{policy.title} and {len(having) - 1} more",
                address=(policy.id,),
                anchor=module.id,
                frameworks=_named(module.basis),
            )


def _readable(policy: Policy, text: str) -> str:
    """A text with the names of its facts where they will stand."""
    return SLOT.sub(lambda slot: f"“{policy.fills[slot[1]].label}”" if slot[1] in policy.fills else "…", text)


def _named(basis: Iterable[Basis]) -> Iterator[str]:
    return (one.framework for one in basis)


def _of_courses() -> Iterator[Entry]:
    for course in courses().values():
        for lesson in course.lessons:
            yield _entry(
                "course",
                lesson.title,
                (lesson.text,),
                where=course.title,
                address=(course.id,),
                anchor=lesson.id,
                frameworks=_named(course.basis),
            )
        for question in course.questions:
            yield _entry(
                "course",
                question.text,
                (" ".join(choice.text for choice in question.choices),),
                where=course.title,
                address=(course.id,),
                anchor=f"question-{question.id}",
                frameworks=_named(course.basis),
            )


def _of_scenarios(library: Library) -> Iterator[Entry]:
    found = risks()
    titles = {tag.id: tag.title for taxonomy in found.taxonomies.values() for tag in taxonomy.tags.values()}
    for scenario in found.scenarios.values():
        tags = (f"{one} {titles[one]}" for ids in scenario.tags.values() for one in ids)
        yield _entry(
            "scenario",
            scenario.title,
            (scenario.threat, scenario.weakness, *scenario.consequence.values(), scenario.because, *tags),
            where=scenario.asset,
            address=(scenario.id,),
            number_=scenario.id,
            frameworks=(
                framework for control in scenario.controls for framework, _ in library.covered_by.get(control, ())
            ),
        )


def _of_gates() -> Iterator[Entry]:
    for gate in gates().values():
        yield _entry(
            "gate",
            gate.title,
            (gate.question, gate.because, *(need.why for need in gate.needs), *(one.what for one in gate.decisions)),
            where=f"{gate.from_stage} to {gate.to_stage}",
            address=(gate.id,),
            frameworks=(cited.framework for cited in gate.cites),
        )


def _of_classification() -> Iterator[Entry]:
    for tree in classifications().values():
        for question in tree.questions:
            yield _entry(
                "classification",
                question.text,
                (question.help, *(choice.text for choice in question.choices)),
                where=tree.title,
                address=(tree.id,),
                anchor=f"question-{question.id}",
                frameworks=(tree.id,),
            )
        for rule in tree.rules:
            yield _entry(
                "classification",
                rule.says,
                (", ".join(rule.cites), rule.open),
                where=tree.title,
                address=(tree.id,),
                anchor=f"rule-{rule.id}",
                frameworks=(tree.id,),
            )
