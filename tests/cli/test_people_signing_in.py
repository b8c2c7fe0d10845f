"""`annexa people`: what whoever has access to the machine can do for people who cannot get in."""

import pytest
from django.test import Client

from annexa.actions import sign_in as counting
from annexa.actions.people import actor_of
from annexa.actions.second_factors import add_totp, factors_of
from annexa.cli import words
from annexa.cli.main import main
from annexa.pure.second_factors import totp_code
from annexa.records.ledger import LedgerEntry

pytestmark = pytest.mark.django_db
SECRET = b"12345678901234567890"


@pytest.fixture
def run(capsys, monkeypatch, organisation):
    monkeypatch.setattr("django.setup", lambda: None)  # done already, and it would take over the log of the tests

    def call(*argv):
        capsys.readouterr()
        code = main(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "password.txt"
    made.write_text("seven quiet copper kettles\n", encoding="utf-8")
    return str(made)


@pytest.fixture
def app(admin):
    now = words.now()
    code = totp_code(SECRET, int(now.timestamp()) // 30)
    return add_totp(actor=actor_of(admin), person=admin, secret=SECRET, code=code, name="App", now=now)


def test_a_password(run, file, admin, app):
    code, out, said = run("people", "password", "Ada@example.org", "--password-file", file)
    assert (code, out) == (0, "Ada Admin signs in with the new password from now on, and is signed out everywhere.\n")
    assert "Second factors are as they were" in said
    admin.refresh_from_db()
    assert admin.check_password("seven quiet copper kettles")
    assert factors_of(admin) == [app]
    assert set(LedgerEntry.objects.order_by("-position").values_list("kind", flat=True)[:2]) == {
        "person",
        "sessions_end",
    }


def test_second_factors(run, admin, app):
    code, out, _ = run("people", "reset-mfa", "ada@example.org", "--because", "Telephone lost")
    assert (code, factors_of(admin)) == (0, [])
    assert "no second factor any more (1 taken out of use)" in out
    assert admin.check_password("correct horse battery staple")
    code, _, said = run("people", "reset-mfa", "ada@example.org", "--because", "Seen in person")
    assert code != 0
    assert "Ada Admin has no second factor." in said


def test_whoever_guessed_locks_nobody_out_of_the_machine(run, admin):
    def sign_in() -> int:
        typed = {"email": "ada@example.org", "password": "correct horse battery staple"}
        return Client().post("/sign-in", typed).status_code

    for _ in range(counting.MOST_HERE + 1):
        Client().post("/sign-in", {"email": "ada@example.org", "password": "wrong"})
    assert sign_in() == 429
    assert run("people", "unlock")[0] == 0
    assert sign_in() == 303


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("password", "nobody@example.org"), "nobody with the address"),
        (("reset-mfa", "nobody@example.org", "--because", "Seen in person"), "nobody with the address"),
        (("password", "ada@example.org"), "--password-file"),
    ],
)
def test_what_is_wrong_is_said(run, argv, said):
    code, out, error = run("people", *argv)
    assert (code != 0, out) == (True, "")
    assert said in error


def test_a_weak_password_is_refused(run, tmp_path, admin):
    weak = tmp_path / "weak.txt"
    weak.write_text("password1234", encoding="utf-8")
    code, _, said = run("people", "password", "ada@example.org", "--password-file", str(weak))
    assert code == 2
    assert "too common" in said
    assert admin.check_password("correct horse battery staple")
