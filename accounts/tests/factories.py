"""People for tests. Their password is always PASSWORD."""

import factory
from django.contrib.auth.hashers import make_password
from rest_framework_simplejwt.tokens import AccessToken

from accounts import refresh_tokens, tokens
from accounts.choices import AdminRole
from accounts.devices import Client
from accounts.models import AdminUser, User
from security.choices import AccountType
from tenants.tests.factories import SubAccountFactory

PASSWORD = "correct horse battery staple"


class AdminUserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AdminUser

    name = factory.Sequence(lambda number: f"Admin {number}")
    email = factory.Sequence(lambda number: f"admin{number}@loctelli.example")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
    role = AdminRole.SUPER_ADMIN


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    name = factory.Sequence(lambda number: f"User {number}")
    email = factory.Sequence(lambda number: f"user{number}@business.example")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
    sub_account = factory.SubFactory(SubAccountFactory)
    created_by_admin = factory.SelfAttribute("sub_account.created_by_admin")


def issue_token(user: User) -> AccessToken:
    """Return an access token of a user who has just signed in."""
    client = Client(address="127.0.0.1", user_agent="tests")
    return tokens.issue(user, refresh_tokens.issue(AccountType.USER, user, client=client).family)
