"""The closed vocabularies of security."""

from django.db import models


class AccountType(models.TextChoices):
    """Which of the two kinds of account a security record is about."""

    USER = "user"
    ADMIN = "admin"


class MessageRole(models.TextChoices):
    """Who said a message of a conversation."""

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


class Severity(models.TextChoices):
    """How bad an incident is."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class FailureReason(models.TextChoices):
    """Why a sign-in was refused."""

    INVALID_CREDENTIALS = "invalid_credentials"
    ACCOUNT_LOCKED = "account_locked"
    ACCOUNT_INACTIVE = "account_inactive"


class ActorType(models.TextChoices):
    """Who changed something."""

    USER = "user"
    ADMIN = "admin"
    SYSTEM = "system"


class AuditAction(models.TextChoices):
    """What was done to a row."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    # Somebody of the platform read what is a sub-account's own: a lead's conversation, the archive of all of it.
    VIEW = "view"


class IncidentType(models.TextChoices):
    """What happened. The list is open: later parts add to it."""

    PROMPT_INJECTION = "PROMPT_INJECTION"
    ROLE_MANIPULATION = "ROLE_MANIPULATION"
    CONTEXT_SWITCHING = "CONTEXT_SWITCHING"
    INFORMATION_EXTRACTION = "INFORMATION_EXTRACTION"
    ENCODING_ATTACK = "ENCODING_ATTACK"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    INTEGRITY_VIOLATION = "INTEGRITY_VIOLATION"
    PROGRESSIVE_ATTACK = "PROGRESSIVE_ATTACK"
    BEHAVIORAL_ANOMALY = "BEHAVIORAL_ANOMALY"
    VALIDATION_FAILURE = "VALIDATION_FAILURE"
    REFRESH_TOKEN_REUSE = "REFRESH_TOKEN_REUSE"
    TOKEN_FORGERY = "TOKEN_FORGERY"
    LOCKOUT_STORM = "LOCKOUT_STORM"
    THROTTLE_STORM = "THROTTLE_STORM"
