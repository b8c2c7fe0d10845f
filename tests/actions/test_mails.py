"""People are mailed what waits for them: once, as they chose, titles and links only, by a server that speaks SMTP."""

import ssl
from datetime import UTC, date, datetime, timedelta

import pytest

from annexa.actions.errors import InvalidError, NotPermittedError
from annexa.actions.grants import end_grant, grant_role
from annexa.actions.leaving import suspend_person
from annexa.actions.mails import (
    DIGEST_HOUR,
    KEPT_FOR,
    PAUSE,
    Mailing,
    choose_mail,
    prepare_mails,
    send_mails,
    send_test_mail,
)
from annexa.actions.people import actor_of, add_person
from annexa.actions.systems import add_system
from annexa.actions.tasks import Wanted, make_tasks, withdraw_task
from annexa.actions.units import add_unit
from annexa.answers import mail_server, surroundings
from annexa.answers.errors import UnknownError
from annexa.answers.mail_server import MailError, give
from annexa.answers.mails import NOTHING_LEFT, lines_for, list_mails
from annexa.pure.mails import MailServer
from annexa.pure.permits import ANNEXA, Actor
from annexa.pure.systems import SystemFacts
from annexa.pure.webhooks import WAITS
from annexa.records import guard
from annexa.records.grants import RoleGrant
from annexa.records.ledger import LedgerEntry
from annexa.records.mails import Mail, MailTold
from annexa.records.organisation import Organisation
from annexa.records.people import Person
from tests.actions.test_certificates import liar  # noqa: F401  a server whose certificate nobody vouches for
from tests.smtp_server import smtp_server

DUE = date(2027, 12, 31)
BASE = "https://annexa.example.org"


@pytest.fixture
def server(settings, organisation):
    """The server of the settings."""
    with smtp_server() as taken:
        settings.MAIL = MailServer(host="127.0.0.1", port=taken.port, security="none")
        settings.MAIL_FROM = "Annexa <annexa@example.org>"
        settings.PUBLIC_URL = BASE
        yield taken


@pytest.fixture
def at(now):
    """An instant of the next day, after which its mails are made."""
    return (now + timedelta(days=1)).replace(hour=DIGEST_HOUR, minute=30)


@pytest.fixture
def task(admin, kim, now):
    """Gives Kim a task."""

    def make(control="GOV-02", because="Secret: the merger with North", owner=kim, **more):
        wanted = [Wanted(control=control, owner=owner, due_on=DUE, effort_days=2.5, because=because, **more)]
        return make_tasks(actor=actor_of(admin), person=admin, wanted=wanted, now=now)[0]

    return make


def at_once(person, at):
    choose_mail(actor=actor_of(person), person=person, how="at once", now=at)


def mails_to(server, person) -> list:
    return [one for one in server.got if person.email in str(one["To"])]


def test_it_works(server, task, kim, at) -> None:
    given, size = task(), LedgerEntry.objects.count()
    assert prepare_mails(now=at)
    assert server.got == []
    assert send_mails(now=lambda: at)
    (got,) = mails_to(server, kim)
    assert (got["From"], got["To"]) == ("Annexa <annexa@example.org>", kim.email)
    assert got["Subject"] == "Annexa: 1 thing waits for you"
    assert got["List-Unsubscribe"] == f"<{BASE}/mail>"
    assert got["Auto-Submitted"] == "auto-generated"
    text, html = (got.get_body((kind,)).get_content() for kind in ("plain", "html"))
    for said in (text, html):
        assert f"{BASE}/tasks/{given.id}" in said
        assert f"{BASE}/mail" in said
        assert "due 2027-12-31" in said
        assert "merger" not in said, "no text of records"
    assert LedgerEntry.objects.count() == size
    # nothing is told twice
    assert prepare_mails(now=at)
    assert prepare_mails(now=at + timedelta(days=1))
    assert send_mails(now=lambda: at + timedelta(days=1))
    assert len(mails_to(server, kim)) == 1


