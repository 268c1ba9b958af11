"""The base of serializers of what belongs to a sub-account."""

from typing import Any

from rest_framework.exceptions import ValidationError

from loctelli.api.serializers import ModelSerializer
from tenants.catalogue import TemplateInactive, check_offered


def offered(template: Any, *, instead_of: int | None = None) -> Any:
    """Return a template that was chosen in a field; refuse there one that was withdrawn, unless it was before."""
    try:
        check_offered(template, instead_of=instead_of)
    except TemplateInactive as error:
        raise ValidationError(error.detail, code=error.code) from error
    return template


class TenantModelSerializer(ModelSerializer):
    """A tenant's row: whose it is can be read and is never taken from a request.

    Ids of other rows are looked up through their tenant manager, so that a foreign one does not exist.
    """

    # A sealed column is opened with its tenant's key.
    always_reads = ("sub_account",)

    def build_relational_field(self, field_name, relation_info):
        field_class, kwargs = super().build_relational_field(field_name, relation_info)
        if field_name == "sub_account":
            kwargs = {"read_only": True}
        return field_class, kwargs
