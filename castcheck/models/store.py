"""The known weights of all kinds: which are there, whether whole, and which is the best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from identity.appearance.faces.open_faces import KNOWN_FACES
from identity.appearance.reid_specs import KNOWN_REID, MOBILENET
from scenes.errors import WeightsError
from tracker.known_weights import KNOWN_WEIGHTS, weights_sha256

if TYPE_CHECKING:
    from tracker.known_weights import KnownWeights

Role = Literal["detector", "embedder", "faces"]
State = Literal["ok", "missing", "damaged"]
ROLES: tuple[Role, ...] = get_args(Role)
PART_SUFFIX = ".part"  # of a file that is not all there yet


def known_of(role: Role) -> tuple[KnownWeights, ...]:
    """Return the table of one role, best first."""
    return {"detector": KNOWN_WEIGHTS, "embedder": KNOWN_REID, "faces": KNOWN_FACES}[role]


def find_by_name(name: str) -> tuple[Role, KnownWeights]:
    """Return the role and the entry of a known name.

    Raises:
        WeightsError: No entry has this name.
    """
    for role in ROLES:
        for known in known_of(role):
            if known.name == name:
                return role, known
    raise WeightsError(
        "no known model has this name", where=name, hint="`castcheck models list` shows them"
    )


def state_of(known: KnownWeights) -> State:
    """Tell whether the file is there, and byte for byte what it should be."""
    if not known.path.is_file():
        return "missing"
    return "ok" if weights_sha256(known.path) == known.sha256 else "damaged"


def best_present(role: Role) -> KnownWeights | None:
    """Return what `auto` means: the best that was pulled before, else the bundled one.

    Raises:
        WeightsError: Its bytes are not what they should be.
    """
    for known in known_of(role):
        if known == MOBILENET:  # lies in every installation, and colour is better
            continue
        state = state_of(known)
        if state == "ok":
            return known
        if state == "damaged":
            again = "install castcheck again" if known.is_bundled else _pull_hint(known)
            raise WeightsError("its bytes are not those of its name", where=known.path, hint=again)
    return None


def suggest_download(role: Role, chosen: KnownWeights | None) -> tuple[str, ...]:
    """Return a line that says what to fetch for a better judgement, if nothing was fetched yet.

    Args:
        role: What it is for.
        chosen: What `auto` means now; `None` = no network.
    """
    if chosen is not None and not chosen.is_bundled:
        return ()
    for known in known_of(role):
        if known in (chosen, MOBILENET):
            return ()
        if known.url:
            now = f"the {role} is {'colour alone' if chosen is None else chosen.name}"
            return (f"{now}; `castcheck models pull {known.name}` fetches a stronger one",)
    return ()


def _pull_hint(known: KnownWeights) -> str:
    if known.url:
        return f"delete it, or fetch it with `castcheck models pull {known.name}`"
    return "delete it, or name the file by its path"
