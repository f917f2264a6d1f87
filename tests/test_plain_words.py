"""Users read plain English: the check finds what it should, and nothing in this checkout."""

from __future__ import annotations

import pytest

from tools.plain_words import EXCEPTIONS, all_faults, faults, texts_of


@pytest.mark.parametrize(
    ("text", "expect"),
    [
        ("", []),
        ("This is no clip.", ["is no"]),
        ("There is no such file. It is no longer there.", []),
        ("Nobody is told.", ["Nobody", "told"]),
        ("of whom nothing\nis known", ["of whom", "whom"]),
        ("A character disappears in full view.", []),
    ],
)
def test_a_phrase_is_found_where_it_stands(text, expect):
    assert sorted(phrase for _, phrase, _ in faults(text)) == sorted(expect)


@pytest.mark.parametrize(
    ("source", "name", "expect"),
    [
        pytest.param('"""A docstring."""\nx = "a text"\n', "a.py", ["a text"], id="a string"),
        pytest.param('def f():\n    """Internal."""\n', "a.py", [], id="a docstring"),
        pytest.param('def f():\n    """Help."""\n', "command.py", ["Help."], id="a command"),
        pytest.param('f"{x} is no {y}"', "a.py", [" is no "], id="an f-string"),
    ],
)
def test_texts_of_code_are_those_a_user_may_read(source, name, expect):
    assert [text for _, text in texts_of(source, name)] == expect


def test_every_exception_has_a_reason():
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())


def test_what_users_read_is_plain():
    assert list(all_faults()) == []
