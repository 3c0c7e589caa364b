# SPDX-License-Identifier: Apache-2.0
"""Measures the network as users meet it: through `genu segment` and `genu compare-labels`.

  make      writes synthetic series of the knees held back from training, with their truth
  run       segments them and compares, into results.csv
  table     prints Dice, ASSD and HD95 a structure, by slice spacing and contrast family, as Markdown
  calibrate fits the Dice to expect to the Dice that was found, and draws it
  curve     draws the log of the training
  thickness compares cartilage thickness from the network's labels with that from the true ones
  echoes    compares the labels of each echo of one real knee that did not move with those of the first: a measure
            that needs no truth
"""
import argparse
import csv
import json
import os
import random
import shutil
import subprocess
import sys
import zlib

import numpy as np
import torch

import anatomy as A
import synthesis
from generate import HELD_BACK

STRUCTURES = ("femur", "tibia", "patella", "fibula", "femoral_cartilage", "medial_tibial_cartilage",
              "lateral_tibial_cartilage", "patellar_cartilage", "medial_meniscus", "lateral_meniscus", "patellar_tendon", "quadriceps_tendon")
VALIDATED = ("femur", "tibia", "patella", "femoral_cartilage", "medial_tibial_cartilage", "lateral_tibial_cartilage",
             "patellar_cartilage")
BONES, CARTILAGES = VALIDATED[:3], VALIDATED[3:]
# Genu's numbers for the classes of the network; menisci by their side.
NUMBERS = np.array([0, 1, 2, 3, 4, 5, 7, 9, 10, 12, 13, 20, 0], np.uint8)  # medial of what lies on both sides
TIBIAL_CARTILAGE, MENISCUS = 6, 8
LATERAL = {TIBIAL_CARTILAGE: 8, MENISCUS: 11}
FINE_SIDE, FINE_MM = 384, 0.365


# Series of other planes are sagittal ones of thin slices whose rows (axial) or columns (coronal) were averaged.
PLANES = {"axial": 1, "coronal": 2}
THIN_MM, PLANE_MM = 0.7, 3.0


def write_nrrd(path, voxels, row_mm, column_mm, slice_mm):
    """Writes slices x rows x columns of a right knee, lateral, superior and anterior first."""
    head = ("NRRD0004\ntype: uint8\ndimension: 3\nspace: left-posterior-superior\n"
            f"sizes: {voxels.shape[2]} {voxels.shape[1]} {voxels.shape[0]}\n"
            f"space directions: (0,{column_mm},0) (0,0,{-row_mm}) ({slice_mm},0,0)\n"
            "kinds: domain domain domain\nencoding: gzip\nspace origin: (-60,-70,70)\n\n")
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    with open(path + ".part", "wb") as file:
        file.write(head.encode() + squeeze.compress(np.ascontiguousarray(voxels).tobytes()) + squeeze.flush())
    os.replace(path + ".part", path)


def numbers_of(classes):
    """Returns the classes of a series in Genu's numbers; the plates part where cartilage is least near the tibia's middle."""
    numbers = NUMBERS[classes]
    tibia = np.nonzero((classes == 2).sum((1, 2)) > 50)[0]
    if not len(tibia):
        return numbers
    middle, reach = (tibia[0] + tibia[-1]) / 2, max(1, 0.15 * len(tibia))
    near = [s for s in range(len(classes)) if abs(s - middle) <= reach]
    cartilage = [(classes[s] == TIBIAL_CARTILAGE).sum() for s in near]
    border = np.mean([s for s, n in zip(near, cartilage) if n == min(cartilage)])
    for s in range(int(np.ceil(border))):
        for what, number in LATERAL.items():
            numbers[s][classes[s] == what] = number
    return numbers


