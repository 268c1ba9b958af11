"""The API's doors to many leads at once."""

from collections import Counter

from django.db import models
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.views.open import validated
from crm.bulk import refuse_partial, write_leads
from crm.bulk_filtered import (
    count_deletion,
    delete_leads,
    numbers,
    refuse_unfiltered,
    update_leads,
)
from crm.bulk_serializers import (
    DeletedSerializer,
    FilteredDeleteSerializer,
    FilteredUpdateSerializer,
    LeadOutcomesSerializer,
    LeadRowsSerializer,
    UpdatedSerializer,
)
from crm.choices import MatchBy, Outcome
from tenants.views import TenantGenericViewSet


class BulkMixin(TenantGenericViewSet):
    """`POST /leads/bulk/`, `/leads/bulk-update/` and `/leads/bulk-delete/`."""

    @extend_schema(
        summary="Create or update leads",
        request=LeadRowsSerializer,
        responses={200: LeadOutcomesSerializer, 207: LeadOutcomesSerializer},
    )
    @action(detail=False, methods=["post"], selectable=False)
    def bulk(self, request: Request) -> Response:
        """Create or update up to 1,000 leads, each with an outcome of its own.

        A row with the `id` of a lead changes what else it holds of it; one without makes a new lead. With `match_by`
        it is the `custom_id` or `email` that tells, as it is written: so the same call can be sent day after day.
        What fails of one row stops no other: 200 when none failed, 207 when some did, and `errors` say why. With
        `atomic` one failed row has nothing written, and the answer is a 400 that names the rows.
        """
        context = self.get_serializer_context()
        data = validated(LeadRowsSerializer, request, context=context)
        rows = write_leads(data["leads"], match_by=MatchBy(data["match_by"]), context=context)
        if data["atomic"]:
            refuse_partial(rows)
        found = Counter(row.outcome for row in rows)
        answer = {
            "counts": {outcome.value: found[outcome] for outcome in Outcome},
            "results": [
                {
                    "index": row.index,
                    "outcome": row.outcome,
                    "id": row.lead.pk if row.lead is not None else None,
                    "errors": row.errors,
                }
                for row in rows
            ],
        }
        return Response(answer, status.HTTP_207_MULTI_STATUS if found[Outcome.FAILED] else status.HTTP_200_OK)

    @extend_schema(
        summary="Change all leads that fit", request=FilteredUpdateSerializer, responses={200: UpdatedSerializer}
    )
    @action(detail=False, methods=["post"], url_path="bulk-update", selectable=False, takes_filters=True)
    def bulk_update(self, request: Request) -> Response:
        """Set the same values on all leads that fit the list's own filters and search, up to 10,000 a call.

        As it is sent first, it only counts them. Then `"dry_run": false` with that number as `expected_count` changes
        them, all or none: when another number fits by then, the answer is 409. Without a filter, every lead is meant
        only with `all`.
        """
        data = validated(FilteredUpdateSerializer, request, context=self.get_serializer_context())
        leads = self._fitting()
        if data["dry_run"]:
            return Response({"count": leads.count(), "dry_run": True})
        self._refuse_unfiltered(is_meant=data["all"])
        count = update_leads(leads, changes=data["changes"], expected_count=data["expected_count"])
        return Response({"count": count, "dry_run": False})

    @extend_schema(
        summary="Delete all leads that fit", request=FilteredDeleteSerializer, responses={200: DeletedSerializer}
    )
    @action(detail=False, methods=["post"], url_path="bulk-delete", selectable=False, takes_filters=True)
    def bulk_delete(self, request: Request) -> Response:
        """Delete all leads that fit the list's own filters and search, up to 10,000 a call.

        As it is sent first, it only counts them, what goes along with them, and what stays without them (of up to
        10,000). Then `"dry_run": false` with their number as `expected_count` deletes them, all or none: when another
        number fits by then, the answer is 409. Without a filter, every lead is meant only with `all`.
        """
        data = validated(FilteredDeleteSerializer, request, context=self.get_serializer_context())
        leads = self._fitting()
        if data["dry_run"]:
            count, deletion = count_deletion(leads)
        else:
            self._refuse_unfiltered(is_meant=data["all"])
            count, deletion = delete_leads(leads, expected_count=data["expected_count"])
        answer = {
            "count": count,
            "dry_run": data["dry_run"],
            "goes_along": numbers(deletion.goes_along),
            "stays_without": numbers(deletion.stays_without),
        }
        return Response(answer)

    def _refuse_unfiltered(self, *, is_meant: bool) -> None:
        # An empty search finds everything; any other parameter without a value is refused before.
        refuse_unfiltered(is_filtered=any(value.strip() for value in self.request.GET.values()), is_meant=is_meant)

    def _fitting(self) -> models.QuerySet:
        """Return the leads that fit the filters and search of the address, which is the list's but for its end."""
        return self.filter_queryset(self.get_queryset())
