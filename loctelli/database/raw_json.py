"""jsonb as it is."""

import orjson
from psycopg.adapt import Buffer, Loader
from psycopg.pq import Format


class RawJSONLoader(Loader):
    """jsonb goes on as PostgreSQL sent it: in binary, one byte of version before the text."""

    format = Format.BINARY

    def load(self, data: Buffer) -> orjson.Fragment:
        return orjson.Fragment(bytes(data[1:]))
