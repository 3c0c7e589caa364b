# SPDX-License-Identifier: Apache-2.0
"""Measures a state of the training: on series of knees held back, and on real ones.

Without truth, a real knee that was imaged several times without moving (the echoes of one series) must give the same
labels whatever the echo: Dice between echoes is a measure that needs no truth.
"""
import argparse
import os
import random

import numpy as np
import torch
from torch.nn import functional as F

import anatomy
import network
import synthesis
from generate import HELD_BACK


def load(path):
    net = network.KneeNet()
    net.load_state_dict(torch.load(path)["mean"])
    return net.eval()


def turned(voxels, affine):
    """Returns the volume as sagittal slices (slice, row, column: right to left, superior first, anterior first) and its spacing."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    order = [int(np.argmax(np.abs(directions[axis]))) for axis in (0, 2, 1)]
    out = np.transpose(voxels, order)
    flips = (directions[0, order[0]] < 0, directions[2, order[1]] > 0, directions[1, order[2]] < 0)
    for axis, flip in enumerate(flips):
        if flip:
            out = np.flip(out, axis)
    return np.ascontiguousarray(out), np.linalg.norm(affine[:3, :3], axis=0)[order]


def probabilities(net, volume, spacing):
    """Returns the class probabilities on the volume's own grid (class, slice, row, column)."""
    image = torch.from_numpy(volume.astype(np.float32))
    image = (image / torch.quantile(image.flatten()[:: max(1, image.numel() // 500000)], 0.995).clamp(min=1e-6)).clamp(0, 1)
    rows, columns = (int(round(n * s / network.PIXEL_MM)) for n, s in zip(volume.shape[1:], spacing[1:]))
    scaled = F.interpolate(image[:, None], (rows, columns), mode="bilinear", antialias=True, align_corners=False)[:, 0]
    bottom, right = -rows % network.STRIDE, -columns % network.STRIDE
    scaled = F.pad(scaled, (0, right, 0, bottom))
    result = torch.empty((len(network.CLASSES),) + volume.shape)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for at in range(len(scaled)):
            logits = net(network.slice_input(scaled, at, spacing[0])[None]).float()[..., :rows, :columns]
            result[:, at] = F.interpolate(logits.softmax(1), volume.shape[1:], mode="bilinear", align_corners=False)[0]
    return result


def dice(a, b, number):
    a, b = a == number, b == number
    total = a.sum() + b.sum()
    return 2.0 * (a & b).sum() / total if total else float("nan")


def echoes(net, paths, only=range(1, 9)):
    """Prints Dice between the labels of the first volume and of each later one."""
    labels = []
    for path in paths:
        volume, spacing = turned(*anatomy.read_nrrd(path))
        labels.append(probabilities(net, volume, spacing).argmax(0).numpy())
        if len(labels) > 1:
            print(os.path.basename(path), " ".join(f"{network.CLASSES[c][:14]} {dice(labels[0], labels[-1], c):.3f}" for c in only), flush=True)
    return labels


def held_back(net, folder, seed=7, each=1, spacings=(0.7, 1.5, 3.0)):
    """Prints mean Dice a class on synthetic series of knees held back, a family and a spacing at a time."""
    names = sorted(n for n in os.listdir(folder) if n.startswith(HELD_BACK))
    for slice_mm in spacings:
        for family in synthesis.FAMILY_SHARE:
            scores = []
            for turn in range(each):
                chance = random.Random(f"{seed}/{slice_mm}/{family}/{turn}")
                knee = synthesis.Knee(os.path.join(folder, chance.choice(names)))
                image, truth, mm, title = synthesis.synthesise(knee, chance, family, slice_mm)
                take = sorted(chance.sample(range(len(image)), min(16, len(image))))
                block = image.float() / 255
                with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                    found = torch.stack([net(network.slice_input(block, at, mm)[None]).argmax(1)[0] for at in take])
                scores.append([dice(found, truth[take], c) for c in range(1, len(network.CLASSES))])
            print(f"{slice_mm} mm {family:7s}", " ".join(f"{network.CLASSES[c + 1][:10]} {s:.3f}" for c, s in enumerate(np.nanmean(scores, 0))), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", required=True)
    parser.add_argument("--knees", help="folder of anatomy.py: measure on knees held back")
    parser.add_argument("--echoes", nargs="*", default=[], help="volumes (NRRD) of one knee that did not move")
    parser.add_argument("--each", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    trained = load(arguments.state)
    if arguments.knees:
        held_back(trained, arguments.knees, each=arguments.each)
    if arguments.echoes:
        echoes(trained, arguments.echoes)
