"""The application as servers call it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "annexa.settings")
application = get_wsgi_application()

from annexa.actions import worker  # noqa: E402  needs the application to be set up

worker.start()
