"""Exports of proxies and of single sign-on are read row by row, whatever their columns are called."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.adapters.usage_logs import HEADINGS, UnreadRow, UsageLogError, UsageRow, day_of, host_of, read_usage

DAY = date(2026, 11, 2)
ENTRA = """\ufeffDate (UTC),Request ID,User,Username,User type,Application,Resource,IP address,Status
2026-11-02T08:00:00Z,9a1,Ada A,ada@example.org,Member,ChatGPT Enterprise,Microsoft Graph,203.0.113.7,Success
"""
OKTA = """published,actor.alternateId,eventType,target.displayName
2026-11-02T23:30:00.000-02:00,ada@example.org,user.authentication.sso,ChatGPT
"""
ZSCALER = """Logged Time;User;URL;Cloud Application;Total Bytes;Department
Mon Nov 2 2026 10:11:12;ada@example.org;chat.openai.com/backend-api;ChatGPT;12,345;Sales
"""
SQUID = (
    "1793613600.123    921 10.0.0.7 TCP_MISS/200 5070 POST https://chatgpt.com/api ada HIER_DIRECT/1.2.3.4 text/html\n"
)
SQUID_TUNNEL = "1793613600.123 5 10.0.0.7 TCP_TUNNEL/200 90 CONNECT api.openai.com:443 - HIER_DIRECT/1.2.3.4 -\n"


def rows(text: str):
    return list(read_usage(text.splitlines(keepends=True)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENTRA, (DAY, "ada@example.org", "", "ChatGPT Enterprise", 1, 0)),
        (OKTA, (date(2026, 11, 3), "ada@example.org", "", "ChatGPT", 1, 0)),
        (ZSCALER, (DAY, "ada@example.org", "chat.openai.com", "ChatGPT", 1, 12345)),
        (SQUID, (DAY, "ada", "chatgpt.com", "", 1, 5070)),
        (SQUID_TUNNEL, (DAY, "10.0.0.7", "api.openai.com", "", 1, 90)),
    ],
    ids=["entra", "okta", "zscaler", "squid", "squid tunnel"],
)
def test_it_works(text, expected) -> None:
    (found,) = rows(text)
    assert isinstance(found, UsageRow)
    assert (found.on, found.user, found.host, found.app, found.requests, found.size) == expected


def test_what_cannot_be_read_is_told_with_its_row_and_the_rest_goes_on() -> None:
    some = "never,ada,a.example,1\n2026-11-02,,a.example,x\n\n2026-11-02,ada,a.example,\n2026-11-02,ada,,\n"
    text = f"time,user,host,bytes\n{some}"
    first, second, third, last = rows(text)
    assert first == UnreadRow(row=2, message="time “never” is not a time such as 2026-03-01T10:00:00Z")
    assert second == UnreadRow(row=3, message="the user is missing; “x” is no number of bytes")
    assert isinstance(third, UsageRow)
    assert last.message == "neither a host nor an app is given"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "No column says the time and user"),
        ("a,b\n", "No column says the time and user"),
        ("time,host\n", "No column says the user"),
        ("time,user\n", "No column says the host or the app"),
    ],
)
def test_a_file_without_the_columns_is_refused_before_its_first_row(text, sentence) -> None:
    with pytest.raises(UsageLogError, match=sentence):
        read_usage(text.splitlines())


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("2026-11-02", DAY), ("2026-11-02T23:30:00-02:00", date(2026, 11, 3)), ("1793613600", DAY),
        ("1793613600123", DAY), ("11/02/2026, 8:00:00 AM", DAY), ("02/Nov/2026:10:00:00 +0000", DAY),
        ("02.11.2026 08:00:00", DAY), ("", None), ("soon", None), ("9999999999999", date(2286, 11, 20)),
    ],
)  # fmt: skip
def test_times_as_exports_write_them(said, day) -> None:
    assert day_of(said) == day


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("https://User@Chat.OpenAI.com:443/x?y", "chat.openai.com"), ("api.openai.com:443", "api.openai.com"),
        ("chatgpt.com.", "chatgpt.com"), ("", ""), ("http://[", ""), ("/only/path", ""),
    ],
)  # fmt: skip
def test_hosts_as_exports_write_them(said, host) -> None:
    assert host_of(said) == host


def test_no_heading_means_two_things() -> None:
    names = [name for listed in HEADINGS.values() for name in listed]
    assert len(names) == len(set(names))


@given(st.lists(st.text(max_size=40), max_size=5), st.sampled_from(["time,user,host\n", SQUID, "date\tlogin\tapp\n"]))
def test_nothing_breaks_it(lines, first) -> None:
    for one in read_usage([first, *lines]):
        assert isinstance(one, UsageRow | UnreadRow)
