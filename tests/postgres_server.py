"""A throw-away PostgreSQL server for tests: made in a temporary folder, reached by its socket only, gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

DATABASE = "annexa"
_SMALL = "shared_buffers=32MB", "listen_addresses="
_QUICK = "fsync=off", "synchronous_commit=off", "full_page_writes=off"


def binaries() -> Path | None:
    """The folder with initdb and pg_ctl, of the newest version that is installed; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[str]:
    """The URL of an empty database on a server of its own. RuntimeError if it will not run, in the server's words.

    `durable`: it keeps what it acknowledged whatever happens, as servers do; by default it is quick instead.
    """
    folder = binaries()
    assert folder is not None, "there are no server programs"
    home = Path(tempfile.mkdtemp(prefix="annexa-pg-"))  # short: the path of a socket may have 107 bytes
    try:
        if os.geteuid() == 0:
            shutil.chown(home, "postgres")
        data = str(home / "data")
        _run(folder / "initdb", "-D", data, "-U", "annexa", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = " ".join(["-k", str(home), *(f"-c {one}" for one in (*_SMALL, *(() if durable else _QUICK)))])
        _run(folder / "pg_ctl", "-D", data, "-l", str(home / "log"), "-o", options, "-w", "start")
        try:
            _run(folder / "createdb", "-h", str(home), "-U", "annexa", DATABASE)
            yield f"postgresql:///{DATABASE}?host={quote(str(home), safe='')}&user=annexa"
        finally:
            _run(folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(*command: object) -> None:
    """Runs a program of the server, which refuses to be root."""
    as_whom = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    words = [*as_whom, *map(str, command)]
    # Into a file: the server inherits it, and would keep a pipe open for ever.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run(words, stdout=said, stderr=said, cwd="/", check=False, timeout=120)
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{' '.join(words)}: {said.read()[-2000:]}")
