"""How passwords are hashed."""

from django.contrib.auth import hashers


class Argon2PasswordHasher(hashers.Argon2PasswordHasher):
    """Argon2id with 46 MiB, two passes and one lane, OWASP's memory at twice its passes; login renews older hashes."""

    time_cost = 2
    memory_cost = 46 * 1024
    parallelism = 1
