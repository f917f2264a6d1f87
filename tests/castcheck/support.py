"""Reports, pictures and a pipeline made up for the tests: no model, no clip needed."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from castcheck.facts.report import (
    CharacterFacts,
    ClipFacts,
    Curve,
    Report,
    SegmentFacts,
    ShotFacts,
    TrackletFacts,
)
from castcheck.report.visuals import Comparison, Picture, Visuals
from castcheck.report.writers import ReportInputs
from identity.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from castcheck.config import Config

FPS = 24
SHA = "0123456789abcdef" * 4
PROVENANCE = {
    "version": "0.1.0",
    "detector": {"name": "drawn", "sha256": SHA},
    "embedder": {"name": "drawn", "sha256": SHA},
    "config": {"run": {"device": "cpu"}},
    "device": "cpu",
}
_SKIN = ("#e8b890", "#8d5a3a", "#f1c9a5", "#6b4226")
_CLOTHES = ("#8c2f2b", "#2b5f8c", "#3f7a46", "#c9a227", "#5c4a86", "#c96f4a", "#3c3f44", "#b8c4cf")


def person_jpeg(look: int, *, tint: float = 0.0, size: tuple[int, int] = (64, 128)) -> bytes:
    """Draw somebody: `look` picks skin, top and trousers; `tint` in [0, 1] turns the top grey."""
    width, height = size
    picture = Image.new("RGB", size, "#c8ccd0")
    draw = ImageDraw.Draw(picture)
    top = _mix(_CLOTHES[look % 8], "#9a9a9a", tint)
    draw.rectangle((width * 0.24, height * 0.28, width * 0.76, height * 0.62), fill=top)
    legs = _CLOTHES[(look * 3 + 6) % 8]
    draw.rectangle((width * 0.3, height * 0.62, width * 0.7, height * 0.97), fill=legs)
    head = (width * 0.36, height * 0.06, width * 0.64, height * 0.27)
    draw.ellipse(head, fill=_SKIN[look % 4])
    draw.pieslice(head, 180, 360, fill=_CLOTHES[(look * 5 + 4) % 8])
    return _jpeg(picture)


def shot_jpeg(index: int) -> bytes:
    """Draw a room."""
    picture = Image.new("RGB", (160, 90), _mix("#7d8fa3", "#d8b98a", (index * 0.37) % 1))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 62, 160, 90), fill="#5a4c41")
    draw.rectangle((20 + 23 * index % 90, 14, 58 + 23 * index % 90, 50), fill="#e9e4d6")
    for spot in range(2):
        x = 40 + spot * 50 + (index * 11) % 20
        draw.rectangle((x, 40, x + 16, 80), fill=_CLOTHES[(index + spot) % 8])
        draw.ellipse((x + 3, 26, x + 13, 40), fill=_SKIN[(index + spot) % 4])
    return _jpeg(picture)


def empty_report(path: str = "empty.mp4") -> Report:
    """A clip in which nobody was found."""
    return Report(
        clip=ClipFacts(path, SHA, 640, 360, 48, "24/1", 2.0),
        verdict="abstain",
        shots=(ShotFacts(0, 0, 48, 0.0, 2.0, "start"),),
        provenance=PROVENANCE,
    )


def single_report(path: str = "single.mp4") -> Report:
    """A clip of one frame with one person who cannot be judged."""
    return Report(
        clip=ClipFacts(path, SHA, 320, 240, 1, "24/1", 1 / FPS),
        verdict="abstain",
        shots=(ShotFacts(0, 0, 1, 0.0, 1 / FPS, "start"),),
        characters=(CharacterFacts("char-01", None, None, 1 / FPS, "seen in one frame only"),),
        tracklets=(
            TrackletFacts(
                0, 0, (0,), ((10, 20, 60, 200),), (0.91,), (SegmentFacts(0, 1, "char-01"),)
            ),
        ),
        provenance=PROVENANCE,
        degradations=("cuda unavailable, used cpu",),
    )


def full_report(path: str = "room_swap.mp4") -> Report:
    """Three shots, three people, a swap, a drift and somebody who vanishes."""
    people = (
        CharacterFacts("char-01", None, 0.62, 4.9, "", "dark red top, dark trousers"),
        CharacterFacts("char-02", "Mei", 0.71, 4.7, "", "blue top, red trousers"),
        CharacterFacts("char-03", None, None, 0.8, "too small to judge", "green top"),
    )
    tracklets = (
        _tracklet(0, 0, 0, 66, 60, ((0, 38, "char-01"), (38, 66, "char-02"))),
        _tracklet(1, 0, 0, 66, 320, ((0, 38, "char-02"), (38, 66, "char-01"))),
        _tracklet(2, 1, 66, 100, 120, ((66, 100, "char-01"),)),
        _tracklet(3, 2, 100, 150, 90, ((100, 150, "char-02"),), falls=True),
        _tracklet(4, 2, 110, 128, 420, ((110, 128, "char-03"),), curve=False),
        _tracklet(5, 1, 70, 76, 520, ((70, 76, None),), curve=False),
        _tracklet(6, 1, 70, 96, 420, ((70, 96, "char-02"),), curve=False, doubtful=True),
    )
    findings = (
        Finding(
            "drift", "major", 0.81, ("char-02",), (3,), (2,), 108, 142,
            "Mei's top turns from blue to grey over 1.4 s.",
            {"slope_per_s": -0.31, "noise": 0.02, "cues": {"upper": 0.91, "face": None}},
        ),
        Finding(
            "swap", "critical", 0.97, ("char-01", "char-02"), (0, 1), (0,), 38, 39,
            "char-01 and Mei exchange their looks in full view.",
            {"same_before": 0.98, "same_after": 0.04, "frames": [37, 38]},
        ),
        Finding(
            "vanish", "minor", 0.64, ("char-03",), (4,), (2,), 128, 129,
            "char-03 disappears in full view.",
        ),
    )  # fmt: skip
    return Report(
        clip=ClipFacts(path, SHA, 640, 360, 150, "24/1", 6.25),
        verdict="fail",
        shots=(
            ShotFacts(0, 0, 66, 0.0, 2.75, "start"),
            ShotFacts(1, 66, 100, 2.75, 100 / FPS, "cut"),
            ShotFacts(2, 100, 150, 100 / FPS, 6.25, "dissolve"),
        ),
        characters=people,
        tracklets=tracklets,
        findings=findings,
        frame_times_s=tuple(frame / FPS for frame in range(150)),
        provenance=PROVENANCE,
        degradations=("cuda unavailable, used cpu",),
        timings={"decode": 0.41, "detect": 2.3, "looks": 1.7},
    )


def crowd_report(*, shots: int = 200, people: int = 30, path: str = "crowd.mp4") -> Report:
    """A minute of many shots with many people, and a finding every few shots."""
    length = max(1, 1440 // shots)
    frames = shots * length
    facts = tuple(
        ShotFacts(i, i * length, (i + 1) * length, i * length / FPS, (i + 1) * length / FPS,
                  "cut" if i else "start")
        for i in range(shots)
    )  # fmt: skip
    tracklets = tuple(
        _tracklet(
            2 * i + side, i, i * length, (i + 1) * length, 60 + 280 * side,
            ((i * length, (i + 1) * length, f"char-{(2 * i + side) % people + 1:02d}"),),
        )
        for i in range(shots)
        for side in (0, 1)
    )  # fmt: skip
    findings = tuple(
        Finding(
            ("morph", "drift", "clone", "pop_in", "attribute_swap")[i % 5],  # type: ignore[arg-type]
            ("major", "minor", "critical")[i % 3], 0.5 + (i % 5) / 10,  # type: ignore[arg-type]
            (f"char-{2 * i % people + 1:02d}",), (2 * i,), (i,), i * length + 2, i * length + 3,
            f"Something happens in shot {i + 1}.",
        )
        for i in range(0, shots, 9)
    )  # fmt: skip
    return Report(
        clip=ClipFacts(path, SHA, 640, 360, frames, "24/1", frames / FPS),
        verdict="fail" if findings else "pass",
        shots=facts,
        characters=tuple(
            CharacterFacts(f"char-{i + 1:02d}", None, 0.9, 3.1) for i in range(people)
        ),
        tracklets=tracklets,
        findings=findings,
        provenance=PROVENANCE,
    )


def pass_report(path: str = "room_clean.mp4") -> Report:
    """The clean twin of `full_report`."""
    full = full_report(path)
    calm = tuple(
        TrackletFacts(t.id, t.shot, t.frames, t.boxes, t.scores,
                      (SegmentFacts(t.frames[0], t.frames[-1] + 1, f"char-0{t.id % 2 + 1}"),))
        for t in full.tracklets[:4]
    )  # fmt: skip
    return Report(
        clip=full.clip,
        verdict="pass",
        shots=full.shots,
        characters=tuple(
            CharacterFacts(c.id, c.name, 0.97, c.screen_s, "", c.description)
            for c in full.characters[:2]
        ),
        tracklets=calm,
        provenance=PROVENANCE,
    )


def make_visuals(report: Report, *, per_strip: int = 14) -> Visuals:
    """Draw the pictures for a report."""
    looks = {character.id: index for index, character in enumerate(report.characters)}
    strips: dict[str, list[Picture]] = {name: [] for name in looks}
    for tracklet in report.tracklets:
        for segment in tracklet.segments:
            if segment.character is None:
                continue
            step = max(1, (segment.stop_frame - segment.start_frame) // 4)
            for frame in range(segment.start_frame, segment.stop_frame, step):
                strips[segment.character].append(
                    _picture(frame, tracklet.id, looks[segment.character])
                )
    comparisons = {
        finding.finding_id: tuple(
            _comparison(finding, name, looks, spot) for spot, name in enumerate(finding.characters)
        )
        for finding in report.findings
    }
    return Visuals(
        strips={n: tuple(sorted(s, key=lambda p: p.frame)[:per_strip]) for n, s in strips.items()},
        comparisons=comparisons,
        shot_pictures={shot.index: shot_jpeg(shot.index) for shot in report.shots},
    )


def make_material(report: Report, config: Config, clip: Path) -> ReportInputs:
    """Everything a writer needs."""
    return ReportInputs(report, make_visuals(report), config.report, clip)


@dataclass
class FakeOutcome:
    report: Report
    visuals: Visuals


@dataclass
class FakePipeline:
    """Stands in for the pipeline: the name of a clip says what it answers.

    `errors` maps a clip's name to what is raised for it.
    """

    errors: dict[str, BaseException] = field(default_factory=dict)
    load_error: BaseException | None = None
    advice: tuple[str, ...] = ()
    loads: int = 0
    judged: list[str] = field(default_factory=list)
    configs: list[Any] = field(default_factory=list)

    def load_models(self, config: Config) -> object:
        self.loads += 1
        if self.load_error is not None:
            raise self.load_error
        return SimpleNamespace(advice=self.advice)

    def judge(
        self,
        clip: Path,
        *,
        config: Config,
        models: object,
        progress: Callable[[str, int, int | None], None],
    ) -> FakeOutcome:
        print("a library that talks too much")  # noqa: T201
        progress("finding characters", 1, 2)
        self.judged.append(clip.name)
        self.configs.append(config)
        if clip.name in self.errors:
            raise self.errors[clip.name]
        makers = {"swap": full_report, "empty": empty_report, "one": single_report}
        report = makers.get(clip.stem.split("_")[-1], pass_report)(str(clip))
        return FakeOutcome(report, make_visuals(report))


def write_clip(path: Path, *, frames: int = 12, size: tuple[int, int] = (64, 48)) -> Path:
    """Encode a small moving picture."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for index in range(frames):
            rgb = np.full((size[1], size[0], 3), 40 + 5 * index % 180, np.uint8)
            rgb[:, : 1 + index * size[0] // frames] = (200, 60, 60)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        container.mux(stream.encode())
    return path


def _tracklet(
    number: int,
    shot: int,
    start: int,
    stop: int,
    left: float,
    segments: tuple[tuple[int, int, str | None], ...],
    *,
    falls: bool = False,
    curve: bool = True,
    doubtful: bool = False,
) -> TrackletFacts:
    frames = tuple(range(start, stop))
    boxes = tuple(
        (
            left + 0.7 * (f - start),
            90.0 + 3 * math.sin(f / 5),
            left + 80.0 + 0.7 * (f - start),
            330.0,
        )
        for f in frames
    )
    changes = [a for a, _, _ in segments[1:]]
    return TrackletFacts(
        number,
        shot,
        frames,
        boxes,
        tuple(0.9 + 0.05 * math.sin(f) for f in frames),
        tuple(SegmentFacts(a, b, name, doubtful) for a, b, name in segments),
        Curve(frames, tuple(_similarity(f, start, stop, changes, falls) for f in frames))
        if curve
        else None,
    )


def _similarity(frame: int, start: int, stop: int, changes: list[int], falls: bool) -> float:
    wobble = 0.03 * math.sin(frame * 1.7) + 0.02 * math.sin(frame * 0.61)
    if any(frame >= change for change in changes):
        return 0.22 + wobble
    if falls:
        return 0.93 - 0.6 * max(0.0, (frame - start) / (stop - start) - 0.15) + wobble
    return 0.93 + wobble


def _comparison(finding: Finding, name: str, looks: dict[str, int], spot: int) -> Comparison:
    track = finding.tracklets[min(spot, len(finding.tracklets) - 1)]
    before, other = (
        looks[name],
        looks[finding.characters[1 - spot]] if len(finding.characters) == 2 else looks[name] + 4,
    )
    tint = 0.0
    if finding.kind == "drift":
        other, tint = before, 0.8
    start, stop = finding.start_frame, finding.stop_frame
    after: tuple[Picture, ...] = (
        _picture(stop - 1, track, other, tint),
        _picture(stop + 5, track, other, tint),
    )
    if finding.kind == "vanish":
        after = ()
    return Comparison(
        name, (_picture(start - 7, track, before), _picture(start - 1, track, before)), after
    )


def _picture(frame: int, track: int, look: int, tint: float = 0.0) -> Picture:
    return Picture(max(0, frame), track, person_jpeg(look, tint=tint), 64, 128)


def _mix(one: str, other: str, share: float) -> str:
    a, b = (tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in (one, other))
    return "#" + "".join(f"{round(x + share * (y - x)):02x}" for x, y in zip(a, b, strict=True))


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return file.getvalue()
