"""What the platform itself stands on stays."""

import pytest

from tenants.models import FixtureOfThePlatform, SubAccount
from tenants.scope import system_scope


def test_onboarding_and_its_system_user_cannot_be_deleted(cast):
    with system_scope("test"):
        for fixture in (cast.system, cast.onboarding):
            with pytest.raises(FixtureOfThePlatform):
                fixture.delete()

        assert cast.onboarding.users.get() == cast.system


def test_a_business_can_be_deleted_with_everything_in_it(cast):
    with system_scope("test"):
        cast.globex.delete()

        assert set(SubAccount.objects.all()) == {cast.onboarding, cast.acme}
