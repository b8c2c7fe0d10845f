"""Every dated fact about laws and standards says where it comes from; what is disputed is open, not decided."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from annexa.library.load import library
from annexa.library.reader import LibraryError, shipped
from annexa.library.regimes import dangling, load_regimes, regimes
from annexa.pure.regimes import (
    CLOCK_STATUSES,
    FINE_RULES,
    KEEPS,
    REGIME_STATUSES,
    UNITS,
    Clock,
    Event,
    Penalty,
    Regime,
    Retention,
    Row,
    Statement,
    days_of,
    events_about,
    statements_for,
)
from annexa.pure.standards import Confidence

REGIMES = regimes()
ROWS = [(regime.id, row) for regime in REGIMES.values() for row in regime.rows]
CERTIFIABLE = ("iso27001-2022", "iso42001-2023", "iso27701-2025")
AMERICAN = re.compile(
    r"\b(?!(?:siz|priz|seiz)e)\w+(?:iz|yz)(?:e[sd]?|ing|ations?)\b|\b(?:behavior|center|color)\b", re.I
)

SMALL = """\
id = "small"
title = "Small act"
jurisdiction = "EU"
status = "current"
source = "Act 1"

[[question]]
id = "when"
text = "Now or later?"
source = "Two readers"
read_on = 2026-11-20
confidence = "low"

[[question.reading]]
on = 2026-08-02
text = "Now."

[[question.reading]]
on = 2027-12-02
on_annex_i = 2028-08-02
text = "Later."

[[event]]
id = "start"
title = "It starts"
on = 2027-01-01
what_it_means = "People are told."
frameworks = ["a"]
requirements = { b = ["1", "2"] }
roles = ["deployer"]
classes = ["high-risk"]
source = "Act 1, Article 9"
read_on = 2026-11-20
confidence = "high"

[[event]]
id = "registration"
title = "Registration"
what_it_means = "Systems are entered."
open = "when"
source = "Act 1, Article 4"
read_on = 2026-11-20
confidence = "low"

[[clock]]
id = "report"
trigger = "Something breaks"
actor = "provider"
deadline = "Two days"
amount = 2
unit = "days"
counts_from = "awareness"
immediate = true
article = "Art.3"
status = "disputed"
open = "when"
source = "Act 1, Article 3"
read_on = 2026-11-20
confidence = "low"

[[retention]]
id = "file"
record = "The file"
actor = "provider"
period = "Ten years"
months = 120
rule = "at_least"
article = "Art.5"
framework = "b"
requirement = "1"
applies_from = 2027-01-01
source = "Act 1, Article 5"
read_on = 2026-11-20
confidence = "high"

[[penalty]]
id = "fine"
infringement = "Anything"
maximum = 7000000
currency = "EUR"
turnover_percent = 1.4
rule = "higher"
article = "Art.6"
source = "Act 1, Article 6"
read_on = 2026-11-20
confidence = "high"

