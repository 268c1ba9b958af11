import io
import time

import pytest

from loctelli.api import parsers


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        (b'{"a": ', "invalid_json", None),
        (b"", "invalid_json", None),
        (b'\xef\xbb\xbf{"a": 1}', "invalid_json", None),
        (b'{"a": "\xff"}', "invalid_encoding", None),
        (b'{"a": "\x00"}', "invalid_json", None),
        (b'{"a": {"b": "\\u0000"}}', "invalid_characters", "a.b"),
        (b'{"a": ["x", "\\ud800"]}', "invalid_characters", "a.1"),
        (b'{"a": {"\\udfff": 1}}', "invalid_characters", "a"),
        (b'{"a": NaN}', "number_out_of_range", "a"),
        (b'{"a": [-Infinity]}', "number_out_of_range", "a.0"),
        (b'{"a": 1e999}', "number_out_of_range", "a"),
        (b'{"a": 9223372036854775808}', "number_out_of_range", "a"),
        (b'{"a": -9223372036854775809}', "number_out_of_range", "a"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number_out_of_range", "a"),
        (b'{"a": {"b": 1, "b": 1}}', "duplicate_key", "a"),
        (b"[" * 33 + b"]" * 33, "too_deep", ".".join(["0"] * 32)),
        (b"[" * 10_000 + b"]" * 10_000, "too_deep", ""),
        (b'{"a":' * 100_000, "too_deep", ""),
    ],
)
def test_what_has_two_meanings_or_none_is_refused_by_code_and_path(raw, code, path):
    with pytest.raises(parsers.DomainError) as refused:
        parsers.parse(raw)

    assert refused.value.code == code
    assert refused.value.status == 400
    assert [error["path"] for error in refused.value.errors] == ([] if path is None else [path])


def test_what_is_sound_comes_out_as_it_went_in():
    raw = (
        '{"int": 9223372036854775807, "neg": -9223372036854775808, "float": 1.5e3, '
        '"text": "\\ud83d\\ude00é", "n": [null, true]}'
    )

    assert parsers.parse(raw.encode()) == {
        "int": 2**63 - 1,
        "neg": -(2**63),
        "float": 1500.0,
        "text": "😀é",
        "n": [None, True],
    }
    assert parsers.parse(b"[" * 32 + b"]" * 32)


def test_a_hostile_body_is_cheap_to_refuse():
    started = time.thread_time()
    with pytest.raises(parsers.TooDeep):
        parsers.parse(b"[" * 1_000_000)

    assert time.thread_time() - started < 1


def test_a_body_past_the_limit_is_never_read_to_its_end(settings):
    stream = io.BytesIO(b" " * (settings.API_MAX_BODY_BYTES * 3))

    with pytest.raises(parsers.BodyTooLarge) as refused:
        parsers.StrictJSONParser().parse(stream)

    assert refused.value.status == 413
    assert stream.tell() == settings.API_MAX_BODY_BYTES + 1
