"""Who can be written to, and what a line of a mail says."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.pure.mails import (
    LONGEST_TITLE,
    MOST_LINES,
    Line,
    is_mail_address,
    plain,
    subject,
    text_of,
)

BASE = "https://annexa.example.org"


def line(number: int = 1, **more) -> Line:
    said = {"title": "Publish the document", "scope": "", "due_on": date(2026, 12, 1), "late": False} | more
    return Line(address=f"/documents/{number}", **said)


@pytest.mark.parametrize("good", ["ada@example.org", "Annexa <annexa@example.org>", '"Lee, Ada" <ada@example.org>'])
def test_who_can_be_written_to(good: str) -> None:
    assert is_mail_address(good)


@pytest.mark.parametrize(
    "wrong",
    ["", "ada", "ada@", "a@x.org, b@x.org", "a@x.org\nBcc: b@x.org", "a@x.org\r", "<a@x.org> <b@x.org>", "a b@x.org"],
)
def test_who_cannot(wrong: str) -> None:
    assert not is_mail_address(wrong)


@given(st.text())
def test_a_title_is_one_line_without_control_characters(text: str) -> None:
    said = plain(text)
    assert said.isprintable()
    assert len(said) <= LONGEST_TITLE
    assert len(said.splitlines()) <= 1


def test_a_line_says_what_where_and_when() -> None:
    assert line().says == "Publish the document, due 2026-12-01"
    assert line(scope="Chatbot", late=True).says == "Publish the document (Chatbot), late, due 2026-12-01"
    assert line(due_on=None).says == "Publish the document"
    assert line(title="Decide about a case of Chatbot", scope="Chatbot", due_on=None).says.count("Chatbot") == 1


def test_what_is_late_or_due_on_another_day_is_something_new() -> None:
    same = line(title="Publish the document, please")
    assert line().key == same.key, "a title that changes is not told again"
    assert len({line().key, line(late=True).key, line(due_on=None).key, line(2).key}) == 4


def test_a_long_list_ends() -> None:
    lines = [line(number) for number in range(MOST_LINES + 3)]
    text = text_of(name="Ada", lines=lines, waiting=99, how="daily", base=BASE)
    assert text.count(f"{BASE}/documents/") == MOST_LINES
    assert "- and 3 more" in text
    assert f"All that waits for you (99): {BASE}/tasks?whose=mine" in text
    assert text.endswith(f"{BASE}/mail")


def test_the_subject_says_how_many_and_never_what() -> None:
    assert (subject(1), subject(4)) == ("Annexa: 1 thing waits for you", "Annexa: 4 things wait for you")
