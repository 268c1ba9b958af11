"""What became of the rows of a bulk call."""

from crm.models import Lead
from tenants.scope import system_scope

BULK = "/api/v1/leads/bulk/"


def outcomes(answer) -> list[str]:
    return [result["outcome"] for result in answer.json()["results"]]


def errors(answer) -> list[tuple[int, str, str]]:
    return [
        (result["index"], error["path"], error["code"])
        for result in answer.json()["results"]
        for error in result["errors"]
    ]


def names() -> list[str]:
    with system_scope("test"):
        return sorted(Lead.objects.values_list("name", flat=True))
