"""A fresh home for every test run, before anything reads the settings; a plugin of pytest, see pyproject.toml."""

import atexit
import os
import shutil
import tempfile

for _name in [name for name in os.environ if name.startswith("ANNEXA_") and not name.startswith("ANNEXA_TEST_")]:
    del os.environ[_name]
os.environ["ANNEXA_HOME"] = tempfile.mkdtemp(prefix="annexa-test-")
atexit.register(shutil.rmtree, os.environ["ANNEXA_HOME"], ignore_errors=True)
if url := os.environ.get("ANNEXA_TEST_DATABASE_URL"):
    os.environ["ANNEXA_DATABASE_URL"] = url
os.environ["DJANGO_SETTINGS_MODULE"] = "annexa.settings"
