"""Every address Loctelli answers at."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerView

handler400 = "loctelli.api.errors.bad_request"
handler403 = "loctelli.api.errors.permission_denied"
handler404 = "loctelli.api.errors.not_found"
handler500 = "loctelli.api.errors.server_error"

# Addresses are tried in this order: what is asked most comes first.
API_APPS = ("crm", "agents", "accounts", "forms", "integrations", "security")

urlpatterns = [
    path("api/v1/", include([path("", include(f"{app}.urls")) for app in API_APPS])),
    path("console/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("api/schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
