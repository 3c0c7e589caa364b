# SPDX-License-Identifier: Apache-2.0
"""Synthetic MR series of real knees, of no contrast in particular.

Domain randomisation after Billot et al. 2023 (Medical Image Analysis 86:102789): the anatomy is real and deformed, the
contrast is drawn at random, so that a network learns shape and not a sequence. Families of contrasts lie near the
sequences that hospitals use; one family is wholly random. A slice is the mean of what lies in it, so that partial
volume is what a scanner would make it.
"""
import math

import numpy as np
import torch
from torch.nn import functional as F

import anatomy as A
from network import PIXEL_MM

SIDE = 256  # rows and columns of a training slice
NOTHING = 0.05  # of the series show no knee

CLASS_OF_CODE = torch.zeros(A.CODES, dtype=torch.uint8)
for code in range(1, 12):
    CLASS_OF_CODE[code] = code
for code in range(12, A.CODES):
    CLASS_OF_CODE[code] = 12

# Ranges of mean signal: marrow, cortex, cartilage, meniscus, tendon, fluid, fat, fat pad, skin, muscle, ligament,
# vessel, nerve. Ranges are wide: what they hold is the order that physics gives the tissues in each sequence.
TISSUES = ("marrow", "cortex", "cartilage", "meniscus", "tendon", "fluid", "fat", "fat_pad", "skin", "muscle",
           "ligament", "vessel", "nerve")
FAMILIES = {
    "pd": ((.6, 1), (.02, .15), (.45, .8), (.08, .3), (.03, .18), (.6, 1), (.75, 1), (.7, 1), (.3, .8), (.25, .55),
           (.1, .3), (.02, .6), (.3, .6)),
    "t1": ((.65, 1), (.02, .15), (.35, .65), (.1, .3), (.04, .2), (.15, .4), (.8, 1), (.75, 1), (.3, .8), (.25, .5),
           (.1, .3), (.02, .4), (.3, .5)),
    "pd_fs": ((.06, .3), (.01, .1), (.45, .85), (.08, .3), (.03, .18), (.75, 1), (.06, .3), (.08, .35), (.2, .6),
              (.3, .6), (.1, .3), (.02, .9), (.3, .7)),
    "dess": ((.1, .4), (.02, .15), (.5, .9), (.1, .35), (.05, .2), (.7, 1), (.1, .4), (.1, .4), (.2, .5), (.2, .45),
             (.1, .3), (.1, .9), (.2, .5)),
    "t2": ((.35, .8), (.01, .1), (.2, .55), (.04, .2), (.02, .12), (.85, 1), (.5, .95), (.5, .95), (.2, .6), (.08, .3),
           (.05, .2), (.02, .8), (.2, .6)),
    "gre": ((.1, .5), (.01, .15), (.6, 1), (.1, .4), (.05, .3), (.5, 1), (.1, .6), (.1, .6), (.2, .6), (.3, .6),
            (.1, .35), (.3, 1), (.2, .6)),
}
FAMILY_SHARE = {"pd": .18, "t1": .12, "pd_fs": .18, "dess": .18, "t2": .12, "gre": .12, "random": .10}


def draw_contrast(random, family):
    """Returns the mean signal of each tissue. Cartilage as bright as what it touches can't be seen by anybody, and is rare."""
    limits = [(0, 1)] * len(TISSUES) if family == "random" else FAMILIES[family]
    least = random.choice((0.05, 0.1, 0.15, 0.15))
    for _ in range(100):
        signal = {t: random.uniform(*limit) for t, limit in zip(TISSUES, limits)}
        if min(abs(signal["cartilage"] - signal[t]) for t in ("marrow", "fluid", "fat", "fat_pad", "meniscus")) >= least:
            break
    return signal


