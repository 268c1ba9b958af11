"""Where an address is: its network and, with a GeoIP2 database, its city and country."""

import atexit
import os
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any, NamedTuple

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

log = structlog.get_logger(__name__)

# What a household or an office keeps, when its last bits change from day to day.
PREFIXES = {4: 24, 6: 48}


def network_of(address: str) -> str:
    """Return the /24 or /48 that an address is in; what is no address stands for itself."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{found}/{PREFIXES[found.version]}", strict=False))


def locate(address: str) -> dict[str, Any] | None:
    """Return city, region and country of an address; None without a database, or where it has no answer."""
    if not settings.GEOIP_PATH or not _is_address(address):
        return None
    # Its reader is an optional package, which only a database needs.
    from geoip2.errors import AddressNotFoundError
    from maxminddb import InvalidDatabaseError

    try:
        found = _reader(settings.GEOIP_PATH).city(address)
    except AddressNotFoundError:
        return None
    except InvalidDatabaseError as error:
        # Nobody is kept from signing in by that.
        log.warning("geoip_database_broken", path=settings.GEOIP_PATH, error=str(error))
        return None
    return {name: found[name] for name in ("city", "region_name", "country_code")}


def check_database() -> None:
    """Raise ImproperlyConfigured, in a sentence, unless the database of GEOIP_PATH can be read; None needs none."""
    if settings.GEOIP_PATH:
        _reader(settings.GEOIP_PATH)


def same_place(address: str, place: dict | None, other_address: str, other_place: dict | None) -> bool:
    """Return whether two sign-ins came from one network or, where both are known, from one city."""
    if network_of(address) == network_of(other_address):
        return True
    return place is not None and place["city"] is not None and place == other_place


class _Opened(NamedTuple):
    """A database as it is read, and by what its file is known: another one in its place is opened anew."""

    file: tuple[int, int, int]
    reader: Any


_opened: dict[str, _Opened] = {}
# Closed before the interpreter takes apart what closing needs.
atexit.register(_opened.clear)
_opening = Lock()


def _reader(path: str) -> Any:
    """Return what reads the database. When the file is replaced by a good one, that one, without a restart."""
    known, file = _opened.get(path), _file(path)
    if known is not None and (file is None or file == known.file):
        return known.reader
    with _opening:
        try:
            reader = _open(path)
        except ImproperlyConfigured as error:
            if known is None:
                raise
            log.warning("geoip_database_not_replaced", path=path, error=str(error))
            reader = known.reader
        _opened[path] = _Opened(file or (0, 0, 0), reader)
        return reader


def _file(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _open(path: str) -> Any:
    from django.contrib.gis.geoip2 import GeoIP2, GeoIP2Exception
    from maxminddb import InvalidDatabaseError

    try:
        # Read from the file, not from mapped memory: a file that shrinks in place would kill the process.
        reader = GeoIP2(path, cache=GeoIP2.MODE_FILE)
    except (GeoIP2Exception, InvalidDatabaseError, OSError) as error:
        raise ImproperlyConfigured(f'GEOIP_PATH is "{path}", which can\'t be read: {error}') from error
    if not reader.is_city:
        raise ImproperlyConfigured(f'GEOIP_PATH is "{path}", which tells countries alone: take a city database.')
    return reader


def _is_address(text: str) -> bool:
    # Whatever is none, GeoIP2 would ask the name servers for.
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
