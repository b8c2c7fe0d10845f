"""`annexa token`: made on the machine itself, printed once, listed without its text, revoked."""

import pytest

from annexa.answers.tokens import TokenRefusedError, bearer
from annexa.cli import words
from annexa.cli.main import main

pytestmark = pytest.mark.django_db
MINE = ("token", "create", "X", "--for", "ada@example.org", "--scope")


@pytest.fixture
def run(capsys, monkeypatch, organisation):
    monkeypatch.setattr("django.setup", lambda: None)  # done already, and it would take over the log of the tests

    def call(*argv):
        capsys.readouterr()
        code = main(list(argv))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_it_works(run):
    assert run("token", "service", "pipeline", "--role", "owner")[0] == 0
    code, text, said = run("token", "create", "Nightly", "--for", "pipeline", "--scope", "read", "add_evidence")
    assert (code, text.count("\n")) == (0, 1)
    assert "shown only now" in said
    found = bearer(text.strip(), now=words.now())
    assert found.actor.scopes == {"read", "add_evidence"}
    code, listed, _ = run("token", "list", "--format", "json")
    assert '"holder": "service/pipeline"' in listed
    assert text.strip() not in listed
    assert run("token", "revoke", found.token.id[:6], "--because", "Leaked")[0] == 0
    with pytest.raises(TokenRefusedError, match="revoked"):
        bearer(text.strip(), now=words.now())


def test_what_is_wrong_is_said(run):
    code, out, said = run("token", "create", "X", "--for", "nobody@example.org", "--scope", "read")
    assert (code, out) == (2, "")
    assert "nobody with the address" in said
    code, out, said = run(
        "token", "create", "X", "--for", "ada@example.org", "--scope", "fly", "--expires", "2020-01-01"
    )
    assert (code, out) == (2, "")
    assert "'fly' is not a scope" in said
    assert "has passed" in said
    assert run("token", "revoke", "zzz")[0] == 2
    for _ in range(2):
        run(*MINE, "read")
    assert "2 tokens begin with" in run("token", "revoke", "")[2]
