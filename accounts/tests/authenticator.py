"""An admin's authenticator app, and a clock for its codes."""

import base64
import time

import pytest
import time_machine
from django_otp.oath import totp

from accounts import second_factors

STEP = 30


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return the code an authenticator app shows now, or some time steps from now."""
    return f"{totp(base64.b32decode(secret), drift=steps):06}"


def enrol(admin) -> tuple[str, list[str]]:
    """Set an authenticator app up; return its secret and the recovery codes. The present code is spent by it."""
    secret = second_factors.begin_enrolment(admin)
    return secret, second_factors.confirm_enrolment(admin, code_of(secret))


@pytest.fixture
def clock(db):
    """A clock that stands still until it is moved: codes don't change between a line and the next."""
    with time_machine.travel(int(time.time()) // STEP * STEP + 10, tick=False) as traveller:
        yield traveller


@pytest.fixture
def enrolled(ada, clock):
    """Ada's secret and recovery codes, with the code of her enrolment past."""
    found = enrol(ada)
    clock.shift(4 * STEP)
    return found
