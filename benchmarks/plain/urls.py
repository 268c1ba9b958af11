"""The plain API: model serializers, a model viewset, a router."""

from typing import Any

from django.db.models import QuerySet
from django.urls import include, path
from rest_framework import routers, serializers, viewsets

from benchmarks.plain.models import Booking, Lead, Strategy, User


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        exclude = ("password",)


class StrategySerializer(serializers.ModelSerializer):
    class Meta:
        model = Strategy
        fields = "__all__"


class BookingSerializer(serializers.ModelSerializer):
    class Meta:
        model = Booking
        fields = "__all__"


class LeadSerializer(serializers.ModelSerializer):
    class Meta:
        model = Lead
        fields = "__all__"


class LeadWithIncludesSerializer(LeadSerializer):
    regular_user = UserSerializer(read_only=True)
    strategy = StrategySerializer(read_only=True)
    bookings = BookingSerializer(many=True, read_only=True)


class LeadViewSet(viewsets.ModelViewSet):
    def get_queryset(self) -> QuerySet[Lead]:
        leads = Lead._default_manager.filter(sub_account_id=self.request.user.sub_account_id)  # type: ignore[union-attr]
        if "include" in self.request.query_params:
            leads = leads.select_related("regular_user", "strategy").prefetch_related("bookings")
        return leads

    def get_serializer_class(self) -> type[LeadSerializer]:
        return LeadWithIncludesSerializer if "include" in self.request.query_params else LeadSerializer

    def perform_create(self, serializer: Any) -> None:
        serializer.save(sub_account_id=self.request.user.sub_account_id)  # type: ignore[union-attr]


router = routers.DefaultRouter()
router.register("leads", LeadViewSet, basename="lead")
urlpatterns = [path("api/v1/", include(router.urls))]
