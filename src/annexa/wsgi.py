"""The application as servers call it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annexa.settings")
application = get_wsgi_application()

# These need the application to be set up.
from django.conf import settings  # noqa: E402

from annexa.actions import processes, worker  # noqa: E402
from annexa.api.metrics import counted_here  # noqa: E402

if settings.WORKER:
    worker.start()
processes.keep_telling(serves=True, works=settings.WORKER, figures=counted_here)
