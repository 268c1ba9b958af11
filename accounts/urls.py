from django.urls import path

from accounts.views.people import MeViewSet, SubAccountViewSet, UserViewSet
from accounts.views.signing_in import LoginView
from loctelli.api.routers import Router

router = Router()
router.register("users", UserViewSet)

urlpatterns = [
    path("auth/login/", LoginView.as_view(), name="login"),
    path("me/", MeViewSet.as_view({"get": "retrieve", "patch": "partial_update"}), name="me"),
    path(
        "sub-account/",
        SubAccountViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="sub-account",
    ),
    *router.urls,
]