def test_before_the_hour_nothing_of_the_day_is_made(server, task, at) -> None:
    task()
    prepare_mails(now=at - timedelta(hours=1))
    assert not Mail.objects.exists()


def test_once_a_day_is_once(server, task, kim, at) -> None:
    """Rule: what comes later the same day waits for the next one; also a day with nothing to tell was looked at."""
    prepare_mails(now=at)
    assert Mail.objects.get(person=kim).keys == []
    task()
    prepare_mails(now=at + timedelta(hours=3))
    send_mails(now=lambda: at + timedelta(hours=3))
    assert mails_to(server, kim) == []
    prepare_mails(now=at + timedelta(days=1))
    send_mails(now=lambda: at + timedelta(days=1))
    assert len(mails_to(server, kim)) == 1


def test_at_once_is_at_once_and_not_all_the_time(server, task, kim, now, at) -> None:
    at_once(kim, at)
    early = at - timedelta(hours=5)
    task("GOV-02")
    assert prepare_mails(now=early)
    send_mails(now=lambda: early)
    task("GOV-03")
    assert not prepare_mails(now=early + timedelta(minutes=1)), "somebody is to be looked at again"
    later = early + PAUSE + timedelta(minutes=1)
    assert prepare_mails(now=later)
    send_mails(now=lambda: later)
    assert [one["Subject"] for one in mails_to(server, kim)] == ["Annexa: 1 thing waits for you"] * 2


def test_never_is_never(server, task, kim, at) -> None:
    choose_mail(actor=actor_of(kim), person=kim, how="never", now=at)
    task()
    prepare_mails(now=at)
    send_mails(now=lambda: at)
    assert mails_to(server, kim) == []
    with pytest.raises(InvalidError, match="no way to be mailed"):
        choose_mail(actor=actor_of(kim), person=kim, how="hourly", now=at)


def test_what_became_late_is_told_again_and_what_is_done_no_more(server, task, kim, at) -> None:
    given = task()
    prepare_mails(now=at)
    send_mails(now=lambda: at)
    late = datetime(2028, 1, 3, 9, tzinfo=UTC)
    prepare_mails(now=late)
    send_mails(now=lambda: late)
    assert len(mails_to(server, kim)) == 2
    assert ", late, due 2027-12-31" in mails_to(server, kim)[1].get_body(("plain",)).get_content()
    keys = set(MailTold.objects.filter(person=kim).values_list("key", flat=True))
    assert keys == {one.key for one in lines_for(person=kim, now=late)}
    withdraw_task(actor=actor_of(given.by), person=given.by, task=given.id, because="Done otherwise", now=late)
    prepare_mails(now=late + timedelta(days=1))
    assert MailTold.objects.filter(person=kim, key__in=keys).count() < len(keys)


@pytest.mark.parametrize("change", ["withdrawn", "gone", "never"])
def test_what_holds_no_more_when_it_is_sent_is_not_sent(server, task, kim, at, change) -> None:
    """Rule: what somebody may see, and wants, counts when the mail goes, not when it was prepared."""
    given = task()
    prepare_mails(now=at)
    if change == "withdrawn":
        withdraw_task(actor=actor_of(given.by), person=given.by, task=given.id, because="Not needed", now=at)
    elif change == "gone":
        suspend_person(actor=actor_of(given.by), person=kim.pk, because="Left", now=at)
    else:
        choose_mail(actor=actor_of(kim), person=kim, how="never", now=at)
    send_mails(now=lambda: at)
    assert mails_to(server, kim) == []
    assert (Mail.objects.get(person=kim).answer, Mail.objects.get(person=kim).next_at) == (NOTHING_LEFT, None)


def test_people_of_a_demo_are_invented(server, task, at) -> None:
    task()
    with guard.opened():
        Organisation.objects.update(demo=True)
    assert prepare_mails(now=at)
    assert not Mail.objects.exists()


# --- the server


