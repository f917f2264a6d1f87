"""Fetches what no set of the studio holds: photographs, things, animals, drawn figures.

Rendered sets are few, and a detector that has seen nothing else takes trees and flower pots for
people. Cutting figures out and pasting them onto other pictures is known to help (Dwibedi et al.
2017, "Cut, Paste and Learn", https://arxiv.org/abs/1708.01642). Everything comes from the package
registries, under licences that allow it; `SOURCES.txt` names package, version and licence. None of
it is filmed or generated video; its only portraits are painted ones of people in tales.
"""

from __future__ import annotations

import base64
import re
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from scenes.errors import CastcheckError
from training.cartoons import draw_cartoons
from training.programs import run_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Image = NDArray[np.uint8]

KINDS = ("backdrops", "clutter", "creatures", "painted")
LONGEST_PX = 900
# Human figures of any material would be taught as "not a character".
_FIGURES = re.compile(
    r"man\b|woman|girl|boy|female|male|doll|people|statue|santa|snowman", re.IGNORECASE
)
_STAMPS = "usr/share/tuxpaint/stamps"
_CLIPART = "usr/share/openclipart/png"
# Two in one picture would be taught as one character.
_MOUNTED = (
    r"horse|rider|knight|cavalr|cavalier|lancer|paladin|tauroch|direwolver|pillager|campaign-image"
)


@dataclass(frozen=True, slots=True)
class Source:
    """One package, and which of its pictures are of which kind.

    Attributes:
        package: Its name; with a slash it is an npm package, else one of Debian.
        licence: As the package states it.
        takes: Glob inside the unpacked package, and the kind of what it finds.
        leaves: Pictures whose path matches are left out.
    """

    package: str
    licence: str
    takes: tuple[tuple[str, str], ...]
    leaves: str = r"fog|lgt|illum|friends_by|Autumn"


_FREE = "CC-BY-4.0, CC-BY-SA, CC0"
_BACKGROUNDS = (("**/backgrounds/*", "backdrops"),)
SOURCES = (
    Source("gnome-backgrounds", "CC-BY-SA-3.0", (("**/gnome/*", "backdrops"),)),
    Source("mate-backgrounds", "GPL-2+, CC-BY-SA-4.0", (("**/mate/*/*", "backdrops"),)),
    Source("lomiri-wallpapers-16.04", _FREE, _BACKGROUNDS),
    Source("lomiri-wallpapers-20.04", _FREE, _BACKGROUNDS),
    Source("ukui-wallpapers", "CC-BY-SA-3.0", _BACKGROUNDS),
    Source(
        "plasma-workspace-wallpapers", "GPL-2+",
        (("**/images*/1920x1080.*", "backdrops"), ("**/images*/2560x1600.*", "backdrops")),
    ),
    Source("stellarium-data", "GPL-2+", (("**/landscapes/*/*.png", "backdrops"),)),
    Source("@pmndrs/assets", "CC0-1.0", (("package/hdri/*.exr.js", "backdrops"),)),
    Source("sweethome3d-furniture", "CC-BY-3.0, CC0", (("**/*.sh3f/*/*.png", "clutter"),)),
    Source(
        "tuxpaint-stamps-default", "GPL-2",
        (
            *(
                (f"{_STAMPS}/{room}/**/*.png", "clutter")
                for room in ("food", "household", "plants", "hobbies", "vehicles", "town/houses")
            ),
            (f"{_STAMPS}/animals/ma*s/**/*.png", "creatures"),
        ),
    ),
    Source(
        "openclipart-png", "public domain",
        (
            *(
                (f"{_CLIPART}/{room}/**/*.png", "clutter")
                for room in (
                    "buildings", "containers", "electronics", "food", "office", "plants", "tools",
                    "transportation",
                )
            ),
            (f"{_CLIPART}/animals/mammals/**/*.png", "creatures"),
        ),
    ),
    *(
        Source(
            f"wesnoth-1.16-{part}", "GPL-2+, CC-BY-SA-4.0",
            (("**/portraits/**/*.png", "painted"),), _MOUNTED,
        )
        for part in (
            "data", "did", "dm", "dw", "ei", "httt", "l", "low", "nr", "sof", "sota", "sotbe",
            "thot", "trow", "tsg", "ttb", "utbs",
        )
    ),
    Source("renpy-thequestion", "MIT", (("**/images/sylvie *.png", "painted"),)),
    Source(
        "renpy-demo", "MIT",
        (("**/images/eileen *.png", "painted"), ("**/images/lucy *.png", "painted")),
    ),
)  # fmt: skip


def fetch(output: Path, *, say: Callable[[str], None] = lambda _: None) -> dict[str, int]:
    """Fill the folders of `KINDS` and of cartoons; return how many pictures each holds.

    Raises:
        CastcheckError: A package cannot be fetched or unpacked.
    """
    counts = dict.fromkeys(KINDS, 0)
    lines = []
    for kind in KINDS:
        (output / kind).mkdir(parents=True, exist_ok=True)
    for source in SOURCES:
        with tempfile.TemporaryDirectory() as scratch:
            version = _unpack(source.package, Path(scratch))
            for kind, name, picture in pictures_of(source, Path(scratch)):
                target = output / kind / f"{source.package.replace('/', '_')}-{name}.png"
                cv2.imwrite(str(target), picture)
                counts[kind] += 1
        lines.append(f"{source.package} {version}: {source.licence}\n")
        say(f"{source.package} {version}")
    (output / "SOURCES.txt").write_text("".join(lines), encoding="utf-8")
    return {**counts, **draw_cartoons(output, say=say)}


