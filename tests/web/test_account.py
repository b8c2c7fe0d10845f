"""Signing in and out: safe, patient with people, not with programs that guess."""

import pytest
from django.test import Client
from django.utils import timezone

from annexa.actions import sign_in as counting
from annexa.actions.people import actor_of, add_person
from annexa.actions.sign_in import PROVED
from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.records.sign_in import KnownPlace, SignInTry
from tests.web.proving import signed_in

PASSWORD = "correct horse battery staple"
NEW = {"current": PASSWORD, "password": "seven quiet copper kettles"}


def sign_in(client, email="ada@example.org", password=PASSWORD, **more):
    return client.post("/sign-in", {"email": email, "password": password, **more})


def test_it_works(client, admin):
    """Somebody who is not signed in is asked first, and then arrives where they wanted to go."""
    asked = client.get("/ledger?kind=people")
    assert asked.status_code == 302
    assert asked["Location"] == "/sign-in?next=/ledger%3Fkind%3Dpeople"
    page = client.get(asked["Location"])
    assert 'value="/ledger?kind=people"' in page.content.decode()
    before = client.session.session_key
    done = sign_in(client, email="ADA@example.org", next="/ledger?kind=people")
    assert (done.status_code, done["Location"]) == (303, "/ledger?kind=people")
    assert client.session.session_key != before
    assert client.get("/sign-in")["Location"] == "/"


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example/", "http:///evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_it_never_sends_anybody_elsewhere(client, admin, wanted):
    assert sign_in(client, next=wanted)["Location"] == "/"


@pytest.mark.parametrize(
    ("email", "password"),
    [("ada@example.org", "wrong"), ("nobody@example.org", "wrong"), ("ada@example.org", "x" * 99)],
)
def test_a_refusal_does_not_tell_whether_there_is_such_an_account(client, admin, email, password):
    answer = sign_in(client, email=email, password=password)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Email and password do not go together" in page
    assert email in page
    assert password not in page
    assert "_auth_user_id" not in client.session


def test_an_unknown_account_costs_as_much_as_a_known_one(client, admin, monkeypatch):
    """The hasher runs either way, or the time it takes would tell."""
    from django.contrib.auth.hashers import MD5PasswordHasher

    hashed = []
    plain = MD5PasswordHasher.encode
    monkeypatch.setattr(
        MD5PasswordHasher, "encode", lambda self, *a, **more: hashed.append(1) or plain(self, *a, **more)
    )
    sign_in(client, email="nobody@example.org")
    unknown = len(hashed)
    sign_in(client, password="wrong")
    assert unknown == len(hashed) - unknown == 1


def test_somebody_who_left_is_not_let_in(client, admin):
    from annexa.records import guard

    with guard.opened():
        Person.objects.filter(pk=admin.pk).update(is_active=False)
    assert sign_in(client).status_code == 422


