"""The form field of a JSON column."""

import json
from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext

from loctelli.api import parsers
from loctelli.errors import DomainError
from loctelli.shapes import Fault, Shape
from tenants.console.json_forms.labels import words_for
from tenants.console.json_forms.widget import JSONWidget


class JSONField(forms.JSONField):
    """JSON of a shape, if it has one; of limited depth, without what jsonb or JavaScript can't hold."""

    widget = JSONWidget

    def __init__(self, *, shape: Shape | None = None, **kwargs: Any) -> None:
        kwargs.pop("encoder", None)
        kwargs.pop("decoder", None)
        self.shape = shape
        super().__init__(**kwargs)
        if shape is not None:
            self.widget.schema = shape.schema

    def to_python(self, value: Any) -> Any:
        if self.disabled or value in self.empty_values or not isinstance(value, str):
            return super().to_python(value)
        try:
            return parsers.parse(value.encode(errors="surrogatepass"))
        except DomainError as error:
            path = next((item["path"] for item in error.errors if item["path"]), None)
            told = gettext(error.detail.replace("The body", "This"))
            where = gettext("(at %(path)s)") % {"path": path} if path else ""
            raise ValidationError(f"{told} {where}".rstrip(), code=error.code) from error

    def validate(self, value: Any) -> None:
        # An empty object or list is something.
        if value is None:
            super().validate(value)
        elif self.shape is not None and (faults := self.shape.faults(value)):
            raise self.refusal(faults)

    def refusal(self, faults: Iterable[Fault]) -> ValidationError:
        """Return the error that faults make, each of which the form also shows where it is."""
        widget = cast(JSONWidget, self.widget)
        widget.faults = list(faults)
        sentences = []
        for fault in widget.faults:
            where = words_for(widget.schema, fault.path)
            sentences.append(ValidationError(f"{where}: {fault.detail}" if where else fault.detail, code=fault.code))
        return ValidationError(sentences)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, forms.fields.InvalidJSONInput):
            return value
        return None if value is None else json.dumps(value, indent=2, ensure_ascii=False)

    def bound_data(self, data: Any, initial: Any) -> Any:
        # What was typed is shown again as it was typed; parsing it for that could fail, deep as it may be.
        return initial if self.disabled else forms.fields.InvalidJSONInput(data or "")

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except ValidationError:
            return True


TEXT = {"type": "string", "minLength": 1, "maxLength": 1000, "x-input": "text"}
TEXTS = Shape({"type": "array", "maxItems": 100, "items": TEXT})


class TextsField(JSONField):
    """A column of several texts."""

    def __init__(self, *, base_field: Any = None, max_length: int | None = None, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "shape": TEXTS})

    def clean(self, value: Any) -> list[str]:
        return super().clean(value) or []
