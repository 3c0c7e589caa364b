# SPDX-License-Identifier: Apache-2.0
"""Measures the labels of the SPL knee atlas and writes the anatomy table, data/planning/anatomy.json.

The atlas (Surgical Planning Laboratory, Brigham and Women's Hospital: one knee, manual labels) is not part of Genu; what is
written are sizes and places measured in it. Its frame is the one that Genu finds in the same labels:

    genu measure --labels atlas.nrrd --label-table spl_atlas --out atlas_case
    python3 data/planning/measure_anatomy.py atlas.nrrd atlas_case/measurements.json data/planning/anatomy.json

Everything is in knee coordinates, mm: lateral, anterior, proximal of the frame's origin. Prints how well the tubes cover the
labels that they stand for. Needs numpy and scipy.
"""
import argparse
import gzip
import json

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse import csgraph
from scipy.spatial import ConvexHull, cKDTree

BONES = {"femur": 95, "tibia": 96, "patella": 98}
SAMPLES = {"femur": 1300, "tibia": 1100, "patella": 700}
BORDER_MM = 2.5  # Bone this near to the image's border was cut there.

# Above this the femur carries what runs past the joint, below minus this the tibia (mm from the joint line).
BLEND_MM = 10.0
SKIN_BLEND_MM = 30.0  # The skin is far from the joint: where knees bend differently, rings blended faster would cross.

# name, kind, labels of each course, how the course is followed, how it is carried, spread between people (SD, mm)
# in each direction across the course. Spreads are working values: see modules/planning/README.md.
STRUCTURES = [
    ("popliteal_artery", "vessel", [[71]], "trunk", "height", 5.0),
    ("popliteal_vein", "vessel", [[72]], "fork", "height", 5.0),
    ("superior_medial_genicular_artery", "vessel", [[73]], "path", "femur", 6.0),
    ("superior_lateral_genicular_artery", "vessel", [[74]], "path", "femur", 6.0),
    ("middle_genicular_artery", "vessel", [[75]], "path", "femur", 5.0),
    ("great_saphenous_vein", "vessel", [[77]], "trunk", "skin", 8.0),
    ("small_saphenous_vein", "vessel", [[78]], "trunk", "skin", 8.0),
    ("tibial_nerve", "nerve", [[62]], "fork", "height", 5.0),
    ("common_peroneal_nerve", "nerve", [[61]], "trunk", "height", 5.0),
    ("anterior_cruciate_ligament", "ligament", [[31]], "axis", "ends", 2.5),
    ("posterior_cruciate_ligament", "ligament", [[32]], "axis", "ends", 2.5),
    ("medial_collateral_ligament", "ligament", [[34]], "levels", "ends", 3.0),
    ("lateral_collateral_ligament", "ligament", [[33]], "levels", "ends", 3.0),
    ("patellar_tendon", "tendon", [[35]], "levels", "patella_to_tibia", 2.5),
    ("iliotibial_tract", "tendon", [[43]], "levels", "height", 4.0),
    ("popliteus_tendon", "tendon", [[44]], "axis", "ends", 3.0),
    ("biceps_femoris_tendon", "tendon", [[42]], "levels", "height", 4.0),
    # 3 has no name in the atlas' colour table; it carries on where the gracilis tendon (48) ends.
    ("pes_anserinus_tendon", "tendon", [[47], [48, 3]], "levels", "height", 5.0),
]

GREAT_SAPHENOUS, PATELLAR_TENDON = 77, 35
NERVE_MM = 1.0  # Half the thickness of the saphenous nerve: a working value.

# Fat and skin over the hull of what is labelled, and how far the whole may be wrong (SD): working values, see
# data/planning/README.md.
COVER_FRONT_MM = 9.0
COVER_MM = 6.0
COVER_VEIN_MM = 3.0
SKIN_SD_MM = 6.0