def test_it_validates(client, admin):
    answer = client.post("/sign-in", {"email": "not an address", "password": ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()


def test_ten_failures_and_that_account_waits_here(client, admin):
    for _ in range(counting.MOST_HERE):
        assert sign_in(client, password="wrong").status_code == 422
    answer = sign_in(client)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Too many tries" in answer.content.decode()
    assert sign_in(client, email="nobody@example.org").status_code == 422
    client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in(client).status_code == 303


def test_somebody_who_gets_in_starts_afresh(client, admin):
    for _ in range(2):
        for _ in range(counting.MOST_HERE - 1):
            sign_in(client, password="wrong")
        assert sign_in(client).status_code == 303
        client.post("/sign-out")


def test_a_hundred_failures_and_that_address_waits(client, admin, monkeypatch):
    monkeypatch.setattr(counting, "MOST_FROM_ADDRESS", 5)
    for n in range(5):
        assert sign_in(client, email=f"guess{n}@example.org").status_code == 422
    assert sign_in(client).status_code == 429


def test_signing_out_ends_the_session(client, admin):
    client.force_login(admin)
    assert client.get("/sign-out").status_code == 405
    done = client.post("/sign-out")
    assert (done.status_code, done["Location"]) == (303, "/sign-in")
    assert client.get("/").status_code == 302


def test_forms_of_other_sites_are_refused(admin):
    from django.test import Client

    answer = sign_in(Client(enforce_csrf_checks=True))
    assert answer.status_code == 403
    assert "open too long" in answer.content.decode()


@pytest.mark.parametrize("path", ["/sign-in", "/"])
def test_an_empty_installation_says_what_to_do(client, db, path):
    page = client.get(path, follow=True).content.decode()
    assert "Annexa is not set up yet" in page
    assert "Open the link that was printed where it was started." in page


class TestLockOut:
    """Who guesses has to wait; whose account it is gets in."""

    @pytest.fixture
    def attacked(self, client, admin):
        """Ada has signed in from here; then strangers guess her password from very many addresses."""
        from django.test import Client

        assert sign_in(client).status_code == 303
        client.post("/sign-out")
        for n in range(counting.MOST_FROM_STRANGERS + 1):
            guesses = Client(REMOTE_ADDR=f"198.51.{n // 200}.{n % 200}")
            assert sign_in(guesses, password="wrong").status_code == (422 if n < counting.MOST_FROM_STRANGERS else 429)
        return client

    def test_strangers_together_have_to_wait(self, attacked, client):
        from django.test import Client

        assert sign_in(Client(REMOTE_ADDR="203.0.113.9")).status_code == 429

    def test_she_gets_in_from_an_address_she_has_signed_in_from(self, attacked):
        from django.test import Client

        assert sign_in(Client()).status_code == 303

    def test_she_gets_in_with_a_browser_she_has_signed_in_with(self, attacked):
        assert sign_in(attacked, REMOTE_ADDR="203.0.113.9").status_code == 303
        attacked.defaults["REMOTE_ADDR"] = "203.0.113.10"
        attacked.post("/sign-out")
        assert sign_in(attacked).status_code == 303

    def test_guesses_behind_the_same_proxy_do_not_stop_her_browser(self, client, admin):
        from django.test import Client

        sign_in(client)
        client.post("/sign-out")
        for _ in range(counting.MOST_HERE + 1):
            last = sign_in(Client(), password="wrong")
        assert last.status_code == 429
        assert sign_in(client).status_code == 303

    def test_her_browser_is_no_way_into_other_accounts(self, client, admin, kim, monkeypatch):
        monkeypatch.setattr(counting, "MOST_FROM_STRANGERS", 3)
        sign_in(client)
        client.post("/sign-out")
        client.defaults["REMOTE_ADDR"] = "203.0.113.9"
        found = [sign_in(client, email="kim@example.org", password="wrong").status_code for _ in range(12)]
        assert found[-1] == 429

    def test_a_forged_mark_of_a_browser_counts_for_nothing(self, client, admin, monkeypatch):
        client.cookies["annexa-device"] = "WyJ4IiwiYWRhQGV4YW1wbGUub3JnIl0:1x:forged"
        for _ in range(counting.MOST_HERE):
            sign_in(client, password="wrong")
        client.cookies["annexa-device"] = "WyJ5IiwiYWRhQGV4YW1wbGUub3JnIl0:1x:forged"
        assert sign_in(client).status_code == 429

    def test_whoever_has_an_account_does_not_win_tries_by_it(self, client, admin, kim, monkeypatch):
        """Signing in over and over gives nothing back of what was guessed at other accounts."""
        from django.test import Client

        monkeypatch.setattr(counting, "MOST_FROM_ADDRESS", 5)
        sign_in(client)
        for n in range(5):
            sign_in(Client(), email=f"guess{n}@example.org")
        for _ in range(5):
            client.post("/sign-out")
            assert sign_in(client).status_code == 303
        assert sign_in(Client(), email="guess9@example.org").status_code == 429

    def test_every_process_counts_in_the_same_place(self, client, admin):
        """Nothing is kept in the memory of a process; and neither address nor account is kept at all."""
        sign_in(client, password="wrong")
        kept = [*SignInTry.objects.values_list("key", flat=True), *KnownPlace.objects.values_list("key", flat=True)]
        assert len(kept) == 3
        assert all(len(key) == 64 and "ada" not in key for key in kept)

    def test_after_a_quarter_of_an_hour_it_is_over(self, client, admin, monkeypatch):
        for _ in range(counting.MOST_HERE + 1):
            last = sign_in(client, password="wrong")
        assert last.status_code == 429
        later = timezone.now() + counting.WINDOW
        monkeypatch.setattr(timezone, "now", lambda: later)
        assert sign_in(client).status_code == 303

    def test_a_whole_house_of_ipv6_is_one_address(self, admin):
        from django.test import Client

        found = [
            sign_in(Client(REMOTE_ADDR=f"2001:db8::{n:x}"), password="wrong").status_code
            for n in range(1, counting.MOST_HERE + 2)
        ]
        assert found[-1] == 429

    def test_only_our_own_proxies_say_where_somebody_is(self, admin, settings):
        """Whoever asks may write what they like into X-Forwarded-For; the last address is the proxy's own."""
        from django.test import Client

        settings.PROXIES = 1
        found = [
            sign_in(Client(headers={"X-Forwarded-For": f"192.0.2.{n}, 203.0.113.5"}), password="wrong").status_code
            for n in range(counting.MOST_HERE + 1)
        ]
        assert found[-1] == 429
        other = Client(headers={"X-Forwarded-For": "203.0.113.5, 203.0.113.6"})
        assert sign_in(other).status_code == 303


class TestPassword:
    """Changing one's own."""

    @pytest.fixture
    def me(self, client, admin):
        sign_in(client)
        return client

    def test_it_works(self, me):
        assert me.get("/password").status_code == 200
        done = me.post("/password", NEW)
        assert (done.status_code, done["Location"]) == (303, "/")
        assert "Password changed" in me.get("/").content.decode()
        assert LedgerEntry.objects.order_by("-position").first().kind == "person"
        me.post("/sign-out")
        assert sign_in(me).status_code == 422
        assert sign_in(me, password="seven quiet copper kettles").status_code == 303

    def test_other_sessions_end(self, me, admin):
        from django.test import Client

        other = Client()
        other.force_login(admin)
        me.post("/password", NEW)
        assert me.get("/").status_code == 200
        assert other.get("/").status_code == 302

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("short", "too short"),
            ("", "required"),
            ("password1234", "too common"),
            ("123456789012345", "entirely numeric"),
            ("ada@example.org", "too similar"),
            ("Annexa-Admin-2026!", "little more than words"),
            ("test house 123!", "little more than words"),
        ],
    )
    def test_it_validates(self, me, admin, typed, said):
        """Against lists and rules that are here: nobody else's server is asked."""
        answer = me.post("/password", {"current": PASSWORD, "password": typed})
        assert answer.status_code == 422
        assert said in answer.content.decode()
        admin.refresh_from_db()
        assert admin.check_password(PASSWORD)

    def test_the_present_one_is_asked_for(self, me, admin):
        """Also of who showed a minute ago, by a passkey, that it is they."""
        for typed, said in (("", "required"), ("wrong password here", "not your present password")):
            answer = me.post("/password", {"current": typed, "password": NEW["password"]})
            assert answer.status_code == 422
            assert said in answer.content.decode()
        admin.refresh_from_db()
        assert admin.check_password(PASSWORD)

    def test_guessing_the_present_one_ends(self, me, admin):
        statuses = [me.post("/password", NEW | {"current": f"guess {n}"}).status_code for n in range(11)]
        assert statuses == [422] * 10 + [429]
        last = me.post("/password", NEW)
        assert last.status_code == 429
        assert "Too many tries" in last.content.decode()

    def test_who_has_none_sets_the_first_one(self, me, admin):
        """Whoever was added without one, or came by a provider."""
        made = add_person(
            actor=actor_of(admin), email="kim@example.org", name="Kim Lee", role="lead", password=None,
            now=timezone.now(),
        )  # fmt: skip
        kim = signed_in(Client(), made)
        assert "Present password" not in kim.get("/password").content.decode()
        assert kim.post("/password", {"password": NEW["password"]}).status_code == 303
        made.refresh_from_db()
        assert made.check_password(NEW["password"])

    def test_a_session_left_open_is_not_enough(self, me, admin):
        session = me.session
        session[PROVED] = timezone.now().timestamp() - 601
        session.save()
        answer = me.post("/password", NEW, headers={"Referer": "http://x/password"})
        assert (answer.status_code, answer["Location"]) == (303, "/account/again?next=%2Fpassword")
        admin.refresh_from_db()
        assert admin.check_password(PASSWORD)


