"""Drift, fairness and performance beside Evidently, SciPy, Fairlearn, scikit-learn and NannyML: values and time.

    python -m venv /tmp/peers
    /tmp/peers/bin/pip install "evidently==0.7.23" "fairlearn==0.15.0" "pandas<3" "duckdb<1.6" narwhals pyarrow rfc8785
    PYTHONPATH=src:. /tmp/peers/bin/python bench/drift.py             values on made-up windows, and on --acs if given
    PYTHONPATH=src:. /tmp/peers/bin/python bench/drift.py --speed     1 million rows x 20 columns beside Evidently
    PYTHONPATH=src:. /tmp/peers/bin/python bench/drift.py --golden    writes what the ordinary tests compare with

`--acs` names the wheel of NannyML 0.13.1 (pip download --no-deps nannyml==0.13.1), which holds decisions about 277,677
real people: employment in Massachusetts, American Community Survey. NannyML's own values need it installed as well
(pip install nannyml==0.13.1 statsmodels, 2.1 GB). None of this is needed by Annexa.
"""

import argparse
import importlib.util
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from tests import acs
from tests.drift_samples import NUMERIC, WORDS, decisions, groups_of

from annexa.activity import frames
from annexa.pure import distributions, drift, fairness, performance

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
EQUAL = 1e-9


def installed(name: str) -> bool:
    """Whether a peer is there."""
    return importlib.util.find_spec(name) is not None


# --- what the peers say


def evidently_of(then: Sequence[Any], now: Sequence[Any], *, words: bool) -> dict[str, float]:
    """Evidently's values for one column."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import chisquare_stattest, jensenshannon, ks_stattest, psi
    from evidently.legacy.calculations.stattests import wasserstein_distance_norm as wasserstein
    from evidently.legacy.core import ColumnType

    kind = ColumnType.Categorical if words else ColumnType.Numerical
    a, b = pd.Series(then), pd.Series(now)
    found = {"psi": psi._psi(a, b, kind, 0.1)[0], "jensen_shannon": jensenshannon._jensenshannon(a, b, kind, 0.1)[0]}
    if words:
        found["chi_square_fit_p"] = chisquare_stattest._chi_stat_test(a, b, kind, 0.1)[0]
    else:
        found["ks_p"] = ks_stattest._ks_stat_test(a, b, kind, 0.1)[0]
        found["wasserstein"] = wasserstein._wasserstein_distance_norm(a, b, kind, 0.1)[0]
    return {name: float(value) for name, value in found.items()}


def scipy_of(then: Sequence[Any], now: Sequence[Any], *, words: bool) -> dict[str, float]:
    """SciPy's values for one column."""
    from scipy import stats

    if words:
        keys = sorted({*then, *now})
        one, two = Counter(then), Counter(now)
        test = stats.chi2_contingency([[one[key] for key in keys], [two[key] for key in keys]], correction=False)
        return {"chi_square": float(test.statistic), "chi_square_p": float(test.pvalue)}
    test = stats.ks_2samp(then, now)
    return {
        "ks": float(test.statistic),
        "ks_exact_or_limit_p": float(test.pvalue),
        "wasserstein_plain": float(stats.wasserstein_distance(then, now)),
    }


def fairlearn_of(truth: Any, said: Any, group: Any) -> dict[str, float]:
    """Fairlearn's values for one attribute."""
    from fairlearn import metrics

    given: dict[str, Any] = {"sensitive_features": group}
    return {
        "demographic_parity_difference": float(metrics.demographic_parity_difference(truth, said, **given)),
        "demographic_parity_ratio": float(metrics.demographic_parity_ratio(truth, said, **given)),
        "equal_opportunity_difference": float(metrics.equal_opportunity_difference(truth, said, **given)),
        "equalised_odds_difference": float(metrics.equalized_odds_difference(truth, said, **given)),
        "equalised_odds_ratio": float(metrics.equalized_odds_ratio(truth, said, **given)),
    }


