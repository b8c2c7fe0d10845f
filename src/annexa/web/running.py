"""A long deed, told on its page while it goes. Who leaves the page calls it off, as long as nothing of it is kept.

It runs in a thread of its own with a connection of its own, since who sends the page may be another thread each time.
"""

import logging
from collections.abc import Callable, Iterator
from queue import Empty, Queue
from threading import Event, Thread

from django.db import connections
from django.http import StreamingHttpResponse
from django.utils import translation

Progress = Callable[[int, int], None]
QUIET_SECONDS = 2.0
"""After so long something is sent though there is nothing to tell: only then it shows that somebody left."""
HERE = "<!-- here -->"
"""Where in a page stands what is told."""
logger = logging.getLogger("annexa.web")


class CalledOffError(Exception):
    """Whoever asked for it left before it was done. What raised it takes back whatever was not kept yet."""


def running(
    page: str, do: Callable[[Progress], str], *, line: Callable[[int, int], str], broken: str
) -> StreamingHttpResponse:
    """A page that grows where HERE stands in it: a line for each step of `do`, then what it returns.

    `broken`: what is told instead if it fails in a way that nobody thought of.
    """
    before, _, after = page.partition(HERE)
    told = told_while_it_goes(do, line=line, broken=broken)
    answer = StreamingHttpResponse(_joined(before, told, after))
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # a proxy that collects pages first would show nothing until the end
    return answer


def _joined(before: str, told: Iterator[str], after: str) -> Iterator[str]:
    yield before
    yield from told
    yield after


def told_while_it_goes(
    do: Callable[[Progress], str], *, line: Callable[[int, int], str], broken: str
) -> Iterator[str]:  # fmt: skip
    """A line for each step, a space where nothing happens for long, and at the end what it returns.

    It begins when the first line is asked for. Closed before the end, the next step raises CalledOffError.
    """
    language = translation.get_language()
    return _told(do, line, broken, language or "en-gb")


def _told(
    do: Callable[[Progress], str], line: Callable[[int, int], str], broken: str, language: str
) -> Iterator[str]:  # fmt: skip
    told: Queue[str | None] = Queue()
    left = Event()

    def progress(done: int, total: int) -> None:
        if left.is_set():
            raise CalledOffError
        told.put(line(done, total))

    def run() -> None:
        try:
            with translation.override(language):
                told.put(do(progress))
        except CalledOffError:
            logger.info("A long deed was called off; nothing of it is kept.")
        except Exception:  # the border of a thread: nobody above would tell the person
            logger.exception("A long deed failed.")
            told.put(broken)
        finally:
            connections.close_all()
            told.put(None)

    Thread(target=run, daemon=True, name="annexa-deed").start()
    try:
        while (one := _next(told)) is not None:
            yield one
    finally:
        left.set()


def _next(told: "Queue[str | None]") -> str | None:
    try:
        return told.get(timeout=QUIET_SECONDS)
    except Empty:
        return " "
