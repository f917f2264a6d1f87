"""Detection of characters with a YOLO network."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from tracker import boxes
from tracker.belief import believed, learnt_weights
from tracker.box_filter import filter_boxes
from tracker.classes import choose_classes, creature_ids, head_ids, is_person
from tracker.detections import Detections
from tracker.devices import choose_device
from tracker.graph_network import open_bundled_graph, open_exported
from tracker.heads import join, single_heads
from tracker.kept_graphs import keep_graph, open_kept
from tracker.known_weights import check_trust, resolve_weights, weights_kind, weights_sha256
from tracker.letterbox import Letterbox
from tracker.second_look import SIZE, holds_two_heads, parted
from tracker.settings import DetectorSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from scenes.frames import FrameBatch
    from tracker.engine import EngineNetwork
    from tracker.graph_network import GraphNetwork


class YoloDetector:
    """Finds characters with a YOLO network (a `Detector`).

    Args:
        spec: Path of the weights, or a name in the models folder. Never fetched from anywhere.
        settings: Thresholds, classes and sizes.
        device: "auto", "cpu", "cuda" or "cuda:N".
        half: fp16; `None` = on a GPU yes, on a CPU no.
        bfloat16: On a CPU that has it (`tracker.bfloat16`); last digits depend on the batch then.
        trusted: Whether weights of unknown bytes may be opened although that can run code.

    Raises:
        WeightsError: Missing, damaged, not trusted, or not a detector.
        ConfigError: A class the model does not know, or a device that is not there.
    """

    def __init__(
        self,
        spec: str | Path,
        settings: DetectorSettings | None = None,
        *,
        device: str = "auto",
        half: bool | None = None,
        bfloat16: bool = False,
        trusted: bool = False,
    ) -> None:
        settings = settings or DetectorSettings()
        path = resolve_weights(spec)
        kind = weights_kind(path)
        self._sha256 = weights_sha256(path)
        if kind == "pickled":
            check_trust(path, self._sha256, trusted=trusted)
        self._name = path.name
        self._device = choose_device(device)
        on_gpu = self._device != "cpu"
        self._degradations: tuple[str, ...] = ()
        if half and not on_gpu:
            self._degradations = ("half precision is not available on the CPU, used float32",)
        network = _open(
            path,
            self._sha256,
            settings,
            device=self._device,
            half=on_gpu and half is not False,
            bfloat16=bfloat16,
        )
        self._take(network, settings)

    def with_settings(self, settings: DetectorSettings) -> YoloDetector:
        """Return a detector that runs the same network for other classes, or by other thresholds.

        Raises:
            ConfigError: A class the model does not know.
        """
        other = copy(self)
        other._take(self._network.with_settings(settings), settings)  # noqa: SLF001 (of its kind)
        return other

    def _take(self, network: EngineNetwork | GraphNetwork, settings: DetectorSettings) -> None:
        """Run a network, by settings that say which of its classes count as what."""
        self._network, self._settings = network, settings
        names = self._network.names
        wanted = () if self._network.has_prompts else self._settings.class_list
        self._classes = choose_classes(names, wanted)
        self._heads = head_ids(names, self._classes) if self._settings.heads else ()
        people = set(self._classes) - creature_ids(names)
        # Asked for by name, a creature counts wherever it is seen.
        asked = bool(self._settings.class_list) or not people
        self._passing = frozenset() if asked else frozenset(self._classes) - people
        self._half_class = min(people or self._classes)

    @property
    def name(self) -> str:
        """File name of the weights."""
        return self._name

    @property
    def sha256(self) -> str | None:
        """Of the weights."""
        return self._sha256

    @property
    def device(self) -> str:
        """Where the network runs: "cpu" or "cuda:N"."""
        return self._device

    @property
    def batch_size(self) -> int:
        """Pictures per forward pass."""
        return self._settings.batch_size

    @property
    def class_names(self) -> dict[int, str]:
        """The classes that count as characters, by id."""
        return {class_id: self._network.names[class_id] for class_id in self._classes}

    @property
    def passing_classes(self) -> frozenset[int]:
        """Those of them that count only where they are large and stay."""
        return self._passing

    @property
    def heads_from(self) -> None:
        """No other network finds heads for it."""
        return None

    @property
    def knows_heads(self) -> bool:
        """Whether its bodies have been matched with heads."""
        return bool(self._heads)

    @property
    def finds_people(self) -> bool:
        """Whether people are among what counts as characters."""
        return any(is_person(name) for name in self.class_names.values())

    @property
    def all_class_names(self) -> dict[int, str]:
        """Everything the model knows, by id."""
        return dict(self._network.names)

    @property
    def degradations(self) -> tuple[str, ...]:
        """What was asked for and could not be done."""
        return (*self._degradations, *self._network.degradations)

    def detect(self, batch: FrameBatch) -> Detections:
        """Return the boxes of all frames of `batch`, sorted by frame, then by falling score."""
        parts: list[Detections] = []
        for first in range(0, len(batch), self._settings.batch_size):
            rows = slice(first, first + self._settings.batch_size)
            parts += self._detect_rows(batch.index[rows], batch.rgb[rows])
        return Detections.concat(parts)

    def bodies_and_heads(
        self, index: NDArray[np.int64], rgb: NDArray[np.uint8], *, size: float = 1.0
    ) -> list[tuple[Detections, Detections]]:
        """Return what the network finds in each picture, as it scores it: bodies, then heads.

        Args:
            index: (N,) frames.
            rgb: (N, H, W, 3) their pictures, at most `batch_size`.
            size: Share of the side that pictures are usually scaled to.
        """
        height, width = rgb.shape[1:3]
        letterbox = Letterbox.fit(
            width,
            height,
            longer_px=round(size * self._network.longer_px),
            stride_px=self._network.stride_px,
            fixed_hw=self._network.fixed_hw,
        )
        # A close-up's head and body overlap, and neither hides the other.
        groups = [self._classes, self._heads] if self._heads else [self._classes]
        parts = []
        found_rows = self._network.find(rgb, letterbox, groups)
        for frame, rows in zip(index, found_rows, strict=True):
            xyxy = letterbox.undo(rows[:, :4], width_px=width, height_px=height)
            # The last bits of a convolution depend on the size of the batch. Rounding keeps them
            # out of the report: 0.01 px and 1e-4 are far below what a detector knows.
            found = Detections(
                np.full(len(rows), frame, np.int64),
                np.round(boxes.clip(xyxy, width_px=width, height_px=height), 2),
                np.round(np.clip(rows[:, 4], 0, 1), 4).astype(np.float32),
                rows[:, 5].astype(np.int32),
            )
            is_head = np.isin(found.class_id, self._heads)
            parts.append((filter_boxes(found.take(~is_head)), single_heads(found.take(is_head))))
        return parts

    def _detect_rows(
        self, index: NDArray[np.int64], rgb: NDArray[np.uint8]
    ) -> Iterator[Detections]:
        """Yield the boxes of each picture of one forward pass."""
        first_look = self.bodies_and_heads(index, rgb)
        if not self._heads:
            yield from (bodies for bodies, _ in first_look)
            return
        asked = [
            row
            for row, (bodies, heads) in enumerate(first_look)
            if holds_two_heads(bodies, heads) and not self._network.fixed_hw
        ]
        second_look = {}
        if asked:  # together: on a GPU a pass of one picture takes as long as of many
            looks = self.bodies_and_heads(index[asked], rgb[asked], size=SIZE)
            second_look = dict(zip(asked, looks, strict=True))
        for row, (bodies, heads) in enumerate(first_look):
            found = self._people(bodies, heads, rgb)
            if row in second_look:
                found = parted(found, self._people(*second_look[row], rgb))
            yield found

    def _people(self, bodies: Detections, heads: Detections, rgb: NDArray[np.uint8]) -> Detections:
        """Return the boxes of one picture, by all that was found in it."""
        size = {"width_px": rgb.shape[2], "height_px": rgb.shape[1]}
        scored = believed(bodies, heads, learnt_weights(), **size)
        return join(scored, heads, **size, half_class=self._half_class)


def _open(
    path: Path,
    sha256: str,
    settings: DetectorSettings,
    *,
    device: str,
    half: bool,
    bfloat16: bool,
) -> EngineNetwork | GraphNetwork:
    """Return the network, run by what is quickest for it here."""
    network: GraphNetwork | None = None
    suffix = path.suffix.lower()
    as_graph = device == "cpu" and not bfloat16
    if as_graph and suffix == ".safetensors":
        network = open_bundled_graph(path, sha256, settings)
    elif as_graph and suffix == ".onnx":
        network = open_exported(path, settings)
    elif as_graph and suffix == ".pt":
        network = open_kept(sha256, settings)
    if network is not None:
        return network
    from tracker.engine import EngineNetwork  # torch and Ultralytics take seconds to load

    engine = EngineNetwork(path, settings, device=device, half=half, bfloat16=bfloat16)
    return (keep_graph(engine, sha256, settings) if as_graph else None) or engine
