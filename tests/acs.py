"""Decisions about real people: employment in Massachusetts 2015 to 2018, out of the wheel of NannyML 0.13.1.

Source: US Census Bureau, American Community Survey, Public Use Microdata, as NannyML (Apache-2.0) ships it with
predictions of a model. 68,785 people of 2015 to 2016 are the reference, 208,892 later ones the window.
"""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from annexa.activity import frames
from annexa.pure import performance
from annexa.pure.fairness import Group

WHEEL = "nannyml-0.13.1-py3-none-any.whl"
NUMBERS = ("AGEP", "predicted_probability")
WORDS = ("SCHL", "MAR", "RELP", "SEX", "RAC1P")


def found() -> Path | str:
    """The wheel, or why it is not at hand: from ANNEXA_TEST_DATA, else fetched once by pip."""
    for folder in (os.environ.get("ANNEXA_TEST_DATA", ""), str(Path(tempfile.gettempdir()) / "annexa-test-data")):
        if folder and (path := Path(folder) / WHEEL).exists():
            return path
    return _fetched(Path(tempfile.gettempdir()) / "annexa-test-data")


@cache
def _fetched(folder: Path) -> Path | str:
    folder.mkdir(exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(folder),
        "nannyml==0.13.1",
    ]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        return "pip did not fetch nannyml==0.13.1 (23 MB) within four minutes"
    path = folder / WHEEL
    if ran.returncode or not path.exists():
        last = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
        return f"pip could not fetch nannyml==0.13.1 (23 MB, only its data are used): {last}"
    return path


def table(wheel: Path, name: str) -> Any:
    """`reference`, `analysis` or `analysis_target` as an Arrow table."""
    with zipfile.ZipFile(wheel) as archive:
        return pq.read_table(io.BytesIO(archive.read(f"nannyml/datasets/data/employment_MA_{name}.pq")))


def events(people: Any, truth: Any | None, by: str) -> Any:
    """The people as events of the activity log: what was predicted of whom, with the group they belong to."""
    n = people.num_rows
    columns = {
        "prediction": people.column("prediction").cast(pa.string()),
        "score": people.column("predicted_probability"),
        f"f_{by}": people.column(by).cast(pa.string()),
    }
    if truth is not None:
        columns["label"] = truth.column("employed").cast(pa.string())
    return pa.table({"at": pa.array(np.arange(n), pa.int64()).cast(pa.timestamp("us", "UTC")), **columns})


def groups(people: Any, truth: Any, by: str) -> list[Group]:
    """The counts of each group."""
    return frames.groups(frames.events(events(people, truth, by)), f"f_{by}", "1")


def estimated(then: Any, now: Any) -> dict[str, float]:
    """What performance may be expected to be without labels, with a calibration learnt from the reference."""
    learnt = performance.calibration(
        then.column("predicted_probability").to_numpy(), then.column("employed").to_numpy() == 1
    )
    scores, said = learnt.of(now.column("predicted_probability").to_numpy()), now.column("prediction").to_numpy() == 1
    found = {name: performance.estimated(scores, said, name, minimum=1).value for name in performance.OF_CLASSES}
    return {name: value for name, value in found.items() if value is not None}
