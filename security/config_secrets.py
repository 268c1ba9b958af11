"""Secrets inside a JSON configuration: the properties that its JSON Schema marks `"secret": true`.

They are encrypted one by one where they stand, so that keys keep their names and the rest stays readable. Outside they
are write-only: a masked configuration says whether each is set, and may be written back as it is.

A schema may change under stored configurations. What it marks from now on is masked at once and encrypted by the next
write; what it no longer marks stays encrypted and masked until it is written anew.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any, NamedTuple

from security import integrity
from security.encryption import PREFIX, EncryptionError, seal, unseal
from security.keys import Unreadable

SET = {"set": True}  # how a masked configuration shows a secret that is there


class ConfigRefused(EncryptionError):
    """A configuration from outside has a value that can't be stored; `path` says where, `detail` why."""

    detail: str

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(f"{path}: {self.detail}")


class SecretNotText(ConfigRefused):
    """A secret is something else than text."""

    detail = "A secret must be text."


class CiphertextGiven(ConfigRefused):
    """Text looks like what is stored of a secret, in a place that is none: later it would be taken for one."""

    detail = f'Text can\'t begin with "{PREFIX}".'


class SecretUnreachable(EncryptionError):
    """A schema marks a secret where it could not be found again, such as inside a list or an alternative."""


class Place(NamedTuple):
    """The column and row that hold a configuration."""

    sub_account_id: int
    table: str
    row_id: int | str

    def of(self, path: tuple[str, ...]) -> dict[str, Any]:
        """Return what one secret's ciphertext is bound to."""
        return {**self._asdict(), "column": ".".join(("config", *path))}


def secret_paths(schema: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the path of each secret property, those of nested objects too; refuse one marked anywhere else."""
    paths = list(_properties(schema, ()))
    if _count_marks(schema) != len(paths):
        raise SecretUnreachable(
            '"secret": true can mark a property of an object, not one inside a list or alternative.'
        )
    return paths


def seal_secrets(
    config: Mapping[str, Any], schema: Mapping[str, Any], *, place: Place, stored: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return a configuration from outside as it is to be stored.

    A secret given as text is encrypted, null removes it, and one left out or given back as its mask keeps what
    `stored` has. Text that looks like ciphertext is text: nobody outside can plant one.
    """
    stored = stored or {}
    secret = secret_paths(schema)
    formerly_secret = [path for path in _sealed_paths(stored) if path not in secret]
    for path in _sealed_paths(config):
        if path not in secret:
            raise CiphertextGiven(".".join(path))

    def convert(container: dict[str, Any], name: str, path: tuple[str, ...]) -> None:
        value = container.get(name, SET)
        if value == SET:
            kept = _look_up(stored, path)
            container.pop(name, None)
            if kept is not None:
                container[name] = _sealed(kept, place, path)
        elif path not in secret:
            pass  # it replaces what was a secret once
        elif value is None:
            del container[name]
        elif isinstance(value, str):
            container[name] = seal(value, **place.of(path))
        else:
            raise SecretNotText(".".join(path))

    # An object that was left out altogether is made again for the secrets it holds.
    result, paths = deepcopy(dict(config)), [*secret, *formerly_secret]
    for path in paths:
        if _look_up(stored, path) is not None:
            _make_objects(result, path[:-1])
    return _convert_each(result, paths, convert)


def seal_stored(config: Mapping[str, Any], schema: Mapping[str, Any], *, place: Place) -> dict[str, Any]:
    """Return a stored configuration with what its schema has marked secret since encrypted too."""

    def convert(container: dict[str, Any], name: str, path: tuple[str, ...]) -> None:
        if container.get(name) is not None:
            container[name] = _sealed(container[name], place, path)

    return _convert_each(deepcopy(dict(config)), secret_paths(schema), convert)


def unseal_secrets(config: Mapping[str, Any], schema: Mapping[str, Any], *, place: Place) -> dict[str, Any]:
    """Return a stored configuration with its secrets in plaintext, for the call that needs them.

    Raises Unreadable, which names the secret's path and is an incident, when one of them does not open.
    """

    def convert(container: dict[str, Any], name: str, path: tuple[str, ...]) -> None:
        if _is_sealed(container.get(name)):
            container[name] = _unseal(container[name], place, path)

    return _convert_each(deepcopy(dict(config)), _all_secrets(config, schema), convert)


def mask_secrets(config: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration to show: {"set": true} for each secret that is there, null for one that isn't."""

    def convert(container: dict[str, Any], name: str, path: tuple[str, ...]) -> None:
        container[name] = None if container.get(name) is None else dict(SET)

    return _convert_each(deepcopy(dict(config)), _all_secrets(config, schema), convert)


def _sealed(kept: Any, place: Place, path: tuple[str, ...]) -> str:
    """Return what to store of a value that is there already; one from before its schema marked it may be no text."""
    if _is_sealed(kept):
        return kept
    return seal(kept if isinstance(kept, str) else json.dumps(kept, ensure_ascii=False), **place.of(path))


def _unseal(sealed: str, place: Place, path: tuple[str, ...]) -> str:
    where = place.of(path)
    try:
        with integrity.reporting(**where):
            return unseal(sealed, **where)
    except Unreadable as error:
        error.errors = [{"path": where["column"], "code": error.code, "detail": error.detail}]
        raise


def _is_sealed(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX)


def _all_secrets(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """Return the paths of what the schema marks and of what is encrypted, whether or not it is marked still."""
    return dict.fromkeys([*secret_paths(schema), *_sealed_paths(config)])


def _sealed_paths(node: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in node.items():
        if isinstance(value, Mapping):
            yield from _sealed_paths(value, (*path, name))
        elif _is_sealed(value):
            yield (*path, name)


def _properties(schema: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, definition in schema.get("properties", {}).items():
        if isinstance(definition, Mapping):
            if definition.get("secret") is True:
                yield (*path, name)
            else:
                yield from _properties(definition, (*path, name))


def _count_marks(node: Any) -> int:
    if isinstance(node, Mapping):
        return (node.get("secret") is True) + sum(_count_marks(child) for child in node.values())
    return sum(_count_marks(child) for child in node) if isinstance(node, list) else 0


def _convert_each(
    config: dict[str, Any],
    paths: Iterable[tuple[str, ...]],
    convert: Callable[[dict[str, Any], str, tuple[str, ...]], None],
) -> dict[str, Any]:
    for path in paths:
        container = _look_up(config, path[:-1])
        if isinstance(container, dict):
            convert(container, path[-1], path)
    return config


def _look_up(node: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        node = node.get(name) if isinstance(node, Mapping) else None
    return node


def _make_objects(config: dict[str, Any], path: tuple[str, ...]) -> None:
    node: Any = config
    for name in path:
        if not isinstance(node, dict):
            return
        node = node.setdefault(name, {})
