"""Tables kept beside their tests, so that a change of them is seen in review; `make tables` writes them anew."""

import os
from pathlib import Path


def kept(table: Path, found: list[str]) -> list[str]:
    """The lines of the table under its heading; with ANNEXA_TEST_RENEW those that were found, written into it."""
    text = table.read_text(encoding="utf-8")
    if os.environ.get("ANNEXA_TEST_RENEW"):
        text = "\n".join([*text.splitlines()[:2], *found, ""])
        table.write_text(text, encoding="utf-8")
    return text.splitlines()[2:]
