"""Bodies and answers of calls about many leads."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.choices import MatchBy, Outcome
from crm.serializers import LeadSerializer
from loctelli.api import fields
from loctelli.api.serializers import Serializer

MAX_ROWS = 1000


class LeadRowSerializer(LeadSerializer):
    """A lead among others: a new one needs what a lead needs, of one that is there only what changes."""

    id = fields.IntegerField(required=False)

    class Meta(LeadSerializer.Meta):
        variant = True
        extra_kwargs = {name: {"required": False} for name in ("name", "regular_user_id", "strategy_id")}


@extend_schema_field(LeadRowSerializer(many=True))
class LeadRowsField(serializers.ListField):
    """Rows as they came: each is validated when its turn comes, so that a bad one stops no other."""

    child = serializers.JSONField(allow_null=True)


class LeadRowsSerializer(Serializer):
    """Leads to create or update."""

    leads = LeadRowsField(
        min_length=1, max_length=MAX_ROWS, help_text="A row whose `match_by` names a lead changes it, others make one."
    )
    match_by = fields.ChoiceField(
        MatchBy.choices,
        default=MatchBy.ID,
        help_text="What tells which lead a row is about, as it is written.",
    )
    atomic = fields.BooleanField(default=False, help_text="Whether one failed row has nothing written at all.")

    class Meta:
        example = {
            "match_by": "custom_id",
            "leads": [
                {"custom_id": "crm-1", "name": "Joan Reed", "regular_user_id": 7, "strategy_id": 3},
                {"custom_id": "crm-2", "status": "qualified"},
            ],
        }


class RowErrorSerializer(Serializer):
    """What is wrong with a row, as errors everywhere."""

    path = fields.CharField(help_text="The row's field at fault; empty for all of it.", allow_blank=True)
    code = fields.CharField()
    detail = fields.CharField()


class LeadOutcomeSerializer(Serializer):
    """What became of one row."""

    index = fields.IntegerField(help_text="Its place in the call, from 0.")
    outcome = fields.ChoiceField(Outcome.choices)
    id = fields.IntegerField(allow_null=True, help_text="The lead's id; null when there is none.")
    errors = RowErrorSerializer(many=True)


class CountsSerializer(Serializer):
    """How many rows had which outcome."""

    created = fields.IntegerField()
    updated = fields.IntegerField()
    unchanged = fields.IntegerField()
    failed = fields.IntegerField()


class LeadOutcomesSerializer(Serializer):
    """What became of each row, in their order."""

    counts = CountsSerializer()
    results = LeadOutcomeSerializer(many=True)

    class Meta:
        example = {
            "counts": {"created": 1, "updated": 0, "unchanged": 0, "failed": 1},
            "results": [
                {"index": 0, "outcome": "created", "id": 42, "errors": []},
                {
                    "index": 1,
                    "outcome": "failed",
                    "id": None,
                    "errors": [{"path": "name", "code": "required", "detail": "This field is required."}],
                },
            ],
        }


class LeadChangesSerializer(LeadSerializer):
    """What can be changed of many leads at once: not what tells one person from another."""

    class Meta(LeadSerializer.Meta):
        variant = True
        fields = ["status", "regular_user_id", "strategy_id", "company", "position", "timezone"]
        read_only_fields: list[str] = []
        create_only: list[str] = []
        extra_kwargs = {name: {"required": False} for name in ("regular_user_id", "strategy_id")}
        example = {"status": "inactive"}

    message_history = last_message = booking = conversation_state = None

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Name something to change.", code="empty")
        return attrs


class FilteredSerializer(Serializer):
    """How sure a call is of what it is about to do to all leads that fit its filters."""

    dry_run = fields.BooleanField(default=True, help_text="Whether to count only, which changes nothing.")
    expected_count = fields.IntegerField(
        required=False, min_value=0, help_text="How many leads that are, as counted before; needed unless `dry_run`."
    )
    all = fields.BooleanField(default=False, help_text="Whether every lead is meant, when there is no filter.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs["dry_run"] and "expected_count" not in attrs:
            detail = "Count first, with dry_run, and say what was counted."
            raise serializers.ValidationError({"expected_count": [serializers.ErrorDetail(detail, code="required")]})
        return attrs


class FilteredUpdateSerializer(FilteredSerializer):
    """What to change of all leads that fit the filters."""

    changes = LeadChangesSerializer()

    class Meta:
        example = {"changes": {"status": "inactive"}, "dry_run": False, "expected_count": 12}


class FilteredDeleteSerializer(FilteredSerializer):
    """How sure a call is that all leads that fit the filters are to go."""

    class Meta:
        example = {"dry_run": False, "expected_count": 12}


class UpdatedSerializer(Serializer):
    """How many leads were changed or, in a dry run, would be."""

    count = fields.IntegerField()
    dry_run = fields.BooleanField()

    class Meta:
        example = {"count": 12, "dry_run": False}


class DeletedSerializer(UpdatedSerializer):
    """How many leads were deleted or, in a dry run, would be, and what that does to other things."""

    goes_along = serializers.DictField(child=fields.IntegerField(), help_text="Rows deleted with them, by table.")
    stays_without = serializers.DictField(
        child=fields.IntegerField(), help_text="Rows that stay and refer to no lead any more, by table."
    )

    class Meta:
        example = {
            "count": 12,
            "dry_run": True,
            "goes_along": {"conversation_messages": 240},
            "stays_without": {"bookings": 3},
        }
