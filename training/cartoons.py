"""Cartoon people, heads and animals, drawn from vector sets of the npm registry.

Half of what is generated is drawn, and no rendered figure has the flat face of a cartoon. Avatars
(DiceBear) are busts and heads put together at random; the people and animals of emoji sets come
as half figures, full figures and faces in five hands. Licences stand in `PACKAGES`; avataaars is
free for any use without a licence of a name.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from training.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("busts", "heads", "people", "animals")
_SCRIPT = Path(__file__).with_suffix(".mjs")
_BY = "MIT, designs CC-BY-4.0"
_CC0 = "MIT, designs CC0-1.0"
# Package and version range, licence.
PACKAGES = {
    "@dicebear/core@9": "MIT",
    "@dicebear/adventurer@9": _BY,
    "@dicebear/avataaars@9": "MIT, designs free for personal and commercial use",
    "@dicebear/big-ears@9": _BY,
    "@dicebear/lorelei@9": _CC0,
    "@dicebear/micah@9": _BY,
    "@dicebear/miniavs@9": _BY,
    "@dicebear/notionists@9": _CC0,
    "@dicebear/open-peeps@9": _CC0,
    "@dicebear/personas@9": _BY,
    "@dicebear/toon-head@9": _BY,
    "@iconify-json/fluent-emoji@1": "MIT",
    "@iconify-json/fluent-emoji-flat@1": "MIT",
    "@iconify-json/noto@1": "Apache-2.0",
    "@iconify-json/openmoji@1": "CC-BY-SA-4.0",
    "@iconify-json/twemoji@1": "CC-BY-4.0",
    "@resvg/resvg-js@2": "MPL-2.0",
}


def draw_cartoons(
    output: Path, *, each: int = 80, say: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Fill `output/{busts,heads,people,animals}` with PNGs that have alpha; return how many.

    Args:
        output: Folder; what is there already is drawn again.
        each: Avatars of each style.
        say: Is told each package with its version.

    Raises:
        CastcheckError: npm or node is not there, or a package cannot be fetched.
    """
    target = output.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "package.json").write_text("{}", encoding="utf-8")
        run_program("npm", "install", "--no-audit", "--no-fund", *PACKAGES, cwd=home)
        lines = []
        for wanted, licence in PACKAGES.items():
            package = wanted.rpartition("@")[0]
            facts = json.loads((home / "node_modules" / package / "package.json").read_text())
            lines.append(f"{package} {facts['version']}: {licence}\n")
            say(lines[-1].strip())
        run_program("node", str(_SCRIPT), str(target), str(each), cwd=home)
    with (target / "SOURCES.txt").open("a", encoding="utf-8") as sources:
        sources.writelines(lines)
    return {kind: len(list((target / kind).glob("*.png"))) for kind in KINDS}