class Fields:
    """Smooth random fields over the block that is painted."""

    def __init__(self, shape, spacing, generator):
        self.shape, self.spacing, self.generator = shape, spacing, generator

    def __call__(self, period_mm):
        """Returns a field of about unit variance that varies over about `period_mm`; one period for each axis, or one."""
        periods = period_mm if isinstance(period_mm, tuple) else (period_mm,) * 3
        # Two points a period, smoothed, so that what is cut out of a field is round and not a box along the axes.
        size = [min(n, max(2, int(math.ceil(2 * n * s / p)) + 1)) for n, s, p in zip(self.shape, self.spacing, periods)]
        coarse = F.pad(torch.randn([1, 1] + size, generator=self.generator), (1, 1) * 3, "replicate")
        for axis in range(2, 5):
            n = coarse.shape[axis] - 2
            coarse = (coarse.narrow(axis, 0, n) + 2 * coarse.narrow(axis, 1, n) + coarse.narrow(axis, 2, n)) / 4
        coarse = coarse / coarse.std().clamp(min=0.1) if coarse.numel() > 60 else 4.35 * coarse
        return 1.15 * F.interpolate(coarse, self.shape, mode="trilinear", align_corners=True)[0, 0]


def swollen(mask, steps=1):
    """Returns the mask grown by `steps` voxels in each slice."""
    return F.max_pool2d(mask[:, None].float(), 2 * steps + 1, 1, steps)[:, 0] > 0


class Knee:
    def __init__(self, path):
        with np.load(path) as stored:
            self.codes = torch.from_numpy(stored["codes"])
            self.bone_mm = torch.from_numpy(stored["bone_mm"])
            self.core_mm = torch.from_numpy(stored["core_mm"])
        self.spacing = (A.SLICE_MM, A.PIXEL_MM, A.PIXEL_MM)


def warp(knee, random, generator, planes_mm):
    """Returns codes, bone distance and core distance on planes at `planes_mm`, seen through a random deformation."""
    depth = len(planes_mm)
    scale = random.uniform(0.86, 1.16)
    scales = np.array([scale * random.uniform(0.94, 1.06) for _ in range(3)])
    angles = np.radians([random.uniform(-12, 12), random.uniform(-10, 10), random.uniform(-10, 10)])
    turn = np.eye(3)
    for axis, angle in enumerate(angles):
        a, b = [i for i in range(3) if i != axis]
        r = np.eye(3)
        r[a, a] = r[b, b] = math.cos(angle)
        r[a, b], r[b, a] = -math.sin(angle), math.sin(angle)
        turn = turn @ r
    shear = np.eye(3) + np.triu(np.array([[random.gauss(0, 0.04) for _ in range(3)] for _ in range(3)]), 1)
    matrix = turn @ shear @ np.diag(1 / scales)  # from millimetres in the series to millimetres in the knee
    shift = np.array([0.0, random.uniform(-14, 14), random.uniform(-10, 10)])
    z = torch.as_tensor(planes_mm, dtype=torch.float32)
    y = (torch.arange(SIDE) - (SIDE - 1) / 2) * PIXEL_MM
    m = torch.as_tensor(matrix, dtype=torch.float32)
    place = [m[i, 0] * z[:, None, None] + m[i, 1] * y[None, :, None] + m[i, 2] * y[None, None, :] + float(shift[i])
             for i in range(3)]
    periods = (random.uniform(14, 30),) * 3
    fields = Fields((depth, SIDE, SIDE), (max(0.2, (planes_mm[-1] - planes_mm[0]) / depth), PIXEL_MM, PIXEL_MM), generator)
    strength = random.uniform(0.0, 0.09) * periods[0]
    for p in place:
        p += strength * fields(periods)
    size = [n * s for n, s in zip(knee.bone_mm.shape, knee.spacing)]
    grid = torch.stack([place[i] * (2.0 / size[i]) for i in (2, 1, 0)], -1)[None]

    def sample(volume, mode):
        return F.grid_sample(volume.float()[None, None], grid, mode, "border", align_corners=False)[0, 0]

    return sample(knee.codes, "nearest").to(torch.uint8), sample(knee.bone_mm, "bilinear") / scale, sample(knee.core_mm, "bilinear")