def pictures_of(source: Source, folder: Path) -> Iterator[tuple[str, str, Image]]:
    """Yield kind, name and (H, W, 3 or 4) BGR(A) picture of all that a source takes.

    Cut-outs keep their alpha; of a backdrop only the rows that are nowhere transparent are taken.
    """
    for pattern, kind in source.takes:
        for path in sorted(folder.glob(pattern)):
            inside = str(path.relative_to(folder))
            if not path.is_file() or re.search(source.leaves, inside):
                continue
            if kind != "painted" and _FIGURES.search(path.stem):
                continue
            picture = _panorama(path) if path.suffix == ".js" else _read(path)
            if picture is None:
                continue
            if kind == "backdrops":
                picture = solid_rows(picture)
            elif picture.shape[2] != 4 or _is_figure(path):
                continue
            if min(picture.shape[:2]) >= 24:
                name = re.sub(r"[^\w]+", "_", inside.rpartition(".")[0])[-60:]
                yield kind, name, picture


def solid_rows(picture: Image) -> Image:
    """Return the rows of an (H, W, 3 or 4) picture that hide all behind them, as (H', W, 3).

    Example:
        >>> half = np.zeros((4, 5, 4), np.uint8)
        >>> half[2:, :, 3] = 255
        >>> solid_rows(half).shape
        (2, 5, 3)
    """
    if picture.shape[2] == 3:
        return picture
    solid = (picture[..., 3] > 250).mean(axis=1) > 0.98
    return np.ascontiguousarray(picture[solid, :, :3])


def _read(path: Path) -> Image | None:
    """Return a picture in BGR or BGRA, no side longer than `LONGEST_PX`; None if it is none."""
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.dtype != np.uint8:
        return None
    scale = LONGEST_PX / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(picture, np.uint8)


def _panorama(path: Path) -> Image:
    """Return a panorama that a module of @pmndrs/assets carries as OpenEXR, in display colours."""
    try:
        import OpenEXR  # noqa: PLC0415 (only who trains needs it)
    except ImportError as err:
        raise CastcheckError("cannot read OpenEXR", hint="pip install OpenEXR") from err
    found = re.search(r"base64,([A-Za-z0-9+/=]+)", path.read_text(encoding="utf-8"))
    if found is None:
        raise CastcheckError("holds no picture", where=path, hint="fetch the package again")
    with tempfile.NamedTemporaryFile(suffix=".exr") as scratch:
        scratch.write(base64.b64decode(found[1]))
        scratch.flush()
        with OpenEXR.File(scratch.name) as opened:
            channels = opened.channels()
            rgb = (
                channels["RGB"].pixels
                if "RGB" in channels
                else np.stack([channels[c].pixels for c in "RGB"], axis=-1)
            )
    light = np.clip(np.asarray(rgb, np.float32), 0, None)[..., ::-1]
    light = light / max(float(np.percentile(light.mean(axis=2), 60)), 1e-6) * 0.35
    display = np.clip(light / (1 + 0.6 * light), 0, 1) ** (1 / 2.2)
    return np.asarray(255 * display, np.uint8)


def _is_figure(path: Path) -> bool:
    """Tell whether the catalogue beside a piece of furniture calls it a human figure."""
    catalogue = path.parent.parent / "PluginFurnitureCatalog.properties"
    if not catalogue.exists():
        return False
    facts = dict(
        line.split("=", 1)
        for line in catalogue.read_text(encoding="latin-1").splitlines()
        if "=" in line
    )
    icon = f"/{path.parent.name}/{path.name}"
    numbers = [key.rpartition("#")[2] for key, value in facts.items() if value.strip() == icon]
    words = " ".join(
        facts.get(f"{what}#{number}", "") for number in numbers for what in ("name", "category")
    )
    return bool(_FIGURES.search(words)) or "Characters" in words


def _unpack(package: str, folder: Path) -> str:
    """Fetch a package, unpack it into `folder` and return its version."""
    if "/" in package:
        run_program("npm", "pack", package, cwd=folder)
        (archive,) = folder.glob("*.tgz")
        run_program("tar", "xzf", archive.name, cwd=folder)
        version = archive.stem.rpartition("-")[2]
    else:
        run_program("apt-get", "download", package, cwd=folder)
        (archive,) = folder.glob("*.deb")
        run_program("dpkg", "-x", archive.name, ".", cwd=folder)
        version = archive.name.split("_")[1].replace("%3a", ":")
    archive.unlink()
    for bundle in folder.glob("**/*.sh3f"):
        with zipfile.ZipFile(bundle) as opened:
            members = opened.infolist()
            bundle.unlink()
            for member in members:
                opened.extract(member, bundle)
    return version
