"""The file `.env`: `python -m loctelli.environment` writes it with generated secrets. Standard library only.

What already stands in it is kept; only settings that are missing are added. `.env.example` is the pattern.
"""

import base64
import os
import re
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ASSIGNMENT = re.compile(r"^(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)


def _data_key() -> str:
    return f"k1:{base64.b64encode(secrets.token_bytes(32)).decode()}"


GENERATED: dict[str, Callable[[], str]] = {
    "SECRET_KEY": lambda: secrets.token_urlsafe(48),
    "JWT_SIGNING_KEY": lambda: secrets.token_urlsafe(48),
    "ENCRYPTION_KEYS": _data_key,
}


def complete(path: Path, example: Path) -> list[str]:
    """Write the file, or add what is missing to it; return the names of the settings that were generated.

    A new file is a development installation's, with the example's comments.
    """
    if not path.exists():
        generated = {name: generate() for name, generate in GENERATED.items()}
        _write(path, _with_values(example.read_text(), {"DJANGO_ENV": "development", **generated}))
        return list(generated)
    present = dict(ASSIGNMENT.findall(path.read_text()))
    missing = {name: generate() for name, generate in GENERATED.items() if not present.get(name)}
    if missing:
        update(path, missing)
    return list(missing)


def update(path: Path, values: Mapping[str, str]) -> None:
    """Set these variables in the file, leaving every other line as it is."""
    _write(path, _with_values(path.read_text() if path.exists() else "", values))


def _with_values(text: str, values: Mapping[str, str]) -> str:
    """Return the text with each variable assigned: in its place, commented out or not, or else at the end."""
    for name, value in values.items():
        line = f"{name}={value}"
        place = re.compile(rf"^(?:#\s?)?(?:export\s+)?{name}=.*$", re.MULTILINE)
        found = place.search(text)
        if found:
            text = text[: found.start()] + line + text[found.end() :]
        else:
            text = f"{text.rstrip()}\n{line}\n".lstrip()
    return text


def _write(path: Path, text: str) -> None:
    """Replace the file in one step, readable by nobody else from its first byte on."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
    with open(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    unfinished.replace(path)


if __name__ == "__main__":
    names = complete(PROJECT / ".env", PROJECT / ".env.example")
    if names:
        print(f"Wrote .env with generated {', '.join(names)}.")
