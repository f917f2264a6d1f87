"""What a rendered frame costs: seconds of processor time and of wall-clock time per frame.

    LP_NUM_THREADS=1 python -m bench.studio_speed [--frames N] [--json FILE]

Start-up (assets, characters, set) is given apart. Encoding is not counted: it is a tenth of this.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from itertools import islice
from pathlib import Path

from studio.assets import open_assets
from studio.character import Wardrobe
from studio.director import stage_scene
from studio.film import Film
from studio.makehuman import Library
from studio.picture import RenderSettings
from studio.renderer import Renderer

SIZES = {
    "480x270, quality set": RenderSettings(480, 270, samples=4, shadow_px=1024),
    "640x360": RenderSettings(640, 360, samples=4),
    "854x480, samples": RenderSettings(854, 480, samples=4),
}


def measure(settings: RenderSettings, people: int, frames: int) -> dict[str, float]:
    """Render some frames of one scene; return seconds of start-up and seconds per frame."""
    scene = stage_scene(
        5, name="speed", story="gather", set_name="room", people=people, frames=120, video_look=0.3
    )
    began = time.process_time()
    library = Library(open_assets())
    with Renderer(settings) as renderer:
        film = Film(renderer, Wardrobe(library), scene)
        pictures = film.frames()
        next(pictures)
        start_s = time.process_time() - began
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in islice(pictures, frames):
            pass
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "start_cpu_s": round(start_s, 2),
        "frame_cpu_s": round(cpu / frames, 3),
        "frame_wall_s": round(wall / frames, 3),
    }


def main() -> int:
    """Measure all sizes with two and three people."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = {}
    print(f"{'':<34}{'start cpu s':>12}{'cpu s/frame':>12}{'wall s/frame':>13}")
    for size, settings in SIZES.items():
        for people in (2, 3):
            row = measure(settings, people, options.frames)
            rows[f"{size}, {people} people"] = row
            print(f"{size + f', {people} people':<34}" + "".join(f"{v:>12}" for v in row.values()))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
