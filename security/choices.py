"""The closed vocabularies of security."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AccountType(models.TextChoices):
    """Which of the two kinds of account a security record is about."""

    USER = "user", _("User")
    ADMIN = "admin", _("Admin")


class MessageRole(models.TextChoices):
    """Who said a message of a conversation."""

    USER = "user", _("User")
    ASSISTANT = "assistant", _("Assistant")
    SYSTEM = "system", _("System")


class Severity(models.TextChoices):
    """How bad an incident is."""

    LOW = "LOW", _("Low")
    MEDIUM = "MEDIUM", _("Medium")
    HIGH = "HIGH", _("High")
    CRITICAL = "CRITICAL", _("Critical")


class FailureReason(models.TextChoices):
    """Why a sign-in was refused."""

    INVALID_CREDENTIALS = "invalid_credentials", _("Invalid Credentials")
    ACCOUNT_LOCKED = "account_locked", _("Account Locked")
    ACCOUNT_INACTIVE = "account_inactive", _("Account Inactive")


class ActorType(models.TextChoices):
    """Who changed something."""

    USER = "user", _("User")
    ADMIN = "admin", _("Admin")
    SYSTEM = "system", _("System")


class AuditAction(models.TextChoices):
    """What was done to a row."""

    CREATE = "create", _("Create")
    UPDATE = "update", _("Update")
    DELETE = "delete", _("Delete")
    # Somebody of the platform read what is a sub-account's own: a lead's conversation, the archive of all of it.
    VIEW = "view", _("View")


class IncidentType(models.TextChoices):
    """What happened. The list is open: later parts add to it."""

    PROMPT_INJECTION = "PROMPT_INJECTION", _("Prompt Injection")
    ROLE_MANIPULATION = "ROLE_MANIPULATION", _("Role Manipulation")
    CONTEXT_SWITCHING = "CONTEXT_SWITCHING", _("Context Switching")
    INFORMATION_EXTRACTION = "INFORMATION_EXTRACTION", _("Information Extraction")
    ENCODING_ATTACK = "ENCODING_ATTACK", _("Encoding Attack")
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED", _("Rate Limit Exceeded")
    INTEGRITY_VIOLATION = "INTEGRITY_VIOLATION", _("Integrity Violation")
    PROGRESSIVE_ATTACK = "PROGRESSIVE_ATTACK", _("Progressive Attack")
    BEHAVIORAL_ANOMALY = "BEHAVIORAL_ANOMALY", _("Behavioral Anomaly")
    VALIDATION_FAILURE = "VALIDATION_FAILURE", _("Validation Failure")
    REFRESH_TOKEN_REUSE = "REFRESH_TOKEN_REUSE", _("Refresh Token Reuse")
    TOKEN_FORGERY = "TOKEN_FORGERY", _("Token Forgery")
    LOCKOUT_STORM = "LOCKOUT_STORM", _("Lockout Storm")
    THROTTLE_STORM = "THROTTLE_STORM", _("Throttle Storm")
