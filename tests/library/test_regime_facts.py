"""The shipped regimes agree with fact tables that were drawn up apart from them: deadlines, retention, fines, days.

The tables are not part of the product. They lie beside the repository, or where ANNEXA_TEST_FACTS says; without them
these tests are skipped.
"""

import csv
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from annexa.library.regimes import regimes
from annexa.pure.regimes import Clock, Penalty, Retention

FACTS = Path(os.environ.get("ANNEXA_TEST_FACTS", Path(__file__).parents[3] / "shared" / "facts"))
REGIMES = regimes()
CLOCKS = {clock.id: clock for regime in REGIMES.values() for clock in regime.clocks}
RETENTION = {row.id: row for regime in REGIMES.values() for row in regime.retention}
PENALTIES = [penalty for regime in REGIMES.values() for penalty in regime.penalties]
REGIME_OF = {
    "EU AI Act": "eu-ai-act",
    "GDPR": "gdpr",
    "NIS2": "nis2",
    "DORA": "dora",
    "CRA": "cra",
    "Colorado SB 24-205": "us-co-sb24-205",
    "Colorado SB 26-189": "us-co-sb26-189",
    "ISO/IEC 27001:2022": "iso-transitions",
    "ISO/IEC 42001:2023": "iso-transitions",
    "ISO/IEC 27701:2025": "iso-transitions",
}
SPLIT = {"CRA-14-4-b", "CRA-14-4-c", "DORA-19-i-awareness", "TX-cure"}
"""Clocks without a row: further steps of a row that names several limits, and one from beyond the tables."""
STATUS = {
    "in force": "in force",
    "in force / deferred in practice": "disputed",
    "formal date not moved": "disputed",
    "date disputed": "disputed",
    "deferred 2026": "deferred",
    "transition": "transition",
    "in force via national law": "national law",
    "never applied": "never applied",
    "enacted": "enacted",
    "enacted; cure provision ends 2030-01-01": "enacted",
}
ISO_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Row = Mapping[str, str]


def rows_of(table: str) -> list[Row]:
    """The rows of a fact table; skips the test if it is not at hand."""
    path = FACTS / f"{table}.csv"
    if not path.exists():
        pytest.skip(f"needs {path.name} in {FACTS}")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digits(article: str) -> list[str]:
    """The numbers and letters of an article, however it is written."""
    return re.findall(r"\w+", article.replace("Art.", "").replace("Art ", ""))


# --- deadlines


def test_every_deadline_is_a_clock_and_no_clock_is_invented() -> None:
    rows = rows_of("deadlines")
    assert len(rows) == 47
    assert {row["id"] for row in rows} ^ set(CLOCKS) == SPLIT


def test_clocks_belong_to_the_regime_of_their_deadline() -> None:
    for row in rows_of("deadlines"):
        assert CLOCKS[row["id"]] in REGIMES[REGIME_OF[row["regime"]]].clocks, row["id"]


