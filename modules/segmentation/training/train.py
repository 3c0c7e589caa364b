# SPDX-License-Identifier: Apache-2.0
"""Trains the network on the series of a pool; stops and goes on at any time.

The state (weights, their running mean, the optimiser, the step) is written every few minutes to a temporary name and
renamed. The running mean is what is used afterwards (Polyak averaging), so that no schedule needs to know how long
training will last; --cool lets the learning rate fall to nothing over the last steps.
"""
import argparse
import csv
import glob
import os
import random
import time

import numpy as np
import torch
from torch.nn import functional as F

import network
import synthesis

# Rare classes count more, and what surrounds the knee less.
WEIGHTS = torch.tensor([0.4, 1, 1, 1, 1, 2.5, 2.5, 2.5, 2, 1, 1, 1, 0.6])

JOINT = (5, 8)  # cartilages and meniscus
# Most slices are cut to the joint, which takes half the time; some are shown whole.
CUT, CUT_SHARE = 192, 0.7


class Series:
    def __init__(self, path):
        with np.load(path) as stored:
            self.image = torch.from_numpy(stored["image"])
            self.classes = torch.from_numpy(stored["classes"])
            self.slice_mm = float(stored["slice_mm"])
        knee = ((self.classes > 0) & (self.classes < 8)).flatten(1).sum(1)
        self.with_knee = torch.nonzero(knee > 200).flatten().tolist() or list(range(len(knee)))
        self.uses = 0

    def draw(self, chance, side):
        """Returns input and truth of a slice; only `side` rows and columns of it, mostly where the joint is."""
        at = chance.choice(self.with_knee) if chance.random() < 0.9 else chance.randrange(len(self.image))
        steps = network.pair_steps(self.slice_mm)
        low, high = max(0, at - steps[-1]), min(len(self.image), at + steps[-1] + 1)
        block = self.image[low:high].float() / 255.0
        self.uses += 1
        truth = self.classes[at]
        joint = torch.nonzero((truth >= JOINT[0]) & (truth <= JOINT[1]))
        if len(joint) and chance.random() < 0.8:
            centre = joint[chance.randrange(len(joint))].tolist()
        else:
            centre = [chance.randrange(n) for n in truth.shape]
        row, column = (min(max(c + chance.randint(-side // 3, side // 3) - side // 2, 0), n - side)
                       for c, n in zip(centre, truth.shape))
        block = block[:, row:row + side, column:column + side]
        return network.slice_input(block, at - low, self.slice_mm), truth[row:row + side, column:column + side].long()


class Pool:
    """Series in memory; used-up ones make way for new ones."""

    def __init__(self, folder, size, uses, chance):
        self.folder, self.size, self.uses, self.chance = folder, size, uses, chance
        self.series = []

    def take_new(self):
        fresh = sorted(glob.glob(os.path.join(self.folder, "*.npz")))
        worn = [n for n, s in enumerate(self.series) if s.uses >= self.uses]
        for path in fresh:
            if len(self.series) < self.size:
                self.series.append(Series(path))
            elif worn:
                self.series[worn.pop()] = Series(path)
            else:
                break
            os.remove(path)

    def batch(self, count, side):
        drawn = [self.chance.choice(self.series).draw(self.chance, side) for _ in range(count)]
        return torch.stack([d[0] for d in drawn]), torch.stack([d[1] for d in drawn])


def loss_of(logits, truth):
    """Returns weighted cross-entropy plus one minus the mean soft Dice of the classes that are there."""
    entropy = F.cross_entropy(logits, truth, WEIGHTS)
    share = logits.softmax(1)
    hot = F.one_hot(truth, share.shape[1]).permute(0, 3, 1, 2).float()
    both = (share * hot).sum((0, 2, 3))
    total = (share + hot).sum((0, 2, 3))
    present = hot.sum((0, 2, 3)) > 0
    dice = (2 * both + 1) / (total + 1)
    return entropy + 1 - dice[present].mean(), dice.detach(), present


def save(path, state):
    torch.save(state, path + ".part")
    os.replace(path + ".part", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pool", required=True)
    parser.add_argument("--state", required=True, help="file to go on from, and to write")
    parser.add_argument("--log", required=True, help="CSV, appended to")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--cool", type=int, default=0, help="the rate falls to nothing over so many steps, stops between them not counted, then it ends")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--in-memory", type=int, default=60)
    parser.add_argument("--uses", type=int, default=40, help="slices drawn of a series before a new one replaces it")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    net = network.KneeNet().to(memory_format=torch.channels_last)
    mean = network.KneeNet()
    mean.load_state_dict(net.state_dict())
    optimiser = torch.optim.AdamW(net.parameters(), lr=arguments.rate, weight_decay=1e-4)
    step, cooled_from = 0, None
    if os.path.exists(arguments.state):
        state = torch.load(arguments.state)
        net.load_state_dict(state["net"])
        mean.load_state_dict(state["mean"])
        if "optimiser" in state:
            optimiser.load_state_dict(state["optimiser"])
        step, cooled_from = state["step"], state.get("cooled_from")
    chance = random.Random(step)
    pool = Pool(arguments.pool, arguments.in_memory, arguments.uses, chance)
    while len(pool.series) < 4:
        pool.take_new()
        time.sleep(1)
    begun, saved = time.time(), time.time()
    if arguments.cool and cooled_from is None:
        cooled_from = step
    sums, classes = [], torch.zeros(2, len(network.CLASSES))

    def keep_state():
        save(arguments.state, {"net": net.state_dict(), "mean": mean.state_dict(), "optimiser": optimiser.state_dict(),
                               "step": step, "cooled_from": cooled_from})

    while time.time() - begun < 60 * arguments.minutes:
        if step % 10 == 0:
            pool.take_new()
        cooled = 1.0 - (step - cooled_from) / arguments.cool if arguments.cool else 1.0
        if cooled <= 0:
            break
        rate = arguments.rate * cooled * min(1.0, (step + 1) / 200)
        for group in optimiser.param_groups:
            group["lr"] = rate
        x, truth = pool.batch(arguments.batch, CUT if chance.random() < CUT_SHARE else synthesis.SIDE)
        optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = net(x.to(memory_format=torch.channels_last))
        loss, dice, present = loss_of(logits.float(), truth)
        if not torch.isfinite(loss):
            raise RuntimeError(f"the loss is {loss.item()} at step {step}")
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimiser.step()
        step += 1
        keep = min(0.999, (step + 1) / (step + 20))
        with torch.no_grad():
            for a, b in zip(mean.state_dict().values(), net.state_dict().values()):
                a.lerp_(b, 1 - keep) if a.dtype.is_floating_point else a.copy_(b)
        sums.append(loss.item())
        classes += torch.stack((dice * present, present.float()))
        if step % 50 == 0:
            average = (classes[0] / classes[1].clamp(min=1)).tolist()
            new = not os.path.exists(arguments.log)
            with open(arguments.log, "a", newline="") as file:
                log = csv.writer(file)
                if new:
                    log.writerow(["step", "seconds", "rate", "loss"] + list(network.CLASSES))
                log.writerow([step, round(time.time() - begun), f"{rate:.2e}", f"{np.mean(sums):.4f}"] +
                             [f"{d:.4f}" for d in average])
            sums, classes = [], torch.zeros_like(classes)
        if time.time() - saved > 240:
            keep_state()
            saved = time.time()
    keep_state()


if __name__ == "__main__":
    main()
