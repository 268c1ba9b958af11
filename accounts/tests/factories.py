"""People for tests. Their password is always PASSWORD."""

import factory
from django.contrib.auth.hashers import make_password

from accounts.choices import AdminRole
from accounts.models import AdminUser, User
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
