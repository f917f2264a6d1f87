"""What a network that returns no numbers is answered with, on each device."""

from __future__ import annotations

import numpy as np
import pytest

from castcheck.config import RunSettings
from castcheck.models.precision import precision_advised
from scenes.arrays import check_network_output
from scenes.errors import NotFiniteError, WeightsError

NOTHING = np.zeros((0, 4), np.float32)
NAN = np.array([[np.nan]], np.float32)


@pytest.mark.parametrize(
    ("run", "device", "network", "advice"),
    [
        pytest.param(RunSettings(), "cpu", "det", "use other weights", id="cpu"),
        pytest.param(RunSettings(), "cuda:0", "det", "use other weights, or --no-half", id="half"),
        pytest.param(RunSettings(half=False), "cuda:0", "det", "use other weights", id="no-half"),
        pytest.param(
            RunSettings(bfloat16=True),
            "cpu",
            "det",
            "use other weights, or leave out --bfloat16",
            id="bfloat16",
        ),
        pytest.param(
            RunSettings(bfloat16=True), "cpu", "reid", "use other weights", id="not-the-detector"
        ),
    ],
)
def test_the_advice_fits_the_device(
    run: RunSettings, device: str, network: str, advice: str
) -> None:
    with (
        pytest.raises(NotFiniteError) as caught,
        precision_advised(run, device=device, detector="det"),
    ):
        check_network_output(NAN, network=network, what="vectors")
    line = f"{network}: it returns vectors that are not finite numbers; {advice}"
    assert str(caught.value) == line


def test_other_errors_and_good_numbers_pass() -> None:
    with precision_advised(RunSettings(), device="cuda:0", detector="det"):
        check_network_output(NOTHING, network="det", what="boxes")
    with (
        pytest.raises(WeightsError, match="^damaged$"),
        precision_advised(RunSettings(), device="cuda:0", detector="det"),
    ):
        raise WeightsError("damaged")
