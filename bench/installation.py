"""A throw-away installation for benchmarks, and how figures are printed."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

SEED = 20261120
DATA = Path(__file__).parents[2] / "shared" / "data" / "us-federal-ai-use-cases-2024.csv"


def options(about: str, **sizes: int | list[int]) -> argparse.Namespace:
    """The flags every benchmark has: --json, and its sizes with their defaults."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    for name, size in sizes.items():
        many = "+" if isinstance(size, list) else None
        parser.add_argument(f"--{name}", type=int, nargs=many, default=size, help=f"default {size}")
    return parser.parse_args()


def report(figures: Mapping[str, float | int | str], *, as_json: bool) -> None:
    """Prints the figures; units are in their names."""
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:40} {value}")


@contextmanager
def installation(database_url: str = "") -> Iterator[Path]:
    """An empty home with a prepared database, Django set up. The database is in the home, or at that address."""
    with tempfile.TemporaryDirectory(prefix="annexa-bench-") as folder:
        for name in [name for name in os.environ if name.startswith("ANNEXA_")]:
            del os.environ[name]
        os.environ["ANNEXA_HOME"] = folder
        if database_url:
            os.environ["ANNEXA_DATABASE_URL"] = database_url
        os.environ["DJANGO_SETTINGS_MODULE"] = "annexa.settings"
        import django

        django.setup()
        from annexa.cli.serve import prepare

        prepare()
        yield Path(folder)


def inventory() -> bytes:
    """The public inventory of 2,133 AI use cases; ends with a sentence where it is not at hand."""
    if not DATA.exists():
        sys.exit(f"This benchmark needs {DATA.name} in {DATA.parent}.")
    return DATA.read_bytes()