ORIGIN = (
    "measured by data/planning/measure_anatomy.py in the labels of the SPL knee atlas (Surgical Planning Laboratory, Brigham "
    "and Women's Hospital), one knee; sizes and places only, no data copied. Spreads between people are working values"
)
SKIN_SOURCE = "hull of the atlas' labels, with 9 mm of fat and skin in front and 6 mm elsewhere (working values)"
SOURCES = {
    "tibial_nerve": "measured in the atlas: the trunk and the second strand of its fork, without muscular branches",
    "popliteal_vein": "measured in the atlas: the trunk and the second vein below the joint, without side branches",
    "pes_anserinus_tendon": "measured in the atlas: tendons of semitendinosus and gracilis; that of sartorius is not there",
    "patellar_tendon": "measured in the atlas: from the patella's apex on, without the sheet on the patella's front",
    "iliotibial_tract": "measured in the atlas, which has only its part beside the shaft of the femur",
    "saphenous_nerve": "not in the atlas: drawn beside the great saphenous vein, which it accompanies at the knee and down the "
    "leg (Standring, Gray's Anatomy, chapter on the leg)",
}


def read_nrrd(path):
    """Returns voxels [k, j, i], and the affine of (i, j, k) to LPS, mm."""
    with open(path, "rb") as file:
        header, data = file.read().split(b"\n\n", 1)
    fields = dict(line.split(": ", 1) for line in header.decode().splitlines() if ": " in line)
    if fields["encoding"] != "gzip" or fields["type"] != "short" or fields["space"] != "left-posterior-superior":
        raise SystemExit(f"{path}: expected gzip, short, left-posterior-superior")
    size = [int(n) for n in fields["sizes"].split()]
    voxels = np.frombuffer(gzip.decompress(data), "<i2").reshape(size[::-1])
    vector = lambda text: [float(n) for n in text.strip("()").split(",")]
    affine = np.eye(4)
    affine[:3, :3] = np.array([vector(v) for v in fields["space directions"].split()]).T
    affine[:3, 3] = vector(fields["space origin"])
    return voxels, affine


class Frame:
    """Knee coordinates, as Genu's KneeFrame gives them."""

    def __init__(self, frame):
        self.origin = np.array(frame["origin_mm"])
        self.axes = np.array([frame["lateral"], frame["anterior"], frame["proximal"]])
        self.side = frame["side"]

    def of_points(self, lps):
        return (lps - self.origin) @ self.axes.T


class Atlas:
    def __init__(self, voxels, affine, frame):
        self.voxels, self.affine, self.frame = voxels, affine, frame
        self.spacing = np.abs(np.diag(affine)[:3])

    def lps(self, index_kji):
        return index_kji[:, ::-1] @ self.affine[:3, :3].T + self.affine[:3, 3]

    def heights(self):
        """Returns mm proximal for each voxel."""
        k, j, i = np.ogrid[tuple(slice(n) for n in self.voxels.shape)]
        up = self.frame.axes[2] @ self.affine[:3, :3]
        return up[0] * i + up[1] * j + up[2] * k + self.frame.axes[2] @ (self.affine[:3, 3] - self.frame.origin)

    def points(self, mask):
        return self.frame.of_points(self.lps(np.argwhere(mask).astype(float)))

    def mask(self, labels):
        return np.isin(self.voxels, labels)

    def surface(self, mask, sigma_mm):
        """Returns points and unit outward normals where the smoothed mask crosses a half, and whether they lie off the border."""
        where = ndimage.find_objects(mask.astype(np.uint8))[0]
        low = np.array([max(0, s.start - 8) for s in where])
        part = mask[tuple(slice(a, s.stop + 8) for a, s in zip(low, where))].astype(np.float32)
        field = ndimage.gaussian_filter(part, sigma_mm / self.spacing[::-1], mode="nearest")
        gradient = np.stack(np.gradient(field), axis=-1)
        points, normals = [], []
        for axis in range(3):
            a = np.moveaxis(field, axis, 0)
            lower, upper = a[:-1], a[1:]
            hit = np.argwhere((lower < 0.5) != (upper < 0.5))
            index = np.insert(hit[:, 1:], axis, hit[:, 0], axis=1)
            step = np.eye(3, dtype=int)[axis]
            f0, f1 = field[tuple(index.T)], field[tuple((index + step).T)]
            t = ((0.5 - f0) / (f1 - f0))[:, None]
            points.append(index + t * step)
            normals.append((1 - t) * gradient[tuple(index.T)] + t * gradient[tuple((index + step).T)])
        index = np.concatenate(points) + low
        # The gradient by index turns into one by mm; it points inwards.
        turned = -(np.concatenate(normals) / self.spacing[::-1])[:, ::-1] * np.sign(np.diag(self.affine)[:3])
        turned /= np.maximum(np.linalg.norm(turned, axis=1, keepdims=True), 1e-12)
        last = np.array(self.voxels.shape) - 1
        inside = (np.minimum(index + 0.5, last + 0.5 - index) * self.spacing[::-1]).min(axis=1) > BORDER_MM
        return self.frame.of_points(self.lps(index)), turned @ self.frame.axes.T, inside


