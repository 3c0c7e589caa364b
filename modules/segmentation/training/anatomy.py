# SPDX-License-Identifier: Apache-2.0
"""Label maps of real knees, completed to whole limbs on one grid.

A manual mask names bones and cartilage and leaves the rest of the picture blank. Training images need all of it:
this file adds fibula, menisci, tendons, muscles and vessels where real ones would lie, and stores for each knee
what the synthesis needs: tissue codes, the distance to bone and the distance to what the skin encloses.

Grid: sagittal slices of 0.7 mm from lateral to medial, rows from superior to inferior, columns from anterior to
posterior; pixels of 0.365 mm for the codes, as fine as the masks are, and of 0.5 mm for the distances. Left knees are
mirrored into right ones.
"""
import argparse
import gzip
import os
import zlib

import numpy as np
from scipy import ndimage

SLICE_MM, PIXEL_MM, FINE_MM = 0.7, 0.5, 0.365

# Tissue codes.
AIR = 0
FEMUR, TIBIA, PATELLA, FIBULA = 1, 2, 3, 4
FEMORAL_CARTILAGE, TIBIAL_CARTILAGE, PATELLAR_CARTILAGE = 5, 6, 7
MENISCUS, PATELLAR_TENDON, QUADRICEPS_TENDON, FLUID = 8, 9, 10, 11
FAT, FAT_PAD, SKIN = 12, 13, 14
MUSCLE_FRONT, MUSCLE_BACK, MUSCLE_CALF = 15, 16, 17
LIGAMENT, VESSEL, NERVE = 18, 19, 20
FILM = 21  # fluid too thin to be a structure
CODES = 22
BONES = (FEMUR, TIBIA, PATELLA, FIBULA)
CARTILAGES = (FEMORAL_CARTILAGE, TIBIAL_CARTILAGE, PATELLAR_CARTILAGE)

# The tables of the files' numbers.
OAI = {1: FEMUR, 2: FEMORAL_CARTILAGE, 3: TIBIA, 4: TIBIAL_CARTILAGE, 5: PATELLA, 6: PATELLAR_CARTILAGE,
       7: FEMUR, 8: TIBIA, 9: PATELLA}
PYMSKT = {1: FEMORAL_CARTILAGE, 2: TIBIAL_CARTILAGE, 3: TIBIAL_CARTILAGE, 4: PATELLAR_CARTILAGE, 5: FEMUR, 6: TIBIA,
          7: PATELLA, 8: FIBULA, 9: MENISCUS, 10: MENISCUS}
GENU = {1: FEMUR, 2: TIBIA, 3: PATELLA, 4: FIBULA, 5: FEMORAL_CARTILAGE, 6: TIBIAL_CARTILAGE, 7: TIBIAL_CARTILAGE,
        8: TIBIAL_CARTILAGE, 9: PATELLAR_CARTILAGE, 10: MENISCUS, 11: MENISCUS, 12: PATELLAR_TENDON,
        13: QUADRICEPS_TENDON, 14: FLUID, 15: VESSEL, 16: VESSEL, 17: MUSCLE_BACK, 18: FAT, 19: SKIN, 20: FLUID,
        21: FEMUR, 22: TIBIA, 23: PATELLA}
ATLAS = {9: FAT_PAD, 12: MUSCLE_FRONT, 13: MUSCLE_FRONT, 15: MUSCLE_BACK, 16: MUSCLE_BACK, 17: MUSCLE_BACK,
         18: MUSCLE_BACK, 19: MUSCLE_BACK, 20: MUSCLE_CALF, 21: MUSCLE_CALF, 22: MUSCLE_CALF, 23: MUSCLE_CALF,
         24: MUSCLE_CALF, 25: MUSCLE_CALF, 26: MUSCLE_CALF, 31: LIGAMENT, 32: LIGAMENT, 33: LIGAMENT, 34: LIGAMENT,
         35: PATELLAR_TENDON, 41: LIGAMENT, 42: LIGAMENT, 43: LIGAMENT, 44: LIGAMENT, 46: LIGAMENT, 47: LIGAMENT,
         48: LIGAMENT, 61: NERVE, 62: NERVE, 63: NERVE, 64: NERVE, 71: VESSEL, 72: VESSEL, 73: VESSEL, 74: VESSEL,
         75: VESSEL, 77: VESSEL, 78: VESSEL, 81: MENISCUS, 82: MENISCUS, 83: FEMORAL_CARTILAGE,
         84: TIBIAL_CARTILAGE, 85: TIBIAL_CARTILAGE, 86: PATELLAR_CARTILAGE, 95: FEMUR, 96: TIBIA, 97: FIBULA,
         98: PATELLA}


