"""What the console says in passing, in messages and refusals, is marked for translation where it stands in the code."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

SAYING = {"add_error", "message_user", "ValidationError", "PermissionDenied", "refuse", "success", "warning", "error"}
WORDS_OF = {"label", "help_text", "short_description", "description", "done", "warning", "remark", "title"}
FILES = [
    "*/admin.py", "*/*_admin.py", "*/actions.py", "*/*forms.py", "*/*_page*.py", "loctelli/offboarding/admin.py",
    "loctelli/console/*.py", "tenants/console/**/*.py",
]  # fmt: skip


def files() -> Iterator[Path]:
    for pattern in FILES:
        yield from Path(settings.BASE_DIR).glob(pattern)


def is_bare(node: ast.AST) -> bool:
    """Return whether an expression is a sentence or a word as it stands, with or without values put into it."""
    if isinstance(node, ast.BinOp):
        return is_bare(node.left)
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and has_letters(str(part.value)) for part in node.values)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and has_letters(node.value)


def has_letters(text: str) -> bool:
    return any(letter.isalpha() for letter in text)


def bare_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        # The first argument of some is a field or a request; a sentence has a space.
        said = [
            each for each in node.args if name in SAYING and is_bare(each) and " " in ast.unparse(each).strip("'\"")
        ]
        said += [each.value for each in node.keywords if each.arg in WORDS_OF and is_bare(each.value)]
        yield from (f"{node.lineno}: {ast.unparse(each)}" for each in said)


def test_whatever_is_said_is_marked():
    bare = {str(path.relative_to(settings.BASE_DIR)): list(bare_in(path.read_text())) for path in files()}

    assert len(bare) > 40
    assert {name: lines for name, lines in bare.items() if lines} == {}


def test_a_bare_sentence_is_found():
    said = (
        'form.add_error("name", f"{name} is taken.")\ndisplay(description="name")\nform.add_error("name", _("Taken."))'
    )

    assert list(bare_in(said)) == ["1: f'{name} is taken.'", "2: 'name'"]