def spread_out(points, count, seed=1):
    """Returns indices of points that lie about evenly: each next one is farthest from all before it."""
    rng = np.random.default_rng(seed)
    some = rng.permutation(len(points))[: 60 * count]
    chosen = [some[0]]
    distance = np.full(len(some), np.inf)
    for _ in range(count - 1):
        distance = np.minimum(distance, ((points[some] - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(some[distance.argmax()])
    return np.array(chosen)


def trunk(atlas, mask):
    """Returns the mask without side branches: in each slice the part that overlaps the one in the slice above most."""
    kept = np.zeros_like(mask)
    above = None
    for k in reversed(range(mask.shape[0])):
        parts, count = ndimage.label(mask[k], np.ones((3, 3)))
        if count == 0:
            continue
        sizes = np.bincount(parts.ravel(), minlength=count + 1)[1:].astype(float)
        if above is not None:
            near = ndimage.binary_dilation(above, iterations=4)
            overlap = np.bincount(parts.ravel(), weights=near.ravel(), minlength=count + 1)[1:]
            if overlap.max() > 0:
                sizes = overlap
        above = parts == sizes.argmax() + 1
        kept[k] = above
    return kept


def courses_of(atlas, labels, how):
    """Returns a mask a course of a structure."""
    mask = atlas.mask(labels)
    if how == "levels" and labels == [PATELLAR_TENDON]:
        # Above the patella's apex it is a thin sheet on the front of the bone.
        apex_mm = atlas.points(atlas.mask([BONES["patella"]]))[:, 2].min()
        return [mask & (atlas.heights() < apex_mm + 5.0)]
    if how not in ("trunk", "fork"):
        return [largest_part(mask) if len(labels) == 1 else mask]
    if how == "trunk":
        return [trunk(atlas, mask)]
    # Twigs a millimetre wide are no part of it; where it forks, the second part is a course of its own.
    thick = np.stack([ndimage.binary_opening(m, iterations=2) if m.sum() > 150 else m for m in mask])
    first = trunk(atlas, thick)
    second = largest_part(thick & ~np.stack([ndimage.binary_dilation(m, iterations=2) for m in first]))
    return [first, second] if np.ptp(np.flatnonzero(second.any(axis=(1, 2)))) * atlas.spacing[2] > 12.0 else [first]


def largest_part(mask):
    parts, count = ndimage.label(mask, np.ones((3, 3, 3)))
    return parts == np.bincount(parts.ravel())[1:].argmax() + 1 if count > 1 else mask


def path_order(points, reach_mm=1.1):
    """Returns how far along the longest way inside the structure each point lies, and how far off that way it is."""
    pairs = cKDTree(points).query_pairs(reach_mm, output_type="ndarray")
    lengths = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    graph = sparse.csr_matrix((lengths, pairs.T), shape=(len(points), len(points)))
    _, part = csgraph.connected_components(graph, directed=False)
    end = np.flatnonzero(part == np.bincount(part).argmax())[0]
    for _ in range(4):
        along = csgraph.dijkstra(graph, directed=False, indices=end)
        end = np.where(np.isfinite(along), along, -1).argmax()
    back = csgraph.dijkstra(graph, directed=False, indices=end)
    return along, along + back - along[end]


def sorted_along(points, how):
    """Returns points and how far along the structure each lies, mm."""
    if how == "path":
        along, off = path_order(points)
        keep = np.isfinite(along) & (off < 6.0)  # Of a fork the longer branch.
        return points[keep], along[keep]
    if how == "axis":
        centred = points - points.mean(axis=0)
        axis = np.linalg.svd(centred[:: max(1, len(points) // 5000)], full_matrices=False)[2][0]
        axis *= np.sign(axis[2])
    else:
        axis = np.array([0.0, 0.0, 1.0])
    height = points @ axis
    return points, height.max() - height


def dense(line, step_mm=0.25):
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    at = np.arange(0, lengths[-1], step_mm)
    return np.stack([np.interp(at, lengths, line[:, c]) for c in range(3)], axis=1), at


def tangents_of(line):
    t = np.gradient(line, axis=0)
    return t / np.linalg.norm(t, axis=1, keepdims=True)


def section(points, tangent):
    """Returns centre, major half axis and minor half axis of the ellipse whose second moments the points have."""
    u = np.cross(tangent, np.eye(3)[np.abs(tangent).argmin()])
    u /= np.linalg.norm(u)
    v = np.cross(tangent, u)
    flat = np.stack([points @ u, points @ v], axis=1)
    for _ in range(4):
        mean = flat.mean(axis=0)
        values, vectors = np.linalg.eigh(np.cov((flat - mean).T) + 1e-4 * np.eye(2))
        away = (((flat - mean) @ vectors) ** 2 / values).sum(axis=1)
        # Within an ellipse filled evenly nothing is further than 4: what is, is a twig.
        if (away < 6.0).all():
            break
        flat = flat[away < 6.0]
    half = 2.0 * np.sqrt(values)
    axis = vectors[0, 1] * u + vectors[1, 1] * v
    centre = mean[0] * u + mean[1] * v + (points @ tangent).mean() * tangent
    return centre, half[1] * axis, half[0]


def straightened(at, known_at, known, sigma):
    """Returns the line through known points, each from a straight line fitted to those around it: its ends stay where they are."""
    line = []
    for a in at:
        weight = np.sqrt(np.exp(-0.5 * ((known_at - a) / sigma) ** 2) + 1e-9)[:, None]
        basis = np.stack([np.ones_like(known_at), known_at - a], axis=1)
        line.append(np.linalg.lstsq(basis * weight, known * weight, rcond=None)[0][0])
    return np.array(line)


def course_of(points, how, spacing_mm):
    """Returns stations (centre, major half axis vector, minor half axis, tangent) along a structure, the first one highest."""
    points, along = sorted_along(points, how)
    last = along.max()
    at = np.arange(0.0, last + 1.0, 1.0)
    slabs = [np.abs(along - a) < 1.0 for a in at]
    filled = np.array([s.sum() > 4 for s in slabs])
    centres = np.array([points[s].mean(axis=0) for s, full in zip(slabs, filled) if full])
    widths = [np.sqrt(np.linalg.eigvalsh(np.cov(points[s].T))[-1]) for s, full in zip(slabs, filled) if full]
    line = straightened(at, at[filled], centres, np.clip(1.2 * np.median(widths), 2.0, 8.0))
    fine, length = dense(line)
    tangents = tangents_of(fine)
    stations = []
    for a in np.linspace(0, length[-1], max(4, int(round(length[-1] / spacing_mm)) + 1)):
        n = np.abs(length - a).argmin()
        middle = np.interp(n, np.linspace(0, len(fine) - 1, len(at)), at)
        for half_window in (1.0, 1.5, 2.5, 4.0):
            near = np.abs(along - middle) < half_window
            if near.sum() >= 40:
                break
        if near.sum() < 8:
            continue
        # Points of a slab that lies askew to the course are taken along it.
        flat = points[near] + np.outer((fine[n] - points[near]) @ tangents[n], tangents[n])
        centre, major, minor = section(flat, tangents[n])
        stations.append((centre, major, minor, tangents[n]))
    return evened(stations)


def evened(stations):
    """Returns the stations with half axes smoothed along the course, by their second moments."""
    moments = []
    for _, major, minor, tangent in stations:
        a = np.linalg.norm(major)
        u = major / a
        v = np.cross(tangent, u)
        moments.append(a**2 * np.outer(u, u) + minor**2 * np.outer(v, v))
    moments = ndimage.gaussian_filter1d(np.array(moments), 0.7, axis=0, mode="nearest")
    result = []
    for (centre, _, _, tangent), moment in zip(stations, moments):
        across = np.eye(3) - np.outer(tangent, tangent)
        values, vectors = np.linalg.eigh(across @ moment @ across)
        result.append((centre, np.sqrt(values[2]) * vectors[:, 2], np.sqrt(values[1]), tangent))
    return result


def smooth_step(t):
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def weights_of(centres, how):
    """Returns how much femur, tibia and patella carry each station."""
    zero = np.zeros(len(centres))
    if how == "femur":
        return np.stack([zero + 1, zero, zero], axis=1)
    if how in ("height", "skin"):
        blend_mm = BLEND_MM if how == "height" else SKIN_BLEND_MM
        femur = smooth_step((centres[:, 2] + blend_mm) / (2 * blend_mm))
        return np.stack([femur, 1 - femur, zero], axis=1)
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(centres, axis=0), axis=1))]
    along /= along[-1]
    if centres[0, 2] < centres[-1, 2]:
        along = 1 - along
    if how == "ends":
        return np.stack([1 - along, along, zero], axis=1)
    assert how == "patella_to_tibia"
    return np.stack([zero, along, 1 - along], axis=1)


def rings(stations, count=48, between=6):
    """Returns points on the tubes' surface, to compare with."""
    phi = np.linspace(0, 2 * np.pi, count, endpoint=False)
    out = []
    for (c0, m0, b0, t0), (c1, m1, b1, t1) in zip(stations[:-1], stations[1:]):
        if m0 @ m1 < 0:
            m1 = -m1
        for s in np.linspace(0, 1, between, endpoint=False):
            c, m, b, t = (1 - s) * c0 + s * c1, (1 - s) * m0 + s * m1, (1 - s) * b0 + s * b1, (1 - s) * t0 + s * t1
            n = np.cross(t, m)
            n /= np.linalg.norm(n)
            out.append(c + np.cos(phi)[:, None] * m + np.sin(phi)[:, None] * b * n)
    return np.concatenate(out)


def hull_radii(atlas, inside, slices, centre, rays):
    """Returns how far the convex hull of each slice reaches from the centre along the rays; 0 where the slice is empty."""
    radii = np.zeros((len(slices), len(rays)))
    for row, k in zip(radii, slices):
        index = np.argwhere(inside[k] & ~ndimage.binary_erosion(inside[k])).astype(float)
        if len(index) < 3:
            continue
        hull = ConvexHull(atlas.lps(np.c_[np.full(len(index), k), index])[:, :2] - centre)
        across = rays @ hull.equations[:, :2].T
        row[:] = np.where(across > 1e-9, -hull.equations[:, 2] / np.where(across > 1e-9, across, 1), np.inf).min(axis=1)
    return radii


def skin_of(atlas, step_mm=5, angles=36):
    """Returns rings of points, the first one lowest: the hull of what is labelled, wider by fat and skin.

    The great saphenous vein runs in the fat that is added, so it is only kept inside. In front of the femur's shaft the atlas
    has no muscle: there the hull goes on upwards as it is over the patella.
    """
    theta = np.linspace(0, 2 * np.pi, angles, endpoint=False)
    rays = np.stack([np.cos(theta), np.sin(theta)], axis=1)
    everything, vein = atlas.voxels > 0, atlas.mask([GREAT_SAPHENOUS])
    centre = atlas.frame.origin[:2]
    slices = [k for k in range(len(everything)) if everything[k].any()]
    radii = hull_radii(atlas, everything & ~vein, slices, centre, rays)
    middle = np.abs(np.array(slices) - np.argwhere(atlas.mask([BONES["patella"]]))[:, 0].mean()).argmin()
    front = np.clip(rays @ (atlas.frame.axes[1][:2] / np.linalg.norm(atlas.frame.axes[1][:2])), 0, 1)
    radii[middle:, front > 0.5] = np.maximum.accumulate(radii[middle:, front > 0.5], axis=0)
    radii = np.maximum(radii + COVER_MM + front**4 * (COVER_FRONT_MM - COVER_MM),
                       hull_radii(atlas, everything, slices, centre, rays) + COVER_VEIN_MM)
    radii = ndimage.gaussian_filter(radii, (5, 0.5), mode=("nearest", "wrap"))
    result = []
    for n in np.unique(np.linspace(0, len(slices) - 1, round(len(slices) / step_mm) + 1).astype(int)):
        z = atlas.lps(np.array([[slices[n], 0, 0]], float))[0, 2]
        result.append(atlas.frame.of_points(np.c_[centre + radii[n][:, None] * rays, np.full(angles, z)]))
    return result


def fmt(values, digits):
    return [round(float(v), digits) + 0.0 for v in values]


def bone_samples(atlas, name):
    points, normals, inside = atlas.surface(largest_part(atlas.mask([BONES[name]])), 0.6)
    points, normals = points[inside], normals[inside]
    some = spread_out(points, SAMPLES[name])
    return [fmt(points[n], 1) + fmt(normals[n], 2) for n in some]


def structure(atlas, name, kind, courses, how, carried, spread_mm):
    entry = {"name": name, "kind": kind, "spread_sd_mm": spread_mm, "courses": []}
    for labels in courses:
        for mask in courses_of(atlas, labels, how):
            stations = course_of(atlas.points(mask), how, 2.0 if how == "path" else 4.0)
            weights = weights_of(np.array([s[0] for s in stations]), carried)
            entry["courses"].append([
                {"centre_mm": fmt(c, 1), "major_half_axis_mm": fmt(m, 2), "minor_half_axis_mm": round(float(b), 2), "bones": fmt(w, 3)}
                for (c, m, b, _), w in zip(stations, weights)])
            check(atlas, name, labels, mask, stations)
    return entry


def check(atlas, name, labels, mask, stations):
    """Prints how far the label's surface and the tube's lie from each other."""
    label, _, _ = atlas.surface(mask, 0.15)
    tube = rings(stations)
    there, back = cKDTree(tube).query(label)[0], cKDTree(label).query(tube)[0]
    length = np.linalg.norm(np.diff([s[0] for s in stations], axis=0), axis=1).sum()
    kept = mask.sum() / atlas.mask(labels).sum()
    volume = sum(np.pi * 0.5 * (np.linalg.norm(s[1]) * s[2] + np.linalg.norm(t[1]) * t[2]) * np.linalg.norm(t[0] - s[0])
                 for s, t in zip(stations[:-1], stations[1:]))
    print(f"{name:36s} {labels!s:9s} {length:6.1f} {len(stations):4d} {np.mean([np.linalg.norm(s[1]) for s in stations]):6.2f} "
          f"{np.mean([s[2] for s in stations]):6.2f} {kept:5.2f} {volume / (mask.sum() * np.prod(atlas.spacing)):6.2f} "
          f"{there.mean():6.2f} {np.percentile(there, 95):6.2f} {back.mean():6.2f} {np.percentile(back, 95):6.2f}")


def saphenous_nerve(vein):
    """Returns the nerve beside the great saphenous vein: the atlas does not have it."""
    courses = []
    for course in vein["courses"]:
        courses.append([dict(s, major_half_axis_mm=fmt(np.array(s["major_half_axis_mm"]) /
                                                       np.linalg.norm(s["major_half_axis_mm"]) * NERVE_MM, 2),
                             minor_half_axis_mm=NERVE_MM,
                             # Just in front of the vein, so that the two do not cross.
                             centre_mm=fmt(np.array(s["centre_mm"]) + [0, s["minor_half_axis_mm"] + NERVE_MM + 1.0, 0], 1))
                        for s in course])
    return {"name": "saphenous_nerve", "kind": "nerve", "spread_sd_mm": 12.0, "courses": courses}


def text_of(table):
    """Returns JSON with a line a station, a sample and a ring."""
    leaf = lambda value: json.dumps(value, separators=(", ", ": "))
    lines = ["{"]
    for key in ("schema", "name", "origin", "side_measured"):
        lines.append(f"  {leaf(key)}: {leaf(table[key])},")
    lines.append('  "bones": {')
    blocks = ["    " + leaf(bone) + ": [\n" + ",\n".join("      " + leaf(s) for s in samples) + "\n    ]"
              for bone, samples in table["bones"].items()]
    lines.append(",\n".join(blocks) + "\n  },")
    lines.append('  "structures": [')
    blocks = []
    for entry in table["structures"]:
        courses = ["        [\n" + ",\n".join("          " + leaf(s) for s in course) + "\n        ]" for course in entry["courses"]]
        head = "".join(f"      {leaf(k)}: {leaf(entry[k])},\n" for k in ("name", "kind", "spread_sd_mm", "source"))
        blocks.append("    {\n" + head + '      "courses": [\n' + ",\n".join(courses) + "\n      ]\n    }")
    lines.append(",\n".join(blocks) + "\n  ],")
    skin = table["skin"]
    lines.append('  "skin": {\n' + "".join(f"    {leaf(k)}: {leaf(skin[k])},\n" for k in ("position_sd_mm", "source")) + '    "rings": [')
    blocks = ["      {\"bones\": " + leaf(ring["bones"]) + ', "points_mm": [\n        ' +
              ",\n        ".join(leaf(p) for p in ring["points_mm"]) + "\n      ]}" for ring in skin["rings"]]
    lines.append(",\n".join(blocks) + "\n    ]\n  }\n}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("atlas", help="spl_knee_atlas_labels.nrrd")
    parser.add_argument("measurements", help="measurements.json that genu measure wrote of it")
    parser.add_argument("out", help="anatomy.json to write")
    args = parser.parse_args()
    with open(args.measurements) as file:
        frame = Frame(json.load(file)["frame"])
    atlas = Atlas(*read_nrrd(args.atlas), frame)
    fibula = atlas.points(atlas.mask([97])).mean(axis=0) - atlas.points(atlas.mask([96])).mean(axis=0)
    if fibula[0] < 0:
        raise SystemExit(f"the fibula lies medial of the tibia: {args.measurements} says '{frame.side}', which is wrong")
    table = {
        "schema": "genu/anatomy_table/1",
        "name": "spl_knee",
        "origin": ORIGIN,
        "side_measured": frame.side,
        "bones": {name: bone_samples(atlas, name) for name in BONES},
        "structures": [],
    }
    print("structure                            labels    length  n    major  minor  kept volume label to tube  tube to label")
    print("                                               mm          mm     mm    part  ratio  mean   95 %   mean   95 %")
    for row in STRUCTURES:
        entry = structure(atlas, *row)
        entry["source"] = SOURCES.get(entry["name"], "measured in the atlas")
        table["structures"].append(entry)
    nerve = saphenous_nerve(next(s for s in table["structures"] if s["name"] == "great_saphenous_vein"))
    nerve["source"] = SOURCES["saphenous_nerve"]
    table["structures"].append(nerve)
    rings_mm = skin_of(atlas)
    table["skin"] = {
        "position_sd_mm": SKIN_SD_MM,
        "source": SKIN_SOURCE,
        "rings": [{"bones": fmt(weights_of(ring.mean(axis=0)[None], "skin")[0], 3), "points_mm": [fmt(p, 1) for p in ring]}
                  for ring in rings_mm],
    }
    with open(args.out, "w") as file:
        file.write(text_of(table))


if __name__ == "__main__":
    main()
