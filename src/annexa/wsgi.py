"""The application as servers call it."""

import os
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annexa.settings")
pages = get_wsgi_application()

# These need the application to be set up.
from django.conf import settings  # noqa: E402

from annexa.actions import processes, worker  # noqa: E402
from annexa.api import intake  # noqa: E402
from annexa.api.metrics import counted_here  # noqa: E402


def application(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """What AI systems send goes its own short way; everything else is Django's."""
    return intake.receive(environ, start) if intake.is_meant(environ) else pages(environ, start)


if settings.WORKER:
    worker.start()
processes.keep_telling(serves=True, works=settings.WORKER, figures=counted_here)
