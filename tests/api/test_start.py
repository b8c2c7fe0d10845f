"""The API costs nothing until somebody uses it."""

import os
import subprocess
import sys


def test_neither_server_nor_commands_wait_for_it(tmp_path) -> None:
    """Rule: the addresses are known at the start; what the API stands on comes with the first request."""
    script = (
        "import sys, django; django.setup(); import annexa.urls, annexa.cli.main;"
        "print([name for name in ('ninja', 'pydantic') if name in sys.modules])"
    )
    told = {"ANNEXA_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "annexa.settings"}
    done = subprocess.run([sys.executable, "-c", script], env=os.environ | told, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
