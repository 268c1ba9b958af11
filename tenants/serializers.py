"""The base of serializers of what belongs to a sub-account."""

from loctelli.api.serializers import ModelSerializer


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
