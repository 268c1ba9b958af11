import base64
import re
import stat

from loctelli import environment

EXAMPLE = environment.PROJECT / ".env.example"


def values(path):
    return dict(environment.ASSIGNMENT.findall(path.read_text()))


def test_a_new_file_has_strong_secrets_that_nobody_else_can_read(tmp_path):
    path = tmp_path / "with space" / ".env"
    path.parent.mkdir()

    generated = environment.complete(path, EXAMPLE)

    written = values(path)
    name, _, key = written["ENCRYPTION_KEYS"].partition(":")
    assert generated == ["SECRET_KEY", "JWT_SIGNING_KEY", "ENCRYPTION_KEYS"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert written["DJANGO_ENV"] == "development"
    assert len(written["SECRET_KEY"]) >= 50
    assert len(written["JWT_SIGNING_KEY"]) >= 43
    assert written["SECRET_KEY"] != written["JWT_SIGNING_KEY"]
    assert (name, len(base64.b64decode(key))) == ("k1", 32)
    assert list(path.parent.iterdir()) == [path]


def test_a_second_run_changes_nothing(tmp_path):
    path = tmp_path / ".env"
    environment.complete(path, EXAMPLE)
    before = path.read_text()

    generated = environment.complete(path, EXAMPLE)

    assert generated == []
    assert path.read_text() == before


def test_only_what_is_missing_is_added(tmp_path):
    path = tmp_path / ".env"
    path.write_text("SECRET_KEY=mine\nPORT=9000\nENCRYPTION_KEYS=\n")

    generated = environment.complete(path, EXAMPLE)

    written = values(path)
    assert generated == ["JWT_SIGNING_KEY", "ENCRYPTION_KEYS"]
    assert (written["SECRET_KEY"], written["PORT"]) == ("mine", "9000")
    assert path.read_text().count("ENCRYPTION_KEYS=") == 1


def test_an_update_takes_the_place_of_what_is_commented_out(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# The address.\n# DATABASE_URL=\nPORT=9000\n")

    environment.update(path, {"DATABASE_URL": "postgresql://a", "NEW": r"back\1slash"})

    assert path.read_text() == "# The address.\nDATABASE_URL=postgresql://a\nPORT=9000\nNEW=back\\1slash\n"


def test_the_example_names_every_setting_that_is_read():
    settings = (environment.PROJECT / "loctelli" / "settings.py").read_text()

    read = set(environment.re.findall(r'(?:env\.\w+|secret|number)\(\s*"([A-Z_]+)"', settings))
    explained = set(environment.re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", EXAMPLE.read_text(), environment.re.MULTILINE))

    assert read == explained


def test_the_example_shows_the_defaults_that_settings_have():
    literal = r'"([A-Z_]+)", default=(?:"([^"]*)"|(\d+|True|False))\)'
    settings = (environment.PROJECT / "loctelli" / "settings.py").read_text()
    example = (environment.PROJECT / ".env.example").read_text()
    defaults = {name: text or other.lower() for name, text, other in re.findall(literal, settings)}
    shown = dict(re.findall(r"^# ([A-Z_]+)=(.+)$", example, re.MULTILINE))

    known = defaults.keys() & shown.keys()

    assert len(known) > 30
    assert {name: shown[name] for name in known} == {name: defaults[name] for name in known}
