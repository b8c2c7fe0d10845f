"""The monitors: read whole or refused whole; each proves something, and gives on its examples what they say."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from annexa.activity import frames
from annexa.library.load import library
from annexa.library.monitors import dangling, load_monitors, monitors
from annexa.library.reader import LibraryError
from annexa.pure.ledger import canonical
from annexa.pure.monitors import KINDS, Example, Monitor, Outcome, written
from tests.activity.engines import on_duckdb
from tests.library.monitor_examples import found_in, log_of

MONITORS = monitors()
SMALL = b"""\
id = "small"
title = "Small"
question = "Is it small?"
kind = "error"
measure = "share"
severity = "low"
because = "Size matters."
source = "Example 1"
window = "P1D"
minimum = 10

[[where]]
column = "outcome"
is = ["error"]

[[threshold]]
level = "warn"
above = 0.1
because = "Some."

[[threshold]]
level = "fail"
above = 0.2
because = "Many."

[[proves]]
control = "LIF-07"
expectation = "monitors-pass"

[[example]]
what = "few"
outcome = "pass"
value = 0.0

[[example.now]]
repeat = 20
outcome = ["ok", "ok"]

[[example]]
what = "many"
outcome = "fail"
value = 1.0

[[example.now]]
repeat = 20
outcome = "error"