def test_it_is_tried_again_and_then_given_up(server, task, kim, at) -> None:
    """Rule: back-off as for webhooks, one Message-ID for all tries; every answer can be seen."""
    task()
    prepare_mails(now=at)
    server.refuses += ["451 later"]
    assert send_mails(now=lambda: at), "the server is there"
    waiting = Mail.objects.get(person=kim)
    assert (waiting.tries, waiting.next_at) == (1, at + WAITS[0])
    assert "451" in waiting.answer
    assert send_mails(now=lambda: at + WAITS[0])
    sent = Mail.objects.get(person=kim)
    assert (sent.tries, sent.next_at, sent.sent_at, sent.answer) == (2, None, at + WAITS[0], "")
    assert [one["Message-ID"] for one in mails_to(server, kim)] == [f"<{sent.id}@example.org>"]


def test_an_address_that_does_not_exist_is_given_up_at_once(server, task, kim, actor, at) -> None:
    task()
    prepare_mails(now=at)
    server.refuses += ["550 nobody of that name"]
    send_mails(now=lambda: at)
    assert Mail.objects.get(person=kim).next_at is None
    (line,) = list_mails(actor=actor, limit=9, failed=True)
    assert (line.to, line.state, line.tries) == (kim.email, "given up", 1)
    assert "550 nobody of that name" in line.answer
    finding = surroundings.mail(at)
    assert finding.state == "note"
    assert "1 were given up within a week" in finding.detail
    with pytest.raises(UnknownError):
        list_mails(actor=actor_of(kim), limit=9)


def test_a_server_that_is_away_holds_the_rest_back(server, settings, task, kim, noor, admin, at) -> None:
    """Rule: it is not asked once for every mail; what waits goes when it is back."""
    task("GOV-02")
    task("GOV-03", owner=admin)
    prepare_mails(now=at)
    port, waiting = server.port, Mail.objects.filter(next_at__isnull=False).count()
    settings.MAIL = MailServer(host="127.0.0.1", port=1, security="none")
    assert not send_mails(now=lambda: at)
    assert sum(Mail.objects.values_list("tries", flat=True)) == 1
    assert surroundings.mail(at).state == "wrong"
    settings.MAIL = MailServer(host="127.0.0.1", port=port, security="none")
    assert send_mails(now=lambda: at + WAITS[0])
    assert Mail.objects.filter(sent_at__isnull=False).count() == waiting
    assert surroundings.mail(at).state == "good"


def test_two_processes_send_it_once(server, task, kim, at) -> None:
    """Rule: each mail is claimed by one; who dies before keeping what came sends it again after two minutes."""
    task()
    prepare_mails(now=at)

    def dies(message) -> None:
        assert send_mails(now=lambda: at), "another process, meanwhile"
        give(message)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send_mails(now=lambda: at, send=dies)
    assert len(mails_to(server, kim)) == 1
    send_mails(now=lambda: at + timedelta(minutes=3))
    first, again = mails_to(server, kim)
    assert first["Message-ID"] == again["Message-ID"]


def test_old_ones_are_swept(server, task, at) -> None:
    task()
    prepare_mails(now=at)
    send_mails(now=lambda: at)
    later = at + KEPT_FOR + timedelta(days=1)
    prepare_mails(now=later)
    assert not Mail.objects.filter(created_at__lt=later).exists()


def test_the_worker_looks_at_everybody_when_something_changed(server, task, kim) -> None:
    given, mailing = task(), Mailing()
    at_once(kim, datetime.now(UTC))
    assert mailing.round(size=1)
    assert len(mails_to(server, kim)) == 1
    assert given.id in mails_to(server, kim)[0].get_body(("plain",)).get_content()
    assert mailing.round(size=1)
    assert len(mails_to(server, kim)) == 1


