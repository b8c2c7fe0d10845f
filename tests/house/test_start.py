"""What the server loads when it starts."""

import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("pyarrow", "duckdb", "deltalake", "obstore", "narwhals", "pandas", "pyspark")
"""What only the activity log needs, at the moment it reads or seals: together seconds and hundreds of megabytes."""


def test_the_server_starts_without_what_only_the_activity_log_needs(tmp_path: Path) -> None:
    """Rule: pages, API, worker and commands load no engine; whoever asks the activity log does."""
    program = (
        "import sys, django; django.setup()\n"
        "import annexa.urls, annexa.cli.main, annexa.actions.worker, annexa.actions.processes\n"
        f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    environment = os.environ | {"ANNEXA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annexa.settings"}
    ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
