"""Writes `docs/cli.md` from the commands: `python -m tools.cli_reference > docs/cli.md`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import typer

from castcheck.cli import app
from castcheck.tables.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Command line

This page is made from the code: `make docs`. Every command explains itself with `--help`.

A flag beats the file given with `--config`, and the file beats the default. stdout carries
results, stderr progress and messages.

## Exit codes

| code | means |
|---|---|
| 0 | nothing at or above the gate |
| 1 | findings at or above the gate |
| 2 | bad usage or a bad clip: one line on stderr says what, where and what to do |
| 3 | a bug in castcheck; `CASTCHECK_DEBUG=1` shows where |
| 130 | interrupted |

With several clips the highest code is returned, and one failing clip doesn't stop the rest.

## Files

`castcheck check` writes to `castcheck-out/<clip stem>/`, or below the folder given with `-o`.
What an earlier run wrote there and this one does not write anew is removed, also where the clip turns out to be bad, so that no old page stands beside a
new report. castcheck knows its files by their SHA-256, kept in `castcheck-out/.castcheck/`, and removes no other.

| format | file | holds |
|---|---|---|
"""
_JSON = """
`--json -` prints one line of JSON per clip, and nothing else:

```sh
castcheck check clip.mp4 --json - --quiet | jq -r '.findings[] | [.start_frame, .kind, .message] | @tsv'
```
"""
_MODELS = """
The best model that was pulled before is `auto`; without one it is the bundled one. A name or a path pins it, and the
report holds name and sha256 of both. `--detector` also takes a folder of stored boxes, `--embedder` also `colour`.
Known models are kept in `~/.cache/castcheck/models`, or under `$CASTCHECK_CACHE`. Pickled weights can run code when they
are opened: castcheck opens those whose sha256 it knows, and others only with `--trust-weights`.
On a CPU a checkpoint of an Ultralytics detector is written once as an ONNX graph, in `~/.cache/castcheck/graphs` or `$CASTCHECK_CACHE/graphs` (2.5 s, 13 MB for YOLOv8n):
that takes a quarter less time for a picture, and later runs load neither torch nor Ultralytics. Keep the folder from job to job in CI. A detector that you
exported yourself needs no trust: `yolo export model=yolo11m.pt format=onnx dynamic=True`, then `--detector yolo11m.onnx`.
What compares faces is `--faces`: `bundled`, or OpenCV's YuNet and SFace as `sface`, after `castcheck models pull yunet sface`, or `off`. It reads the heads
that the bundled embedder tells; another embedder tells none, and then the report's `faces` is null.
`youtu-reid-2021`, `dinov2-small` and `clip-vit-b32` were not measured, so they are never `auto`, only named. The report says
that they are not calibrated, and each clip sets their scale as far as it can.
"""


def reference() -> str:
    """Return the page."""
    group: Any = typer.main.get_command(app)
    rows = (
        f"| `{row.name}` | {f'`{row.filename}`' if row.filename else '(printed)'} | {row.about} |"
        for row in FORMATS.values()
    )
    lines = [_HEAD + "\n".join(rows), _JSON]
    for name, command in group.commands.items():
        if name == "models":
            lines += ["## models", _MODELS, "| command | does |", "|---|---|"]
            lines += [
                f"| `castcheck models {each} {_arguments(one)}".rstrip()
                + f"` | {_first(one.help)} |"
                for each, one in command.commands.items()
            ]
            lines.append("")
        else:
            lines += [f"## {name}", "", *_command(f"castcheck {name}", command)]
    return "\n".join(lines).rstrip() + "\n"


def _command(path: str, command: Any) -> Iterator[str]:
    yield f"    {path} {_arguments(command)} [OPTIONS]"
    yield ""
    yield _first(command.help)
    yield ""
    yield "| option | does | default |"
    yield "|---|---|---|"
    for parameter in command.params:
        if parameter.param_type_name != "option" or parameter.name == "help":
            continue
        flag = ", ".join([*parameter.opts, *parameter.secondary_opts])
        value = "" if parameter.is_flag else f" {parameter.metavar or 'VALUE'}"
        text, default = _split(parameter.help or "")
        if not default and parameter.show_default and not parameter.is_flag:
            default = "" if parameter.default is None else str(parameter.default)
        yield f"| `{flag}{value}` | {text} | {f'`{default}`' if default else ''} |"
    yield ""


def _arguments(command: Any) -> str:
    names = (p.metavar or p.name.upper() for p in command.params if p.param_type_name == "argument")
    return " ".join(names)


def _split(text: str) -> tuple[str, str]:
    """Return a help text without its default, and the default."""
    head, mark, tail = text.partition(" (default: ")
    if not mark:
        return text.replace("|", "\\|"), ""
    default, _, rest = tail.partition(")")
    return (head + rest).replace("|", "\\|"), default


def _first(text: str | None) -> str:
    return (text or "").strip().splitlines()[0]


if __name__ == "__main__":
    sys.stdout.write(reference())
