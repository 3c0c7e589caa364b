#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the confidence of find_needle: logistic regression from what is seen along a line to the probability that it
is a needle.

    needle_table frames real DATA real         (testing/bench; real frames and what is made of them)
    needle_table frames simulated simulated
    needle_table features real > real.csv      (one row a candidate)
    needle_table features simulated > simulated.csv
    needle_confidence.py real.csv simulated.csv > ../src/needle_weights.h

Each piece of evidence may only speak for a needle or only against one, as SIGNS says: there are few real recordings,
and a peculiarity of theirs must not become a law. Of each frame only the needle and the likeliest other line count,
as only they decide what is found there. Each kind of frame weighs as the square root of how many there are. With --leave-out each source of frames is predicted by
weights that have not seen it; the real needle's recording also without all that bears its echo. The report goes to
the error stream.
"""
import collections
import csv
import sys

import numpy as np

SIGNS = collections.OrderedDict(prominence=1, over=1, contrast=1, rank=1, length=1, scatter=-1, bend=-1, uneven=-1,
                                rivals=-1, flat_rivals=-1, clearance=1, leaves=-1, flat_clearance=1, onward=-1, gap=-1)
DECAY = 0.0006
SIMULATED = 1.0  # weight of simulated frames beside real ones
NONE = 3.0  # weight of frames without a needle beside those with one: a false find is worse than a missed needle
UNLIKE = ("Water",)  # a bright line alone in water that ends in it is as a needle


def inputs(row):
    """As terms_of in needle_confidence.cpp."""
    v = {k: float(row[k]) for k in row if k not in ("set", "name")}
    flat = np.clip((20.0 - v["angle"]) / 12.0, 0.0, 1.0)
    return [np.log(np.clip(v["prominence"], 2.0, 16.0)), np.clip(v["over"], 0.4, 1.0), np.clip(v["contrast"], -0.2, 0.6),
            np.clip(v["rank"], 0.1, 1.8), np.log(np.clip(v["length"], 0.08, 0.3)),
            np.log(np.clip(v["scatter"] * v["length"], 6e-4, 16e-3)), np.clip(v["bend"], 0.015, 0.1),
            min(v["uneven"], 0.4), min(v["rivals"], 2.0), flat * min(v["rivals"], 2.0),
            np.clip(v["clearance"], 0.0, 0.03), float(v["clearance"] < 0.01),
            flat * (np.clip(v["clearance"], 0.0, 0.16) - 0.16), np.clip(v["onward"], 0.4, 1.0), min(v["gap"], 0.3)]


def source(name):
    """Where a frame comes from, whatever was done to it."""
    for made in ("pasted on ", "drawn on "):
        name = name.replace(made, "")
    if name.startswith("dicom"):
        return name[:11]
    return {"real": "recording", "needle removed": "recording"}.get(name, name.split(" ")[0])


def made(name):
    return name.split(" ")[0] if name.startswith(("pasted", "drawn")) else "as it is"


def load(files):
    rows = [row for f in files for row in csv.DictReader(open(f)) if row["label"] in ("0", "1")]
    # A needle laid so that its tip is outside of the picture is none that should be found.
    rows = [row for row in rows if row["label"] == "0" or float(row["clearance"]) > 0.01]
    return [row for row in rows if not row["set"].startswith(UNLIKE)]


def weights(rows):
    kind = [(row["truth"], source(row["set"]), made(row["set"])) for row in rows]
    frames = collections.defaultdict(set)
    for k, row in zip(kind, rows):
        frames[k].add((row["set"], row["name"]))
    share = {k: (SIMULATED if k[1] == "simulated" else 1.0) for k in frames}
    w = np.array([share[k] / np.sqrt(len(frames[k])) for k in kind])
    for truth in "01":
        w[[k[0] == truth for k in kind]] *= (NONE if truth == "0" else 1.0) / sum(share[k] * np.sqrt(len(v)) for k, v in frames.items() if k[0] == truth)
    return w


def descend(x, y, w, steps=500):
    """Adam on all rows at once; after each step what has the wrong sign becomes 0."""
    mean, width = x.mean(0), x.std(0) + 1e-9
    z, w = (x - mean) / width, w / w.sum()
    sign = np.array(list(SIGNS.values()))
    b, m, s = np.zeros(z.shape[1] + 1), 0.0, 0.0
    for step in range(1, steps + 1):
        d = w * (1.0 / (1.0 + np.exp(-(z @ b[:-1] + b[-1]))) - y)
        g = np.append(z.T @ d + DECAY * b[:-1], d.sum())
        m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g * g
        b -= (0.08 * (1.0 - step / steps) + 1e-3) * (m / (1 - 0.9 ** step)) / (np.sqrt(s / (1 - 0.999 ** step)) + 1e-10)
        b[:-1] = np.where(b[:-1] * sign < 0.0, 0.0, b[:-1])
    raw = b[:-1] / width
    return raw, b[-1] - raw @ mean


def fit(x, y, w, frame, rounds=4):
    """With all rows at first, then with the needle and the likeliest other line of each frame."""
    used = np.ones(len(y), bool)
    for _ in range(rounds):
        raw, bias = descend(x[used], y[used], w[used])
        used, seen = y > 0.0, set()
        for i in np.argsort(-(x @ raw)):
            if y[i] == 0.0 and frame[i] not in seen:
                seen.add(frame[i])
                used[i] = True
    return descend(x[used], y[used], w[used])


def report(rows, q):
    best = collections.OrderedDict()
    for row, c in zip(rows, q):
        key = (row["set"], row["name"])
        if key not in best or c > best[key][0]:
            best[key] = (c, row["label"] == "1", row["truth"] == "1")
    table = collections.defaultdict(list)
    for (name, _), v in best.items():
        origin = "dicom" if source(name).startswith("dicom") else source(name)
        table[(v[2], made(name), origin)].append(v)
        table[(v[2], "all", "but simulated" if origin != "simulated" else "simulated")].append(v)
    for (needle, how, name), v in sorted(table.items()):
        c, hit = np.array([a[0] for a in v]), np.array([a[1] for a in v])
        text = (f"found {np.mean((c >= .5) & hit):.2f} wrong {np.mean((c >= .5) & ~hit):.2f}" if needle else
                f"false {np.mean(c >= .5):.2f} 95 % {np.quantile(c, 0.95):.2f}")
        print(f"{'needle' if needle else 'none':7s}{how:9s}{name:14s} {len(v):4d} frames {text} median {np.median(c):.2f}",
              file=sys.stderr)
    c, hit = np.array([v[0] for v in best.values()]), np.array([v[1] for v in best.values()])
    for low, high in ((0, .1), (.1, .25), (.25, .5), (.5, .75), (.75, .9), (.9, 1.01)):
        s = (c >= low) & (c < high)
        right = hit[s].mean() if s.any() else float("nan")
        print(f"confidence {low:.2f} to {min(high, 1):.2f}: {s.sum():4d} frames, right {right:.2f}", file=sys.stderr)


def main():
    rows = load([a for a in sys.argv[1:] if a.endswith(".csv")])
    x, y, w = np.array([inputs(row) for row in rows]), np.array([row["label"] == "1" for row in rows], float), weights(rows)
    frame = np.array([row["set"] + row["name"] for row in rows])
    if "--leave-out" in sys.argv:
        group, how = np.array([source(row["set"]) for row in rows]), np.array([made(row["set"]) for row in rows])
        q = np.zeros(len(y))
        for g in sorted(set(group)):
            out = (group == g) | ((how == "pasted") & (g == "recording"))
            raw, bias = fit(x[~out], y[~out], w[~out], frame[~out])
            q[group == g] = 1.0 / (1.0 + np.exp(-(x[group == g] @ raw + bias)))
        report(rows, q)
        return
    raw, bias = fit(x, y, w, frame)
    report(rows, 1.0 / (1.0 + np.exp(-(x @ raw + bias))))
    print("// SPDX-License-Identifier: Apache-2.0\n// Written by training/needle_confidence.py; not to be edited.")
    print("#pragma once\n\nnamespace genu::ultrasound::needle::weight {\n")
    for name, value in zip(SIGNS, raw):
        print(f"constexpr double {name} = {value:.4g};")
    print(f"constexpr double bias = {bias:.5g};\n\n}}  // namespace genu::ultrasound::needle::weight")


if __name__ == "__main__":
    main()
