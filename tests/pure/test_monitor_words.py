"""Monitors in words: a value with its unit, a line, what is looked at; which value of a run says how it stands."""

import math
from dataclasses import replace

import pytest

from annexa.library.monitors import monitors
from annexa.pure.monitor_words import (
    KIND_TITLES,
    axis_words,
    counted,
    kept,
    line_words,
    looks_at,
    measure_words,
    needs,
    number_of,
    shown,
    usual,
    value_words,
    worst,
)
from annexa.pure.monitors import KINDS

ALL = monitors()


def test_it_works() -> None:
    errors = ALL["errors"]
    assert value_words(errors, 0.042) == "4.2 %"
    assert [line_words(errors, one) for one in errors.thresholds] == ["above 2 %", "above 5 %"]
    assert looks_at(errors) == (
        "Events where kind is “inference” or “tool_call” and outcome is there.",
        "It counts those where outcome is “error”.",
        "Over 1 day.",
    )
    assert needs(errors) == ("50 events or more",)


@pytest.mark.parametrize(
    ("monitor", "value", "said"),
    [
        ("input-drift", 0.3123, "0.312"),
        ("latency", 1840.4, "1,840 ms"),
        ("selection-by-age", 0.044, "4.4 points"),
        ("call-volume", math.inf, "infinite"),
        ("silent-source", 30.0, "30 h"),
        ("change-without-gate", 2.0, "2"),
        ("accuracy", None, "–"),
    ],
)
def test_a_value_with_its_unit(monitor, value, said) -> None:
    assert value_words(ALL[monitor], value) == said


@pytest.mark.parametrize(
    ("monitor", "said"),
    [
        ("refusals", "Share of events"),
        ("latency", "Latency for 95 %"),
        ("input-drift", "PSI"),
        ("selection-by-age", "Difference between selection rates"),
        ("silent-source", "Hours of silence"),
    ],
)
def test_what_a_chart_counts(monitor, said) -> None:
    assert axis_words(ALL[monitor]) == said


@pytest.mark.parametrize(
    ("monitor", "held", "read"), [("errors", 0.07, 7), ("odds-by-sex", 0.1, 10), ("input-drift", 0.25, 0.25)]
)
def test_a_line_as_people_type_it(monitor, held, read) -> None:
    """Rule: what is read in per cent is typed in per cent, and is held as a share."""
    assert (shown(ALL[monitor], held), kept(ALL[monitor], read)) == (read, held)


@pytest.mark.parametrize("monitor", ALL.values(), ids=ALL)
def test_every_monitor_can_be_said(monitor) -> None:
    """Rule: no column, operator or measure is shown as code writes it, and each kind has its title."""
    assert set(KIND_TITLES) == set(KINDS)
    said = " ".join((*looks_at(monitor), *needs(monitor), measure_words(monitor)))
    assert "f_" not in said
    assert "latency_ms" not in said
    assert said.strip()


def test_the_value_that_lies_furthest_to_the_wrong_side_counts() -> None:
    drift, accuracy = ALL["input-drift"], ALL["accuracy"]
    values = [{"of": "f_age", "value": 0.1}, {"of": "f_income", "value": "infinite"}, {"of": "f_sex", "value": None}]
    assert worst(drift, values) == (math.inf, "f_income")
    low = [{"of": "all", "value": 0.9}, {"of": "some", "value": 0.4}]
    assert worst(accuracy, low) == (0.4, "some")
    assert worst(drift, []) == (None, "")
    assert number_of("minus infinite") == -math.inf


def test_what_is_usual_needs_enough_runs_that_passed() -> None:
    """Rule: the middle four fifths of what passed; failures and what could not be told are no measure of it."""
    told = [(value / 10, "pass") for value in range(10)]
    assert usual([*told, (9.0, "fail"), (None, "not enough data")]) == (0.1, 0.8)
    assert usual(told[:7]) is None


def test_states_are_counted_the_worst_first() -> None:
    assert list(counted(["pass", "fail", "off", "pass", "error"]).items()) == [("fail", 1), ("error", 1), ("pass", 2)]


def test_positive_and_groups_are_said() -> None:
    one = ALL["selection-by-sex"]
    said = " ".join(looks_at(replace(one, towards="male")))
    assert "held against male" in said
    assert "counts as positive" in said
