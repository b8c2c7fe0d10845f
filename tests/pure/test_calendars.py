"""A calendar file as other programs expect it, to the octet. Source: RFC 5545."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.calendars import LONGEST_LINE, Event, calendar, escaped, folded

NOW = datetime(2026, 11, 20, 9, 40, tzinfo=UTC)


def test_it_works() -> None:
    """A whole file, line by line."""
    event = Event(uid="task.1@house", on=date(2026, 12, 31), title="Renew, soon", text="One\nTwo", url="https://a.b/c")
    assert calendar([event], name="Annexa", made_at=NOW).split("\r\n") == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Annexa//Tasks//EN", "CALSCALE:GREGORIAN", "X-WR-CALNAME:Annexa",
        "BEGIN:VEVENT", "UID:task.1@house", "DTSTAMP:20261120T094000Z", "DTSTART;VALUE=DATE:20261231",
        "DTEND;VALUE=DATE:20270101", "SUMMARY:Renew\\, soon", "DESCRIPTION:One\\nTwo", "URL:https://a.b/c",
        "TRANSP:TRANSPARENT", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Renew\\, soon", "TRIGGER:-P7D",
        "END:VALARM", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip


def test_days_are_in_order_and_the_same_things_make_the_same_file() -> None:
    events = [Event(uid=f"{n}@house", on=date(2027, 1, 3 - n), title=str(n)) for n in range(3)]
    found = calendar(events, name="Annexa", made_at=NOW)
    assert [line for line in found.split("\r\n") if line.startswith("UID")] == [
        "UID:2@house",
        "UID:1@house",
        "UID:0@house",
    ]
    assert calendar(reversed(events), name="Annexa", made_at=NOW) == found


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;b,c\\d", "a\\;b\\,c\\\\d"),
        ("one\r\ntwo\rthree\nfour", "one\\ntwo\\nthree\\nfour"),
        ("bell\x07 and tab\t", "bell and tab"),
        ("BEGIN:VEVENT", "BEGIN:VEVENT"),
    ],
)
def test_what_has_a_meaning_of_its_own_is_written_out(text, written) -> None:
    """Rule: nothing that somebody typed can begin a line of its own."""
    assert escaped(text) == written


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"))))
def test_folded_lines_are_short_whole_and_lead_back(line: str) -> None:
    parts = folded(line)
    assert all(len(part.encode()) <= LONGEST_LINE for part in parts)
    assert all(part.startswith(" ") for part in parts[1:])
    assert parts[0] + "".join(part[1:] for part in parts[1:]) == line


def test_a_line_of_exactly_75_octets_stays_whole() -> None:
    assert folded("x" * 75) == ("x" * 75,)
    assert folded("x" * 74 + "é") == ("x" * 74, " é")


@given(st.text())
def test_no_text_breaks_the_file(text: str) -> None:
    found = calendar([Event(uid="1@house", on=date(2027, 1, 1), title=text, text=text)], name=text, made_at=NOW)
    lines = found.split("\r\n")
    assert not any("\n" in line or "\r" in line for line in lines)
    assert sum(line.startswith(("BEGIN:", "END:")) for line in lines) == 6
