"""Tables of predictions, as spreadsheets and pipelines write them, and as nobody should."""

import io
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from annexa.adapters import prediction_files
from annexa.adapters.prediction_files import PredictionsError, read_csv, read_parquet

CSV = b"""Timestamp,ID,y_pred,Probability,y_true,Income (EUR),area,new
2026-05-01T09:30:00Z,a1,yes,0.9,,1250.5,Bronx,true
2026-05-01T09:31:00+02:00,a2,no,0.2,no,,Queens,false
"""


def parquet(**columns) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


def test_a_csv_with_usual_names() -> None:
    """What is known by its name is a field, everything else a feature."""
    found = read_csv(CSV, {})
    assert found.rows == 2
    assert found.columns["at"].to_pylist()[1] == datetime(2026, 5, 1, 7, 31, tzinfo=UTC)
    assert found.columns["prediction"].to_pylist() == ["yes", "no"]
    assert found.columns["score"].to_pylist() == [0.9, 0.2]
    assert found.columns["label"].to_pylist() == [None, "no"]
    assert {name: column.to_pylist() for name, column in found.features.items()} == {
        "Income_EUR": [1250.5, None],
        "area": ["Bronx", "Queens"],
        "new": [1.0, 0.0],
    }


def test_columns_that_the_sender_names() -> None:
    """They go before the usual ones."""
    found = read_csv(b"when,outcome,prediction\n1780000000,yes,0.5\n", {"at": "when", "prediction": "outcome"})
    assert found.columns["at"].to_pylist() == [datetime.fromtimestamp(1_780_000_000, UTC)]
    assert found.columns["prediction"].to_pylist() == ["yes"]
    assert set(found.features) == {"prediction"}


@pytest.mark.parametrize(
    "when",
    [
        pa.array([1_777_626_000_000_000_000], pa.timestamp("ns")),
        pa.array([datetime(2026, 5, 1, 9, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
        pa.array([datetime(2026, 5, 1, 9, tzinfo=UTC).timestamp()]),
        pa.array(["2026-05-01T11:00:00+0200"]),
    ],
)
def test_instants_of_every_kind(when: pa.Array) -> None:
    """What has no zone is UTC."""
    found = read_parquet(parquet(at=when, prediction=["yes"]), {})
    assert found.columns["at"].to_pylist() == [datetime(2026, 5, 1, 9, tzinfo=UTC)]
    assert read_parquet(parquet(at=pa.array([date(2026, 5, 1)])), {}).columns["at"].to_pylist()[0].day == 1


def test_every_mistake_is_named_at_once() -> None:
    """With the columns there are."""
    with pytest.raises(PredictionsError) as caught:
        read_csv(CSV, {"at": "when", "mood": "area"})
    said = str(caught.value)
    assert "no column 'when' for at" in said
    assert "mood is no field of a prediction" in said
    assert "Its columns: Timestamp, ID" in said
    with pytest.raises(PredictionsError, match=r"No column says when"):
        read_csv(b"a,b\n1,2\n", {})
    with pytest.raises(PredictionsError, match=r"1 rows do not say when, the first of them row 2"):
        read_csv(b"at,prediction\n2026-05-01T09:30:00Z,yes\n,no\n", {})
    with pytest.raises(PredictionsError, match="stand twice"):
        read_csv(b"at,x,x\n1,2,3\n", {})
    with pytest.raises(PredictionsError, match="score cannot be read"):
        read_csv(b"at,score\n1780000000,high\n", {})
    with pytest.raises(PredictionsError, match="neither a number nor text"):
        read_parquet(parquet(at=[1.0], nested=pa.array([[1, 2]])), {})


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + bytes(50) + b"PAR1", b"\xff\xfe\x00"])
def test_what_is_no_table_is_refused(data: bytes) -> None:
    """With a sentence, never with a traceback."""
    with pytest.raises(PredictionsError):
        read_parquet(data, {})
    with pytest.raises(PredictionsError):
        read_csv(data, {})


def test_a_file_that_unpacks_to_too_much_is_refused_before_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its foot says is enough to know."""
    data = parquet(at=pa.array([1.0] * 100_000))
    monkeypatch.setattr(prediction_files, "MOST_ROWS", 1000)
    with pytest.raises(PredictionsError, match="100,000 rows"):
        read_parquet(data, {})
    with pytest.raises(PredictionsError, match="rows"):
        read_csv(b"at\n" + b"1\n" * 1001, {})
