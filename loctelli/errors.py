"""Errors that domain code raises, and the one shape in which every answer of the API reports them."""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A refusal with a stable machine code, an HTTP status and a sentence for a person.

    Subclasses set the class attributes; `errors` names the fields at fault as {"path", "code", "detail"}.
    """

    code = "refused"
    status = 400
    detail = "This can't be done."
    errors: Sequence[Mapping[str, str]] = ()
    headers: Mapping[str, str] = {}

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[Mapping[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if detail is not None:
            self.detail = detail
        if errors is not None:
            self.errors = errors
        if headers is not None:
            self.headers = headers
        super().__init__(self.detail)


class InvalidRequest(DomainError):
    """The request's body or query says something that can't be."""

    code = "validation_error"
    detail = "Some values are not valid."

    @classmethod
    def at(cls, path: str, code: str, detail: str) -> "InvalidRequest":
        """Return the error of one field."""
        return cls(errors=[{"path": path, "code": code, "detail": detail}])


class StillReferenced(DomainError):
    """Something can't be deleted, for other rows need it; `counts` says how many of which."""

    code = "still_referenced"
    status = 409
    detail = "This can't be deleted while other things refer to it."

    def __init__(self, detail: str | None = None, *, counts: Mapping[str, int] | None = None) -> None:
        errors = [
            {"path": name, "code": self.code, "detail": f"{count} {name.replace('_', ' ')}"}
            for name, count in (counts or {}).items()
        ]
        super().__init__(detail, errors=errors)


class Conflict(DomainError):
    """What is asked for collides with what is there."""

    code = "conflict"
    status = 409
    detail = "This collides with something that is already there."


def error_body(code: str, detail: str, errors: Sequence[Mapping[str, str]] = ()) -> dict:
    """Return an error as every answer of the API words it."""
    return {"code": code, "detail": detail, "errors": [dict(error) for error in errors]}