def sklearn_of(truth: Any, said: Any, scores: Any) -> dict[str, Any]:
    """scikit-learn's values, isotonic calibration among them."""
    from sklearn import metrics
    from sklearn.isotonic import IsotonicRegression

    asked = np.linspace(0, 1, 41)
    fitted = IsotonicRegression(out_of_bounds="clip").fit(scores, truth).predict(asked)
    found: dict[str, Any] = {
        "accuracy": metrics.accuracy_score(truth, said),
        "precision": metrics.precision_score(truth, said),
        "recall": metrics.recall_score(truth, said),
        "f1": metrics.f1_score(truth, said),
        "f1_macro": metrics.f1_score(truth, said, average="macro"),
        "precision_macro": metrics.precision_score(truth, said, average="macro"),
        "roc_auc": metrics.roc_auc_score(truth, scores),
        "brier": metrics.brier_score_loss(truth, scores),
        "mae": metrics.mean_absolute_error(truth, scores),
        "rmse": metrics.mean_squared_error(truth, scores) ** 0.5,
    }
    return {**{name: float(value) for name, value in found.items()}, "calibrated": [float(one) for one in fitted]}


def intervals_of() -> dict[str, Any]:
    """statsmodels' intervals of shares and of their difference."""
    from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

    return {
        "wilson": {f"{k}/{n}": [float(e) for e in proportion_confint(k, n, 0.05, "wilson")] for k, n in SHARES},
        "newcombe": {
            f"{k}/{n} {j}/{m}": [float(e) for e in confint_proportions_2indep(k, n, j, m, method="newcomb")]
            for (k, n), (j, m) in zip(SHARES, reversed(SHARES), strict=True)
        },
    }


SHARES = ((0, 10), (3, 10), (81, 263), (10, 10), (15, 148), (999, 1000))


def nannyml_of(wheel: Path) -> dict[str, float]:
    """NannyML's estimate of performance without labels, calibrated on its reference, over all later people at once."""
    import nannyml

    reference, analysis = (acs.table(wheel, name).to_pandas() for name in ("reference", "analysis"))
    estimator = nannyml.CBPE(
        y_pred_proba="predicted_probability", y_pred="prediction", y_true="employed",
        problem_type="classification_binary", metrics=["accuracy", "precision", "recall", "f1"],
        chunk_size=len(analysis),
    )  # fmt: skip
    estimator.fit(reference)
    found = estimator.estimate(analysis).filter(period="analysis").to_df()
    return {name: float(found[name, "value"].iloc[0]) for name in ("accuracy", "precision", "recall", "f1")}


# --- what Annexa says


def ours_of(then: Sequence[Any], now: Sequence[Any], *, words: bool) -> dict[str, float]:
    """Annexa's values for the same column, binned as the peers bin."""
    if words:
        one, two = Counter(then), Counter(now)
        keys = sorted({*one, *two})
        a, b = [one[key] for key in keys], [two[key] for key in keys]
        test = drift.chi_square(a, b)
        return {
            "psi": drift.psi(a, b), "jensen_shannon": drift.jensen_shannon(a, b),
            "chi_square": test.statistic, "chi_square_p": test.p_value,
            "chi_square_fit_p": drift.chi_square_fit(a, b).p_value,
        }  # fmt: skip
    x, y = np.sort(np.asarray(then, np.float64)), np.sort(np.asarray(now, np.float64))
    a, b = evidently_counts(x, y)
    test = drift.kolmogorov_smirnov(x, y)
    return {
        "psi": drift.psi(a, b), "jensen_shannon": drift.jensen_shannon(a, b),
        "ks": test.statistic, "ks_p": test.p_value, "ks_exact_or_limit_p": test.p_value,
        "wasserstein_plain": drift.wasserstein(x, y),
        "wasserstein": drift.wasserstein_normed(x, y, float(x.std())),
    }  # fmt: skip


