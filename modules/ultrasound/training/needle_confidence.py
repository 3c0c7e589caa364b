#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the confidence of find_needle: a small network from what is seen along a line to the probability that it is
a needle.

    needle_table features DATA > features.csv       (testing/bench; one row a candidate)
    needle_confidence.py features.csv ... > ../src/needle_network.h

Half of the weight is on frames that show a needle. Each kind of frame weighs as the square root of how many there
are. With --leave-out each source of frames is predicted by a network that has not seen it.
"""
import collections
import csv
import sys

import numpy as np

NAMES = ["ridge", "beside", "length", "continuity", "scatter", "bend", "contrast", "brightness", "shadow", "rivals",
         "clearance", "gap", "angle", "steepness", "fall", "uneven"]
HIDDEN = 8
DECAY = 3e-3


def inputs(row):
    """As inputs_of in needle_confidence.cpp."""
    v = {k: float(row[k]) for k in ("ridge", "beside", "length", "continuity", "scatter", "bend", "contrast",
                                    "brightness", "shadow", "rivals", "clearance", "gap", "angle", "fall", "uneven")}
    return [np.log(max(v["ridge"], 0.5)), np.log((v["beside"] + 0.3) / max(v["ridge"], 0.5)), np.log(v["length"]),
            v["continuity"], np.log(max(v["scatter"], 5e-4)), min(v["bend"], 0.1), v["contrast"],
            min(v["brightness"], 1.2), np.clip(v["shadow"], -2.0, 1.0), v["rivals"],
            np.clip(v["clearance"], -0.02, 0.08), min(v["gap"], 0.5), min(v["angle"], 30.0) / 30.0,
            max(v["angle"] - 60.0, 0.0) / 20.0, np.clip(v["fall"], -0.2, 1.0), min(v["uneven"], 0.5)]


def source(name):
    if name.startswith("pasted on "):
        return name[10:]
    name = name.split("+")[0]
    known = ("trochlea", "Bone", "Spine", "Nwire", "fCal", "Water", "other", "simulated")
    return name if name.startswith(known) else "real"


def load(files):
    rows = [row for f in files for row in csv.DictReader(open(f)) if row["label"] != "-1"]
    return [row for row in rows if source(row["set"])[:5] != "Water"]


def weights(rows):
    kind = [("needle " if row["truth"] == "1" else "none ") + row["set"].split("+")[0] for row in rows]
    frames = collections.defaultdict(set)
    for k, row in zip(kind, rows):
        frames[k].add((row["set"], row["name"]))
    w = np.array([1.0 / np.sqrt(len(frames[k])) for k in kind])
    truth = np.array([row["truth"] == "1" for row in rows])
    total = {t: sum(np.sqrt(len(v)) for k, v in frames.items() if k.startswith(t)) for t in ("needle", "none")}
    w[truth] /= total["needle"]
    w[~truth] /= total["none"]
    return w / w.sum() * len(rows)


def train(x, y, w, seed=0, steps=3000):
    """Adam on all rows at once; weight decay."""
    r = np.random.default_rng(seed)
    p = [r.normal(0, 0.4, (x.shape[1], HIDDEN)), np.zeros(HIDDEN), r.normal(0, 0.4, HIDDEN), np.zeros(1)]
    m, s = [np.zeros_like(a) for a in p], [np.zeros_like(a) for a in p]
    for step in range(1, steps + 1):
        h = np.tanh(x @ p[0] + p[1])
        q = 1.0 / (1.0 + np.exp(-(h @ p[2] + p[3])))
        d = w * (q - y) / len(y)
        dh = np.outer(d, p[2]) * (1 - h * h)
        g = [x.T @ dh + DECAY * p[0] / 10, dh.sum(0), h.T @ d + DECAY * p[2] / 10, np.array([d.sum()])]
        rate = 0.02 * (1.0 - step / steps) + 1e-4
        for k in range(4):
            m[k] = 0.9 * m[k] + 0.1 * g[k]
            s[k] = 0.999 * s[k] + 0.001 * g[k] ** 2
            p[k] = p[k] - rate * (m[k] / (1 - 0.9 ** step)) / (np.sqrt(s[k] / (1 - 0.999 ** step)) + 1e-8)
    return p


def predict(p, x):
    return 1.0 / (1.0 + np.exp(-(np.tanh(x @ p[0] + p[1]) @ p[2] + p[3])))


def report(rows, q):
    best = collections.OrderedDict()
    for row, c in zip(rows, q):
        key = (row["set"], row["name"])
        if key not in best or c > best[key][0]:
            best[key] = (c, row["label"] == "1", row["truth"] == "1")
    table = collections.OrderedDict()
    for (name, _), v in best.items():
        if not v[2]:
            name = name.split("+")[0]
        table.setdefault((name, v[2]), []).append(v)
    for (name, needle), v in table.items():
        c, hit = np.array([a[0] for a in v]), np.array([a[1] for a in v])
        if needle:
            print(f"{name:28s} {len(v):4d} hit {np.mean((c >= .5) & hit):.2f} wrong {np.mean((c >= .5) & ~hit):.2f} median {np.median(c):.2f}", file=sys.stderr)
        else:
            print(f"{name:28s} {len(v):4d} FALSE {np.mean(c >= .5):.2f} most {c.max():.2f} median {np.median(c):.2f}", file=sys.stderr)
    c = np.array([v[0] for v in best.values()])
    hit = np.array([v[1] for v in best.values()])
    for low in (0, .1, .25, .5, .75, .9):
        high = {0: .1, .1: .25, .25: .5, .5: .75, .75: .9, .9: 1.01}[low]
        s = (c >= low) & (c < high)
        print(f"confidence {low:.2f}-{min(high, 1):.2f}: {s.sum():4d} frames, right {hit[s].mean() if s.any() else float('nan'):.2f}", file=sys.stderr)


def table(values):
    return ", ".join(f"{v:.4g}" for v in values)


def main():
    rows = load([a for a in sys.argv[1:] if a.endswith(".csv")])
    raw = np.array([inputs(row) for row in rows])
    y = np.array([row["label"] == "1" for row in rows], float)
    w = weights(rows)
    mean, width = raw.mean(0), raw.std(0) + 1e-9
    x = np.clip((raw - mean) / width, -3, 3)
    if "--leave-out" in sys.argv:
        q = np.zeros(len(y))
        group = np.array([source(row["set"]) for row in rows])
        for g in sorted(set(group)):
            if g == "simulated" or g.startswith("simulated"):
                continue
            q[group == g] = predict(train(x[group != g], y[group != g], w[group != g]), x[group == g])
        keep = [not g.startswith("simulated") for g in group]
        report([r for r, k in zip(rows, keep) if k], q[keep])
        return
    p = train(x, y, w)
    report(rows, predict(p, x))
    print("// SPDX-License-Identifier: Apache-2.0")
    print("// Written by training/needle_confidence.py; not to be edited.")
    print("#pragma once\n\n#include <array>\n\nnamespace genu::ultrasound::needle {\n")
    print(f"constexpr std::size_t input_count = {len(NAMES)}, hidden_count = {HIDDEN};")
    print("/// Of " + ", ".join(NAMES) + ".")
    print(f"constexpr std::array<double, input_count> input_mean{{{table(mean)}}};")
    print(f"constexpr std::array<double, input_count> input_width{{{table(width)}}};")
    print("constexpr std::array<std::array<double, input_count>, hidden_count> hidden_weight{{")
    for k in range(HIDDEN):
        print(f"    {{{table(p[0][:, k])}}},")
    print("}};")
    print(f"constexpr std::array<double, hidden_count> hidden_bias{{{table(p[1])}}};")
    print(f"constexpr std::array<double, hidden_count> output_weight{{{table(p[2])}}};")
    print(f"constexpr double output_bias = {p[3][0]:.4g};")
    print("\n}  // namespace genu::ultrasound::needle")


main()