def read_nifti(path):
    """Returns voxels and the 4 x 4 matrix from voxel to LPS, mm."""
    import nibabel
    image = nibabel.load(path)
    return np.asanyarray(image.dataobj), np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine


def read_nrrd(path):
    """Returns voxels and the 4 x 4 matrix from voxel to LPS, mm, of a gzip or raw NRRD in LPS."""
    content = open(path, "rb").read()
    head, data = content.split(b"\n\n", 1)
    fields = dict(line.split(": ", 1) for line in head.decode().splitlines() if ": " in line and line[0] != "#")
    if fields["space"] != "left-posterior-superior":
        raise ValueError(f"{path}: space is {fields['space']}")
    kinds = {"short": "<i2", "int16": "<i2", "uint8": "u1", "unsigned char": "u1", "uchar": "u1", "float": "<f4",
             "signed short": "<i2", "unsigned short": "<u2", "int": "<i4"}
    if fields["encoding"] in ("gzip", "gz"):
        data = zlib.decompress(data, 47)
    size = [int(n) for n in fields["sizes"].split()]
    voxels = np.frombuffer(data, kinds[fields["type"]]).reshape(size, order="F")
    vectors = [[float(x) for x in v.strip("()").split(",")] for v in fields["space directions"].split()]
    affine = np.eye(4)
    affine[:3, :3] = np.array(vectors).T
    affine[:3, 3] = [float(x) for x in fields["space origin"].strip("()").split(",")]
    return voxels, affine


def read_labels(path, table):
    """Returns tissue codes (uint8) and the matrix from voxel to LPS. Raises where a number is not in the table."""
    voxels, affine = read_nrrd(path) if path.endswith(".nrrd") else read_nifti(path)
    unknown = set(np.unique(voxels)) - set(table) - {0}
    if unknown and table is not ATLAS:  # the atlas has a few structures that no code stands for
        raise ValueError(f"{path}: numbers {sorted(unknown)} are in no table")
    lookup = np.zeros(int(voxels.max()) + 1, np.uint8)
    for number, code in table.items():
        if number < lookup.size:
            lookup[number] = code
    return lookup[voxels.astype(np.int32)], affine