def alter(codes, bone_mm, core_mm, random, fields):
    """Wears cartilage, fills the joint, and gives the limb fat and skin. Changes and returns codes and distance to bone."""
    rows = torch.arange(codes.shape[1])[None, :, None]
    cartilage = (codes >= A.FEMORAL_CARTILAGE) & (codes <= A.PATELLAR_CARTILAGE)
    # Cartilage that wears lets the joint close: what it loses is given to the bone below, so that surfaces still touch.
    if random.random() < 0.5:  # thinner everywhere, a little, and unevenly
        loss = (random.uniform(-0.6, 0.8) + random.uniform(0.1, 0.7) * fields(random.uniform(8, 25))).clamp(min=0.0)
        if random.random() < 0.4:  # to the bone in places
            loss = loss + 3 * ((fields(random.uniform(8, 20)) - random.uniform(1.0, 2.2)) * 2).clamp(0, 1)
        below = swollen(cartilage, int(math.ceil(5.0 / PIXEL_MM)))
        for tissue, bone in zip(A.CARTILAGES, A.BONES):
            # From the bone outward: near the other bone the distance is that bone's.
            lost = (codes == tissue) & (bone_mm < loss)
            for _ in range(int(math.ceil(4.0 / PIXEL_MM))):
                reached = lost & swollen(codes == bone)
                if not reached.any():
                    break
                codes[reached] = bone
        bone_mm = torch.where(below, bone_mm - loss, bone_mm)
        # Beside the cartilage bone has not grown, and keeps its cortex.
        solid = ((codes >= A.FEMUR) & (codes <= A.FIBULA)) | ((codes >= A.FEMORAL_CARTILAGE) & (codes <= A.PATELLAR_CARTILAGE))
        bone_mm = torch.where(swollen(~solid), bone_mm.clamp(min=-0.1), bone_mm)
    # A defect, and cartilage that the other side doesn't touch, are filled with fluid.
    cartilage = (codes >= A.FEMORAL_CARTILAGE) & (codes <= A.PATELLAR_CARTILAGE)
    if random.random() < 0.35:
        codes[cartilage & (fields(random.uniform(5, 16)) > random.uniform(1.2, 2.4)) & (bone_mm > random.uniform(-1.0, 1.5))] = A.FILM
    cartilage = (codes >= A.FEMORAL_CARTILAGE) & (codes <= A.PATELLAR_CARTILAGE)
    if random.random() < 0.25:  # a torn or extruded meniscus is not there
        gone = (codes == A.MENISCUS) & (fields(random.uniform(8, 20)) > random.uniform(0.6, 1.6))
        codes[gone] = A.FILM
    # The limb's outline: fat around the core.
    cover = random.uniform(3, 16) + random.uniform(0, 5) * fields(45.0)
    depth = core_mm - cover.clamp(min=1.5)
    body = (depth < 0) | ((codes > 0) & (codes < A.FAT))
    blank = (codes == A.AIR) & body
    muscles = fields((14.0, 40.0, 14.0))
    level = random.uniform(0.2, 2.0)
    choice = torch.tensor([A.MUSCLE_FRONT, A.MUSCLE_BACK, A.MUSCLE_CALF], dtype=torch.uint8)
    more = blank & (muscles > level) & (core_mm < 8) & (bone_mm > 3)
    codes[blank] = A.FAT
    codes[more] = choice[random.randrange(3)]
    if random.random() < 0.5:  # muscles infiltrated by fat, or wasted
        muscle = (codes >= A.MUSCLE_FRONT) & (codes <= A.MUSCLE_CALF)
        codes[muscle & (fields((8.0, 30.0, 8.0)) > random.uniform(0.9, 2.2))] = A.FAT
    if random.random() < 0.5:  # strands in fat
        codes[(codes == A.FAT) & (fields((6.0, 25.0, 5.0)) > random.uniform(2.0, 2.8))] = A.LIGAMENT
    near = swollen(cartilage, random.choice((1, 1, 1, 2, 3)))
    film = near & ((codes == A.FAT) | (codes == A.FAT_PAD)) & (fields(12.0) > random.uniform(-1.0, 2.0))
    codes[film] = A.FILM
    # No fat lies between two surfaces that move on each other.
    against = swollen((codes == A.TIBIAL_CARTILAGE) | (codes == A.PATELLAR_CARTILAGE), 2) & swollen(codes == A.FEMORAL_CARTILAGE, 2)
    codes[against & ((codes == A.FAT) | (codes == A.FAT_PAD))] = A.FILM
    if random.random() < 0.45:  # an effusion in the recess: a pouch between femur and quadriceps tendon
        high = rows < codes.shape[1] * random.uniform(0.3, 0.5)
        front = torch.cumsum(((codes == A.FEMUR)).to(torch.int16), 2) == 0  # in front of the femur
        pouch = high & front & (bone_mm > 1.0) & (bone_mm < random.uniform(3, 9)) & (fields(18.0) > random.uniform(-0.8, 0.8))
        behind_tendon = torch.cumsum(((codes == A.QUADRICEPS_TENDON) | (codes == A.PATELLA)).to(torch.int16), 2) > 0
        codes[pouch & behind_tendon & (codes >= A.FAT)] = A.FLUID
    if random.random() < 0.5:
        fibrous = (codes == A.FAT) & (bone_mm < 25) & (fields(10.0) > random.uniform(1.2, 2.5))
        codes[fibrous] = random.choice((A.FILM, A.FAT_PAD, A.LIGAMENT)) if random.random() < 0.5 else A.FAT_PAD
    skin = (codes == A.FAT) & (depth > -random.uniform(0.8, 2.2))
    codes[skin] = A.SKIN
    codes[~body] = A.AIR
    return codes, bone_mm