def evidently_counts(x: Any, y: Any) -> tuple[Sequence[int], Sequence[int]]:
    """Two sorted windows in the bins Evidently cuts over both, or by value where there are at most 20 before."""
    if len(np.unique(x)) <= drift.DISCRETE_UP_TO:
        edges = np.unique(np.concatenate((x, y)))
        return tuple(drift.counted_values(one, edges, "values").counts for one in (x, y))  # type: ignore[return-value]
    edges = drift.sturges_edges(min(x[0], y[0]), max(x[-1], y[-1]), len(x) + len(y))[1:-1]
    return tuple(drift.counted_values(one, edges, "equal_width").counts for one in (x, y))  # type: ignore[return-value]


def fairness_of(groups: Sequence[fairness.Group]) -> dict[str, float]:
    """Annexa's fairness measures over all groups, however small, as Fairlearn takes them."""
    return {
        name: value
        for name in fairness.FAIRNESS
        if (value := fairness.fairness(groups, name, minimum=1).value) is not None
    }


def performance_of(rows: Sequence[tuple[str, float, bool, bool]]) -> dict[str, Any]:
    """Annexa's performance measures of made-up decisions."""
    pairs = Counter(("yes" if said else "no", "yes" if truth else "no") for _, _, said, truth in rows)
    scores = np.array([score for _, score, _, _ in rows])
    truth = np.array([float(one) for *_, one in rows])
    n = len(rows)
    found: dict[str, Any] = {
        name: performance.classified(pairs, name, of=n, minimum=1, positive="yes").value
        for name in performance.OF_CLASSES
    }
    for name in ("f1", "precision"):
        found[f"{name}_macro"] = performance.classified(pairs, name, of=n, minimum=1).value
    for one in performance.OF_SCORES:
        found[one] = performance.scored(scores, truth, one, of=n, minimum=1).value
    found["calibrated"] = performance.calibration(scores, truth > 0.5).of(np.linspace(0, 1, 41)).tolist()
    return found


# --- comparing


def peers() -> dict[str, Any]:
    """All values of all peers on the made-up windows."""
    rows = decisions()
    truth, said = [int(one) for *_, one in rows], [int(one) for _, _, one, _ in rows]
    return {
        "columns": {
            name: {**evidently_of(*pair, words=words), **scipy_of(*pair, words=words)}
            for words, columns in ((False, NUMERIC), (True, WORDS))
            for name, pair in columns.items()
        },
        "fairness": fairlearn_of(truth, said, [group for group, *_ in rows]),
        "performance": sklearn_of(truth, said, [score for _, score, _, _ in rows]),
        "intervals": intervals_of(),
    }


def ours() -> dict[str, Any]:
    """All of Annexa's values on the same."""
    rows = decisions()
    return {
        "columns": {
            name: ours_of(*pair, words=words)
            for words, columns in ((False, NUMERIC), (True, WORDS))
            for name, pair in columns.items()
        },
        "fairness": fairness_of(groups_of(rows)),
        "performance": performance_of(rows),
        "intervals": {
            "wilson": {f"{k}/{n}": list(distributions.wilson(k, n)) for k, n in SHARES},
            "newcombe": {
                f"{k}/{n} {j}/{m}": list(distributions.newcombe(k, n, j, m))
                for (k, n), (j, m) in zip(SHARES, reversed(SHARES), strict=True)
            },
        },
    }


def acs_peers(wheel: Path) -> dict[str, Any]:
    """The peers' values on the real people of the survey."""
    then, now = acs.table(wheel, "reference"), acs.table(wheel, "analysis")
    truth = acs.table(wheel, "analysis_target").column("employed").to_numpy()
    said = now.column("prediction").to_numpy()
    found: dict[str, Any] = {
        "rows": [then.num_rows, now.num_rows],
        "drift": {
            name: evidently_of(then.column(name).to_pylist(), now.column(name).to_pylist(), words=name in acs.WORDS)
            for name in (*acs.NUMBERS, *acs.WORDS)
        },
        "fairness": {name: fairlearn_of(truth, said, now.column(name).to_pylist()) for name in ("SEX", "RAC1P")},
    }
    if installed("nannyml"):
        found["cbpe"] = nannyml_of(wheel)
    return found


