"""The organisation is set up once for a module; each attempt is made on a copy of its database, store and keys."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as conf

from annexa.answers import store
from annexa.cli.main import main
from annexa.records import snapshot
from tests import founding
from tests.honesty.house import NOW, House, Said, Verdicts, found, verdicts
from tests.personas import undone


@pytest.fixture(scope="module")
def founded(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[tuple[Path, Verdicts]]:
    """The organisation as it is, and its verdicts. Nothing of it stays."""
    before, folder = (conf.STORE, conf.HOME), tmp_path_factory.mktemp("house") / "of one"

    def made() -> Verdicts:
        (folder / "home").mkdir(mode=0o700, parents=True)
        conf.STORE, conf.HOME = folder / "store", folder / "home"
        found()
        was = verdicts(NOW)
        conf.STORE, conf.HOME = before
        return was

    keep = tmp_path_factory.getbasetemp() / "kept"
    with django_db_blocker.unblock(), founding.founded("honest house", made, folder, keep) as was:
        yield folder, was


@pytest.fixture
def house(founded, settings, tmp_path, capsys, monkeypatch) -> Iterator[House]:
    """A copy to try something on."""
    folder, was = founded
    settings.STORE, settings.HOME = tmp_path / "copy" / "store", tmp_path / "copy" / "home"
    shutil.copytree(folder, tmp_path / "copy")
    monkeypatch.setattr("django.setup", lambda: None)  # done already

    def run(*argv: object) -> Said:
        restart()
        capsys.readouterr()
        code = main([str(arg) for arg in argv])
        return Said(code=code, lines=tuple(capsys.readouterr().out.splitlines()))

    def restart() -> None:
        monkeypatch.setattr(snapshot, "_latest", snapshot._EMPTY)
        monkeypatch.setattr(snapshot, "_library", None)
        store._signer.cache_clear()
        store._made_origin.cache_clear()

    with undone():
        yield House(store=settings.STORE, home=settings.HOME, run=run, restart=restart, before=was)
    restart()