def _spans(clock: Clock) -> set[tuple[str, str]]:
    """The cells (hours, days) a clock agrees with; a month counts as thirty days in the tables."""
    if clock.amount is None:
        return {("", "")}
    number = clock.amount
    return {
        "hours": {(str(number), ""), (str(number), str(number // 24))},
        "days": {("", str(number)), (str(number * 24), str(number))},
        "working days": {("", f"{number} working")},
        "weeks": {("", str(number * 7))},
        "months": {("", str(number * 30))},
        "": set(),
    }[clock.unit]


def test_clocks_run_as_long_as_the_deadline() -> None:
    rows = rows_of("deadlines")
    assert [row["id"] for row in rows if (row["hours"], row["days"]) not in _spans(CLOCKS[row["id"]])] == []


def test_what_must_be_done_at_once_says_so() -> None:
    for row in rows_of("deadlines"):
        assert CLOCKS[row["id"]].immediate == ("immediate" in row["deadline"]), row["id"]


def test_clocks_cite_the_article() -> None:
    """Where the table cites an article whole, the clock may name its paragraph; regulations beside it go to source."""
    for row in rows_of("deadlines"):
        clock = CLOCKS[row["id"]]
        own = row["article"].split(";")[0].replace("Reg. (EU) 2024/2847 ", "")
        assert digits(clock.article)[: len(digits(own))] == digits(own), row["id"]


def _days(row: Row, rows: Mapping[str, Row]) -> list[str]:
    """The days of a cell, following `as AIA-73-2` to its row; a note counts if it is the date that was moved."""
    cell = row["applies_from"]
    if cell.startswith("as "):
        return _days(rows[cell.removeprefix("as ")], rows)
    return ISO_DAY.findall(cell)


def test_clocks_start_on_the_day_of_the_table_or_are_open_with_all_its_days() -> None:
    rows = {row["id"]: row for row in rows_of("deadlines")}
    for name, row in rows.items():
        clock, days = CLOCKS[name], _days(row, rows)
        if clock.status == "disputed":
            first = [str(reading.on) for reading in clock.readings]
            annex_i = [str(reading.on_annex_i) for reading in clock.readings if reading.on_annex_i]
            assert [*first, *annex_i] == days, name
        else:
            ours = [str(day) for day in (clock.applies_from, clock.applies_from_annex_i) if day]
            assert ours == days, name


def test_clocks_have_the_standing_of_the_deadline() -> None:
    for row in rows_of("deadlines"):
        status = row["status"] if row["status"] in STATUS else row["applies_from"]
        assert CLOCKS[row["id"]].status == STATUS[status], row["id"]


def test_who_has_no_recipient_in_the_table_has_none_here() -> None:
    for row in rows_of("deadlines"):
        assert bool(CLOCKS[row["id"]].recipient) == (row["recipient"] != "-"), row["id"]


# --- retention


def test_every_retention_rule_is_there_and_none_is_invented() -> None:
    rows = rows_of("retention")
    assert len(rows) == 20
    assert {row["id"] for row in rows} == set(RETENTION)


def test_retention_has_the_months_the_article_and_the_regime_of_the_table() -> None:
    for row in rows_of("retention"):
        ours: Retention = RETENTION[row["id"]]
        assert str(ours.months or "") == row["months"], row["id"]
        assert digits(ours.article) == digits(row["article"]), row["id"]
        assert ours in REGIMES[REGIME_OF[row["regime"]]].retention, row["id"]


def test_retention_knows_a_floor_from_a_ceiling() -> None:
    for row in rows_of("retention"):
        rule = RETENTION[row["id"]].rule
        if row["note"].startswith("maximum"):
            assert rule == "at_most", row["id"]
        elif row["note"].startswith("validity"):
            assert rule == "validity", row["id"]
        else:
            assert rule == ("at_least" if row["months"] else "not_stated"), row["id"]


# --- penalties


def _fine(penalty: Penalty) -> tuple[str, str, str, str]:
    percent = "" if penalty.turnover_percent is None else f"{penalty.turnover_percent:g}"
    rule = "maximum" if penalty.rule == "maximum" else f"{penalty.rule} of the two"
    return (
        penalty.article,
        str(penalty.maximum),
        percent,
        f"{'at least this maximum, ' * penalty.minimum_ceiling}{rule}",
    )


def test_every_fine_is_there_with_its_amounts_and_its_rule() -> None:
    rows = rows_of("penalties")
    assert len(rows) == 10
    for row in rows:
        ours = [_fine(penalty) for penalty in REGIMES[REGIME_OF[row["regime"]]].penalties]
        cells = (row["article"], row["maximum_eur"], row["maximum_turnover_percent"], row["rule"])
        assert cells in ours


def test_no_fine_is_invented() -> None:
    assert len([penalty for penalty in PENALTIES if penalty.currency == "EUR"]) == len(rows_of("penalties"))


def test_small_firms_pay_the_lower_amount_where_the_table_says_so() -> None:
    lower = {row["article"] for row in rows_of("penalties") if "SME" in row["note"]}
    assert {p.article for p in REGIMES["eu-ai-act"].penalties if p.small_firms} == lower


# --- the days of the AI Act


def test_every_day_of_the_timeline_has_its_events() -> None:
    rows = rows_of("eu_ai_act_timeline")
    assert len(rows) == 16
    events = REGIMES["eu-ai-act"].events
    for row in rows:
        cited = {article.strip() for e in events if str(e.on) == row["date"] for article in e.article.split(";")}
        assert any(str(e.on) == row["date"] for e in events), row["date"]
        assert {article.strip() for article in row["article"].split(";")} <= cited | {""}, row["date"]


def test_the_votes_on_the_amendment_have_their_days() -> None:
    noted = {
        day for row in rows_of("eu_ai_act_timeline") for day in ISO_DAY.findall(row["note"]) if "vote" in row["note"]
    }
    assert noted <= {str(event.on) for event in REGIMES["eu-ai-act"].events}


def test_the_library_of_frameworks_has_their_milestones() -> None:
    """Days that the table of frameworks names: publication, entry into application, the end of old certificates."""
    known = {event.on for regime in REGIMES.values() for event in regime.events}
    wanted = {day for row in rows_of("frameworks") for cell in row.values() for day in ISO_DAY.findall(cell)}
    assert {day for day in wanted if date.fromisoformat(day) not in known} == set()
