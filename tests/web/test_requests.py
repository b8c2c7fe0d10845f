"""Requests that nobody of ours sends: other methods, no encryption, addresses of files, fields in the wrong place."""

import re

import pytest

from annexa.records.people import Person

PASSWORD = "correct horse battery staple"


@pytest.fixture
def signed(client, admin):
    client.force_login(admin)
    return client


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "GETT"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/healthz", "/systems", "/api/v1/me"])
def test_methods_that_nothing_needs_are_refused(signed, method, path) -> None:
    answer = signed.generic(method, path, headers={"X-Secret": "seen"})
    assert answer.status_code == 405
    assert b"seen" not in answer.content


class TestWithoutHttps:
    """Where HTTPS is said to be spoken."""

    @pytest.fixture(autouse=True)
    def https(self, settings) -> None:
        settings.HTTPS_ONLY = True

    def test_a_browser_is_sent_there(self, signed) -> None:
        answer = signed.get("/systems?q=a%20b")
        assert (answer.status_code, answer["Location"]) == (302, "https://testserver/systems?q=a%20b")
        assert signed.get("/systems", secure=True).status_code == 200

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/v1/me"),
            ("POST", "/api/v1/systems"),
            ("POST", "/sign-in"),
            ("GET", "/.well-known/annexa/ledger/checkpoint"),
        ],
    )
    def test_a_program_is_refused_and_not_led_on(self, signed, method, path) -> None:
        answer = signed.generic(method, path)
        assert answer.status_code == 403
        assert "Location" not in answer.headers
        assert "Use https" in answer.json()["detail"]

    def test_whoever_watches_from_inside_still_may(self, client, db) -> None:
        assert client.get("/healthz").status_code == 200

    def test_a_forged_host_is_led_nowhere(self, signed) -> None:
        assert signed.get("/systems", headers={"Host": "evil.example.org"}).status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.env", "/static/", "/static/..", "/static/%2e%2e/settings.py", "/assets/..", "/secret.key",
     "/keys/", "/annexa.sqlite3", "/web/guard.py", "/src/"],
)  # fmt: skip
def test_no_file_and_no_folder_of_the_server_is_shown(signed, path) -> None:
    assert signed.get(path).status_code == 404


def test_what_is_typed_is_decoded_once(signed) -> None:
    """Rule: %253C means the text %3C, never a sign of HTML."""
    page = signed.get("/search?q=%253Cb%253E").content.decode()
    assert "%3Cb%3E" in page
    assert "<b>" not in re.sub(r"<b>\d", "", page.split("<main")[1].split("<nav")[0].replace("<b>%3C", ""))


def test_a_form_takes_nothing_from_the_address(client, admin) -> None:
    """Rule: fields of a form come from its body alone, and of a repeated one the last counts, once."""
    asked = f"/sign-in?email=ada@example.org&password={PASSWORD.replace(' ', '+')}"
    assert client.post(asked).status_code == 422
    assert (
        client.post(asked, {"email": ["nobody@example.org", "kim@example.org"], "password": PASSWORD}).status_code
        == 422
    )


def test_a_token_in_the_address_is_no_token(client, db) -> None:
    for name in ("token", "access_token", "api_key", "Authorization"):
        assert client.get(f"/api/v1/me?{name}=annexa_{'x' * 49}").status_code == 401


def test_a_sign_in_by_a_provider_is_begun_on_our_own_page(client, admin, settings) -> None:
    """Rule: another site that sends a browser to the provider signs nobody in; our own page asks first."""
    from annexa.settings import OidcProvider

    settings.OIDC = OidcProvider(
        issuer="http://127.0.0.1:1", client_id="annexa", client_secret="", name="ID", scopes=("openid",),
        groups_claim="groups", inside=True,
    )  # fmt: skip
    for site in ("cross-site", "same-site"):
        answer = client.get("/sign-in/with/oidc", headers={"Sec-Fetch-Site": site})
        assert (answer.status_code, answer["Location"]) == (302, "/sign-in")
    for site in ("same-origin", "none"):
        assert client.get("/sign-in/with/oidc", headers={"Sec-Fetch-Site": site}).status_code == 403, "it is asked"


@pytest.mark.parametrize(
    "path",
    ["/", "/sign-in", "/no-such-page", "/systems/export?format=csv", "/systems/export?format=json", "/healthz",
     "/metrics", "/tasks.ics", "/api/v1/me", "/api/v1/nothing", "/.well-known/annexa/ledger/checkpoint"],
)  # fmt: skip
def test_what_is_answered_says_what_it_is(signed, path) -> None:
    """Rule: every answer has its type, a text its character set, and nothing is given to other origins."""
    answer = signed.get(path, headers={"Origin": "https://evil.example"})
    said = answer.headers["Content-Type"]
    assert re.fullmatch(
        r"text/[a-z]+; (version=[\d.]+; )?charset=utf-8|application/(problem\+)?json(; charset=utf-8)?", said
    )
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]


def test_assets_say_what_they_are(client, admin) -> None:
    page = client.get("/sign-in").content.decode()
    kinds = {client.get(one).headers["Content-Type"] for one in re.findall(r'"(/static/[^"]+)"', page)}
    assert kinds <= {"text/css; charset=utf-8", "text/javascript; charset=utf-8", "image/svg+xml; charset=utf-8"}
    assert len(kinds) >= 2


def test_nobody_is_there_before_the_first_start(db) -> None:
    """Rule: no account comes with the product, and none with its tables."""
    assert not Person.objects.exists()
