from django.urls import path, re_path

from accounts.views.onboarding import (
    ConfirmRegistrationView,
    JoinView,
    RegisterAndJoinView,
    RegisterView,
    ValidateInvitationView,
)
from accounts.views.own_sessions import (
    ForgottenPasswordView,
    OwnPasswordView,
    PasswordResetView,
    SessionsView,
    SessionView,
)
from accounts.views.people import MeViewSet, SubAccountViewSet, UserViewSet
from accounts.views.signing_in import LoginView, LogoutView, RefreshView
from loctelli.api.routers import Router

router = Router()
router.register("users", UserViewSet)

urlpatterns = [
    path("auth/login/", LoginView.as_view(), name="login"),
    path("auth/refresh/", RefreshView.as_view(), name="refresh"),
    path("auth/logout/", LogoutView.as_view(), name="logout"),
    path("auth/password/forgotten/", ForgottenPasswordView.as_view(), name="password-forgotten"),
    path("auth/password/reset/", PasswordResetView.as_view(), name="password-reset"),
    path("auth/invitations/validate/", ValidateInvitationView.as_view(), name="validate-invitation"),
    path("auth/register/", RegisterView.as_view(), name="register"),
    path("auth/register-and-join/", RegisterAndJoinView.as_view(), name="register-and-join"),
    path("auth/register/confirm/", ConfirmRegistrationView.as_view(), name="confirm-registration"),
    path("me/password/", OwnPasswordView.as_view(), name="own-password"),
    path("me/sessions/", SessionsView.as_view(), name="own-sessions"),
    re_path(r"^me/sessions/(?P<pk>c[0-9a-z]{24})/$", SessionView.as_view(), name="own-session"),
    path("me/join/", JoinView.as_view(), name="join"),
    path("me/", MeViewSet.as_view({"get": "retrieve", "patch": "partial_update"}), name="me"),
    path(
        "sub-account/",
        SubAccountViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="sub-account",
    ),
    *router.urls,
]
