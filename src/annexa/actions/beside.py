"""Programs of our own in processes beside this one: each started when there is something for it, one at a time."""

import logging
import subprocess
import sys
from collections.abc import Collection


class Beside:
    """One of them: the words of its command line, and what it does, for the log.

    `fine`: codes of an end that nobody is warned of. `quiet`: what it prints is not for the log of the server.
    """

    def __init__(
        self, *words: str, does: str, log: logging.Logger, fine: Collection[int] = (0,), quiet: bool = True
    ) -> None:
        """Nothing runs yet."""
        self._words, self._does, self._log, self._fine, self._quiet = words, does, log, fine, quiet
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it is at work."""
        return self._child is not None and self._child.poll() is None

    def ended(self) -> int | None:
        """The code of one that has ended since this was asked last; None: there is none."""
        if self._child is None or self.runs:
            return None
        code, self._child = self._child.returncode, None
        if code not in self._fine:
            self._log.warning("The process that %s ended with code %s.", self._does, code)
        return int(code)

    def start(self) -> None:
        """Has it begin. Raises OSError."""
        self._child = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "annexa.cli.main", *self._words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self._quiet else None,
        )

    def end(self) -> None:
        """Asks it to end, and waits until it did; what it was at is done next time."""
        if self._child is not None:
            self._child.terminate()
            self._child.wait()
            self._child = None
