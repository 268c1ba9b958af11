"""Generated sub-accounts with their people and agents, filled with leads in transactions of bearable size."""

from collections.abc import Callable
from itertools import pairwise

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from accounts.choices import UserRole
from accounts.models import AdminUser, User
from agents.models import PromptTemplate, Strategy
from crm.conversations import append_message
from crm.models import Lead
from loctelli.management.generating.leads import COMPANIES, insert_leads
from loctelli.management.generating.names import spelled
from security.choices import MessageRole
from tenants.models import SubAccount
from tenants.scope import system_scope

PEOPLE = (("admin", UserRole.ADMIN), ("manager", UserRole.MANAGER), *((f"user{n}", UserRole.USER) for n in range(1, 4)))
AGENTS = ("Qualify inquiries", "Win back", "Book consultations")
BATCH = 50_000
# How many of its newest leads an agent has talked with.
CONVERSATIONS = 3
DIALOGUE = (
    (MessageRole.USER, "Hi! How soon could somebody come by?"),
    (MessageRole.ASSISTANT, "Hello, and thank you for asking. Would Tuesday or Thursday suit you better?"),
    (MessageRole.USER, "Tuesday works for me."),
)
TABLES = "leads, bookings, conversation_messages, strategies, users, subaccounts"


class GenerationRefused(Exception):
    """Nothing can be generated here, for the reason it names."""


def sizes(*, leads: int, sub_accounts: int, largest: int) -> list[int]:
    """Return how many leads each sub-account gets: the first one the largest number, the others equal shares."""
    if not 1 <= sub_accounts <= leads or not leads / sub_accounts <= largest <= leads:
        raise GenerationRefused(
            f"{leads} leads in {sub_accounts} sub-accounts don't fit together with {largest} in the largest."
        )
    others = max(sub_accounts - 1, 1)
    rest = leads - largest if sub_accounts > 1 else 0
    bounds = [rest * n // others for n in range(sub_accounts)]
    return [largest, *(end - start for start, end in pairwise(bounds))]


def generate(
    number: int,
    *,
    size: int,
    password: str | None,
    conversations: int = CONVERSATIONS,
    progress: Callable[[int], object] = lambda leads: None,
) -> SubAccount:
    """Bring the generated sub-account of this number to `size` leads; return it. What is there already stays.

    `password` becomes that of its people, admin@…, manager@… and user1@… to user3@<number>.generated.example; without
    one they can't sign in. In a new one the newest leads have `conversations`. `progress` is told how many leads have
    been added since it was told last.
    """
    with system_scope("generate_leads: a sub-account"):
        sub_account = SubAccount.objects.filter(settings__generated=number).first() or _create(number, password)
        users = list(User.objects.filter(sub_account=sub_account).order_by("pk").values_list("pk", flat=True))
        strategies = list(Strategy.objects.filter(sub_account=sub_account).values_list("pk", flat=True))
        there = Lead.objects.filter(sub_account=sub_account).count()
    now = timezone.now()
    is_new = there == 0
    while there < size:
        numbers = range(there + 1, min(there + BATCH, size) + 1)
        with system_scope("generate_leads: leads"):
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', '0', true)")
            insert_leads(sub_account.pk, users=users, strategies=strategies, numbers=numbers, size=size, now=now)
        there += len(numbers)
        progress(len(numbers))
    if is_new:
        _talk(sub_account, conversations)
    return sub_account


def gather_statistics() -> None:
    """Let the planner know what is there now, as a night's autovacuum would."""
    with connection.as_owner(), connection.cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(f"VACUUM (ANALYZE) {TABLES}")


def _create(number: int, password: str | None) -> SubAccount:
    admin = AdminUser.objects.order_by("pk").first()
    template = PromptTemplate.objects.order_by("pk").first()
    if admin is None or template is None:
        raise GenerationRefused("There is no admin or no prompt template yet: run `manage.py seed` first.")
    first_names, _ = spelled("first")
    last_names, _ = spelled("last")
    sub_account = SubAccount.objects.create(
        name=f"{last_names[number * 7 % len(last_names)]} {COMPANIES[number % len(COMPANIES)]} {number}",
        created_by_admin=admin,
        settings={"generated": number},
    )
    # One hash for all of a sub-account's people: hashing is slow on purpose.
    hashed = make_password(password)
    people = [
        User.objects.create(
            sub_account=sub_account,
            name=f"{first_names[(number * 5 + n) % len(first_names)]} {last_names[(number * 5 + n) % len(last_names)]}",
            email=f"{local}@{number}.generated.example",
            role=role,
            password=hashed,
            created_by_admin=admin,
        )
        for n, (local, role) in enumerate(PEOPLE)
    ]
    for n, name in enumerate(AGENTS):
        Strategy.objects.create(
            sub_account=sub_account,
            regular_user=people[n],
            prompt_template=template,
            name=name,
            ai_name="Robin",
            ai_role="Answers inquiries and finds a date for a first meeting.",
            conversation_tone="Friendly and brief.",
            qualification_questions="What is it about? By when? Who decides?",
            objection_handling="Too expensive: the first meeting is free.",
            closing_strategy="Offer two dates.",
        )
    return sub_account


def _talk(sub_account: SubAccount, conversations: int) -> None:
    with system_scope("generate_leads: conversations"):
        for lead in Lead.objects.filter(sub_account=sub_account).order_by("-pk")[:conversations]:
            for role, content in DIALOGUE:
                append_message(lead, role=role, content=content)
