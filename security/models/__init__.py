"""What security keeps: attempts, lockouts, histories, tokens, incidents, keys and the encrypted messages."""

from security.models.audit import AuditEntry
from security.models.console import ConsoleSession, RecoveryCode, SecondFactor
from security.models.identity import AccountLockout, AuthAttempt, KnownDevice, PasswordHistory, RefreshToken
from security.models.incidents import SecurityIncident
from security.models.messages import ConversationMessage, DataKey
from security.models.preferences import ConsolePreference

__all__ = [
    "AccountLockout",
    "AuditEntry",
    "AuthAttempt",
    "ConsolePreference",
    "ConsoleSession",
    "ConversationMessage",
    "DataKey",
    "KnownDevice",
    "PasswordHistory",
    "RecoveryCode",
    "RefreshToken",
    "SecondFactor",
    "SecurityIncident",
]
