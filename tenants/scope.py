"""The binding: one truth about whose data may be touched, held by the database connection itself.

`connection.scope` and PostgreSQL's transaction-local role and `app.sub_account_id` are set together and end together:
Python and the database can't disagree, and no worker thread, pooled connection or exception carries them along.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from loctelli.database.base import DatabaseWrapper
from loctelli.database.compiled import this_wrapper
from loctelli.database.queries import Query

logger = logging.getLogger("loctelli.scope")

# Who acts, for the audit trail: what is known of them so far.
_actor: ContextVar[Mapping[str, Any] | None] = ContextVar("actor", default=None)


class TenantRequired(RuntimeError):
    """A tenant's data was asked for while the connection is bound to nobody."""


class ScopeConflict(RuntimeError):
    """A scope was opened inside another one."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a connection is bound to: a sub-account's id, or None and the reason why the whole platform."""

    sub_account_id: int | None
    reason: str = ""

    @property
    def is_system(self) -> bool:
        return self.sub_account_id is None


def current_scope() -> Scope:
    """Return the scope this thread's connection is bound to; raise TenantRequired when it is bound to nobody."""
    scope = this_wrapper().scope
    if scope is None:
        raise TenantRequired("No tenant is bound to this database connection: open tenant_scope() or system_scope().")
    return scope


def is_bound() -> bool:
    """Return whether this thread's connection is inside a scope."""
    return this_wrapper().scope is not None


def tenant_scope(
    sub_account_id: int, *, before: Query | None = None, first: Sequence[Query] = ()
) -> AbstractContextManager[Scope]:
    """Return a context manager: one transaction that sees and writes the rows of this sub-account only.

    Opening it is one round trip, and statements may come along: `before` in a transaction of its own, committed by then
    whatever becomes of the scope's; `first` as the first in the scope.
    """
    return _bind(Scope(int(sub_account_id)), before, first)


@contextmanager
def glance(sub_account_id: int, *asked: Query, before: Query | None = None) -> Iterator[Scope]:
    """Open a scope for what is merely read by statements known beforehand: all of it is one round trip.

    Inside, their rows are there and their transaction has ended, so nothing else can be asked: that raises Django's
    TransactionManagementError. `before` is as in `tenant_scope`. An exception forgets what was to be done after it:
    whoever catches it begins anew.
    """
    wrapper = this_wrapper()
    if wrapper.in_atomic_block or wrapper.is_watched:
        # In a test's own transaction nothing ends by itself, and what is watched is run statement by statement.
        with tenant_scope(sub_account_id, before=before, first=asked) as scope:
            try:
                yield scope
            except BaseException:
                wrapper.after_scope = []
                raise
        return
    scope = Scope(int(sub_account_id))
    _refuse_to_nest(wrapper, scope)
    wrapper.send_apart(*([[before]] if before else []), [_declaration(scope), *asked])
    wrapper.scope = scope
    try:
        yield scope
    except BaseException:
        wrapper.after_scope = []
        raise
    finally:
        wrapper.scope = None
    _call_all(wrapper)


def system_scope(reason: str) -> AbstractContextManager[Scope]:
    """Return a context manager: one transaction over all sub-accounts; `reason` says who needs that, and why."""
    return _bind(Scope(None, reason))


@contextmanager
def ensure_scope(reason: str) -> Iterator[None]:
    """Stay in the bound scope, or open a system scope: for what runs both in views and around them."""
    if is_bound():
        yield
    else:
        with system_scope(reason):
            yield


def after_scope(callback: Callable[[], object]) -> None:
    """Call `callback` once the bound scope's transaction has ended, committed or not; at once when nothing is bound.

    It runs outside of any scope and may open its own. Whatever it raises is logged: it can't undo what was done.
    """
    wrapper = this_wrapper()
    if wrapper.scope is None:
        _call(callback)
    else:
        wrapper.after_scope.append(callback)


def _call(callback: Callable[[], object]) -> None:
    try:
        callback()
    except Exception:  # what a callback does wrong is not the business of the work that ended before it
        logger.exception("What was to be done after a scope failed.")


@contextmanager
def acting(**known: Any) -> Iterator[None]:
    """Let everything inside be done by somebody of whom this is known: address, request_id, type, id, name.

    What takes work to know is given as a function, which is called when it is written down.
    """
    token = _actor.set(known)
    try:
        yield
    finally:
        _actor.reset(token)


def act_as(**known: Any) -> None:
    """Add what has become known of who acts, for what follows inside `acting()`.

    Outside of `acting()` it is for the bound scope alone, or nothing would ever forget it.
    """
    if _actor.get() is not None or is_bound():
        _actor.set({**(_actor.get() or {}), **known})


def current_actor() -> Mapping[str, Any]:
    """Return who acts, as the audit trail writes it: the system, for the scope's reason, when nobody is known."""
    scope = this_wrapper().scope
    known = {name: value() if callable(value) else value for name, value in (_actor.get() or {}).items()}
    return {"type": "system", "name": scope.reason if scope else "", **known}


def _call_all(wrapper: DatabaseWrapper) -> None:
    callbacks, wrapper.after_scope = wrapper.after_scope, []
    for callback in callbacks:
        _call(callback)


def _declaration(scope: Scope | None) -> Query:
    """Return what tells PostgreSQL whose data the transaction is about; nobody's without a scope."""
    roles = settings.DATABASE_ROLES
    bound = scope.sub_account_id if scope is not None else None
    role = roles.system if scope is not None and scope.is_system else roles.tenant
    return Query(
        f"SELECT set_config('role', '{role}', true), set_config('app.sub_account_id', %s, true)",
        ["" if bound is None else str(bound)],
    )


def _refuse_to_nest(wrapper: DatabaseWrapper, scope: Scope) -> None:
    if wrapper.scope is not None:
        raise ScopeConflict(f"Scopes never nest: {scope} was opened inside {wrapper.scope}.")


@contextmanager
def _bind(scope: Scope, before: Query | None = None, first: Sequence[Query] = ()) -> Iterator[Scope]:
    wrapper = this_wrapper()
    _refuse_to_nest(wrapper, scope)
    nobody_known = _actor.get() is None
    try:
        with _transaction(wrapper, scope, before, first):
            yield scope
    finally:
        if nobody_known:
            _actor.set(None)
        _call_all(wrapper)


@contextmanager
def _transaction(
    wrapper: DatabaseWrapper, scope: Scope, before: Query | None, first: Sequence[Query]
) -> Iterator[None]:
    opening = [_declaration(scope), *first]
    in_test = wrapper.in_atomic_block
    if not in_test:
        wrapper.opening = [*([[before]] if before else []), [Query("BEGIN"), *opening]]
    elif before:
        wrapper.send([before])
    with transaction.atomic(durable=True):
        if in_test:
            wrapper.send(opening)
        wrapper.scope = scope
        try:
            yield
        finally:
            wrapper.scope = None
    if wrapper.in_atomic_block and not wrapper.needs_rollback:
        # Only inside a test's own transaction: a released savepoint keeps what was set "transaction-locally".
        wrapper.send([_declaration(None)])
