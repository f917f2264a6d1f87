from __future__ import annotations

import pytest

from bench.code_key import code_key, modules_behind

LOOK = '"""Looks."""\nfrom tracker.boxes import area\n\n\ndef f(x):\n    return area(x)\n'


@pytest.fixture
def root(tmp_path):
    """Two packages: identity.look imports tracker.boxes; identity.late does so in a function."""
    files = {
        "identity/__init__.py": "from identity.other import y\n",
        "identity/look.py": LOOK,
        "identity/late.py": "def f():\n    from tracker import boxes\n    return boxes\n",
        "identity/typed.py": "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from identity.other import y\n",
        "identity/other.py": "y = 1\n",
        "identity/table.json": "{}",
        "tracker/__init__.py": "",
        "tracker/boxes.py": "import os\n\n\ndef area(x):\n    return x\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("entry", "without", "behind"),
    [
        pytest.param("identity.look", (), {"identity.look", "tracker.boxes"}, id="import"),
        pytest.param("identity.late", (), {"identity.late", "tracker.boxes"}, id="in-a-function"),
        pytest.param("identity.typed", (), {"identity.typed"}, id="for-the-type-checker-only"),
        pytest.param("identity.look", ("tracker.boxes",), {"identity.look"}, id="left-out"),
        pytest.param("identity", (), {"identity", "identity.other"}, id="package"),
    ],
)
def test_what_is_behind_a_module(root, entry, without, behind):
    assert modules_behind([entry], without=without, root=root) == behind


@pytest.mark.parametrize(
    ("file", "text", "changes"),
    [
        pytest.param("identity/look.py", LOOK.replace("(x)", "( x )"), False, id="layout"),
        pytest.param("identity/look.py", LOOK + "# a remark\n", False, id="comment"),
        pytest.param("identity/look.py", LOOK.replace("Looks", "Words"), False, id="docstring"),
        pytest.param("identity/look.py", LOOK + "z = 2\n", True, id="code"),
        pytest.param("tracker/boxes.py", "def area(x):\n    return 2\n", True, id="code-behind"),
        pytest.param("identity/other.py", "y = 2\n", False, id="code-not-behind"),
    ],
)
def test_the_key_changes_with_the_meaning_only(root, file, text, changes):
    before = code_key(["identity.look"], root=root)
    (root / file).write_text(text)
    assert (code_key(["identity.look"], root=root) != before) is changes


def test_tables_beside_the_code_count_where_asked(root):
    before = [code_key(["identity.look"], data=d, root=root) for d in (False, True)]
    (root / "identity/table.json").write_text("[]")
    after = [code_key(["identity.look"], data=d, root=root) for d in (False, True)]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_an_unknown_entry_is_an_error(root):
    with pytest.raises(FileNotFoundError, match="identity.gone"):
        code_key(["identity.gone"], root=root)


def test_thresholds_of_findings_do_not_touch_what_was_seen():
    behind = modules_behind(["castcheck.observe"])
    assert "identity.appearance.looks" in behind
    assert not behind & {"identity.explanations.shot", "identity.judge", "castcheck.findings.crops"}
