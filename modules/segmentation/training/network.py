# SPDX-License-Identifier: Apache-2.0
"""The network, and what it is shown.

One sagittal slice at a time, with its neighbours: three pairs of slices at growing distances on both sides. A pair
enters as its mean and its absolute difference, so that a knee and its mirror image look the same to the network: left
and right give the same result by construction, and which side is medial is told afterwards, by the anatomy.
"""
import torch
from torch import nn

PIXEL_MM = 0.55
# A pair lies this far from the slice, or at the next slices that the series has.
PAIR_MM = (1.5, 5.0, 12.0)
CHANNELS = 1 + 2 * len(PAIR_MM)
CLASSES = ("background", "femur", "tibia", "patella", "fibula", "femoral_cartilage", "tibial_cartilage",
           "patellar_cartilage", "meniscus", "patellar_tendon", "quadriceps_tendon", "joint_fluid", "other_tissue")
STRIDE = 16


def pair_steps(slice_mm):
    """Returns how many slices away each pair lies."""
    steps = []
    for wanted in PAIR_MM:
        steps.append(max(int(wanted / slice_mm + 0.5), steps[-1] + 1 if steps else 1))
    return steps


def slice_input(volume, at, slice_mm):
    """Returns the channels (7, rows, columns) of slice `at`; beyond the ends the last slice stands in."""
    last = volume.shape[0] - 1
    channels = [volume[at]]
    for step in pair_steps(slice_mm):
        a, b = volume[max(at - step, 0)], volume[min(at + step, last)]
        channels += [0.5 * (a + b), (a - b).abs()]
    return torch.stack(channels)


def block(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True),
                         nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(True))


class KneeNet(nn.Module):
    """A U-Net (Ronneberger et al. 2015), thin where the picture is large. Returns logits of every class."""

    def __init__(self, widths=(16, 32, 64, 128, 192)):
        super().__init__()
        self.widths = tuple(widths)
        self.down = nn.ModuleList(block(i, o) for i, o in zip((CHANNELS,) + self.widths[:-1], self.widths))
        self.pool = nn.MaxPool2d(2)
        self.shrink = nn.ModuleList(nn.Conv2d(self.widths[n + 1], self.widths[n], 1) for n in range(len(widths) - 1))
        self.up = nn.ModuleList(block(2 * self.widths[n], self.widths[n]) for n in range(len(widths) - 1))
        self.last = nn.Conv2d(self.widths[0], len(CLASSES), 1)

    def forward(self, x):
        kept = []
        for n, level in enumerate(self.down):
            x = level(x if n == 0 else self.pool(x))
            kept.append(x)
        for n in reversed(range(len(self.up))):
            x = nn.functional.interpolate(self.shrink[n](x), scale_factor=2.0, mode="nearest")
            x = self.up[n](torch.cat((kept[n], x), 1))
        return self.last(x)
