"""Sub-accounts for tests."""

import factory

from tenants.models import SubAccount, SubAccountInvitation


class SubAccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SubAccount

    name = factory.Sequence(lambda number: f"Business {number}")
    created_by_admin = factory.SubFactory("accounts.tests.factories.AdminUserFactory")


class SubAccountInvitationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SubAccountInvitation

    code = factory.Sequence(lambda number: f"CODE{number:04}")
    sub_account = factory.SubFactory(SubAccountFactory)
    created_by_admin = factory.SelfAttribute("sub_account.created_by_admin")
