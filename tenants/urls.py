from django.urls import path

from tenants.views import SubAccountViewSet

urlpatterns = [
    path(
        "sub-account/",
        SubAccountViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="sub-account",
    ),
]
