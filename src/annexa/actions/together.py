"""Work that costs hardly more for several than for one: whose turn it is does that of all who wait."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

Asked = TypeVar("Asked")
Done = TypeVar("Done")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[Asked, Done]):
    asked: Asked
    size: int
    found: Done | Exception = field(default_factory=lambda: RuntimeError("Whoever did it was stopped."))
    ready: threading.Event = field(default_factory=threading.Event)


@dataclass(kw_only=True, eq=False)
class Together(Generic[Asked, Done]):
    """What several threads ask for at once, done by one of them for all.

    `work`: takes those asked, one thread at a time, and returns what is left to do while others already work: it
    answers each in their order with what is done, or an error of its own. Where one of the two raises, each is asked
    for alone. `most`: how much is worked on together, in whatever `size` is counted in; what is larger is worked on
    alone.
    """

    work: Callable[[Sequence[Asked]], Callable[[], Sequence[Done | Exception]]]
    most: int
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _waiting: list[_Waiting[Asked, Done]] = field(default_factory=list)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def done(self, asked: Asked, *, size: int) -> Done:
        """What was asked for, once this thread or another one did it. Raises what `work` found wrong with it."""
        mine: _Waiting[Asked, Done] = _Waiting(asked, size)
        with self._changing:
            self._waiting.append(mine)
        chosen: list[_Waiting[Asked, Done]] = []
        try:
            with self._turn:
                chosen = self._chosen(mine)
                rest = self._begun(chosen)
            self._ended(chosen, rest)
        finally:
            for one in chosen:
                one.ready.set()
        mine.ready.wait()
        if isinstance(mine.found, Exception):
            raise mine.found
        return mine.found

    def _chosen(self, mine: _Waiting[Asked, Done]) -> list[_Waiting[Asked, Done]]:
        """This one and those that wait and fit beside it; nobody, where another thread does this one."""
        with self._changing:
            if mine not in self._waiting:
                return []
            self._waiting.remove(mine)
            chosen, size = [mine], mine.size
            for one in self._waiting[:]:
                if size + one.size <= self.most:
                    self._waiting.remove(one)
                    chosen.append(one)
                    size += one.size
            return chosen

    def _begun(self, chosen: Sequence[_Waiting[Asked, Done]]) -> Callable[[], Sequence[Done | Exception]]:
        if not chosen:
            return tuple
        try:
            return self.work([one.asked for one in chosen])
        except Exception as error:  # noqa: BLE001  whoever asked is told
            return _raising(error)

    def _ended(self, chosen: Sequence[_Waiting[Asked, Done]], rest: Callable[[], Sequence[Done | Exception]]) -> None:
        try:
            found = rest()
        except Exception as error:  # noqa: BLE001  whoever asked is told
            if len(chosen) == 1:
                chosen[0].found = error
                return
            for one in chosen:
                with self._turn:
                    alone = self._begun([one])
                self._ended([one], alone)
            return
        for one, each in zip(chosen, found, strict=True):
            one.found = each


def _raising(error: Exception) -> Callable[[], Sequence[Any]]:
    def again() -> Sequence[Any]:
        raise error

    return again
