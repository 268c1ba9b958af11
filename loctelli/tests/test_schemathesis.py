"""Every operation of the OpenAPI document, called through the whole WSGI stack with data made from the document.

Each answer must be one the document names: its status, content type, headers and body; no answer is a 5xx; what the
document allows is taken, what it doesn't is refused; methods it doesn't name are 405; nothing answers without a token.
"""

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator

from accounts import tokens

pytestmark = pytest.mark.django_db

CONFIG = {"seed": 20261122, "generation": {"max-examples": 15, "deterministic": True, "no-shrink": True}}


class Server:
    """The WSGI application as the running test has configured it, and who calls it."""

    def __call__(self, environ, start_response):
        return self.application(environ, start_response)


server = Server()
schema = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True),
    config=schemathesis.config.SchemathesisConfig.from_dict(CONFIG),
)
schema.app = server


@pytest.fixture(autouse=True)
def _served(settings, cast):
    settings.API_THROTTLE = settings.LOGIN_THROTTLE = "100000000/60"
    server.application = get_wsgi_application()
    server.cast = cast
    server.headers = {"Authorization": f"Bearer {tokens.issue(cast.alice)}"}


@schema.parametrize()
def test_an_operation_answers_as_documented(case):
    case.call_and_validate(headers=server.headers)
