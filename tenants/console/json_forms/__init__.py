"""Forms for JSON columns: made from their JSON Schema, validated as in the API, with the raw JSON one click away."""

from tenants.console.json_forms.field import JSONField, TextsField
from tenants.console.json_forms.labels import translated
from tenants.console.json_forms.widget import TIME_ZONES, JSONWidget

__all__ = ["TIME_ZONES", "JSONField", "JSONWidget", "TextsField", "translated"]
