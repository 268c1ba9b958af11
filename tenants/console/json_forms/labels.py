"""The words of a schema: translated, and put together to say where in a value something is."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

TRANSLATED = ("title", "description", "x-add")


def translated(schema: Any) -> Any:
    """Return a schema with its words in the admin's language."""
    if isinstance(schema, list):
        return [translated(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {key: translated(value) for key, value in schema.items()}
    for key in TRANSLATED:
        if isinstance(result.get(key), str) and result[key]:
            result[key] = gettext(result[key])
    if isinstance(schema.get("x-labels"), Mapping):
        result["x-labels"] = {value: gettext(label) for value, label in schema["x-labels"].items()}
    return result


def words_for(schema: Any, path: Sequence[str]) -> str:
    """Return where a value's part is, as its form names it: "Every week, Monday, 2, To"."""
    words, node = [], schema if isinstance(schema, Mapping) else {}
    for name in path:
        kind = "array" if name.isdecimal() else "object"
        node = next((each for each in node.get("oneOf", []) if each.get("type") == kind), node)
        if name.isdecimal() and "items" in node:
            node = node["items"]
            words.append(str(int(name) + 1))
        else:
            node = node.get("properties", {}).get(name, {})
            words.append(gettext(node["title"]) if node.get("title") else name)
        node = node if isinstance(node, Mapping) else {}
    return ", ".join(words)