[[example]]
what = "none"
outcome = "not enough data"
"""


def cases() -> Iterator[tuple[Monitor, Example]]:
    """Every example of every monitor."""
    return ((monitor, example) for monitor in MONITORS.values() for example in monitor.examples)


CASES = list(cases())
NAMES = [f"{monitor.id}: {example.what}" for monitor, example in CASES]


@pytest.mark.parametrize(("monitor", "example"), CASES, ids=NAMES)
def test_an_example_gives_what_it_says(monitor: Monitor, example: Example) -> None:
    """Rule: the outcome is the one that is written there, and one of the values is."""
    found = found_in(monitor, example, log_of(monitor, example))
    assert found.outcome is example.outcome, found.because
    if example.value is not None:
        told = [one.value for one in found.values if one.value is not None]
        assert any(one == pytest.approx(example.value, rel=1e-4, abs=1e-9) for one in told), told
    assert found.because
    assert canonical(written(found))


@pytest.mark.parametrize("name", sorted(MONITORS))
def test_every_monitor_reads_alike_on_both_engines(name: str) -> None:
    """Rule: not only counts but whole readings are the same on DuckDB as on Arrow."""
    monitor = MONITORS[name]
    for example in monitor.examples:
        table = log_of(monitor, example)
        assert found_in(monitor, example, on_duckdb(table)) == found_in(monitor, example, table)


def test_every_kind_has_a_monitor() -> None:
    """Rule: whatever can be watched is watched by some monitor of the library."""
    assert {one.kind for one in MONITORS.values()} == set(KINDS)
    assert len(MONITORS) >= 20


def test_every_monitor_proves_an_expectation_of_signals() -> None:
    """Rule: what it proves exists, and asks for signals."""
    assert dangling(MONITORS, library()) == ()


def test_unequal_treatment_of_groups_lowers_the_control_of_operation() -> None:
    """Rule: every monitor of fairness proves LIF-07, whose expectation says that groups are watched."""
    found = [one for one in MONITORS.values() if one.kind == "fairness"]
    assert len(found) >= 4
    assert all(("LIF-07", "monitors-pass") in {(p.control, p.expectation) for p in one.proves} for one in found)
    asked = next(one for one in library().controls["LIF-07"].expectations if one.id == "monitors-pass")
    assert "results by group" in asked.what


def test_a_pass_needs_every_column_and_enough_of_it() -> None:
    """Rule: an empty log is not enough data for any monitor, never a pass."""
    for monitor, example in CASES:
        empty = log_of(monitor, example).slice(0, 0)
        assert found_in(monitor, example, empty).outcome is not Outcome.PASS, monitor.id


def test_what_a_monitor_cannot_find_is_said() -> None:
    """Rule: a column that the log lacks is named, and is not enough data."""
    monitor, example = next(one for one in CASES if one[0].id == "latency")
    found = found_in(monitor, example, log_of(monitor, example).drop_columns(["latency_ms"]))
    assert (found.outcome, found.because) == (Outcome.NOT_ENOUGH, "The log has no column latency_ms.")


def test_patterns_are_read_by_the_engines() -> None:
    """Rule: every pattern compiles where it will run."""
    for monitor in MONITORS.values():
        asked = [each for given in (*monitor.only, *monitor.where) for each in (given, *given.others)]
        for one in (replace(each, others=()) for each in asked):
            if one.operator == "matches":
                table = pa.table({one.column: ["x", None]})
                assert frames.hits(frames.events(table), [one]) == (0, 2)
                assert frames.hits(frames.events(on_duckdb(table)), [one]) == (0, 2)


def test_it_works() -> None:
    """Rule: a file becomes a monitor; what is left out has the value that the format says."""
    small = load_monitors({"monitors/small.toml": SMALL.replace(b"0.05", b"0.5").replace(b'"pass"', b'"pass"')})[
        "small"
    ]
    assert (small.reference, small.binning, small.lag.total_seconds()) == ("none", "deciles", 0)
    assert [threshold.level for threshold in small.thresholds] == ["warn", "fail"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('id = "small"', 'id = "other"', "id is 'other', but the file is named small"),
        ("minimum = 10", "minimum = 0", "nothing can be told from less than 1"),
        ("minimum = 10", "minimum = 10\nsurprise = 1", "surprise is not a known key"),
        ("minimum = 10", 'minimum = 10\nby = "user"', "by is given; error with share has no use for it"),
        ('kind = "error"', 'kind = "mistake"', "kind is 'mistake'; it is one of"),
        ('measure = "share"', 'measure = "psi"', "measure is 'psi'; it is one of share"),
        ('window = "P1D"', 'window = "a day"', "write whole days"),
        ('is = ["error"]', "is = []", "is names nothing"),
        ('is = ["error"]', 'is = ["error"]\nabove = 1', "and not 2"),
        ('is = ["error"]', 'matches = ["(a"]', "cannot be read"),
        ('is = ["error"]', 'matches = ["(?=a)b"]', "looks around or back"),
        ('is = ["error"]', "missing = false", "missing is only ever true"),
        ('is = ["error"]', 'is = ["error"]\n[[where.or]]\ncolumn = "error"\nis = []', "is names nothing"),
        (
            'is = ["error"]',
            'is = ["error"]\n[[where.or]]\ncolumn = "error"\npresent = true\nor = []',
            "or is not a known key",
        ),
        ('level = "fail"', 'level = "warn"', "no threshold fails"),
        ('level = "fail"', 'level = "warn"', "two thresholds of one level lie above"),
        ("above = 0.1", "above = 0.3", "does not come before"),
        ("above = 0.1", "above = 0.1\nbelow = 1", "one of the two"),
        ('outcome = "fail"', 'outcome = "warn"', "no example ends in 'fail'"),
        ("value = 1.0\n", "", "a value is given exactly where"),
        ("repeat = 20", "repeat = 0", "repeat and ago are above 0"),
        ('outcome = ["ok", "ok"]', "outcome = []", "outcome is []"),
    ],
)
def test_what_is_wrong_is_said(old: str, new: str, expected: str) -> None:
    """Rule: each mistake has its sentence, with file and place."""
    assert old.encode() in SMALL
    with pytest.raises(LibraryError, match=re.escape(expected)) as refused:
        load_monitors({"monitors/small.toml": SMALL.replace(old.encode(), new.encode(), 1)})
    assert all(one.startswith("monitors/small.toml: ") for one in refused.value.problems)


def test_all_problems_of_all_files_are_said_together() -> None:
    """Rule: who mends a file sees everything that is wrong with all of them."""
    broken = SMALL.replace(b"minimum = 10", b"minimum = 0").replace(b'severity = "low"', b'severity = "dire"')
    with pytest.raises(LibraryError) as refused:
        load_monitors({"monitors/small.toml": broken, "monitors/worse.toml": b"id ="})
    told = "\n".join(refused.value.problems)
    assert "dire" in told
    assert "less than 1" in told
    assert "worse.toml: file: cannot be read as TOML" in told


def test_what_proves_nothing_there_is_said() -> None:
    """Rule: a control that does not exist, an expectation it has not, and one that no signal proves."""
    for proves, expected in (
        (b'"LIF-99"\nexpectation = "x"', "'LIF-99' does not exist"),
        (b'"LIF-07"\nexpectation = "x"', "has no expectation 'x'"),
        (b'"LIF-07"\nexpectation = "monitoring-review"', "is proven by artifact, not by signals"),
    ):
        file = SMALL.replace(b'"LIF-07"\nexpectation = "monitors-pass"', proves)
        assert expected in dangling(load_monitors({"monitors/small.toml": file}), library())[0]
