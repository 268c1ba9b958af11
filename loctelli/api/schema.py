"""The OpenAPI document: what conventions add to every operation is written here once."""

import inspect
from collections.abc import Iterator

from drf_spectacular import openapi
from drf_spectacular.plumbing import get_doc
from rest_framework import exceptions, serializers

from loctelli.api.errors import SENTENCES
from loctelli.api.parsers import INT64
from loctelli.api.selection import MAX_INCLUDED, MAX_NESTED, is_to_many
from loctelli.api.serializers import ModelSerializer, Strict
from loctelli.errors import DomainError

VERBS = {
    "list": "List",
    "retrieve": "Read a",
    "create": "Create a",
    "partial_update": "Change a",
    "destroy": "Delete a",
}
# The answers that operations share, by status: their component's name and what they mean.
ANSWERS = {
    400: ("Invalid", "The request is not valid; `errors` names the fields at fault."),
    401: ("Unauthenticated", "No valid access token was given."),
    403: ("Forbidden", "The user's role does not allow this."),
    404: ("NotFound", "There is no such thing in this sub-account."),
    405: ("MethodNotAllowed", "The endpoint does not take this method."),
    409: ("Conflicting", "This collides with what is there, or other things still refer to it."),
    411: ("LengthRequired", "A body needs a Content-Length header."),
    413: ("BodyTooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "Bodies must be application/json."),
    422: ("IdempotencyKeyReused", "The Idempotency-Key was used for another request."),
    429: ("Throttled", "Too many requests; `Retry-After` says when to try again."),
    503: ("Unavailable", "The service can't answer at the moment; `Retry-After` says when to try again."),
}
HEADERS = {
    401: ("WWW-Authenticate", "How to sign in.", "string"),
    405: ("Allow", "The methods that the endpoint takes.", "string"),
    429: ("Retry-After", "Seconds to wait.", "integer"),
    503: ("Retry-After", "Seconds to wait.", "integer"),
}
# The headers that all answers have: their descriptions and examples. Those of draft-ietf-httpapi-ratelimit-headers-10.
THROTTLE_HEADERS = {
    "RateLimit-Policy": (
        "The throttles that the request counted for: each with its quota (`q`) in a window of so many seconds (`w`).",
        '"api";q=600;w=60, "sub_account";q=6000;w=60',
    ),
    "RateLimit": (
        "What is left of each: so many requests (`r`), until the window ends in so many seconds (`t`).",
        '"api";r=599;t=60, "sub_account";r=5998;t=41',
    ),
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A value of your choice, new for each write: sent again with it, the write happens once, and the "
    "first answer is repeated with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


class AutoSchema(openapi.AutoSchema):
    """Describes an operation with all that the conventions add to it."""

    def get_summary(self) -> str | None:
        serializer = getattr(self.view, "serializer_class", None)
        verb = VERBS.get(getattr(self.view, "action", None) or "")
        if verb is None or not _represents(serializer):
            return super().get_summary()
        meta = serializer.Meta.model._meta
        if self.view.action == "list":
            return f"{verb} {meta.verbose_name_plural}"
        return f"{verb} {meta.verbose_name}".replace(" a i", " an i")

    def get_description(self) -> str:
        # What a class says of itself; what its bases say is about classes.
        action = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        own = "" if getattr(self.view, "action", None) in VERBS else get_doc(action)
        return own or inspect.cleandoc(type(self.view).__dict__.get("__doc__") or "")

    def _get_parameters(self) -> list[dict]:
        return [*super()._get_parameters(), *self._selection_parameters(), *self._headers()]

    def _get_filter_parameters(self) -> list[dict]:
        return super()._get_filter_parameters() if self._is_list() or self._takes_filters() else []

    def get_filter_backends(self) -> list:
        return list(self.view.filter_backends) if self._takes_filters() else super().get_filter_backends()

    def _get_paginator(self):
        # What answers with several things, as `notes` does, need not be a resource's list.
        return super()._get_paginator() if self._is_list() else None

    def _takes_filters(self) -> bool:
        return getattr(self.view, "takes_filters", False)

    def _is_list(self) -> bool:
        return getattr(self.view, "action", None) == "list"

    def _selection_parameters(self) -> list[dict]:
        serializer = getattr(self.view, "serializer_class", None)
        if "fields" not in getattr(self.view, "get_query_parameters", set)() or not _represents(serializer):
            return []
        text = "Answer with these fields only; fields of a relation, which that includes, as `relation.field`."
        parameters = [_names_parameter("fields", text, [*serializer.readable(), *_nested_fields(serializer)])]
        if serializer.includes():
            text = (
                "Relations to answer with, up to two levels deep; "
                f"of several rows the first {MAX_INCLUDED}, within such a list the first {MAX_NESTED}."
            )
            parameters.append(_names_parameter("include", text, list(_nested_includes(serializer))))
        return parameters

    def _headers(self) -> list[dict]:
        return [IDEMPOTENCY_KEY] if self._is_idempotent() else []

    def _is_idempotent(self) -> bool:
        return self.method != "GET" and getattr(self.view, "idempotent", False)

    def _get_response_bodies(self, direction="response") -> dict:
        responses = super()._get_response_bodies(direction)
        for status in self._error_statuses():
            responses.setdefault(str(status), {"$ref": f"#/components/responses/{ANSWERS[status][0]}"})
        return dict(sorted(responses.items()))

    def _error_statuses(self) -> Iterator[int]:
        yield from (400, 405, 429, 503)
        if self.get_auth():
            yield from (401, 403)
        yield from getattr(self.view, "error_statuses", ())
        if "{" in self.path:
            yield 404
        if self.method != "GET":
            yield from (409, 413)
        if self.method in ("POST", "PATCH"):
            yield from (411, 415)
        if self._is_idempotent():
            yield 422

    def _map_basic_serializer(self, serializer, direction) -> dict:
        schema = super()._map_basic_serializer(serializer, direction)
        schema.pop("description", None)
        if own := type(serializer).__dict__.get("__doc__"):
            schema["description"] = inspect.cleandoc(own)
        if direction == "response" and isinstance(serializer, ModelSerializer):
            # `?fields=` may leave out any of them.
            schema.pop("required", None)
            for name, related in serializer.includes().items():
                schema.setdefault("properties", {})[name] = self._included(serializer, name, related)
        return schema

    def _map_serializer_field(self, field, direction, bypass_extensions=False) -> dict:
        schema = super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, serializers.ListField) and field.max_length and schema.get("type") == "array":
            # Also where somebody else describes the items.
            schema = {**schema, "minItems": field.min_length or 0, "maxItems": field.max_length}
        if schema and schema.get("type") == "integer" and not field.read_only:
            return {"minimum": INT64.start, "maximum": INT64.stop - 1, **schema}
        return schema

    def _included(self, serializer: ModelSerializer, name: str, related: type[ModelSerializer]) -> dict:
        reference = self.resolve_serializer(related, "response").ref
        relation = serializer.Meta.model._meta.get_field(name)
        text = f"Only with `?include={name}`."
        if is_to_many(relation):
            return {"type": "array", "items": reference, "maxItems": MAX_INCLUDED, "description": text}
        return {"allOf": [reference], "nullable": bool(relation.null), "description": text}

    def _postprocess_serializer_schema(self, schema, serializer, direction) -> dict:
        schema = super()._postprocess_serializer_schema(schema, serializer, direction)
        properties = schema.get("properties")
        if not properties:
            return schema
        if direction == "request" and isinstance(serializer, Strict):
            schema["additionalProperties"] = False
        example = getattr(getattr(serializer, "Meta", None), "example", {})
        if example := {name: value for name, value in example.items() if name in properties}:
            schema["example"] = example
        return schema


def _represents(serializer) -> bool:
    return isinstance(serializer, type) and issubclass(serializer, ModelSerializer)


def _nested_includes(serializer: type[ModelSerializer]) -> Iterator[str]:
    for name, related in serializer.includes().items():
        yield name
        yield from (f"{name}.{inner}" for inner in related.includes())


def _nested_fields(serializer: type[ModelSerializer]) -> Iterator[str]:
    for name, related in serializer.includes().items():
        yield from (f"{name}.{inner}" for inner in related.readable())


def _names_parameter(name: str, description: str, names: list[str]) -> dict:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": "array", "items": {"type": "string", "enum": names}, "minItems": 1},
        "style": "form",
        "explode": False,
    }