def paint(codes, bone_mm, signal, random, fields):
    """Returns the signal of water and of fat at each point."""
    mean = torch.zeros(A.CODES)
    spread = lambda tissue, width: max(0.0, signal[tissue] + random.gauss(0, width))
    marrow = signal["marrow"]
    for bone in A.BONES:
        mean[bone] = max(0.0, marrow + random.gauss(0, 0.03))
    for cartilage in A.CARTILAGES:
        mean[cartilage] = spread("cartilage", 0.03)
    mean[A.MENISCUS], mean[A.FLUID], mean[A.FILM] = signal["meniscus"], signal["fluid"], signal["fluid"]
    mean[A.PATELLAR_TENDON], mean[A.QUADRICEPS_TENDON] = spread("tendon", 0.02), spread("tendon", 0.04)
    mean[A.FAT], mean[A.FAT_PAD], mean[A.SKIN] = signal["fat"], signal["fat_pad"], signal["skin"]
    for muscle in (A.MUSCLE_FRONT, A.MUSCLE_BACK, A.MUSCLE_CALF):
        mean[muscle] = spread("muscle", 0.05)
    mean[A.LIGAMENT], mean[A.VESSEL], mean[A.NERVE] = signal["ligament"], signal["vessel"], signal["nerve"]
    image = mean[codes.long()]

    bone = (codes >= A.FEMUR) & (codes <= A.FIBULA)
    cartilage = (codes >= A.FEMORAL_CARTILAGE) & (codes <= A.PATELLAR_CARTILAGE)
    # Marrow: smooth changes, islands of red marrow or oedema, trabeculae.
    marrow = 1 + random.uniform(0, 0.2) * fields(random.uniform(15, 40)) + random.uniform(0, 0.12) * fields(random.uniform(3, 8))
    marrow += random.uniform(0, 0.1) * fields(1.2)
    if random.random() < 0.6:
        islands = ((fields(random.uniform(8, 25)) - random.uniform(0.5, 1.8)) * random.uniform(1, 4)).clamp(0, 1)
        other = random.uniform(0, 1) if random.random() < 0.3 else random.uniform(0.3, 1.0) * signal["muscle"] + 0.2 * signal["fluid"]
        image = torch.where(bone, image * (1 - islands) + islands * other, image)
    if random.random() < 0.3:  # sclerosis or oedema under the joint's surface
        shell = (1 - (-bone_mm) / random.uniform(3, 12)).clamp(0, 1) * (fields(15.0) > random.uniform(0.3, 1.5))
        image = torch.where(bone, image * (1 - shell) + shell * random.uniform(0, 1), image)
    image = torch.where(bone, image * marrow.clamp(min=0.1), image)
    shell_mm = (random.uniform(0.3, 1.3) + random.uniform(0, 0.4) * fields(12.0)).clamp(min=0.15)
    # Towards the shafts the cortex is thick.
    rows = (torch.nonzero(cartilage.any(2).any(0)).flatten().float() * PIXEL_MM)
    if len(rows):
        away = (torch.arange(codes.shape[1]) * PIXEL_MM - rows.median()).abs()[None, :, None]
        shell_mm = shell_mm + random.uniform(0, 3.0) * ((away - 30) / 40).clamp(0, 1)
    thin = swollen(cartilage, 3)
    shell_mm = torch.where(thin, shell_mm * random.uniform(0.25, 0.7), shell_mm)
    cortex = bone & (bone_mm > -shell_mm)
    image = torch.where(cortex, image * 0 + signal["cortex"], image)
    # Cartilage: signal changes with depth, and a grain.
    gradient = random.uniform(-0.35, 0.35)
    grain = 1 + gradient * (bone_mm / 2.5 - 0.5) + random.uniform(0, 0.12) * fields(random.uniform(1.5, 6)) + random.uniform(0, 0.15) * fields(20.0)
    image = torch.where(cartilage, image * grain.clamp(0.2, 2), image)
    # Muscle: streaks along the limb; everything: a slow change and a grain.
    muscle = (codes >= A.MUSCLE_FRONT) & (codes <= A.MUSCLE_CALF)
    streaks = (1 + random.uniform(0.05, 0.35) * fields((3.0, 18.0, 3.0))).clamp(0.2, 3)
    image = torch.where(muscle, image * streaks, image)
    soft = (codes == A.FAT) | (codes == A.FAT_PAD) | (codes == A.MENISCUS) | (codes == A.FLUID) | (codes == A.FILM) | (codes == A.LIGAMENT)
    image = torch.where(soft, image * (1 + random.uniform(0, 0.3) * fields(random.uniform(3, 12))).clamp(0.2, 3), image)
    fatty = ((bone & ~cortex) | (codes == A.FAT) | (codes == A.FAT_PAD)).float()
    return image, fatty


