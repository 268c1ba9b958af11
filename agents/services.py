"""What is done with strategies and prompt templates beyond one row."""

from django.db import transaction

from accounts.models import User
from agents.models import PromptTemplate, Strategy, SubAccountPromptTemplate
from tenants.catalogue import TemplateInactive, check_offered, is_withdrawn
from tenants.models import SubAccount

# What a copy is called after its original, within what the API takes for a name.
SUFFIX, LONGEST_NAME = " (copy)", 255


@transaction.atomic
def activate_prompt_template(sub_account: SubAccount, *, template: PromptTemplate) -> SubAccountPromptTemplate:
    """Make a template the active one of a sub-account, in place of any other; return the choice.

    The sub-account's row is locked, so that two people choosing at once end with the later choice, not an error.
    Raises TemplateInactive.
    """
    check_offered(template)
    _hold_choices(sub_account.pk)
    choices = SubAccountPromptTemplate.objects.filter(sub_account=sub_account)
    choice = choices.filter(prompt_template=template).first()
    return save_active_choice(choice or SubAccountPromptTemplate(sub_account=sub_account, prompt_template=template))


@transaction.atomic
def save_active_choice(choice: SubAccountPromptTemplate) -> SubAccountPromptTemplate:
    """Save a sub-account's choice as its active one, in place of any other; return it."""
    _hold_choices(choice.sub_account_id)
    others = SubAccountPromptTemplate.objects.filter(sub_account_id=choice.sub_account_id, is_active=True)
    others.exclude(pk=choice.pk).update(is_active=False)
    choice.is_active = True
    choice.save()
    return choice


def _hold_choices(sub_account_id: int) -> None:
    """Let nobody else choose for a sub-account before this transaction ends."""
    SubAccount.objects.select_for_update(no_key=True).get(pk=sub_account_id)


def duplicate_strategy(strategy: Strategy, *, name: str | None = None, owner: User | None = None) -> Strategy:
    """Return a saved copy of a strategy, inactive until somebody has looked at it, without the leads.

    `name` is "<old> (copy)" and `owner` the same person unless given. Raises TemplateInactive when its prompt template
    was withdrawn, which stays where it was chosen and is not chosen anew.
    """
    if is_withdrawn(strategy.prompt_template):
        raise TemplateInactive("Its prompt template isn't available any more: give it another one before it is copied.")
    copy = Strategy(
        **{
            field.attname: getattr(strategy, field.attname)
            for field in Strategy._meta.concrete_fields
            if not field.primary_key and field.name not in ("created_at", "updated_at")
        }
    )
    copy.name = name or f"{strategy.name[: LONGEST_NAME - len(SUFFIX)]}{SUFFIX}"
    copy.is_active = False
    if owner is not None:
        copy.regular_user, copy.sub_account_id = owner, owner.sub_account_id
    copy.save()
    return copy


@transaction.atomic
def copy_strategy(strategy: Strategy, *, owner: User, name: str | None = None) -> Strategy:
    """Return a saved copy of a strategy for a person, in the person's sub-account, in the system scope.

    The prompt template it stands on becomes one that the sub-account has chosen, though not its active one.
    """
    copy = duplicate_strategy(strategy, name=name, owner=owner)
    choices = SubAccountPromptTemplate.objects.filter(sub_account=owner.sub_account_id)
    choices.get_or_create(sub_account_id=owner.sub_account_id, prompt_template_id=strategy.prompt_template_id)
    return copy
