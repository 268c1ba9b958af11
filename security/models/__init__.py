"""What security keeps: attempts, lockouts, histories, tokens, incidents, keys and the encrypted messages."""

from security.models.identity import AccountLockout, AuthAttempt, PasswordHistory, RefreshToken
from security.models.incidents import SecurityIncident
from security.models.messages import ConversationMessage, DataKey

__all__ = [
    "AccountLockout",
    "AuthAttempt",
    "ConversationMessage",
    "DataKey",
    "PasswordHistory",
    "RefreshToken",
    "SecurityIncident",
]
