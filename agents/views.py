"""The API's doors to agents."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.response import Response

from accounts.choices import UserRole
from accounts.serializers.people import ReassignedSerializer
from accounts.views.open import validated
from accounts.views.people import CASCADE
from agents.models import PromptTemplate, Strategy
from agents.serializers import (
    ChosenTemplateSerializer,
    DuplicateSerializer,
    PromptTemplateSerializer,
    StrategySerializer,
    SuccessorStrategySerializer,
)
from agents.services import activate_prompt_template, duplicate_strategy
from loctelli.api import parameters
from loctelli.api.short_way import short
from tenants.reassignment import delete_unless_owning, reassign
from tenants.views import TenantReadOnlyViewSet, TenantViewSet


class PromptTemplateViewSet(TenantReadOnlyViewSet):
    """The base prompts platform admins offer; one of them is the sub-account's active one."""

    serializer_class = PromptTemplateSerializer
    read_role = UserRole.USER
    write_role = UserRole.MANAGER
    filterset_fields = {"category": ["exact"], "is_active": ["exact"]}
    search_fields = ("name", "description")
    ordering_fields = ("id", "name", "created_at")

    @extend_schema(request=None, responses={200: ChosenTemplateSerializer})
    @action(detail=True, methods=["post"], selectable=False)
    def activate(self, request, pk: str) -> Response:
        """Make this template the sub-account's active one, in place of any other."""
        # Not get_object(), which locks the row: tenants may only read the catalogue.
        template = get_object_or_404(PromptTemplate, pk=pk)
        choice = activate_prompt_template(request.user.user().sub_account, template=template)
        return Response(ChosenTemplateSerializer(choice).data)


class ChosenTemplateViewSet(TenantReadOnlyViewSet):
    """The prompt templates the sub-account has chosen so far."""

    serializer_class = ChosenTemplateSerializer
    read_role = UserRole.USER
    filterset_fields = {"is_active": ["exact"], "prompt_template_id": ["exact"]}
    ordering_fields = ("id", "created_at")


class StrategyViewSet(TenantViewSet):
    """The sub-account's agents."""

    serializer_class = StrategySerializer
    read_role = UserRole.USER
    write_role = delete_role = UserRole.MANAGER
    filterset_fields = {
        "is_active": ["exact"],
        "tag": ["exact"],
        "regular_user_id": ["exact"],
        "prompt_template_id": ["exact"],
    }
    search_fields = ("name", "description", "tag", "ai_name")
    ordering_fields = ("id", "name", "created_at")

    def get_query_parameters(self) -> set[str]:
        return super().get_query_parameters() | ({"cascade"} if self.action == "destroy" else set())

    def perform_destroy(self, instance: Strategy) -> None:
        delete_unless_owning(instance, cascade=parameters.flag(self.request, "cascade"))

    @short
    @extend_schema(parameters=[CASCADE])
    def destroy(self, request, *args, **kwargs) -> Response:
        return super().destroy(request, *args, **kwargs)

    @extend_schema(request=DuplicateSerializer, responses={201: StrategySerializer})
    @action(detail=True, methods=["post"])
    def duplicate(self, request, pk: str) -> Response:
        """Copy this strategy; the copy is inactive until somebody switches it on."""
        strategy = self.get_object()
        given = validated(DuplicateSerializer, request)
        return Response(self.shown(duplicate_strategy(strategy, **given)), status.HTTP_201_CREATED)

    @extend_schema(request=SuccessorStrategySerializer, responses={200: ReassignedSerializer})
    @action(detail=True, methods=["post"], selectable=False)
    def reassign(self, request, pk: str) -> Response:
        """Give this strategy's leads to another one."""
        owner = self.get_object()
        return Response({"reassigned": reassign(owner, to=validated(SuccessorStrategySerializer, request)["strategy"])})