def canonical(codes, affine, mirror, pixel_mm=PIXEL_MM):
    """Returns codes on the canonical grid (slice, row, column), around the same centre."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    # Which voxel axis runs along left, posterior, superior; the grid is turned, not resampled obliquely.
    order = [int(np.argmax(np.abs(directions[axis]))) for axis in (0, 2, 1)]
    turned = np.transpose(codes, order)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)[order]
    # Lateral first (a right knee's lateral side points right, -x), superior first, anterior first.
    lateral_is_low = (directions[0, order[0]] > 0) != mirror
    if not lateral_is_low:
        turned = turned[::-1]
    if directions[2, order[1]] > 0:
        turned = turned[:, ::-1]
    if directions[1, order[2]] < 0:
        turned = turned[:, :, ::-1]
    zoom = spacing / (SLICE_MM, pixel_mm, pixel_mm)
    size = [int(round(n * z)) for n, z in zip(turned.shape, zoom)]
    index = [np.clip(np.round((np.arange(n) + 0.5) / z - 0.5).astype(int), 0, m - 1)
             for n, z, m in zip(size, zoom, turned.shape)]
    return np.ascontiguousarray(turned[np.ix_(*index)])


def largest(mask):
    labelled, count = ndimage.label(mask)
    if count < 2:
        return mask
    return labelled == 1 + np.argmax(np.bincount(labelled.ravel())[1:])


class Landmarks:
    """Places that every knee has, in voxels of the canonical grid."""

    def __init__(self, codes):
        tibial = np.argwhere(codes == TIBIAL_CARTILAGE)
        middle = np.median(tibial[:, 0])
        self.lateral_plate = tibial[tibial[:, 0] < middle].mean(0)
        self.medial_plate = tibial[tibial[:, 0] >= middle].mean(0)
        self.centre = 0.5 * (self.lateral_plate + self.medial_plate)
        tibia = np.argwhere(codes == TIBIA)
        near = tibia[np.abs(tibia[:, 1] - self.centre[1] - 12 / PIXEL_MM) < 6 / PIXEL_MM]
        self.width = np.percentile(near[:, 0], 99) - np.percentile(near[:, 0], 1)
        self.depth = np.percentile(near[:, 2], 99) - np.percentile(near[:, 2], 1)
        self.middle = np.array([near[:, 0].mean(), self.centre[1], near[:, 2].mean()])
        patella = np.argwhere(codes == PATELLA)
        self.patella = patella.mean(0)
        self.patella_low = patella[patella[:, 1] >= np.percentile(patella[:, 1], 97)].mean(0)
        self.patella_high = patella[patella[:, 1] <= np.percentile(patella[:, 1], 3)].mean(0)
        # The tuberosity: the front of the tibia 30 to 45 mm below the joint, near the middle.
        low = tibia[(tibia[:, 1] > self.centre[1] + 30 / PIXEL_MM) & (tibia[:, 1] < self.centre[1] + 45 / PIXEL_MM)]
        self.tuberosity = None
        if len(low):
            front = low[low[:, 2] <= np.percentile(low[:, 2], 2)]
            self.tuberosity = front.mean(0)
        self.scale = np.array([self.width, 0.5 * (self.width * SLICE_MM / PIXEL_MM + self.depth), self.depth])


def brought_over(source, source_marks, marks, shape):
    """Returns the codes of another knee, fitted by the size and place of the tibial head."""
    scale = source_marks.scale / marks.scale
    offset = source_marks.middle - scale * marks.middle
    return ndimage.affine_transform(source, scale, offset, shape, order=0, mode="nearest")


def band(shape, points, half_width, half_depth):
    """Returns a flat band along points (slice, row, column): half width across slices, half depth along columns."""
    mask = np.zeros(shape, bool)
    points = np.asarray(points, float)
    s = np.arange(shape[0])[:, None]
    c = np.arange(shape[2])[None, :]
    for first, last in zip(points[:-1], points[1:]):
        low, high = sorted((first[1], last[1]))
        for row in range(max(0, int(low)), min(shape[1] - 1, int(high)) + 1):
            t = (row - first[1]) / (last[1] - first[1]) if last[1] != first[1] else 0.0
            at = first + t * (last - first)
            inside = ((s - at[0]) / half_width) ** 2 + ((c - at[2]) / half_depth) ** 2 <= 1.0
            mask[:, row] |= inside
    return mask


def menisci(codes, marks):
    """Returns where menisci would lie: the wedge between femur and tibia around the rim of each plate."""
    sampling = (SLICE_MM, PIXEL_MM, PIXEL_MM)
    femur = (codes == FEMUR) | (codes == FEMORAL_CARTILAGE)
    tibia = (codes == TIBIA) | (codes == TIBIAL_CARTILAGE)
    rows = slice(max(0, int(marks.centre[1] - 14 / PIXEL_MM)), int(marks.centre[1] + 8 / PIXEL_MM))
    to_femur = ndimage.distance_transform_edt(~femur[:, rows], sampling)
    to_tibia = ndimage.distance_transform_edt(~tibia[:, rows], sampling)
    s, _, c = np.ogrid[:codes.shape[0], :1, :codes.shape[2]]
    wedge = np.zeros(to_femur.shape, bool)
    plates = np.argwhere(codes == TIBIAL_CARTILAGE)
    for lateral, plate in ((True, marks.lateral_plate), (False, marks.medial_plate)):
        own = plates[(plates[:, 0] < marks.centre[0]) == lateral]
        if len(own) < 50:
            continue
        half_s = 0.5 * np.ptp(np.percentile(own[:, 0], [2, 98]))
        half_c = 0.5 * np.ptp(np.percentile(own[:, 2], [2, 98]))
        x = (s - plate[0]) / half_s
        y = (c - own[:, 2].mean()) / half_c
        radius = np.sqrt(x * x + y * y)
        inward = x if lateral else -x  # towards the eminence
        ring = (radius > 0.62) & (radius < 1.22) & ~((inward > 0.45) & (np.abs(y) < 0.75))
        # The wedge is thick at the rim and thin inside.
        height = 1.0 + 6.5 * np.clip((radius - 0.62) / 0.5, 0, 1)
        wedge |= ring & (to_femur + to_tibia < height) & (to_femur < 5.5) & (to_tibia < 5.5)
    mask = np.zeros(codes.shape, bool)
    mask[:, rows] = wedge
    return ndimage.binary_opening(mask, np.ones((1, 2, 2)))


def complete(codes, atlas, fibula_source):
    """Adds what a mask of bones and cartilage leaves out. Returns the codes of a whole limb, but for fat and skin."""
    marks = Landmarks(codes)
    drawn = codes.copy()
    full = brought_over(atlas[0], atlas[1], marks, codes.shape)
    full[np.isin(full, BONES + CARTILAGES + (MENISCUS, FAT_PAD, PATELLAR_TENDON))] = AIR
    if FIBULA not in codes:
        fibula = brought_over(fibula_source[0], fibula_source[1], marks, codes.shape) == FIBULA
        near_bone = ndimage.binary_dilation(np.isin(codes, (TIBIA, FEMUR)), iterations=3)
        full[fibula & ~near_bone] = FIBULA
    if MENISCUS not in codes:
        full[menisci(codes, marks)] = MENISCUS
    if PATELLAR_TENDON not in codes and marks.tuberosity is not None:
        top, low = marks.patella_low, marks.tuberosity
        path = [top + (0, -8, -6), (top + low) / 2 + (0, 0, -5), low + (0, 0, -5)]
        full[band(codes.shape, path, 13 / SLICE_MM, 2.6 / PIXEL_MM)] = PATELLAR_TENDON
    if QUADRICEPS_TENDON not in codes:
        top = marks.patella_high
        path = [top + (0, 8, 0), top + (0, -20, 2), np.array([top[0], 0, top[2] + 6])]
        full[band(codes.shape, path, 16 / SLICE_MM, 3.2 / PIXEL_MM)] = QUADRICEPS_TENDON
    return np.where(drawn > 0, drawn, full)


def run_out(codes):
    """Bones and muscles end where the picture does, not a little before: the last rows of a mask are cut askew."""
    rows = int(4.0 / PIXEL_MM)
    codes[:, :rows] = codes[:, rows:rows + 1]
    codes[:, -rows:] = codes[:, -rows - 1:-rows]
    return codes


def refined(whole, drawn):
    """Returns the codes on the finer grid of the mask: what was drawn as it was drawn, the rest as it was added."""
    index = [np.minimum((np.arange(n) + 0.5) * m / n, m - 1).astype(int) for n, m in zip(drawn.shape, whole.shape)]
    added = whole[np.ix_(*index)]
    rows = int(4.0 / FINE_MM)
    inner = np.where(drawn > 0, drawn, np.where(np.isin(added, BONES[:3] + CARTILAGES), AIR, added))
    inner[:, :rows], inner[:, -rows:] = added[:, :rows], added[:, -rows:]
    return inner


def distances(codes):
    """Returns the signed distance to bone (inside negative), and that to everything solid, both mm."""
    sampling = (SLICE_MM, PIXEL_MM, PIXEL_MM)
    bone = np.isin(codes, BONES)
    outside = ndimage.distance_transform_edt(~bone, sampling)
    inside = ndimage.distance_transform_edt(bone, sampling)
    # To the core of the limb, on every fourth voxel: the skin is smooth.
    core = np.isin(codes, BONES + CARTILAGES + (MENISCUS, MUSCLE_FRONT, MUSCLE_BACK, MUSCLE_CALF, QUADRICEPS_TENDON,
                                               PATELLAR_TENDON, LIGAMENT))
    small = core[::4, ::4, ::4]
    to_core = ndimage.distance_transform_edt(~small, [4 * x for x in sampling])
    zoomed = ndimage.zoom(to_core, [n / m for n, m in zip(codes.shape, to_core.shape)], order=1)
    return (np.clip(np.where(bone, -inside, outside), -15.9, 15.9).astype(np.float16),
            ndimage.gaussian_filter(np.clip(zoomed, 0, 60), (6, 8, 8)).astype(np.float16))


def knees_in(data):
    """Returns name, path, table and whether to mirror, of every knee."""
    labels = os.path.join(data, "knee_labels")
    found = [(name[:-len(".nii.gz")], os.path.join(labels, "oai", name), OAI, False)
             for name in sorted(os.listdir(os.path.join(labels, "oai"))) if name.endswith(".nii.gz")]
    found.append(("pymskt", os.path.join(labels, "pymskt_right_knee_dess.nrrd"), PYMSKT, False))
    return found


def prepare(data, out, phantoms=()):
    """Writes one .npz a knee: codes, bone_mm, core_mm."""
    os.makedirs(out, exist_ok=True)
    atlas_codes, atlas_affine = read_labels(os.path.join(data, "anatomy", "spl_knee_atlas_labels.nrrd"), ATLAS)
    lateral = np.argwhere(atlas_codes == FIBULA)[:, 0].mean() < np.argwhere(atlas_codes == TIBIA)[:, 0].mean()
    x_of_lower_index = atlas_affine[0, 0] < 0  # lower index lies to the left (+x)
    right = lateral != x_of_lower_index
    atlas = run_out(canonical(atlas_codes, atlas_affine, mirror=not right))
    atlas = (atlas, Landmarks(atlas))
    pymskt = knees_in(data)[-1]
    source = canonical(*read_labels(pymskt[1], pymskt[2]), pymskt[3])
    source = (source, Landmarks(source))
    todo = [(name, path, table, mirror) for name, path, table, mirror in knees_in(data)]
    todo += [(os.path.basename(os.path.normpath(folder)), os.path.join(folder, "labels.nrrd"), GENU, False) for folder in phantoms]
    todo.append(("atlas", None, None, None))
    for name, path, table, mirror in todo:
        target = os.path.join(out, name + ".npz")
        if os.path.exists(target):
            continue
        if path:
            mask = read_labels(path, table)
            codes, fine = canonical(*mask, mirror), canonical(*mask, mirror, FINE_MM)
        else:
            codes = fine = atlas[0]
        if table is not GENU:  # a phantom is whole
            codes = run_out(complete(codes, atlas, source))
            fine = refined(codes, fine)
        bone_mm, core_mm = distances(codes)
        with open(target + ".part", "wb") as file:
            np.savez(file, codes=fine, bone_mm=bone_mm, core_mm=core_mm)
        os.replace(target + ".part", target)
        print(name, fine.shape, {int(c): int(n) for c, n in zip(*np.unique(fine, return_counts=True))}, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="folder with knee_labels/ and anatomy/")
    parser.add_argument("--out", required=True, help="folder for the prepared knees")
    parser.add_argument("--phantom", action="append", default=[], help="folder of genu phantom; may be repeated")
    arguments = parser.parse_args()
    prepare(arguments.data, arguments.out, arguments.phantom)
