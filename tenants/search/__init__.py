"""Search by part of a name, an address or a number, in one sub-account or all, on core PostgreSQL alone."""

from tenants.search.index import SearchGin, SearchIndex, SearchTextField

__all__ = ["SearchGin", "SearchIndex", "SearchTextField"]
