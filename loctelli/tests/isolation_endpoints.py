"""Every endpoint of the API, enumerated from the URLconf and described by the OpenAPI document."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

PREFIX = "/api/v1/"


@dataclass(frozen=True)
class Endpoint:
    """One method of one address; `action` is the viewset's, None for a plain view."""

    path: str
    method: str
    action: str | None
    view: type = field(compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_detail(self) -> bool:
        return "{" in self.path

    @property
    def model(self) -> type:
        """The model whose rows the address is about."""
        return self.view.serializer_class.Meta.model

    @property
    def operation(self) -> dict[str, Any]:
        """The OpenAPI document's description of this endpoint; KeyError when it has none."""
        return document()["paths"][self.path.replace("{pk}", "{id}")][self.method.lower()]

    @property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """Map the names of the query's parameters to their schemas."""
        found = self.operation.get("parameters", [])
        return {each["name"]: each["schema"] for each in found if each["in"] == "query"}

    @property
    def body(self) -> dict[str, Any] | None:
        """The schema of the body, None when there is none."""
        content = self.operation.get("requestBody", {}).get("content", {})
        return resolve(content["application/json"]["schema"]) if content else None

    @property
    def includes(self) -> list[str]:
        """All that `?include=` can name here, alone or in a path."""
        return self.parameters.get("include", {}).get("items", {}).get("enum", [])


@cache
def document() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with references and single-member compositions followed."""
    while True:
        if "$ref" in schema:
            schema = document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        elif len(members := schema.get("allOf") or schema.get("oneOf") or []) >= 1:
            schema = members[0]
        else:
            return schema


@cache
def endpoints() -> tuple[Endpoint, ...]:
    """Return the endpoints of the API in the order of the URLconf."""
    return tuple(_walk(get_resolver("loctelli.urls").url_patterns, "/"))


def _walk(patterns: list, prefix: str) -> Iterator[Endpoint]:
    for pattern in patterns:
        path = prefix + _readable(str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern) and path.startswith(PREFIX):
            yield from _methods(pattern.callback, path)


def _methods(callback: Any, path: str) -> Iterator[Endpoint]:
    actions = getattr(callback, "actions", None)
    if actions is None:
        view = getattr(callback, "cls", None) or callback.view_class
        actions = {method: None for method in view.http_method_names if hasattr(view, method)}
    else:
        view = callback.cls
    for method, action in actions.items():
        if method not in ("head", "options"):
            yield Endpoint(path, method.upper(), action, view)


def _readable(pattern: str) -> str:
    """Return a route's regular expression as a path with {placeholders}."""
    return re.sub(r"\(\?P<(\w+)>[^)]*\)", r"{\1}", pattern).removeprefix("^").removesuffix("$").replace("\\Z", "")
