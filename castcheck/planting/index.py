"""The page and the list of everything planted, so that a person can throw out what looks wrong."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from castcheck.report.writers import OutputError
from castcheck.support.json_text import from_json
from scenes.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from castcheck.planting.material import Material
    from castcheck.planting.plan import Plan

    Image = NDArray[np.uint8]

SCHEMA = "castcheck.planted/1"
_PICTURE_PX = 150  # height
_JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip of a planted set.

    Attributes:
        clip: File name.
        group: The kind it counts as, "legal" or "clean".
        kind: Row of the table.
        source, shot: What it was made of.
        where: How the error comes.
        onset, onset_frames: When, and over how many pictures.
        strength: Measured; `None` where there is none to measure.
        strength_asked: What was asked for.
        pictures: JPEGs as base64: before, at once after, and later.
    """

    clip: str
    group: str
    kind: str
    source: str
    shot: int
    where: str
    onset: int
    onset_frames: int
    strength: float | None
    strength_asked: float
    pictures: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def of(
        cls, clip: str, group: str, plan: Plan, material: Material, event: dict[str, Any],
        planted: dict[str, Any], pictures: Sequence[Image],
    ) -> Entry:  # fmt: skip
        """Make the entry of a planted clip."""
        take = plan.take
        until = plan.until if plan.until is not None else len(pictures)
        after = take.onset + (take.onset_frames + 1) // 2
        if group == "drift":
            after = until
        last = len(pictures) - 1
        wanted = (
            max(0, take.onset - max(1, take.onset_frames // 2) - 1),
            after,
            (after + last) // 2,
        )
        return cls(
            clip, group, planted["as"], planted["source"], material.shot, take.where, take.onset,
            take.onset_frames, event.get("strength"), planted["asked_strength"],
            tuple(_jpeg(pictures[min(max(0, k), last)]) for k in wanted),
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the list."""
        return {
            "clip": self.clip,
            "keep": True,
            "kind": self.group,
            "as": self.kind,
            "source": self.source,
            "shot": self.shot,
            "where": self.where,
            "start_frame": self.onset,
            "onset_frames": self.onset_frames,
            "strength": self.strength,
            "asked_strength": self.strength_asked,
        }


def write_index(out: Path, entries: Sequence[Entry], notes: dict[str, str]) -> None:
    """Write `index.json` and `index.html` into a planted set.

    Raises:
        OutputError: They cannot be written.
    """
    data = {
        "schema": SCHEMA,
        "clips": [entry.to_dict() for entry in entries],
        "left_out": [{"source": name, "reason": why} for name, why in notes.items()],
    }
    text = json.dumps(data, indent=1, ensure_ascii=False) + "\n"
    write_whole(out / "index.json", text)
    write_whole(out / "index.html", _page(entries, data))


def write_whole(path: Path, text: str) -> None:
    """Write a text file whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as err:
        reason = (err.strerror or str(err)).lower()
        raise OutputError(f"cannot be written: {reason}", where=path, hint="make room") from err
    finally:
        part.unlink(missing_ok=True)


def read_index(path: Path) -> dict[str, Any]:
    """Return what stands in an `index.json`.

    Raises:
        ConfigError: It is no list of a planted set.
    """
    data: Any = None
    try:
        data = from_json(path.read_text(encoding="utf-8"))
        known = data["schema"] == SCHEMA and all(isinstance(e["clip"], str) for e in data["clips"])
    except OSError as err:
        raise ConfigError(
            f"cannot be read ({(err.strerror or str(err)).lower()})", where=path, hint="check it"
        ) from err
    except (KeyError, TypeError, ValueError):
        known = False
    if not known:
        raise ConfigError(
            "is not a list of planted clips",
            where=path,
            hint="give the index.json of `castcheck plant`",
        )
    return dict(data)


def keep_only(folder: Path, kept: dict[str, Any]) -> tuple[int, int]:
    """Remove from a planted set what a list no longer names, or marks with `"keep": false`.

    Only files that the set's own list names are ever removed.

    Returns:
        How many clips are left, and how many were removed.
    """
    own = read_index(folder / "index.json")
    wanted = {e["clip"] for e in kept["clips"] if e.get("keep", True)}
    stay = [e for e in own["clips"] if e["clip"] in wanted]
    gone = [e for e in own["clips"] if e["clip"] not in wanted]
    for entry in gone:
        clip = folder / str(entry["clip"]).replace("/", "_")
        clip.unlink(missing_ok=True)
        clip.with_name(f"{clip.stem}.truth.json").unlink(missing_ok=True)
    own["clips"] = [{**entry, "keep": True} for entry in stay]
    write_whole(folder / "index.json", json.dumps(own, indent=1, ensure_ascii=False) + "\n")
    page = folder / "index.html"
    if page.exists():
        text = page.read_text(encoding="utf-8")
        for entry in gone:
            text = _without(text, str(entry["clip"]))
        start, stop = text.find(_LIST_OPENS), text.rfind(_LIST_CLOSES)
        if 0 <= start < stop:
            text = text[: start + len(_LIST_OPENS)] + _listed(own) + text[stop:]
        write_whole(page, text)
    return len(stay), len(gone)


def _without(text: str, clip: str) -> str:
    """Take one clip's part out of the page."""
    start = text.find(f'<section data-clip="{escape(clip)}"')
    stop = text.find("</section>", start)
    return text if start < 0 or stop < 0 else text[:start] + text[stop + len("</section>") :]


def _jpeg(rgb: Image) -> str:
    height, width = rgb.shape[:2]
    size = (max(1, round(width * _PICTURE_PX / height)), _PICTURE_PX)
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    quality = [int(cv2.IMWRITE_JPEG_QUALITY), _JPEG_QUALITY]
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(small[..., ::-1]), quality)
    return base64.b64encode(data.tobytes()).decode("ascii")


_STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:76rem;padding:0 1rem}
section{border-top:1px solid #8886;padding:.7rem 0}
section.out{opacity:.35}
figure{display:inline-block;margin:.2rem .5rem .2rem 0}
figure img{height:150px;border-radius:3px;display:block}
figcaption{font-size:.8rem;opacity:.75}
h2{font-size:1rem;margin:.1rem 0}
.bar{position:sticky;top:0;background:Canvas;padding:.5rem 0;z-index:1}
button,label{font:inherit}
button{padding:.4rem .8rem}
label{display:inline-block;padding:.4rem 0}
input{width:1.2rem;height:1.2rem;vertical-align:middle;margin:0 .3rem 0 0}
a{overflow-wrap:anywhere}
@media (max-width:600px){
 .shown{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.3rem}
 figure{margin:0}
 figure img{width:100%;height:auto}
}
"""
_SCRIPT = """
const data=JSON.parse(document.getElementById('list').textContent);
function update(){let n=0;document.querySelectorAll('section').forEach(s=>{
 const on=s.querySelector('input').checked;s.classList.toggle('out',!on);n+=on;
 const e=data.clips.find(c=>c.clip===s.dataset.clip);if(e)e.keep=on;});
 document.getElementById('count').textContent=n+' kept';}
document.addEventListener('change',update);
document.getElementById('save').onclick=()=>{const a=document.createElement('a');
 a.href=URL.createObjectURL(new Blob([JSON.stringify(data,null,1)],{type:'application/json'}));
 a.download='kept.json';a.click();};
update();
"""


_LIST_OPENS = '<script type="application/json" id="list">'
_LIST_CLOSES = "</script><script>"


def _listed(data: dict[str, Any]) -> str:
    """Return the list as it stands in the page: "</" would end the script around it."""
    return json.dumps(data, ensure_ascii=False).replace("</", "<\\/")


def _page(entries: Sequence[Entry], data: dict[str, Any]) -> str:
    parts = []
    for entry in entries:
        strength = "" if entry.strength is None else f", strength {entry.strength:.2f}"
        when = f", from frame {entry.onset}" if entry.group != "clean" else ""
        over = f" over {entry.onset_frames} frames" if entry.onset_frames > 1 else ""
        words = ("before", "after", "later")
        shown = "".join(
            f'<figure><img alt="{word}" src="data:image/jpeg;base64,{picture}">'
            f"<figcaption>{word}</figcaption></figure>"
            for word, picture in zip(words, entry.pictures, strict=True)
        )
        title = escape(entry.kind.replace("_", " "))
        name = escape(entry.clip)
        parts.append(
            f'<section data-clip="{name}"><label><input type="checkbox" checked> keep</label>'
            f"<h2>{title}: {escape(entry.where)}{when}{over}{strength}</h2>"
            f'<div><a href="{name}">{name}</a></div>'
            f'<div class="shown">{shown}</div></section>'
        )
    left = "".join(
        f"<li>{escape(row['source'])}: {escape(row['reason'])}</li>" for row in data["left_out"]
    )
    left = f"<h2>Not planted</h2><ul>{left}</ul>" if left else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Planted errors</title><style>{_STYLE}</style><h1>Planted errors</h1>"
        "<p>Take the mark from what looks wrong, save the list, and run "
        "<code>castcheck plant --keep-from kept.json -o THIS_FOLDER</code>.</p>"
        '<div class="bar"><button id="save">Save the list</button> <span id="count"></span></div>'
        f"{''.join(parts)}{left}"
        f"{_LIST_OPENS}{_listed(data)}{_LIST_CLOSES}{_SCRIPT}</script>"
    )
