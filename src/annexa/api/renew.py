"""Renews the description of the API that is kept in the repository: `make openapi`, after a change of the API."""

import os
from pathlib import Path


def main() -> None:
    """Writes it."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annexa.settings")
    django.setup()
    from annexa.api.spec import document_text

    Path(__file__).with_name("openapi.json").write_text(document_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
