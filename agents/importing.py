"""Strategies and prompt templates from files: what an export wrote, checked as a whole before anything is made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from agents.models import PromptTemplate, Strategy
from loctelli.api import parsers
from loctelli.errors import DomainError

LARGEST_FILE = 500_000
MOST_ROWS = 200
LONGEST_DELAY = 86_400
# What an export says about a row that another one is not made from.
PASSED_OVER = {
    "id",
    "created_at",
    "updated_at",
    "is_active",
    "created_by_admin",
    "sub_account",
    "regular_user",
    "prompt_template",
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A row that would be made, and what is wrong with it."""

    number: int
    row: Any
    errors: list[str]


def parse(data: bytes) -> list[Any]:
    """Return the rows of a file: JSON lines, one JSON object, or an array of them; raise DomainError otherwise."""
    try:
        found = parsers.parse(data)
    except DomainError as whole:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2:
            raise DomainError(_("This is no JSON: %(why)s") % {"why": whole.detail}) from whole
        found = [_line(number, line) for number, line in enumerate(lines, 1)]
    rows = found if isinstance(found, list) else [found]
    if not rows or len(rows) > MOST_ROWS:
        raise DomainError(_("A file has between 1 and %(most)d rows.") % {"most": MOST_ROWS})
    return rows


def _line(number: int, line: bytes) -> Any:
    try:
        return parsers.parse(line)
    except DomainError as error:
        raise DomainError(_("Line %(number)d is no JSON: %(why)s") % {"number": number, "why": error.detail}) from error


def incoming_templates(rows: list[Any], *, by: Any) -> list[Incoming]:
    """Return the prompt templates that would be made, inactive, in the bound system scope."""
    return [_incoming(number, PromptTemplate(created_by_admin=by), body) for number, body in enumerate(rows, 1)]


def incoming_strategies(rows: list[Any], *, owner: Any) -> list[Incoming]:
    """Return the strategies that would be made for a person, inactive. Each names its prompt template."""
    names = {name for body in rows if isinstance(body, dict) and (name := _template_name(body))}
    templates = {template.name: template for template in PromptTemplate.objects.filter(name__in=names).order_by("-pk")}

    def complete(strategy: Any, body: dict[str, Any]) -> list[str]:
        template = templates.get(_template_name(body) or "")
        if template is None:
            return [_("prompt_template: there is none called “%(name)s”.") % {"name": _template_name(body) or ""}]
        strategy.prompt_template = template
        delays = strategy.delay_min, strategy.delay_max
        if any(isinstance(delay, int) and not 0 <= delay <= LONGEST_DELAY for delay in delays):
            return [_("delay_min, delay_max: between 0 and %(most)d seconds.") % {"most": LONGEST_DELAY}]
        if all(isinstance(delay, int) for delay in delays) and delays[0] > delays[1]:
            return [_("delay_max: must not be below delay_min.")]
        return []

    made = [Strategy(regular_user=owner, sub_account_id=owner.sub_account_id) for _row in rows]
    return [_incoming(number, made[number - 1], body, complete) for number, body in enumerate(rows, 1)]


def _template_name(body: dict[str, Any]) -> str | None:
    named = body.get("prompt_template")
    name = named.get("name") if isinstance(named, dict) else named
    return name if isinstance(name, str) else None


def _incoming(
    number: int,
    row: Any,
    body: Any,
    complete: Callable[[Any, dict[str, Any]], list[str]] = lambda row, body: [],
) -> Incoming:
    if not isinstance(body, dict):
        return Incoming(number, row, [_("This is no object.")])
    fields = {field.name: field for field in row._meta.concrete_fields if field.editable}
    errors = [
        _("%(name)s: there is no such field.") % {"name": name} for name in sorted(body.keys() - fields - PASSED_OVER)
    ]
    row.is_active = False
    for name in sorted((body.keys() & fields) - PASSED_OVER):
        errors += _take(row, fields[name], body[name])
    if not errors:
        errors = complete(row, body)
    if not errors:
        try:
            row.clean_fields(exclude={"created_by_admin", "sub_account", "regular_user", "prompt_template"})
        except ValidationError as error:
            errors = [f"{name}: {' '.join(messages)}" for name, messages in error.message_dict.items()]
    return Incoming(number, row, errors)


def _take(row: Any, field: models.Field, value: Any) -> list[str]:
    """Give a row a value of the kind its field takes; return what is wrong with it."""
    text = isinstance(field, models.CharField | models.TextField)
    number = isinstance(field, models.IntegerField | models.FloatField)
    if text and not isinstance(value, str) and not (value is None and field.null):
        return [_("%(name)s: must be text.") % {"name": field.name}]
    if number and (isinstance(value, bool) or not isinstance(value, int | float)) and value is not None:
        return [_("%(name)s: must be a number.") % {"name": field.name}]
    setattr(row, field.name, value)
    return []
