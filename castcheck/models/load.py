"""The networks of a run, loaded once for all clips."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from castcheck.acceptance.baseline import load_baseline
from castcheck.cast.cast_file import read_cast_file
from castcheck.cast.references import load_references
from castcheck.config import AUTO
from castcheck.models.precision import precision_advised
from castcheck.models.store import best_present, suggest_download
from identity.appearance.embedder import PartsEmbedder
from identity.appearance.faces.open_faces import OFF, open_faces
from identity.appearance.open_embedder import COLOUR, open_embedder
from scenes.errors import WeightsError
from scenes.user_paths import is_folder, user_path
from tracker.classes import HEAD
from tracker.head_pairing import HeadPairedDetector
from tracker.heads import SEEN
from tracker.known_weights import BUNDLED, models_dir
from tracker.replay import ReplayDetector, ReplayFolder
from tracker.yolo import YoloDetector

if TYPE_CHECKING:
    from castcheck.acceptance.baseline import Baseline
    from castcheck.cast.references import References
    from castcheck.config import Config
    from identity.appearance.embedder import Embedder
    from identity.appearance.faces.face_reader import FaceReader
    from tracker.detections import Detector

_EXPORTED_SUFFIXES = ("_openvino_model", "_ncnn_model")  # folders that hold a network


@dataclass(frozen=True, slots=True)
class Models:
    """What judges.

    Attributes:
        detector: Finds characters, or knows where found boxes are stored for each clip.
        embedder: Compares their looks; `None` = by colour alone.
        faces: Compares their faces; `None` = nobody does.
        second: Is asked what it thinks of the boxes of a detector that does not weigh them; `None`
            = the detector does, or boxes are stored.
        device: Where networks run, "cpu" or "cuda:N".
        degradations: What was asked for and could not be done.
        advice: What could be fetched that judges better.
        references: The cast that clips are judged against; `None` = none was given.
        baseline: Findings that were accepted; `None` = none was given.
    """

    detector: Detector | ReplayFolder
    embedder: Embedder | None
    faces: FaceReader | None = None
    second: Detector | None = None
    device: str = "cpu"
    degradations: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    references: References | None = None
    baseline: Baseline | None = None

    def detector_for(self, clip: Path) -> Detector:
        """Return what finds the characters of one clip.

        Raises:
            DetectionsFileError: Boxes are stored, but not for this clip.
        """
        if isinstance(self.detector, ReplayFolder):
            return self.detector.for_clip(clip)
        return self.detector


def load_models(config: Config) -> Models:
    """Open the detector and the embedder that `config` asks for; read cast and baseline, if any.

    Raises:
        BaselineError: The baseline is bad.
        CastFileError: The cast file or a reference picture is bad.
        WeightsError: Missing, damaged or not trusted.
        ConfigError: A device or class that is not there.
    """
    run = config.run
    if run.cast:
        read_cast_file(run.cast)  # a wrong line in it is told before networks are loaded
    baseline = load_baseline(Path(config.gate.baseline)) if config.gate.baseline else None
    detector, device, notes, advice = _open_detector(config)
    spec = run.embedder
    if spec == AUTO:
        known = best_present("embedder")
        advice += suggest_download("embedder", known)
        if known is None:
            notes = (*notes, "no re-ID network is there, so looks are compared by colour alone")
        spec = COLOUR if known is None else known.name
    with precision_advised(run, device=device, detector=detector.name):
        embedder = open_embedder(spec, device=device, half=run.half, trusted=run.trust_weights)
    faces, lacks = _open_faces(config.looks.faces, embedder, device=device, half=run.half)
    notes = (*notes, *lacks)
    second = _second_to(detector, config)
    models = Models(detector, embedder, faces, second, device, notes, advice, baseline=baseline)
    if not run.cast:
        return models
    with precision_advised(run, device=device, detector=detector.name):
        references = load_references(run.cast, detector, embedder, config, faces=faces)
    return replace(models, references=references, degradations=(*notes, *references.notes))


def _open_faces(
    spec: str, embedder: Embedder | None, *, device: str, half: bool
) -> tuple[FaceReader | None, tuple[str, ...]]:
    """Return what reads faces, and what was asked for and cannot be done."""
    if isinstance(embedder, PartsEmbedder):
        return open_faces(spec, device=device, half=half), ()
    notes = ("the embedder tells no heads, so faces are not compared",)
    return None, () if spec in (OFF, BUNDLED) else notes


def _open_detector(
    config: Config,
) -> tuple[Detector | ReplayFolder, str, tuple[str, ...], tuple[str, ...]]:
    """Return the detector, the device it runs on, its degradations, and what would be better."""
    run = config.run
    spec, advice = _best_detector() if run.detector == AUTO else (run.detector, ())
    path = user_path(spec)
    min_score = config.detector.min_score
    if path.suffix.lower() == ".txt":
        return ReplayDetector(path, min_score=min_score), "cpu", (), ()
    if is_folder(path) and not path.name.endswith(_EXPORTED_SUFFIXES):
        return ReplayFolder(path, min_score=min_score), "cpu", (), ()
    half = None if run.half else False  # None = where the device can, which is no degradation
    detector = YoloDetector(
        spec,
        config.detector,
        device=run.device,
        half=half,
        bfloat16=run.bfloat16,
        trusted=run.trust_weights,
    )
    return _with_heads(detector, config), detector.device, detector.degradations, advice


def _with_heads(detector: YoloDetector, config: Config) -> Detector:
    """Return a detector of people that knows no heads together with the bundled one's heads."""
    if detector.knows_heads or not detector.finds_people or not config.detector.heads:
        return detector
    wanted = replace(config.detector, classes=HEAD, min_score=SEEN, image_size_px=0)
    heads = YoloDetector(BUNDLED, wanted, device=config.run.device, half=None)
    return HeadPairedDetector(detector, heads)


def _second_to(detector: Detector | ReplayFolder, config: Config) -> Detector | None:
    """Return the bundled detector where it finds the heads for another one."""
    if not isinstance(detector, HeadPairedDetector):
        return None
    return detector.heads.with_settings(replace(config.detector, classes="", image_size_px=0))


def _best_detector() -> tuple[str, tuple[str, ...]]:
    """Return the name of the best known detector that is there, and what would be better.

    Raises:
        WeightsError: There is none; nothing is ever fetched unasked.
    """
    known = best_present("detector")
    if known is None:
        raise WeightsError(
            f"no detector was given, and {models_dir()} holds none",
            where="--detector",
            hint="give the path of YOLO weights, or fetch some: `castcheck models list`",
        )
    return known.name, suggest_download("detector", known)
