"""The tables of `bench.speed`, ready to paste."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Figures = Mapping[str, Any]

_STAGES = {
    "detect": "detector",
    "shots": "cuts",
    "looks": "looks",
    "decode_and_rest": "decoding and the rest",
    "judge": "judging",
    "pictures": "second reading, pictures",
    "reports": "report.json, report.html",
}
_BASE_S = 60.0


def tables(found: Figures) -> Iterator[Table]:
    """Yield a table for each part that was measured; where there was no GPU, one of dashes."""
    if "rows" in found:
        yield rows_table(found["rows"], floor=found["floor"])
        yield stages_table(found["stages"])
        yield gpu_table(found["gpu"])
    if "sizes" in found:
        yield sizes_table(found["sizes"])
    if "workers" in found:
        yield workers_table(found["workers"])
    if "start" in found:
        yield start_table(found["start"])
    if "busy" in found:
        yield busy_table(found["busy"])
    if "resolutions" in found:
        yield resolutions_table(found["resolutions"])


def rows_table(rows: Figures, *, floor: str) -> Table:
    """Return what each row costs beside the floor."""
    cells = tuple(
        (
            name,
            f"{row['frames_per_s']:.1f}",
            f"{row['cpu_ms_per_frame']:.0f}",
            row["wall_ratio"],
            f"{row['wall_ratio_least']:.2f} to {row['wall_ratio_most']:.2f}",
            row["cpu_ratio"],
        )
        for name, row in rows.items()
    )
    columns = (
        "",
        "frames/s",
        "CPU ms a frame",
        "time / floor",
        "of the rounds",
        "CPU time / floor",
    )
    return Table("Beside the floor", columns, cells, f"Floor: {floor}. Medians of the rounds.")


def stages_table(stages: Figures) -> Table:
    """Return the share of each stage, a column per row of castcheck."""
    names = tuple(stages)
    totals = {name: sum(stages[name].get(stage, 0.0) for stage in _STAGES) for name in names}
    cells = tuple(
        (
            word,
            *(
                f"{stages[n].get(stage, 0.0):.1f} ({stages[n].get(stage, 0.0) / totals[n]:.0%})"
                for n in names
            ),
        )
        for stage, word in _STAGES.items()
    )
    return Table("Milliseconds a frame by stage (share)", ("stage", *names), cells if names else ())


def gpu_table(figures: Figures | None) -> Table:
    """Return the figures of a GPU."""
    words = {
        "frames_per_s": "frames/s",
        "times_real_time_at_24_fps": "times real time at 24 frames/s",
        "time_over_floor": "time / floor",
        "peak_gpu_mb": "peak MB on the GPU",
    }
    cells = tuple((word, None if figures is None else figures[key]) for key, word in words.items())
    return Table("GPU", ("", "castcheck"), cells, "" if figures else "There was no GPU.")


def sizes_table(sizes: Sequence[Figures]) -> Table:
    """Return cost and peak memory by length and number of people; memory beside that of 60 s."""
    base = next((s["peak_mb"] for s in sizes if s["seconds"] == _BASE_S and s["people"] == 3), None)
    cells = tuple(
        (
            f"{size['seconds']:g} s, {size['people']} people",
            f"{1000 * size['wall_s'] / size['frames']:.1f}",
            f"{1000 * size['cpu_s'] / size['frames']:.1f}",
            f"{1000 * size['stages_s']['judge'] / size['frames']:.1f}",
            f"{size['peak_mb']:.0f}",
            None if base is None else size["peak_mb"] / base,
        )
        for size in sizes
    )
    columns = (
        "clip",
        "ms a frame",
        "CPU ms a frame",
        "judging, ms a frame",
        "peak MB",
        "memory / that of 60 s",
    )
    return Table("Length and people, boxes given", columns, cells)


def workers_table(workers: Figures) -> Table:
    """Return what a second worker brings."""
    cells = (
        ("one worker", workers["one_clips_per_s"], None),
        ("two workers", workers["two_clips_per_s"], workers["ratio"]),
    )
    return Table("Workers, one thread each", ("", "clips/s", "ratio"), cells)


def start_table(rows: Sequence[Figures]) -> Table:
    """Return what a command takes from nothing."""
    cells = tuple((row["what"], row["wall_s"], row["cpu_s"]) for row in rows)
    return Table("From nothing to an answer", ("command", "s", "CPU s"), cells)


def busy_table(rows: Sequence[Figures]) -> Table:
    """Return what a clip takes beside busy loops, and how many times what it takes alone."""
    alone = next(row for row in rows if not row["loops"])
    cells = tuple(
        (
            f"{row['loops']} busy loops" if row["loops"] else "alone",
            row["wall_s"],
            row["cpu_s"],
            row["wall_s"] / alone["wall_s"],
        )
        for row in rows
    )
    return Table("Where something else runs", ("", "s", "CPU s", "times alone"), cells)


def resolutions_table(rows: Sequence[Figures]) -> Table:
    """Return cost and peak memory by the height of the picture."""
    cells = tuple(
        (
            f"{row['height_px']}p",
            f"{1000 * row['wall_s'] / row['frames']:.1f}",
            f"{1000 * row['cpu_s'] / row['frames']:.1f}",
            f"{row['peak_mb']:.0f}",
        )
        for row in rows
    )
    return Table("Resolution", ("", "ms a frame", "CPU ms a frame", "peak MB"), cells)
