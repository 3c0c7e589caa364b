#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the confidence of find_needle: logistic regression from what is seen along a line to the probability that it
is a needle.

    needle_table features DATA > real.csv         (testing/bench; one row a candidate)
    needle_table simulated_features > simulated.csv
    needle_confidence.py real.csv simulated.csv > ../src/needle_weights.h

Each piece of evidence may only speak for a needle or only against one, as SIGNS says: there are few real recordings,
and a peculiarity of theirs must not become a law. Half of the weight is on frames that show a needle; each kind of frame
weighs as the square root of how many there are, simulated ones less. With --leave-out each source of frames is predicted by weights that
have not seen it; the report goes to the error stream.
"""
import collections
import csv
import sys

import numpy as np

SIGNS = collections.OrderedDict(ridge=1, beside=-1, length=1, continuity=1, scatter=-1, bend=-1, contrast=1,
                                brightness=1, shadow=1, rivals=-1, clearance=1, gap=-1, angle=1, steepness=-1, fall=1,
                                uneven=-1)
DECAY = 0.001
SIMULATED = 0.4  # weight of simulated frames beside real ones


def inputs(row):
    """As inputs_of in needle_confidence.cpp."""
    v = {k: float(row[k]) for k in row if k not in ("set", "name")}
    return [np.log(np.clip(v["ridge"], 1.0, 8.0)), np.log((v["beside"] + 0.3) / max(v["ridge"], 0.5)),
            np.log(min(v["length"], 0.5)), v["continuity"], np.log(max(v["scatter"], 5e-4)), min(v["bend"], 0.06),
            np.clip(v["contrast"], -0.2, 0.8), min(v["brightness"], 1.1), np.clip(v["shadow"] + 0.6, -1.5, 0.0),
            min(v["rivals"], 2.0), np.clip(v["clearance"], -0.02, 0.06), min(v["gap"], 0.5), min(v["angle"], 12.0) / 12.0,
            max(v["angle"] - 65.0, 0.0) / 20.0, np.clip(v["fall"], -0.2, 0.6), min(v["uneven"], 0.4)]


def source(name):
    """Where a frame comes from, whatever was done to it."""
    if name.startswith("pasted on "):
        name = name[10:]
    name = name.split("+")[0]
    known = ("trochlea", "Bone", "Spine", "Nwire", "fCal", "Water", "other", "simulated")
    return name.split(" ")[0] if name.startswith(known) else "needle"


def load(files):
    """The water tank's bottom is left out: a bright line alone in water that ends in it is as a needle."""
    rows = [row for f in files for row in csv.DictReader(open(f)) if row["label"] in ("0", "1")]
    return [row for row in rows if source(row["set"])[:5] != "Water"]


def weights(rows):
    kind = [("needle " if row["truth"] == "1" else "none ") + row["set"].split("+")[0] for row in rows]
    frames = collections.defaultdict(set)
    for k, row in zip(kind, rows):
        frames[k].add((row["set"], row["name"]))
    w = np.array([(SIMULATED if "simulated" in k else 1.0) / np.sqrt(len(frames[k])) for k in kind])
    truth = np.array([row["truth"] == "1" for row in rows])
    total = {t: sum((SIMULATED if "simulated" in k else 1.0) * np.sqrt(len(v)) for k, v in frames.items() if k.startswith(t))
             for t in ("needle", "none")}
    w[truth] /= total["needle"]
    w[~truth] /= total["none"]
    return w


def fit(x, y, w, steps=1500):
    """Adam on all rows at once; after each step what has the wrong sign becomes 0."""
    mean, width = x.mean(0), x.std(0) + 1e-9
    z, w = (x - mean) / width, w / w.sum()
    sign = np.array(list(SIGNS.values()))
    b, m, s = np.zeros(z.shape[1] + 1), 0.0, 0.0
    for step in range(1, steps + 1):
        d = w * (1.0 / (1.0 + np.exp(-(z @ b[:-1] + b[-1]))) - y)
        g = np.append(z.T @ d + DECAY * b[:-1], d.sum())
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        b -= (0.05 * (1.0 - step / steps) + 1e-3) * (m / (1 - 0.9 ** step)) / (np.sqrt(s / (1 - 0.999 ** step)) + 1e-10)
        b[:-1] = np.where(b[:-1] * sign < 0.0, 0.0, b[:-1])
    raw = b[:-1] / width
    return raw, b[-1] - raw @ mean


def report(rows, q):
    best = collections.OrderedDict()
    for row, c in zip(rows, q):
        key = (row["set"], row["name"])
        if key not in best or c > best[key][0]:
            best[key] = (c, row["label"] == "1", row["truth"] == "1")
    table = collections.OrderedDict()
    for (name, _), v in best.items():
        table.setdefault((name if v[2] else name.split("+")[0], v[2]), []).append(v)
    for (name, needle), v in table.items():
        c, hit = np.array([a[0] for a in v]), np.array([a[1] for a in v])
        text = (f"found {np.mean((c >= .5) & hit):.2f} wrong {np.mean((c >= .5) & ~hit):.2f}" if needle else
                f"false {np.mean(c >= .5):.2f} most  {c.max():.2f}")
        print(f"{name:28s} {len(v):4d} frames {text} median {np.median(c):.2f}", file=sys.stderr)
    c, hit = np.array([v[0] for v in best.values()]), np.array([v[1] for v in best.values()])
    for low, high in ((0, .1), (.1, .25), (.25, .5), (.5, .75), (.75, .9), (.9, 1.01)):
        s = (c >= low) & (c < high)
        right = hit[s].mean() if s.any() else float("nan")
        print(f"confidence {low:.2f} to {min(high, 1):.2f}: {s.sum():4d} frames, right {right:.2f}", file=sys.stderr)


def main():
    rows = load([a for a in sys.argv[1:] if a.endswith(".csv")])
    x, y, w = np.array([inputs(row) for row in rows]), np.array([row["label"] == "1" for row in rows], float), weights(rows)
    if "--leave-out" in sys.argv:
        q, group = np.zeros(len(y)), np.array([source(row["set"]) for row in rows])
        for g in sorted(set(group)):
            raw, bias = fit(x[group != g], y[group != g], w[group != g])
            q[group == g] = 1.0 / (1.0 + np.exp(-(x[group == g] @ raw + bias)))
        report(rows, q)
        return
    raw, bias = fit(x, y, w)
    report(rows, 1.0 / (1.0 + np.exp(-(x @ raw + bias))))
    print("// SPDX-License-Identifier: Apache-2.0\n// Written by training/needle_confidence.py; not to be edited.")
    print("#pragma once\n\nnamespace genu::ultrasound::needle::weight {\n")
    for name, value in zip(SIGNS, raw):
        print(f"constexpr double {name} = {value:.4g};")
    print(f"constexpr double bias = {bias:.5g};\n\n}}  // namespace genu::ultrasound::needle::weight")


main()