class TestTheme:
    """How somebody wants the pages to look."""

    def test_it_stays(self, client, admin):
        client.force_login(admin)
        done = client.post("/theme", {"theme": "dark", "next": "/ledger"})
        assert (done.status_code, done["Location"]) == (303, "/ledger")
        assert 'data-theme="dark"' in client.get("/").content.decode()
        client.post("/sign-out")
        sign_in(client)
        assert 'data-theme="dark"' in client.get("/").content.decode()

    def test_with_htmx_nothing_is_swapped(self, client, admin):
        client.force_login(admin)
        answer = client.post("/theme", {"theme": "light"}, headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (204, b"")

    def test_it_refuses(self, client, admin):
        client.force_login(admin)
        answer = client.post("/theme", {"theme": "purple"})
        assert answer.status_code == 422
        assert "not a theme" in answer.content.decode().replace("&#x27;", "'")
        assert client.get("/theme").status_code == 405


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "413", "500"])
def test_what_went_wrong_is_said_without_anything_at_hand(name):
    """These pages stand when there is no request, no session and no database."""
    from django.template.loader import render_to_string

    page = render_to_string(f"{name}.html", {"sentence": "<b>why</b>"})
    assert "<h1>" in page
    assert "<b>why</b>" not in page


def test_a_page_that_does_not_exist_says_so(client, admin):
    client.force_login(admin)
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.content.decode()
    assert "Resolver404" not in answer.content.decode()