def thick_slices(image, numbers, axis, count):
    """Returns the mean of every `count` rows or columns, and the truth at their middle."""
    whole = image.shape[axis] // count * count
    shape = list(image.shape)
    shape[axis:axis + 1] = [whole // count, count]
    cut = [slice(None)] * 3
    cut[axis] = slice(0, whole)
    mean = image[tuple(cut)].reshape(shape).mean(axis + 1)
    return np.round(mean).astype(np.uint8), np.take(numbers[tuple(cut)].reshape(shape), count // 2, axis + 1)


def write_case(path, image, numbers, spacing, case):
    """Writes a series, its truth and what it is, in this order."""
    slice_mm, row_mm, column_mm = spacing
    write_nrrd(path + ".nrrd", image, row_mm, column_mm, slice_mm)
    write_nrrd(path + "-truth.nrrd", numbers, row_mm, column_mm, slice_mm)
    with open(path + ".json", "w") as file:
        json.dump(case, file)


def make(arguments):
    os.makedirs(arguments.cases, exist_ok=True)
    names = sorted(n for n in os.listdir(arguments.knees) if n.startswith(HELD_BACK))
    todo = [(f"{family}-{slice_mm}-{turn}", family, slice_mm) for turn in range(arguments.each)
            for slice_mm in arguments.slices for family in synthesis.FAMILY_SHARE]
    todo += [(f"any-{turn}", None, None) for turn in range(arguments.any)]
    for name, family, slice_mm in todo:
        path = os.path.join(arguments.cases, name)
        if os.path.exists(path + ".json"):
            continue
        chance = random.Random(f"{arguments.seed}/{name}")
        knee = chance.choice(names)
        fine = family is not None
        synthesis.SIDE, synthesis.PIXEL_MM = (FINE_SIDE, FINE_MM) if fine else (256, 0.55)
        image, classes, mm, title = synthesis.synthesise(synthesis.Knee(os.path.join(arguments.knees, knee)), chance, family,
                                                         slice_mm, sagittal_only=fine)
        image, numbers = image.numpy(), numbers_of(classes.numpy())
        case = {"knee": knee, "family": family or "any", "title": title}
        pixel_mm = synthesis.PIXEL_MM
        if slice_mm == THIN_MM:
            for plane, axis in PLANES.items():
                count = 2 * int(PLANE_MM / pixel_mm / 2) + 1  # odd, so that the truth is that of a slice's middle
                spacing = [mm, pixel_mm, pixel_mm]
                spacing[axis] *= count
                write_case(path.replace(f"-{slice_mm}-", f"-{plane}-"), *thick_slices(image, numbers, axis, count), spacing,
                           {**case, "plane": plane, "slice_mm": spacing[axis]})
        write_case(path, image, numbers, (mm, pixel_mm, pixel_mm), {**case, "plane": "sagittal", "slice_mm": mm})
        print(name, knee, title, round(mm, 2), image.shape, flush=True)


def genu(arguments, *words):
    run = subprocess.run([arguments.genu, *words], capture_output=True, text=True)
    if run.returncode:
        print(" ".join(words[:2]), run.stderr.strip(), file=sys.stderr, flush=True)
    return run.returncode == 0


def segmented(arguments, image, target, *words):
    """Returns the statement of quality; the labels are in target + .nrrd. None if it was refused."""
    model = ("--model", arguments.model) if arguments.model else ()
    if not genu(arguments, "segment", image, "--side", "right", "--failed-too", "--out", target + ".nrrd", "--report",
                target + "-quality.json", *model, *words):
        return None
    with open(target + "-quality.json") as file:
        return json.load(file)


def compared(arguments, a, b, target):
    genu(arguments, "compare-labels", a, b, "--label-table", "genu", "--out", target)
    with open(target) as file:
        return {row["structure"]: row for row in json.load(file)["structures"]}


def run(arguments):
    rows = []
    results = os.path.join(arguments.cases, "results")
    os.makedirs(results, exist_ok=True)
    for name in sorted(n[:-len("-truth.nrrd")] for n in os.listdir(arguments.cases) if n.endswith("-truth.nrrd")):
        path, target = os.path.join(arguments.cases, name), os.path.join(results, name)
        with open(path + ".json") as file:
            case = json.load(file)
        quality = segmented(arguments, path + ".nrrd", target)
        found = compared(arguments, path + "-truth.nrrd", target + ".nrrd", target + "-agreement.json") if quality else {}
        judged = {s["structure"]: s for s in quality["structures"]} if quality else {}
        for structure in STRUCTURES:
            if structure in found:
                f, j = found[structure], judged[structure]
                rows.append({"case": name, "knee": case["knee"].rsplit("_", 1)[0], "family": case["family"],
                             "slices": f"{case['slice_mm']:.1f} mm" + ("" if case["plane"] == "sagittal" else " " + case["plane"]), "structure": structure,
                             "dice": f["dice"], "assd_mm": f["assd_mm"], "hausdorff_95_mm": f["hausdorff_95_mm"],
                             "overlap": j["overlap"], "agreement": j["agreement"], "verdict": quality["verdict"]})
        print(name, quality and quality["verdict"], {r["structure"]: round(r["dice"], 3) for r in rows if r["case"] == name and r["structure"] in VALIDATED}, flush=True)
    with open(os.path.join(arguments.cases, "results.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def results_of(arguments):
    with open(os.path.join(arguments.cases, "results.csv")) as file:
        return list(csv.DictReader(file))


def mean_of(rows, measure):
    values = [float(r[measure]) for r in rows if r[measure] not in ("", "None")]
    return np.mean(values) if values else float("nan")


def table(arguments):
    rows = [r for r in results_of(arguments) if r["family"] != "any"]
    for measure, digits in (("dice", 3), ("assd_mm", 2), ("hausdorff_95_mm", 1)):
        print(f"\n{measure}\n\n| slices | family | " + " | ".join(STRUCTURES) + " |\n|---|---|" + "---|" * len(STRUCTURES))
        for slices in sorted({r["slices"] for r in rows}, key=lambda s: (len(s.split()), s)):
            for family in list(synthesis.FAMILY_SHARE) + ["mean"]:
                own = [r for r in rows if r["slices"] == slices and family in (r["family"], "mean")]
                cells = []
                for structure in STRUCTURES:
                    mine = [r for r in own if r["structure"] == structure]
                    lost = sum(r[measure] in ("", "None") for r in mine)  # not found at all: no distance
                    cells.append(f"{mean_of(mine, measure):.{digits}f}" + (f" ({lost} lost)" if lost else ""))
                print(f"| {slices} | {family} | " + " | ".join(cells) + " |")


def calibrate(arguments):
    """Writes the calibration: a line a kind of structure, and the thresholds."""
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    rows = results_of(arguments)
    kinds = {"bones": BONES, "cartilages": CARTILAGES, "fibula": ("fibula",), "menisci": ("medial_meniscus", "lateral_meniscus"),
             "tendons": ("patellar_tendon", "quadriceps_tendon")}
    fits, drawn = [], []
    for kind, structures in kinds.items():
        own = [r for r in rows if r["structure"] in structures and r["agreement"] not in ("", "None")]
        x = np.array([[1, float(r["overlap"]), float(r["agreement"])] for r in own])
        y = np.array([float(r["dice"]) for r in own])
        # What is drawn for a knee was fitted on the other knees.
        knees = np.array([r["knee"] for r in own])
        expected = np.empty(len(y))
        for knee in set(knees):
            line = np.linalg.lstsq(x[knees != knee], y[knees != knee], rcond=None)[0]
            expected[knees == knee] = np.clip(x[knees == knee] @ line, 0, 1)
        line = np.linalg.lstsq(x, y, rcond=None)[0]
        fits.append({"structures": list(structures),
                     "intercept": round(line[0], 4), "overlap": round(line[1], 4), "agreement": round(line[2], 4)})
        drawn.append((kind, expected, y))
        print(f"{kind}: {fits[-1]}, mean error {np.abs(expected - y).mean():.3f}, correlation {np.corrcoef(expected, y)[0, 1]:.2f}, n {len(y)}")
    expected = np.concatenate([e for kind, e, _ in drawn if kind in ("bones", "cartilages")])
    dice = np.concatenate([d for kind, _, d in drawn if kind in ("bones", "cartilages")])
    poor = dice < 0.8
    # The least threshold that catches nine of ten poor results.
    review = next((t for t in np.arange(0.60, 0.99, 0.005) if (expected[poor] < t).mean() >= 0.9), 0.98) if poor.any() else 0.8
    fail = 0.5
    print(f"review below {review:.3f}: catches {(expected[poor] < review).mean():.2f} of {poor.sum()} with Dice under 0.8, "
          f"and {(expected[~poor] < review).mean():.2f} of {(~poor).sum()} others")
    with open(arguments.out, "w") as file:
        json.dump({"schema": "genu/network/1", "name": os.path.basename(arguments.out)[:-5],
                   "validated": list(VALIDATED),
                   "calibration": {"review_below": round(float(review), 3), "fail_below": fail, "fits": fits}}, file, indent=2)
        file.write("\n")
    figure, axis = plt.subplots(figsize=(6, 6))
    for kind, e, d in drawn:
        axis.plot(e, d, "o", ms=4, alpha=0.6, label=kind)
    axis.plot([0, 1], [0, 1], "k-", lw=0.6)
    axis.axvline(review, color="tab:red", lw=1)
    axis.axhline(0.8, color="gray", lw=0.8, ls="--")
    axis.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="Dice to expect (fitted on the other knees)",
             ylabel="Dice found", title="Knees held back from training")
    axis.annotate("review below", (review, 0.03), rotation=90, fontsize=8, color="tab:red", ha="right")
    axis.legend()
    figure.tight_layout()
    figure.savefig(arguments.plot, dpi=110)


def thickness(arguments):
    """Prints mean thickness of the network's labels minus that of the true ones: mean and SD over the series."""
    regions = ("MT", "LT", "cMF", "cLF", "TrF", "P")
    found = {}
    for name in sorted(n[:-len("-truth.nrrd")] for n in os.listdir(arguments.cases) if n.endswith("-truth.nrrd")):
        with open(os.path.join(arguments.cases, name + ".json")) as file:
            case = json.load(file)
        if case["family"] == "any" or case["plane"] != "sagittal":
            continue
        both = []
        for labels, target in ((name + "-truth.nrrd", name + "-truth"), ("results/" + name + ".nrrd", name)):
            out = os.path.join(arguments.cases, "results", target + "-measured")
            if not genu(arguments, "measure", "--labels", os.path.join(arguments.cases, labels), "--label-table", "genu", "--side",
                        "right", "--replace", "--out", out):
                break
            with open(os.path.join(out, "measurements.json")) as file:
                both.append({r["region"]: r for r in json.load(file)["regions"]})
            shutil.rmtree(out)
        if len(both) == 2:
            for region in regions:
                true, own = (b.get(region, {}).get("ThCtAB_mean_mm") for b in both)
                if true is not None and own is not None:
                    found.setdefault((f"{case['slice_mm']:.1f} mm", region), []).append((own - true, true))
    print("| slices | " + " | ".join(regions) + " |\n|---|" + "---|" * len(regions))
    for slices in sorted({s for s, _ in found}):
        cells = []
        for region in regions:
            pairs = np.array(found.get((slices, region), [(np.nan, np.nan)]))
            cells.append(f"{pairs[:, 0].mean():+.2f} ± {pairs[:, 0].std(ddof=min(1, len(pairs) - 1)):.2f} of {pairs[:, 1].mean():.2f} (n {len(pairs)})")
        print(f"| {slices} | " + " | ".join(cells) + " |")


def curve(arguments):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    with open(arguments.log) as file:
        rows = list(csv.DictReader(file))
    steps = [int(r["step"]) for r in rows]
    smooth = lambda name: np.convolve(np.pad([float(r[name]) for r in rows], 2, "edge"), np.ones(5) / 5, "valid")
    figure, (above, below) = plt.subplots(2, 1, figsize=(7, 7), sharex=True)
    above.plot(steps, smooth("loss"), "k")
    above.set(ylabel="loss (cross-entropy + 1 - Dice)", title="Training on synthetic series; every 50 steps, mean of 5")
    rate = above.twinx()
    rate.plot(steps, [float(r["rate"]) for r in rows], "tab:red", lw=0.8)
    rate.set_ylabel("learning rate", color="tab:red")
    for name in ("femur", "tibia", "patella", "fibula", "femoral_cartilage", "tibial_cartilage", "patellar_cartilage",
                 "meniscus", "patellar_tendon", "quadriceps_tendon", "joint_fluid"):
        below.plot(steps, smooth(name), label=name.replace("_", " "))
    below.set(xlabel="step (8 slices each)", ylabel="soft Dice, batch by batch", ylim=(0, 1))
    below.legend(fontsize=7, ncol=3, loc="lower right")
    figure.tight_layout()
    figure.savefig(arguments.plot, dpi=100)


def echoes(arguments):
    os.makedirs(arguments.cases, exist_ok=True)
    for echo in range(1, arguments.count + 1):
        target = os.path.join(arguments.cases, f"echo{echo}")
        quality = segmented(arguments, arguments.dicom, target, "--echo", str(echo))
        first = os.path.join(arguments.cases, "echo1.nrrd")
        found = compared(arguments, first, target + ".nrrd", target + "-agreement.json")
        print(echo, quality and quality["verdict"], " ".join(f"{s} {f['dice']:.3f}" for s, f in found.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(required=True)

    def step(work, *needs):
        own = steps.add_parser(work.__name__)
        own.set_defaults(work=work)
        if work is not curve:
            own.add_argument("--cases", required=True, help="folder of series, truths and results")
        if "genu" in needs:
            own.add_argument("--genu", required=True, help="the program")
            own.add_argument("--model", help=".onnx with its .json; else the one that ships")
        return own

    own = step(make)
    own.add_argument("--knees", required=True, help="folder of anatomy.py")
    own.add_argument("--each", type=int, default=1, help="series of each family and spacing")
    own.add_argument("--any", type=int, default=40, help="further series, as they are drawn for training")
    own.add_argument("--slices", type=float, nargs="*", default=[0.7, 1.5, 3.0])
    own.add_argument("--seed", type=int, default=7)
    step(run, "genu")
    step(table)
    step(thickness, "genu")
    own = step(calibrate)
    own.add_argument("--out", required=True, help=".json to lie beside the network")
    own.add_argument("--plot", required=True, help=".png")
    own = step(curve)
    own.add_argument("--log", required=True, help="of train.py")
    own.add_argument("--plot", required=True, help=".png")
    own = step(echoes, "genu")
    own.add_argument("--dicom", required=True)
    own.add_argument("--count", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work(arguments)


if __name__ == "__main__":
    main()
