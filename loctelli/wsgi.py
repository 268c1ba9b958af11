"""The WSGI application that the HTTP server's worker processes load."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loctelli.settings")

application = get_wsgi_application()
