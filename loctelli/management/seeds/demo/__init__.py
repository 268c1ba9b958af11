"""Two client businesses as they look after some months of work, so that a newcomer sees the product alive.

All people, businesses, addresses and telephone numbers are made up, from the ranges set aside for that.
"""

from django.db.models import Q

from accounts.models import User
from forms.models import FormTemplate
from loctelli.management.seeds.demo.builder import create_business
from loctelli.management.seeds.demo.business import Business
from loctelli.management.seeds.demo.dental import DENTAL
from loctelli.management.seeds.demo.solar import SOLAR
from tenants.models import SubAccount

__all__ = ["BUSINESSES", "create_business", "missing_businesses"]

BUSINESSES = (SOLAR, DENTAL)


def missing_businesses() -> list[Business]:
    """Return the demo businesses of which nothing is there.

    One is there as long as a sub-account has its name or names it in `settings["demo"]`, or one of its users' addresses
    or forms' slugs is in use: whatever a person has renamed, moved or half removed is left alone.
    """
    return [business for business in BUSINESSES if not _is_there(business)]


def _is_there(business: Business) -> bool:
    return (
        SubAccount.objects.filter(Q(name=business.name) | Q(settings__demo=business.key)).exists()
        or User.objects.filter(email__in=[person.email for person in business.people]).exists()
        or FormTemplate.objects.filter(slug__in=[form["slug"] for form in business.forms]).exists()
    )
