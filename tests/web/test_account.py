"""Signing in and out: safe, patient with people, not with programs that guess."""

import pytest
from django.core.cache import cache

from annexa.records.ledger import LedgerEntry
from annexa.records.people import Person
from annexa.web import account

PASSWORD = "correct horse battery staple"


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()


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
    for _ in range(account.MOST_PER_ACCOUNT):
        assert sign_in(client, password="wrong").status_code == 422
    answer = sign_in(client)
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert "Too many tries" in answer.content.decode()
    assert sign_in(client, email="nobody@example.org").status_code == 422
    client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    assert sign_in(client).status_code == 303


def test_somebody_who_gets_in_starts_afresh(client, admin):
    for _ in range(2):
        for _ in range(account.MOST_PER_ACCOUNT - 1):
            sign_in(client, password="wrong")
        assert sign_in(client).status_code == 303
        client.post("/sign-out")


def test_a_hundred_failures_and_that_address_waits(client, admin, monkeypatch):
    monkeypatch.setattr(account, "MOST_PER_ADDRESS", 5)
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


class TestPassword:
    """Changing one's own."""

    def test_it_works(self, client, admin):
        client.force_login(admin)
        assert client.get("/password").status_code == 200
        done = client.post("/password", {"current": PASSWORD, "password": "seven quiet copper kettles"})
        assert (done.status_code, done["Location"]) == (303, "/")
        assert "Password changed" in client.get("/").content.decode()
        assert LedgerEntry.objects.order_by("-position").first().kind == "person"
        client.post("/sign-out")
        assert sign_in(client).status_code == 422
        assert sign_in(client, password="seven quiet copper kettles").status_code == 303

    def test_other_sessions_end(self, client, admin):
        from django.test import Client

        other = Client()
        other.force_login(admin)
        client.force_login(admin)
        client.post("/password", {"current": PASSWORD, "password": "seven quiet copper kettles"})
        assert client.get("/").status_code == 200
        assert other.get("/").status_code == 302

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"current": "wrong", "password": "seven quiet copper kettles"}, "not your present password"),
            ({"current": PASSWORD, "password": "short"}, "too short"),
            ({"current": PASSWORD, "password": ""}, "required"),
        ],
    )
    def test_it_validates(self, client, admin, typed, said):
        client.force_login(admin)
        answer = client.post("/password", typed)
        assert answer.status_code == 422
        assert said in answer.content.decode()
        admin.refresh_from_db()
        assert admin.check_password(PASSWORD)

    def test_guessing_the_present_one_ends_too(self, client, admin):
        client.force_login(admin)
        typed = {"current": "wrong", "password": "seven quiet copper kettles"}
        answers = [client.post("/password", typed).status_code for _ in range(account.MOST_PER_ACCOUNT + 1)]
        assert answers[-2:] == [422, 429]


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