[[statement]]
id = "proof"
text = "A certificate is no proof."
frameworks = ["a"]
source = "Act 1, Article 7"
read_on = 2026-11-20
confidence = "medium"
"""


def read(text: str, name: str = "small") -> Regime:
    """The regime of one file."""
    return load_regimes({f"regimes/{name}.toml": text.encode()})[name]


def problems(*texts: str) -> tuple[str, ...]:
    """What is refused about files named small, small1, small2 …"""
    files = {f"regimes/small{number or ''}.toml": text.encode() for number, text in enumerate(texts)}
    with pytest.raises(LibraryError) as refused:
        load_regimes(files)
    return refused.value.problems


# --- the format


def test_a_right_file_is_read_whole() -> None:
    regime = read(SMALL)
    start, registration = regime.events
    assert start.on == date(2027, 1, 1)
    assert start.requirements == (("b", "1"), ("b", "2"))
    assert start.touches == {"a", "b"}
    assert not start.open
    assert registration.on is None
    assert registration.open == "Now or later?"
    assert [reading.on for reading in registration.readings] == [date(2026, 8, 2), date(2027, 12, 2)]
    assert registration.readings[1].on_annex_i == date(2028, 8, 2)
    (clock,) = regime.clocks
    assert (clock.amount, clock.unit, clock.immediate, clock.applies_from) == (2, "days", True, None)
    (penalty,) = regime.penalties
    assert (penalty.maximum, penalty.turnover_percent, penalty.rule) == (7000000, 1.4, "higher")
    assert regime.retention[0].months == 120
    assert regime.statements[0].confidence is Confidence.MEDIUM


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('status = "current"', 'status = "dead"', "status is 'dead'; it is one of current, repealed, proposed"),
        ('source = "Act 1, Article 9"\n', "", "small.toml: file event start: source is missing"),
        ('rticle 9"\nread_on = 2026-11-20', 'rticle 9"', "small.toml: file event start: read_on is missing"),
        ('rticle 9"\nread_on = 2026-11-20', 'rticle 9"\nread_on = "soon"', "read_on is 'soon', which is not a date"),
        ("on = 2027-01-01\nwhat", "what", "on is missing; only an open event may be without"),
        ('roles = ["deployer"]', 'roles = ["owner"]', "roles names 'owner'"),
        ('requirements = { b = ["1", "2"] }', "requirements = { b = [] }", "requirements.b is not a list"),
        ('title = "It starts"', 'title = "It starts"\ncolour = "red"', "colour is not a known key"),
        ('what_it_means = "Sys', 'on = 2026-08-02\nwhat_it_means = "Sys', "on decides the open question 'when'"),
        ('open = "when"\nsource = "Act 1, Article 4"', 'open = "who"\nsource = "x"', "open names the question 'who'"),
        ('counts_from = "awareness"\n', "", "amount, unit and counts_from go together"),
        ("amount = 2", "amount = 0", "amount is 0; it is at least 1"),
        (
            'open = "when"\nsource = "Act 1, Article 3"',
            'applies_from = 2026-08-02\nopen = "when"\nsource = "Act 1, Article 3"',
            "applies_from decides the open question 'when'",
        ),
        ('open = "when"\nsource = "Act 1, Article 3"', 'source = "x"', "applies_from is missing"),
        ('requirement = "1"\n', "", "framework and requirement go together"),
        ('rule = "at_least"', 'rule = "not_stated"', "months is given, so the rule is not not_stated"),
        ("turnover_percent = 1.4\n", "", "rule is maximum if there is no turnover_percent"),
        ("maximum = 7000000\n", "", "maximum is missing"),
        ('proof."\nframeworks = ["a"]', 'proof."', "frameworks is empty, so nobody would ever read it"),
        ('id = "small"', 'id = "big"', "id is 'big', but the file is named small"),
        ('id = "fine"', 'id = "file"', "the id 'file' occurs twice"),
    ],
)
def test_what_is_wrong_is_refused_and_named(before: str, after: str, sentence: str) -> None:
    assert before in SMALL
    assert any(sentence in problem for problem in problems(SMALL.replace(before, after, 1)))


def test_a_question_has_two_readings_or_says_what_is_unknown() -> None:
    question = '[[question]]\nid = "q"\ntext = "?"\nsource = "s"\nread_on = 2026-11-20\nconfidence = "low"\n'
    event = SMALL[: SMALL.index("[[question]]")] + question
    row = '[[event]]\nid = "e"\ntitle = "E"\nwhat_it_means = "M"\nopen = "q"\nsource = "s"\n'
    row += 'read_on = 2026-11-20\nconfidence = "low"\n'
    assert problems(event + row) == (
        "regimes/small.toml: file question q: a question has at least two readings, or says what is unknown",
    )
    known = event + 'unknown = "Everything."\n' + row
    assert read(known).events[0].question is not None


def test_a_question_belongs_to_a_row() -> None:
    text = SMALL.replace('open = "when"\n', "on = 2026-08-02\n", 1).replace(
        'status = "disputed"\nopen = "when"\n', 'status = "in force"\napplies_from = 2026-08-02\n'
    )
    assert problems(text) == ("regimes/small.toml: file: question 'when' belongs to no row",)


def test_errors_of_all_files_are_told_together() -> None:
    found = problems(SMALL.replace('title = "Small act"', "").replace("amount = 2", "amount = -1"), "not toml")
    assert any("title is missing" in one for one in found)
    assert any("amount is -1" in one for one in found)
    assert any("small1.toml: file: cannot be read as TOML" in one for one in found)


def test_ids_are_unique_over_all_files() -> None:
    assert any("the id 'start' occurs twice, first in regimes/small.toml" in one for one in problems(SMALL, SMALL))


def test_an_empty_regime_is_refused() -> None:
    assert "regimes/small.toml: file: it has no rows" in problems(SMALL[: SMALL.index("[[question]]")])


def test_dangling_names_every_reference_that_leads_nowhere() -> None:
    found = dangling({"small": read(SMALL)}, library())
    assert [one.partition(": ")[2] for one in found] == [
        "start: framework 'a' does not exist",
        "start: framework 'b' does not exist",
        "start: framework 'b' does not exist",
        "file: framework 'b' does not exist",
        "proof: framework 'a' does not exist",
    ]
    wrong = read(SMALL.replace("{ b = ", "{ gdpr = "))
    assert "regimes/small.toml: start: gdpr has no requirement '1'" in dangling({"small": wrong}, library())


# --- what is shipped


def test_all_regimes_are_there() -> None:
    assert set(REGIMES) == {
        "cra",
        "dora",
        "eu-ai-act",
        "gdpr",
        "horizon",
        "iso-transitions",
        "nis2",
        "us-co-sb24-205",
        "us-co-sb26-189",
    }
    assert REGIMES["us-co-sb24-205"].status == "repealed"


def test_every_reference_leads_somewhere() -> None:
    assert dangling(REGIMES, library()) == ()


def test_every_row_has_source_day_and_confidence() -> None:
    for name, row in ROWS:
        assert row.source.strip(), (name, row.id)
        assert date(2026, 1, 1) <= row.read_on <= date(2026, 12, 31), (name, row.id)
        assert row.confidence in Confidence, (name, row.id)


def test_open_rows_have_two_readings_or_say_what_is_unknown() -> None:
    for name, row in ROWS:
        if row.question is not None:
            assert len(row.readings) >= 2 or row.question.unknown, (name, row.id)
            assert row.open.endswith("?"), (name, row.id)


def test_an_open_day_is_never_more_than_fairly_sure() -> None:
    assert [row.id for _, row in ROWS if row.question and row.question.days and row.confidence is Confidence.HIGH] == []


def test_little_that_is_unsure_is_not_also_open() -> None:
    """Low confidence means that there is a question; the row names it."""
    assert [row.id for _, row in ROWS if row.confidence is Confidence.LOW and row.question is None] == []


def test_rows_of_a_file_are_in_the_order_of_their_ids() -> None:
    for regime in REGIMES.values():
        kinds = (regime.questions, regime.events, regime.clocks, regime.retention, regime.penalties, regime.statements)
        for rows in kinds:
            ids = [row.id for row in rows]
            assert ids == sorted(ids), regime.id


def _texts(row: Row) -> Iterator[str]:
    """The sentences of a row that are its own."""
    if isinstance(row, Event):
        yield from (row.title, row.what_it_means)
    elif isinstance(row, Clock):
        yield from (row.trigger, row.deadline)
    elif isinstance(row, Retention):
        yield row.record
    elif isinstance(row, Penalty):
        yield from (row.infringement, row.small_firms)
    elif isinstance(row, Statement):
        yield row.text
    yield row.note


def _all_texts() -> list[str]:
    found = [text for _, row in ROWS for text in _texts(row) if text]
    for regime in REGIMES.values():
        for question in regime.questions:
            found += [question.text, question.unknown, *(reading.text for reading in question.readings)]
    return [text for text in found if text]


def test_no_text_is_told_twice() -> None:
    told = Counter(" ".join(re.findall(r"\w+", text.lower())) for text in _all_texts())
    assert [text for text, times in told.items() if times > 1] == []


def test_texts_are_british_and_do_not_speak_like_a_norm() -> None:
    assert [text for text in _all_texts() if AMERICAN.search(text) or re.search(r"\bshall\b", text)] == []


def test_events_say_what_to_do_in_a_sentence_or_two() -> None:
    events = [row for _, row in ROWS if isinstance(row, Event)]
    assert [e.id for e in events if not 30 <= len(e.what_it_means) <= 300 or not e.what_it_means.endswith(".")] == []


def test_the_registration_of_exempt_systems_is_open_with_both_days() -> None:
    """Article 49(2) of the EU AI Act: two readings, and neither is chosen."""
    act = REGIMES["eu-ai-act"]
    event = next(e for e in act.events if e.id == "aia-registration-exempt")
    clock = next(c for c in act.clocks if c.id == "AIA-49-2")
    assert event.on is None
    assert clock.applies_from is None
    assert event.question is clock.question
    assert event.question is not None
    assert event.question.days == (date(2026, 8, 2), date(2027, 12, 2))


@pytest.mark.parametrize(
    "requirement",
    [*(f"Art.{n}" for n in (43, 44, 47, 48, 71, 72, 73, 86)), "Art.49(1)", "Art.49(3)", "Art.60a"]
    + [f"Art.75{letter}" for letter in "abcd"],
)
def test_other_disputed_days_of_the_ai_act_are_open(requirement: str) -> None:
    asked = [e for e in REGIMES["eu-ai-act"].events if ("eu-ai-act", requirement) in e.requirements and e.question]
    assert asked
    assert all(len(e.readings) >= 2 and e.on is None for e in asked)


def test_a_day_from_one_source_is_a_question() -> None:
    event = next(e for e in REGIMES["eu-ai-act"].events if e.id == "aia-notified-bodies")
    assert event.on == date(2028, 1, 28)
    assert event.question is not None
    assert event.question.unknown


def test_no_settled_day_decides_what_another_event_leaves_open() -> None:
    """An event that names a group above a disputed requirement would put its day on it."""
    act, tree = REGIMES["eu-ai-act"], library().frameworks["eu-ai-act"]
    for event in act.events:
        for framework, requirement in event.requirements if event.on is None and days_of(event) else ():
            above = [step.id for step in tree.lineage(tree.by_id[requirement])]
            found = events_about([act], framework, above)
            assert [m.event.id for m in found if m.event.on is not None] == [], (event.id, requirement)


@pytest.mark.parametrize("framework", ["eu-ai-act", "gdpr", "nis2", "us-co-sb26-189"])
def test_the_first_day_of_every_duty_is_on_the_timeline(framework: str) -> None:
    """Settled, or as one of the readings; for the EU AI Act also the later day of Annex I."""
    tree = library().frameworks[framework]
    wanting = []
    for duty in tree.leaves:
        if duty.no_duty or duty.applies_from is None:
            continue
        found = events_about(REGIMES.values(), framework, [step.id for step in tree.lineage(duty)])
        days = {m.on for m in found} | {m.reading.on_annex_i for m in found if m.reading}
        first = (duty.applies_from, duty.attributes.get("applies_from_annex_i", duty.applies_from))
        wanting += [(duty.id, day) for day in first if day not in days]
    assert wanting == []


@pytest.mark.parametrize("framework", CERTIFIABLE)
def test_a_certificate_is_never_shown_without_saying_what_it_does_not_prove(framework: str) -> None:
    texts = [one.text for one in statements_for(REGIMES.values(), framework)]
    assert any("no presumption of conformity with the EU AI Act" in text for text in texts)


def test_the_files_are_those_that_are_shipped() -> None:
    assert {name.removeprefix("regimes/").removesuffix(".toml") for name in shipped(("regimes",))} == set(REGIMES)


# --- what the document says


def test_the_example_of_the_document_can_be_read() -> None:
    text = (Path(__file__).parents[2] / "docs" / "regimes.md").read_text(encoding="utf-8")
    example = "\n".join(line[4:] for line in text.split("\n## ")[0].splitlines() if line.startswith("    ") or not line)
    regime = read(example, "example-act")
    assert [event.on for event in regime.events] == [None]
    assert len(regime.events[0].readings) == 2
    words = {*REGIME_STATUSES, *UNITS, *CLOCK_STATUSES, *KEEPS, *FINE_RULES} - {"", "day"}
    assert [word for word in words if f'"{word}"' not in text and f"`{word}`" not in text] == []