def acs_ours(wheel: Path) -> dict[str, Any]:
    """Annexa's values on the same people."""
    then, now, truth = (acs.table(wheel, name) for name in ("reference", "analysis", "analysis_target"))
    return {
        "rows": [then.num_rows, now.num_rows],
        "drift": {
            name: ours_of(then.column(name).to_pylist(), now.column(name).to_pylist(), words=name in acs.WORDS)
            for name in (*acs.NUMBERS, *acs.WORDS)
        },
        "fairness": {name: fairness_of(acs.groups(now, truth, name)) for name in ("SEX", "RAC1P")},
        "cbpe": acs.estimated(then, now),
    }


def differences(theirs: Any, mine: Any, place: str = "") -> list[tuple[str, float, Any, Any]]:
    """Every value of a peer, with how far Annexa's is from it."""
    if isinstance(theirs, dict):
        return [one for key in theirs for one in differences(theirs[key], mine[key], f"{place}.{key}".strip("."))]
    if isinstance(theirs, list):
        return [
            one for n, pair in enumerate(zip(theirs, mine, strict=True)) for one in differences(*pair, f"{place}[{n}]")
        ]
    return [(place, abs(theirs - mine), theirs, mine)]


def compare(theirs: dict[str, Any], mine: dict[str, Any], what: str) -> bool:
    """Prints how many values are equal and names those that are not."""
    found = differences(theirs, mine)
    apart = [one for one in found if not one[1] <= EQUAL]
    worst = max(one[1] for one in found)
    print(f"{what}: {len(found) - len(apart)} of {len(found)} values equal to {EQUAL:g}; worst {worst:.2g}")
    for place, far, one, other in apart:
        print(f"  {place}: theirs {one!r}, ours {other!r}, apart {far:.3g}")
    return not apart


# --- speed


