"""Where an address is: its network and, with a GeoIP2 database, its city and country."""

from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any

from django.conf import settings

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
    if not settings.GEOIP_PATH:
        return None
    # Its reader is an optional package, which only a database needs.
    from geoip2.errors import AddressNotFoundError

    try:
        found = _reader(settings.GEOIP_PATH).city(address)
    except (AddressNotFoundError, ValueError):
        return None
    return {name: found.get(name) for name in ("city", "region_name", "country_code")}


@cache
def _reader(path: str) -> Any:
    from django.contrib.gis.geoip2 import GeoIP2

    return GeoIP2(path)


def same_place(address: str, place: dict | None, other_address: str, other_place: dict | None) -> bool:
    """Return whether two sign-ins came from one network or, where both are known, from one city."""
    if network_of(address) == network_of(other_address):
        return True
    return place is not None and place == other_place