def test_a_password_is_told_to_who_asks_for_it(settings) -> None:
    settings.MAIL_FROM, settings.PUBLIC_URL = "annexa@example.org", BASE
    with smtp_server(wants_user=True) as taken:
        settings.MAIL = MailServer(host="127.0.0.1", port=taken.port, security="none", user="annexa", password="right")
        send_test_mail(actor=ANNEXA, to="ada@example.org", now=datetime.now(UTC))
        assert (taken.users, taken.to) == (["annexa"], ["ada@example.org"])
        settings.MAIL = MailServer(host="127.0.0.1", port=taken.port, security="none", user="annexa", password="wrong")
        with pytest.raises(MailError, match="did not let us in: 535 wrong") as refused:
            send_test_mail(actor=ANNEXA, to="ada@example.org", now=datetime.now(UTC))
        assert refused.value.server
        assert len(taken.got) == 1


def test_a_server_that_cannot_show_a_certificate_is_told_nothing(settings, tmp_path, liar) -> None:  # noqa: F811
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with smtp_server(context=context) as taken:
        settings.MAIL = MailServer(host="127.0.0.1", port=taken.port, security="starttls", user="a", password="right")
        with pytest.raises(MailError, match="certificate"):
            mail_server.reach()
        assert (taken.users, taken.got) == ([], [])


def test_encryption_that_is_not_offered_is_not_done_without(settings) -> None:
    with smtp_server() as taken:
        settings.MAIL = MailServer(host="127.0.0.1", port=taken.port, security="starttls")
        with pytest.raises(MailError):
            mail_server.reach()
        assert taken.got == []


def test_without_a_server_nothing_is_sent(settings) -> None:
    settings.MAIL = None
    with pytest.raises(MailError, match="ANNEXA_SMTP_URL is not set"):
        send_test_mail(actor=ANNEXA, to="ada@example.org", now=datetime.now(UTC))
    assert surroundings.mail(datetime.now(UTC)).detail == "off: ANNEXA_SMTP_URL is not set"


def test_whom_a_test_goes_to_and_who_may(server, now) -> None:
    for wrong in ("ada", "ada@example.org\nBcc: eve@example.org", "ada@example.org, eve@example.org"):
        with pytest.raises(InvalidError, match="no address"):
            send_test_mail(actor=ANNEXA, to=wrong, now=now)
    with pytest.raises(NotPermittedError):
        send_test_mail(actor=Actor(id="person/9", name="Otto", role="administrator"), to="a@example.org", now=now)
    assert server.got == []


# --- what is written


def test_nothing_that_people_write_becomes_a_header_or_markup(server, task, admin, kim, at) -> None:
    """Rule: a title with line ends and markup stays one line of text."""
    with guard.opened():
        Person.objects.filter(pk=kim.pk).update(name="Kim\r\nBcc: eve@example.org<script>")
    task()
    prepare_mails(now=at)
    send_mails(now=lambda: at)
    (got,) = mails_to(server, kim)
    assert "Bcc" not in got
    assert server.to == [kim.email]
    text, html = (got.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert text.startswith("Hello Kim Bcc: eve@example.org<script>,\r\n")
    assert "<script>" not in html


@pytest.mark.parametrize("ended", [False, True])
def test_who_sees_a_unit_no_more_is_told_nothing_of_it(server, task, admin, now, at, ended) -> None:
    """Rule: rights in a part of the organisation count as they are when the mail goes."""
    house = actor_of(admin)
    max_ = add_person(actor=ANNEXA, email="max@example.org", name="Max", role="member", password=None, now=now)
    add_unit(actor=house, name="Retail", now=now)
    add_system(actor=house, facts=SystemFacts(name="Chatbot", unit="Retail"), now=now)
    grant_role(actor=house, person=admin, holder=max_, role="owner", unit="retail", because="Works there", now=now)
    given = task("OVS-01", owner=max_, scope="chatbot")
    prepare_mails(now=at)
    assert Mail.objects.get(person=max_).keys
    if ended:
        end_grant(actor=house, person=admin, grant=RoleGrant.objects.get().id, because="Moved", now=at)
    send_mails(now=lambda: at)
    assert [given.id in one.get_body(("plain",)).get_content() for one in mails_to(server, max_)] == [True] * (
        not ended
    )
