"""A long deed tells how far it is; who leaves calls it off, and a failure is told too."""

import threading
from collections.abc import Callable

import pytest

from annexa.web.running import HERE, CalledOffError, Progress, running, told_while_it_goes


def line(done: int, total: int) -> str:
    return f"{done}/{total} "


def test_it_tells_each_step_and_then_the_result() -> None:
    def do(progress: Progress) -> str:
        for done in range(3):
            progress(done, 2)
        return "done"

    assert "".join(told_while_it_goes(do, line=line, broken="broken")).split() == ["0/2", "1/2", "2/2", "done"]
    page = running(f"<main>{HERE}</main>", do, line=line, broken="broken")
    assert b"".join(page.streaming_content) == b"<main>0/2 1/2 2/2 done</main>"
    assert page["X-Accel-Buffering"] == "no"


def _endless(begun: threading.Event, ended: list[str]) -> Callable[[Progress], str]:
    def do(progress: Progress) -> str:
        try:
            while True:
                progress(1, 2)
                begun.set()
        except CalledOffError:
            ended.append("called off")
            raise

    return do


@pytest.mark.django_db  # a response that is closed looks at connections
def test_who_leaves_calls_it_off() -> None:
    begun, ended = threading.Event(), list[str]()
    page = running(HERE, _endless(begun, ended), line=line, broken="broken")
    told = iter(page.streaming_content)
    assert [next(told), next(told)] == [b"", b"1/2 "]
    (deed,) = [one for one in threading.enumerate() if one.name == "annexa-deed"]
    page.close()
    deed.join(10)
    assert (deed.is_alive(), ended) == (False, ["called off"])


@pytest.mark.django_db
def test_nothing_begins_before_somebody_looks() -> None:
    ended: list[str] = []
    running(HERE, _endless(threading.Event(), ended), line=line, broken="broken").close()
    assert not [one for one in threading.enumerate() if one.name == "annexa-deed"]


def test_a_failure_is_told(caplog) -> None:
    def do(progress: Progress) -> str:
        progress(0, 1)
        raise RuntimeError("no disk")

    assert "".join(told_while_it_goes(do, line=line, broken="broken")) == "0/1 broken"
    assert "A long deed failed." in caplog.text
