"""What the console's site is told of its views."""

from collections.abc import Callable
from typing import TypeVar

View = TypeVar("View", bound=Callable)


def opens_own_scopes(view: View) -> View:
    """Have a view run outside of any scope, because it hashes; its answer is rendered in one."""
    vars(view)["opens_own_scopes"] = True
    return view


def comes_first(view: View) -> View:
    """Have a view open to an admin who is still to change a password or to set an authenticator app up."""
    vars(view)["comes_first"] = True
    return view