def describe_errors(result: dict, generator, request, public) -> dict:
    """Add the one error shape, and the answers that have it, to the finished document."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = _error_schema()
    components["responses"] = {name: _answer(status, text) for status, (name, text) in ANSWERS.items()}
    components["headers"] = {
        name: {"description": text, "schema": {"type": "string"}, "example": example}
        for name, (text, example) in THROTTLE_HEADERS.items()
    }
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                if "$ref" not in answer:
                    answer["headers"] = {**answer.get("headers", {}), **_throttle_headers()}
    return result


def _throttle_headers() -> dict:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in THROTTLE_HEADERS}


def _answer(status: int, text: str) -> dict:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    headers = _throttle_headers()
    if status in HEADERS:
        name, description, kind = HEADERS[status]
        headers[name] = {"description": description, "schema": {"type": kind}}
    return {"description": text, "content": content, "headers": headers}


def _error_schema() -> dict:
    text = {"type": "string"}
    error = {
        "type": "object",
        "required": ["path", "code", "detail"],
        "properties": {
            "path": {**text, "description": "The field at fault, as in `booking.details.date`; empty for all."},
            "code": {**text, "description": "What is wrong with it, for machines.", "pattern": "^[a-z][a-z0-9_]*$"},
            "detail": {**text, "description": "What is wrong with it, for people."},
        },
    }
    return {
        "type": "object",
        "required": ["code", "detail", "errors"],
        "properties": {
            "code": {**text, "description": "What went wrong, for machines.", "enum": sorted(set(_codes()))},
            "detail": {**text, "description": "What went wrong, for people."},
            "errors": {"type": "array", "items": error},
        },
        "example": {
            "code": "validation_error",
            "detail": "Some values are not valid.",
            "errors": [{"path": "booking.details.date", "code": "required", "detail": "This field is required."}],
        },
    }


def _codes() -> Iterator[str]:
    """Yield the codes of all errors there are."""
    yield from (code for code, _ in SENTENCES.values())
    yield from (error.code for error in _subclasses(DomainError))
    yield from (error.default_code for error in _subclasses(exceptions.APIException) if error.status_code in SENTENCES)


def _subclasses(base: type) -> Iterator[type]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)
