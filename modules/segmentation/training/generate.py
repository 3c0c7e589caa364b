# SPDX-License-Identifier: Apache-2.0
"""Fills a folder with synthetic series, as many as it may hold; the trainer takes them out as it uses them up."""
import argparse
import glob
import os
import random
import time

import numpy as np
import torch

import synthesis

# Whole knees, with all their visits, that no training series is made of.
HELD_BACK = ("akoa_9055361", "akoa_9282203", "zib_9001104", "zib_9006723", "zib_9036770", "pymskt")


def knees_for_training(folder):
    return [f for f in sorted(glob.glob(os.path.join(folder, "*.npz"))) if not os.path.basename(f).startswith(HELD_BACK)]


def write_series(path, image, classes, slice_mm, title):
    """Writes one series to a temporary name first."""
    with open(path + ".part", "wb") as file:
        np.savez(file, image=image.numpy(), classes=classes.numpy(), slice_mm=slice_mm, title=title)
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--knees", required=True, help="folder of anatomy.py")
    parser.add_argument("--pool", required=True)
    parser.add_argument("--most", type=int, default=120, help="series in the folder at any time")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(arguments.pool, exist_ok=True)
    count = os.path.join(arguments.pool, f"next-{arguments.seed}")  # so that no series is made again after a stop
    number = int(open(count).read()) if os.path.exists(count) else 0
    knee, left = None, 0
    while True:
        if len(glob.glob(os.path.join(arguments.pool, "*.npz"))) >= arguments.most:
            time.sleep(2)
            continue
        chance = random.Random(f"{arguments.seed}/{number}")
        if left == 0:  # a knee serves a few times, for it takes long to read
            knee, left = synthesis.Knee(chance.choice(knees_for_training(arguments.knees))), 3
        name = os.path.join(arguments.pool, f"{arguments.seed:03d}-{number:07d}.npz")
        series = synthesis.nothing(chance) if chance.random() < synthesis.NOTHING else synthesis.synthesise(knee, chance)
        write_series(name, *series)
        number, left = number + 1, left - 1
        with open(count, "w") as file:
            file.write(str(number))


if __name__ == "__main__":
    main()
