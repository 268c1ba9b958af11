"""What a form's definition must be: the rule of the API and the console."""

from django.core.exceptions import ValidationError

from forms.choices import FieldType


def validate_form_schema(schema: object) -> None:
    """Raise ValidationError unless this is a list of fields that each have an id of their own, a type and a label."""
    if not isinstance(schema, list):
        raise ValidationError("Must be a list of fields.", code="not_a_list")
    seen: set[str] = set()
    for index, field in enumerate(schema):
        if not isinstance(field, dict):
            raise ValidationError(f"Field {index} must be an object.", code="invalid_field")
        for key in ("id", "type", "label"):
            if not isinstance(field.get(key), str) or not field[key]:
                raise ValidationError(f"Field {index} needs a text as its {key}.", code="invalid_field")
        if field["type"] not in FieldType.values:
            known = ", ".join(FieldType.values)
            raise ValidationError(f"Field {index} has an unknown type; known are: {known}.", code="unknown_field_type")
        if field["id"] in seen:
            raise ValidationError(f"Two fields have the id {field['id']}.", code="duplicate_field")
        seen.add(field["id"])
