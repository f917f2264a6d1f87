"""One picture of a quality run; patterns and shapes tell the series apart, so it reads in grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.quality_tables import AIMS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BARS = (("precision", "0.85", "///"), ("recall", "0.6", "..."), ("f1", "0.25", ""))
_LABELS = {"f1": "F1"}


def draw(figures: Mapping[str, Any], file: Path, *, title: str) -> None:
    """Draw precision, recall and F1 per kind, confidence against the share right, and the peers.

    Raises:
        ImportError: matplotlib is not installed (it is in the `bench` extra).
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 8), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2)
    _draw_kinds(figure.add_subplot(grid[0, :]), figures["kinds"])
    _draw_calibration(figure.add_subplot(grid[1, 0]), figures)
    _draw_methods(figure.add_subplot(grid[1, 1]), figures["clip_alarms"])
    figure.suptitle(title)
    part = file.with_suffix(".part")
    # Without the metadata the same figures give the same bytes.
    figure.savefig(part, format="png", dpi=110, metadata={"Software": None})
    part.replace(file)


def _draw_kinds(axes: Any, kinds: Mapping[str, Mapping[str, Any]]) -> None:
    names = [name for name in (*AIMS, "all") if kinds[name]["events"] or kinds[name]["told"]]
    for k, (key, grey, hatch) in enumerate(_BARS):
        axes.bar(
            [i + 0.27 * (k - 1) for i in range(len(names))],
            [kinds[name][key] or 0 for name in names],
            width=0.25, color=grey, edgecolor="black", hatch=hatch, label=_LABELS.get(key, key),
        )  # fmt: skip
    aimed = [(i, AIMS[name]) for i, name in enumerate(names) if name in AIMS]
    axes.hlines(
        [aim for _, aim in aimed], [i - 0.42 for i, _ in aimed], [i + 0.42 for i, _ in aimed],
        colors="black", linestyles="dashed", label="aim (F1)",
    )  # fmt: skip
    ticks = [f"{name}\n{kinds[name]['found']} of {kinds[name]['events']}" for name in names]
    axes.set_xticks(range(len(names)), ticks)
    axes.set_ylim(0, 1.08)
    axes.legend(ncols=4, loc="upper center", bbox_to_anchor=(0.5, 1.14), frameon=False)


def _draw_calibration(axes: Any, figures: Mapping[str, Any]) -> None:
    rows = [row for row in figures["calibration"] if row["findings"]]
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="dashed", label="as it should be")
    axes.plot(
        [r["confidence"] for r in rows], [r["right"] for r in rows], color="black", marker="o",
        label="findings",
    )  # fmt: skip
    for r in rows:
        axes.annotate(
            str(r["findings"]), (r["confidence"], r["right"]), textcoords="offset points",
            xytext=(6, -12),
        )  # fmt: skip
    axes.set_xlim(0.5, 1.01)
    axes.set_ylim(-0.03, 1.05)
    axes.set_xlabel("confidence (number of findings beside the point)")
    axes.set_ylabel("share right")
    axes.legend(loc="upper left", frameon=False)


def _draw_methods(axes: Any, methods: Mapping[str, Mapping[str, Any]]) -> None:
    names = [name for name, row in methods.items() if row["f1"] is not None][::-1]
    places = range(len(names))
    axes.barh(places, [methods[n]["f1"] for n in names], color="0.6", edgecolor="black", label="F1")
    axes.plot(
        [methods[n]["auc"] for n in names], places, color="black", marker="D", linestyle="none",
        label="AUC",
    )  # fmt: skip
    axes.set_yticks(places, names)
    axes.set_xlim(0, 1.02)
    axes.set_xlabel("broken or clean, clip by clip; best threshold on these clips")
    axes.legend(loc="lower right")
