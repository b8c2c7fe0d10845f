"""Work for several at once: each gets its own answer, whoever does it, and one that fails takes no other along."""

import threading
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annexa.actions.together import Together


class Counting:
    """Doubles numbers; refuses odd ones, and breaks at 13 whoever else is there."""

    def __init__(self, *, most: int = 100, late: bool = False) -> None:
        self.rounds: list[list[int]] = []
        self.going, self.entered, self.late = threading.Event(), threading.Event(), late
        self.together: Together[int, int] = Together(work=self.work, most=most)

    def work(self, asked: Sequence[int]) -> Callable[[], Sequence[int | Exception]]:
        self.rounds.append(list(asked))
        self.entered.set()
        if asked[0] == 0:
            assert self.going.wait(10)
        if not self.late:
            self.break_at(asked)
        return lambda: self.rest(asked)

    def break_at(self, asked: Sequence[int]) -> None:
        if 13 in asked:
            raise RuntimeError("broken")

    def rest(self, asked: Sequence[int]) -> Sequence[int | Exception]:
        self.break_at(asked)
        return [ValueError(f"{one} is odd") if one % 2 else 2 * one for one in asked]

    def ask(self, numbers: Sequence[int]) -> dict[int, int | str]:
        """Asks for 0, which waits until all others wait as well; then for those, each in a thread of its own."""
        found: dict[int, int | str] = {}

        def one(number: int) -> None:
            try:
                found[number] = self.together.done(number, size=max(1, number))
            except (ValueError, RuntimeError) as error:
                found[number] = str(error)

        threads = [threading.Thread(target=one, args=(number,)) for number in (0, *numbers)]
        threads[0].start()
        assert self.entered.wait(10)
        for thread in threads[1:]:
            thread.start()
        while len(self.together._waiting) < len(numbers):
            pass
        self.going.set()
        for thread in threads:
            thread.join(10)
        return found


def test_those_that_wait_are_done_at_once() -> None:
    counting = Counting()
    assert counting.ask([2, 4, 6]) == {0: 0, 2: 4, 4: 8, 6: 12}
    assert [sorted(one) for one in counting.rounds] == [[0], [2, 4, 6]]


def test_no_more_than_fits_is_done_at_once() -> None:
    counting = Counting(most=10)
    assert counting.ask([4, 6, 8, 40]) == {0: 0, 4: 8, 6: 12, 8: 16, 40: 80}
    assert all(sum(one) <= 10 or len(one) == 1 for one in counting.rounds)
    assert sorted(number for one in counting.rounds for number in one) == [0, 4, 6, 8, 40]


@pytest.mark.parametrize("late", [False, True])
@given(numbers=st.sets(st.integers(1, 20), max_size=6))
def test_each_gets_its_own_answer(late: bool, numbers: set[int]) -> None:
    found = Counting(late=late).ask(sorted(numbers))
    assert found == {one: "broken" if one == 13 else f"{one} is odd" if one % 2 else 2 * one for one in {0, *numbers}}
