"""What another engine gives beside Arrow: every sum of a log, and the readings of monitors' examples."""

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from annexa.activity.monitoring import freeze
from annexa.library.monitors import monitors
from annexa.pure.monitors import written
from tests.activity.engines import MANY, SINCE, UNTIL, everything, log
from tests.library.monitor_examples import found_in, log_of

Put = Callable[[pa.Table], Any]
"""Has an engine hold a log, and gives its frame."""


def sums(put: Put) -> dict[str, list[str]]:
    """Every sum of a log, on the engine and on Arrow, as text."""
    table = log()
    frozen = freeze(log(900, 6), ["f_*"], system="s", since=SINCE, until=UNTIL)
    baselines = [*(one for one in frozen.columns if one.column != "f_post"), MANY]
    there, here = everything(put(table), baselines), everything(table, baselines)
    return {name: [plain(there[name]), plain(here[name])] for name in here}


def plain(value: Any) -> str:
    """A value as text, mappings at any depth in the order of their keys, since groups come in any."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {plain(value[key])}" for key in sorted(value, key=repr)) + "}"
    if isinstance(value, list | tuple):
        return "(" + ", ".join(plain(one) for one in value) + ")"
    return repr(value)


def readings(put: Put, names: Iterable[str]) -> dict[str, list[Any]]:
    """The readings of the named monitors' examples, on the engine and on Arrow."""
    found = {}
    for name in names:
        monitor = monitors()[name]
        for example in monitor.examples:
            table = log_of(monitor, example)
            both = (found_in(monitor, example, native) for native in (put(table), table))
            found[f"{name}: {example.what}"] = [written(one) for one in both]
    return found
