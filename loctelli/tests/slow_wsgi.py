"""The application with views that ask too much of PostgreSQL, for a test's server."""

from importlib import import_module

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path

from loctelli.wsgi import application
from tenants.scope import system_scope

__all__ = ["application"]


def slow(request: HttpRequest) -> JsonResponse:
    """Answer after so many seconds of PostgreSQL's time."""
    with system_scope("a test"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), pg_sleep(%s)", [float(request.GET["seconds"])])
        return JsonResponse({"server": cursor.fetchone()[0]})


# Only now, for it names models.
import_module("loctelli.urls").urlpatterns += [path("api/v1/slow/", slow), path("slow/", slow)]