def speed(rows: int) -> None:
    """Drift of 20 columns, both ways on the same files, each in its own way of working."""
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.parquet" for name in ("reference", "current")]
        for number, path in enumerate(paths):
            draw = np.random.default_rng(number)
            start = datetime(2026, 1, 5, tzinfo=UTC)
            columns: dict[str, Any] = {"at": pa.array([start] * rows, pa.timestamp("us", "UTC"))}
            columns |= {f"f_n{i}": draw.normal(0.02 * i * number, 1 + 0.01 * i, rows) for i in range(12)}
            columns |= {f"f_c{i}": pa.array(draw.choice(list("abcdefgh"), rows)) for i in range(8)}
            pq.write_table(pa.table(columns), path)
        con = duckdb.connect()
        then, now = (frames.events(con.sql(f"SELECT * FROM '{path}'")) for path in paths)  # noqa: S608 - own folder
        frozen, baseline = took(lambda: _frozen(then))
        deciles, psi = took(lambda: _psi(now, baseline))
        print(f"baseline of {rows:,} x 20 frozen: {frozen}; PSI of a window, counted in one pass: {deciles}")
        whole, mine = took(lambda: {column: _as_evidently(then, now, column) for column in psi})
        print(f"with Evidently's bins, PSI, Jensen-Shannon and Wasserstein from both files: {whole}")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
        if installed("evidently"):
            _beside_evidently(paths, mine, deciles, whole)


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock and of the processor; the latter say more on a busy machine."""

    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.clock:.2f} s ({self.processor:.2f} s of processor)"


def took(work: Callable[[], Any]) -> tuple[Took, Any]:
    """How long something takes, and what it gives."""
    clock, processor = time.perf_counter(), time.process_time()
    found = work()
    return Took(time.perf_counter() - clock, time.process_time() - processor), found


def _psi(now: Any, baseline: Sequence[Any]) -> dict[str, float]:
    counts = frames.counted(now, baseline)
    return {one.column: drift.psi(*drift.bins(one, counts[one.column])) for one in baseline}


def _frozen(then: Any) -> list[Any]:
    found: list[Any] = []
    for column in frames.columns_of(then, ["f_*"]):
        if frames.is_number(then, column):
            found.append(drift.numeric_baseline(column, frames.values(then, column)[0]))
        else:
            found.append(drift.categorical_baseline(column, frames.names_of(then, column)))
    return found


def _as_evidently(then: Any, now: Any, column: str) -> dict[str, float]:
    if frames.is_number(then, column):
        x, y = frames.values(then, column)[0], frames.values(now, column)[0]
        a, b = evidently_counts(x, y)
        return {
            "psi": drift.psi(a, b), "jensen_shannon": drift.jensen_shannon(a, b),
            "wasserstein": drift.wasserstein_normed(x, y, float(x.std())),
        }  # fmt: skip
    one, two = frames.names_of(then, column), frames.names_of(now, column)
    keys = sorted({*one, *two})
    a, b = [one.get(key, 0) for key in keys], [two.get(key, 0) for key in keys]
    return {"psi": drift.psi(a, b), "jensen_shannon": drift.jensen_shannon(a, b)}


def _beside_evidently(paths: Sequence[Path], mine: dict[str, dict[str, float]], counted: Took, whole: Took) -> None:
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    then, now = (pd.read_parquet(path).drop(columns="at") for path in paths)
    definition = DataDefinition(
        numerical_columns=[one for one in then if one.startswith("f_n")],
        categorical_columns=[one for one in then if one.startswith("f_c")],
    )
    for method in ("psi", None):
        report = Report([DataDriftPreset(**({"method": method} if method else {}))])
        data = [Dataset.from_pandas(one, data_definition=definition) for one in (now, then)]
        time_taken, snapshot = took(partial(report.run, *data))
        found = snapshot.dict()
        theirs = {
            one["config"]["column"]: float(one["value"])
            for one in found["metrics"]
            if "column" in one.get("config", {}) and not isinstance(one["value"], dict)
        }
        name = method or "default (Wasserstein, Jensen-Shannon)"
        times = time_taken.processor / whole.processor
        print(f"Evidently {name}: {time_taken}; {times:.0f} times the processor of all three here", end="")
        print(f", {time_taken.processor / counted.processor:.0f} times that of PSI in one pass" if method else "")
        key = {True: "wasserstein", False: "jensen_shannon"}
        compared = {
            column: {"value": value, "ours": mine[column]["psi" if method else key[column.startswith("f_n")]]}
            for column, value in theirs.items()
        }
        compare({c: v["value"] for c, v in compared.items()}, {c: v["ours"] for c, v in compared.items()}, f"  {name}")


def main() -> None:
    """Compares, measures, or writes the golden values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--acs", type=Path, help="the wheel of NannyML 0.13.1")
    parser.add_argument("--golden", action="store_true", help="write tests/golden/drift.json, and acs.json with --acs")
    parser.add_argument("--speed", action="store_true", help="measure")
    parser.add_argument("--rows", type=int, default=1_000_000)
    asked = parser.parse_args()
    if asked.speed:
        speed(asked.rows)
        return
    missing = [one for one in ("evidently", "fairlearn", "scipy", "sklearn", "statsmodels") if not installed(one)]
    if missing:
        sys.exit(f"Not installed here: {', '.join(missing)}. See the top of this file.")
    found = {"drift.json": (peers(), ours)}
    fine = True
    for name, (theirs, mine) in found.items():
        if asked.golden:
            _write(GOLDEN / name, theirs)
        fine &= compare(theirs, mine(), "made-up windows")
    if asked.acs:
        people = acs_peers(asked.acs)
        if asked.golden:
            _write(GOLDEN / "acs.json", people)
        fine &= compare(people, acs_ours(asked.acs), "Massachusetts")
    sys.exit(0 if fine else 1)


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