def degrade(image, random, generator, spacing_mm):
    """Returns the slices as a scanner would give them: blurred, noisy, uneven, sometimes with artefacts; 0 to 255."""
    slices = image.shape[0]
    smooth = Fields(image.shape, (spacing_mm, PIXEL_MM, PIXEL_MM), generator)
    image = image * torch.exp(random.uniform(0, 0.35) * smooth(random.uniform(60, 120)))
    if random.random() < 0.5:  # a surface coil
        axis = random.randrange(2)
        ramp = torch.linspace(-1, 1, SIDE) * random.choice((-1, 1))
        image = image * torch.exp(random.uniform(0, 0.8) * (ramp[None, :, None] if axis == 0 else ramp[None, None, :]))
    # The scanner's own pixels, and how sharp they are.
    pixel = [random.uniform(0.28, 0.8)] * 2
    if random.random() < 0.3:
        pixel[random.randrange(2)] *= random.uniform(1.0, 1.6)
    size = [max(64, int(round(SIDE * PIXEL_MM / p))) for p in pixel]
    image = image[:, None]
    sigma = [random.uniform(0.0, 0.45) for _ in range(2)]
    image = blurred(image, [s / PIXEL_MM for s in sigma])
    image = F.interpolate(image, size, mode="bilinear", antialias=True, align_corners=False)
    if random.random() < 0.15:  # a ghost along one axis
        axis = random.choice((2, 3))
        image = image + random.uniform(0.02, 0.12) * torch.roll(image, int(size[axis - 2] * random.uniform(0.1, 0.5)), axis)
    if random.random() < 0.08:  # wrapped around
        axis = random.choice((2, 3))
        n = int(size[axis - 2] * random.uniform(0.03, 0.12))
        band = image.narrow(axis, size[axis - 2] - n, n).clone()
        image.narrow(axis, 0, n).add_(band, alpha=random.uniform(0.3, 1.0))
    if random.random() < 0.1:  # truncation rings
        image = image + random.uniform(0.1, 0.3) * (image - blurred(image, [1.0, 1.0]))
    noise = 0.09 * random.random() ** 1.7 * image.mean() / 0.25
    real = image + noise * torch.randn(image.shape, generator=generator)
    imaginary = noise * torch.randn(image.shape, generator=generator)
    image = (real * real + imaginary * imaginary).sqrt()
    image = F.interpolate(image, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)[:, 0]
    if random.random() < 0.3:  # slices differ in brightness
        image = image * (1 + random.uniform(0, 0.12) * torch.randn(slices, 1, 1, generator=generator))
    # A picture smaller than the training slice is surrounded by nothing.
    if random.random() < 0.4:
        cut = [random.randrange(0, int(0.14 * SIDE)) for _ in range(4)]
        image[:, :cut[0]] = 0
        image[:, SIDE - cut[1]:] = 0
        image[:, :, :cut[2]] = 0
        image[:, :, SIDE - cut[3]:] = 0
    else:
        cut = [0] * 4
    white = torch.quantile(image.flatten()[:: max(1, image.numel() // 200000)], random.uniform(0.987, 0.9995))
    image = (image / white.clamp(min=1e-6)).clamp(0, 1) ** random.uniform(0.7, 1.4)
    return (255 * image).round().to(torch.uint8), cut


def blurred(image, sigma):
    for axis, s in ((2, sigma[0]), (3, sigma[1])):
        if s < 0.2:
            continue
        reach = max(1, int(math.ceil(2.5 * s)))
        x = torch.arange(-reach, reach + 1).float()
        kernel = torch.exp(-0.5 * (x / s) ** 2)
        kernel /= kernel.sum()
        shape = [1, 1, 1, 1]
        shape[axis] = kernel.numel()
        padding = [0, 0]
        padding[axis - 2] = reach
        image = F.conv2d(F.pad(image, (padding[1], padding[1], padding[0], padding[0]), "replicate"), kernel.view(shape))
    return image


def nothing(random):
    """Returns a series without a knee: a ball, a head-like thing, an ultrasound fan or noise, as synthesise does."""
    generator = torch.Generator().manual_seed(random.getrandbits(62))
    slice_mm, slices = random.uniform(0.7, 4.5), 24
    fields = Fields((slices, SIDE, SIDE), (slice_mm, PIXEL_MM, PIXEL_MM), generator)
    z = (torch.arange(slices) - (slices - 1) / 2)[:, None, None] * slice_mm
    y = ((torch.arange(SIDE) - (SIDE - 1) / 2) * PIXEL_MM)[:, None]
    x = ((torch.arange(SIDE) - (SIDE - 1) / 2) * PIXEL_MM)[None, :]
    kind = random.choice(("ball", "blobs", "fan", "noise"))
    radius = [random.uniform(25, 75) for _ in range(3)]
    radius[0] = max(radius[0], 0.4 * slices * slice_mm)
    ball = ((z / radius[0]) ** 2 + ((y - random.uniform(-15, 15)) / radius[1]) ** 2 +
            ((x - random.uniform(-15, 15)) / radius[2]) ** 2).sqrt()
    if kind == "blobs":  # shells and lumps within lumps
        ball = ball + random.uniform(0, 0.15) * fields(random.uniform(20, 50))
        image = torch.zeros(ball.shape)
        for edge in sorted((random.uniform(0.3, 1.0) for _ in range(random.randint(2, 5))), reverse=True):
            image = torch.where(ball < edge, torch.tensor(random.random()), image)
            lumps = (ball < edge) & (fields(random.uniform(5, 25)) > random.uniform(-0.5, 1.0))
            image = torch.where(lumps, torch.tensor(random.random()), image)
    elif kind == "ball":
        image = (ball < 1).float() * random.uniform(0.3, 1.0)
        for _ in range(random.randint(0, 4)):  # rods and plates of a quality phantom
            at, size = random.uniform(-40, 40), random.uniform(2, 12)
            rod = ((y - at) ** 2 + (x - random.uniform(-40, 40)) ** 2 < size * size) if random.random() < 0.6 else (y - at).abs() < size / 4
            image = torch.where(rod & (ball < 1), torch.tensor(random.random()), image)
    elif kind == "fan":
        angle, depth = torch.atan2(x, y + 75), ((y + 75) ** 2 + x ** 2).sqrt()
        image = ((angle.abs() < 0.6) & (depth > 20) & (depth < 140)).float() * torch.exp(fields((9.0, 1.2, 2.5)) + fields((20.0, 4.0, 25.0)))
    else:
        image = fields(random.uniform(0.6, 30)).abs()
    image, _ = degrade(image, random, generator, slice_mm)
    classes = torch.zeros(image.shape, dtype=torch.uint8)
    if kind in ("ball", "blobs"):
        classes[ball < 1] = CLASS_OF_CODE[A.FAT]
    return image, classes, slice_mm, "nothing/" + kind


def synthesise(knee, random, family=None, slice_mm=None, sagittal_only=False):
    """Returns a series: image and classes (slices, rows, columns; uint8), the spacing of its slices, its family."""
    generator = torch.Generator().manual_seed(random.getrandbits(62))
    family = family or random.choices(list(FAMILY_SHARE), list(FAMILY_SHARE.values()))[0]
    if slice_mm is None:
        kind = random.random()
        slice_mm = random.uniform(0.5, 1.0) if kind < 0.35 else random.uniform(1.0, 2.2) if kind < 0.5 else random.uniform(2.2, 4.6)
    extent_mm = random.uniform(85, 118)
    if slice_mm < 1.0:
        extent_mm = min(extent_mm, slice_mm * 130)  # as many as memory takes; the middle of the knee at times
    slices = max(12, int(extent_mm / slice_mm))
    thickness = slice_mm * random.uniform(0.75, 1.0)
    parts = 2 * int(thickness / 1.8 + 0.5) + 1  # odd, so that one lies at the slice's centre, where its truth is
    centre = random.uniform(-8, 8)
    planes = np.array([centre + (s - (slices - 1) / 2) * slice_mm + ((p + 0.5) / parts - 0.5) * thickness
                       for s in range(slices) for p in range(parts)])
    codes, bone_mm, core_mm = warp(knee, random, generator, planes)
    fields = Fields(codes.shape, (slice_mm / parts, PIXEL_MM, PIXEL_MM), generator)
    codes, bone_mm = alter(codes, bone_mm, core_mm, random, fields)
    signal = draw_contrast(random, family)
    image, fatty = paint(codes, bone_mm, signal, random, fields)
    # Fat is shifted against water along the readout.
    shift = random.choice((0, 0, 0, 1, 1, 2)) * random.choice((-1, 1))
    if shift:
        axis = random.choice((1, 2))
        image = image * (1 - fatty) + torch.roll(image * fatty, shift, axis)
    image = image.view(slices, parts, SIDE, SIDE).mean(1)
    classes = CLASS_OF_CODE[codes.view(slices, parts, SIDE, SIDE)[:, parts // 2].long()]
    plane = "sagittal"
    if slice_mm < 1.6 and not sagittal_only and random.random() < 0.25:  # a coronal or an axial series, seen from the side
        axis, plane = random.choice(((1, "axial"), (2, "coronal")))
        step_mm = random.uniform(1.0, 4.2)
        count = max(16, int(SIDE * PIXEL_MM / step_mm))
        size = (count, SIDE) if axis == 1 else (SIDE, count)
        image = F.interpolate(image[:, None], size, mode="area")
        image = F.interpolate(image, (SIDE, SIDE), mode="bilinear", align_corners=False)[:, 0]
    image, cut = degrade(image, random, generator, slice_mm)
    classes[:, :cut[0]] = 0
    classes[:, SIDE - cut[1]:] = 0
    classes[:, :, :cut[2]] = 0
    classes[:, :, SIDE - cut[3]:] = 0
    return image, classes, slice_mm, family + "/" + plane
