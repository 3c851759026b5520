"""Crystal structures from positions: the paper's tables, the invariant recogniser, rivals. One part and one seed a run.

    python benchmarks/structures.py [PART] [--seed 0] [--count 100] [--kernel 7]

Without a PART, all that are missing, then report. PART is one of: paper-s1 and paper-s2 (the paper's tables of
displacements and of vacancies, by its network with the true nearest distance), mean-s1 and mean-s2 (the same with the
mean distance of nearest atoms, as the paper scales), told-s1 and told-s2 (the same with the first maximum of the pair
distribution, as the recogniser scales), s1 and s2 (by the invariant recogniser), removal (body-centred to simple
cubic), sweep (rhombohedral family), adversarial, dream, spglib, grains (four grains against polyhedral template
matching, a fifth of the atoms removed), unknown (classes that were not learned), calibration, speed; and report, which
prints what is there. Every part's figures go to a file of their own in --folder (default: structures-results), so that
a run that was broken off is gone on with by the parts and seeds that are missing. Seconds are processor time of one
process with one BLAS thread.

The truth of the four grains is polyhedral template matching on the perfect positions (OVITO 3.17.2, cutoff 0.1), kept
in benchmarks/four_grains_ptm.npz (0 other, 1 fcc, 2 hcp, 3 bcc, 6 diamond); the positions are those of Leitherer et
al., Nat. Commun. 12, 6234 (2021), ../shared/data/atoms/four_grains.xyz or --grains.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

from napari_scantwin.readers import read
from napari_scantwin.structures import maps
from napari_scantwin.structures.fingerprint import fingerprint, supercell
from napari_scantwin.structures.invariant import nearest_distance, whole_descriptor
from napari_scantwin.structures.network import IMAGE_CLASSES, ImageSettings, image_network, pictures
from napari_scantwin.structures.prototypes import (
    CLASSES,
    MERGED,
    PROTOTYPES,
    Prototype,
    displaced,
    rhombohedral,
    with_vacancies,
)
from napari_scantwin.structures.recognise import Settings, calibration_error, recogniser, reliability
from napari_scantwin.structures.strange import Strangeness
from napari_scantwin.structures.training import WindowRecipe, labels_of, piece, training_windows

HERE = Path(__file__).resolve().parent
BY_LABEL = {one.label: one for one in PROTOTYPES}
#: Of the paper's nearest distance of about 2.5 Å, the displacements of its table S1 (Å).
SIGMAS, NEAREST = (0.0, 0.02, 0.06, 0.08, 0.10, 0.20, 0.30), 2.5
VACANCIES = (0.01, 0.25, 0.40, 0.50, 0.60, 0.70, 0.80)
#: spglib's three settings as the paper has them: tight, medium, loose (symprec, angle).
SETTINGS = {"tight": (1e-4, 1.0), "medium": (1e-2, 1.0), "loose": (0.1, 5.0)}


def settings_of(seed: int) -> Settings:
    return Settings(recipe=WindowRecipe(seed=seed))


def network_of(args, told: bool = False):
    how = {"kernel": args.kernel, "images": args.images, "epochs": args.epochs, "seed": args.seed}
    return image_network(ImageSettings(**how, told=told))


def mean_nearest(places: np.ndarray) -> float:
    """The mean distance of the nearest atom, by which the paper scales."""
    from scipy.spatial import cKDTree

    return float(cKDTree(places).query(places, 2)[0][:, 1].mean())


def paper_columns(args, defects: list[dict], scale=None, told: bool = False) -> dict:
    """Accuracy of the paper's network, in the standard orientation, a column a kind of defects."""
    network, right = network_of(args, told), []
    for column, defect in enumerate(defects):
        images, classes = pictures(args.count, 10_000 + 100 * args.seed + column, scale=scale, **defect)
        right.append(float((network.probabilities(images).argmax(axis=1) == classes).mean()))
        print(defect, f"{right[-1]:.4f}", flush=True)
    return {"defects": defects, "count": args.count, "kernel": args.kernel, "images": args.images, "right": right}


def paper_s1(args) -> dict:
    return paper_columns(args, displacements())


def paper_s2(args) -> dict:
    return paper_columns(args, gaps())


def mean_s1(args) -> dict:
    return paper_columns(args, displacements(), mean_nearest)


def mean_s2(args) -> dict:
    return paper_columns(args, gaps(), mean_nearest)


def told_s1(args) -> dict:
    return paper_columns(args, displacements(), nearest_distance, told=True)


def told_s2(args) -> dict:
    return paper_columns(args, gaps(), nearest_distance, told=True)


def columns(args, defects: list[dict]) -> dict:
    """Accuracy of both methods on the same kinds of defects, a column each."""
    made = recogniser(settings_of(args.seed))
    labels = list(CLASSES)
    found: dict = {"defects": defects, "count": args.count, "invariant": [], "separate": [], "confidence": []}
    for column, defect in enumerate(defects):
        features, truth = [], []
        for number in range(args.count):
            random = np.random.default_rng([args.seed, 1000 + column, number])
            label = labels[number % len(labels)]
            alike = [one for one in PROTOTYPES if one.label == label]
            places = piece(alike[int(random.integers(len(alike)))], 250, random, vacancies=0.0)
            places = displaced(with_vacancies(places, defect["vacancies"], random), defect["sigma"], random)
            features.append(whole_descriptor(places, nearest_distance(places)))
            truth.append(label)
        for merged, key in ((True, "invariant"), (False, "separate")):
            answer = made.tell(np.array(features), merged=merged)
            told = np.array(answer.labels)[answer.probabilities.argmax(axis=1)]
            right = [
                one == (MERGED if merged and two in ("hex", "rh") else two)
                for one, two in zip(told, truth, strict=True)
            ]
            found[key].append(float(np.mean(right)))
            if merged:
                found["confidence"].append(float(answer.confidence.mean()))
        print(defect, {key: found[key][-1] for key in ("invariant", "separate", "confidence")}, flush=True)
    return found


def displacements() -> list[dict]:
    return [{"vacancies": 0.0, "sigma": one / NEAREST} for one in SIGMAS]


def gaps() -> list[dict]:
    return [*({"vacancies": one, "sigma": 0.0} for one in VACANCIES), {"vacancies": 0.5, "sigma": 0.1}]


def s1(args) -> dict:
    return columns(args, displacements())


def s2(args) -> dict:
    return columns(args, gaps())


def removal(args) -> dict:
    """Centres of a body-centred crystal removed: which share before simple cubic is likelier."""
    made, shares, found = recogniser(settings_of(args.seed)), np.arange(0, 1.01, 0.1), []
    lattice, _ = BY_LABEL["bcc"].scaled_cell()
    labels = list(made.labels)
    for share in [*shares, 0.72, 0.75, 0.78]:
        tables = []
        for number in range(max(args.count // 10, 4)):
            random = np.random.default_rng([args.seed, 7, number])
            corners = supercell(lattice, np.zeros((1, 3)), 125)
            centres = supercell(lattice, np.full((1, 3), 0.5), 125)
            kept = centres[random.random(len(centres)) >= share]
            places = np.concatenate([corners, kept])
            # The scale of the lattice that is there: at the end the cube's edge.
            tables.append(made.tell(whole_descriptor(places, nearest_distance(places)), merged=False).probabilities[0])
        mean = np.mean(tables, axis=0)
        found.append([float(share), float(mean[labels.index("bcc")]), float(mean[labels.index("sc")])])
        print(f"removed {share:.2f}: bcc {found[-1][1]:.3f}, sc {found[-1][2]:.3f}", flush=True)
    return {"share, bcc, sc": sorted(found)}


def sweep(args) -> dict:
    """The rhombohedral family: 160 values of c/a as in the paper; where which class is told."""
    made, found = recogniser(settings_of(args.seed)), []
    ratios = np.linspace(np.sqrt(3 / 8), 5 * np.sqrt(3 / 2) / 2, 160)[:: args.every]
    for ratio in ratios:
        lattice, places = rhombohedral(ratio)
        one = Prototype("", "rh", lambda: (lattice, places))  # noqa: B023
        ball = piece(one, 250, np.random.default_rng(args.seed))
        answer = made.tell(whole_descriptor(ball, nearest_distance(ball)), merged=False)
        square = ratio**2
        alpha = float(np.degrees(np.arccos((2 * square - 3) / (2 * square + 6))))
        found.append([float(ratio), alpha, answer.names()[0], float(answer.confidence[0])])
    runs: list[list] = []
    for ratio, alpha, label, _ in found:
        if runs and runs[-1][0] == label:
            runs[-1][2], runs[-1][4] = ratio, alpha
        else:
            runs.append([label, ratio, ratio, alpha, alpha])
    for label, low, high, first, last in runs:
        print(f"c/a {low:.3f} to {high:.3f}, alpha {first:.1f} to {last:.1f}: {label}", flush=True)
    return {"ratio, alpha, class, confidence": found}


def adversarial_part(args) -> dict:
    """Random changes and adversarial ones of the same size, of the network of pictures."""
    from napari_scantwin.networks.image_classifier import adversarial

    network = network_of(args)
    images, classes = pictures(args.count, 20_000 + args.seed)
    random, found = np.random.default_rng(args.seed), []
    for size in (0.0, 0.01, 0.02, 0.05, 0.10):
        noisy = np.clip(images + size * random.choice([-1, 1], images.shape), 0, 1)
        bad = adversarial(network.network, network.weights, images, classes, size)
        right = [float((network.probabilities(one).argmax(axis=1) == classes).mean()) for one in (noisy, bad)]
        found.append([size, *right])
        print(f"size {size:.2f}: random {right[0]:.3f}, adversarial {right[1]:.3f}", flush=True)
    turned = []
    for number in range(args.count):
        random = np.random.default_rng([args.seed, 5, number])
        label = IMAGE_CLASSES[number % 7]
        alike = [one for one in PROTOTYPES if one.label == label or (label == MERGED and one.label in ("hex", "rh"))]
        ball = piece(alike[int(random.integers(len(alike)))], 250, random)
        turned.append(fingerprint(ball))
    share = float((network.probabilities(np.array(turned)).argmax(axis=1) == np.arange(args.count) % 7).mean())
    print(f"turned clusters: {share:.3f}", flush=True)
    return {"size, random, adversarial": found, "turned": share}


def dream_part(args) -> dict:
    """Pictures the network takes for a class, found from noise, and how like that class's mean they are."""
    from napari_scantwin.networks.image_classifier import dream

    network = network_of(args)
    images, classes = pictures(70, 30_000 + args.seed)
    found = []
    for number, label in enumerate(IMAGE_CLASSES):
        picture = dream(network.network, network.weights, number, seed=args.seed)
        told = float(network.probabilities(picture[None])[0, number])
        like = float(np.corrcoef(picture.ravel(), images[classes == number].mean(axis=0).ravel())[0, 1])
        found.append([label, told, like])
        print(f"{label}: told {told:.3f}, correlation {like:.2f}", flush=True)
    return {"class, told, correlation": found}


def spglib_part(args) -> dict:
    """spglib with the exact cell of clusters of about 250 atoms, in three settings; --count structures a column."""
    import spglib

    found, seconds = {}, []
    cases = [("clean", 0, 0.0), *((f"{n} gone", n, 0.0) for n in (1, 5))]
    cases += [(f"{sigma} Å", 0, sigma) for sigma in (1e-3, 5e-3, 1e-2, 5e-2)]
    for name, gone, sigma in cases:
        right = dict.fromkeys(SETTINGS, 0)
        for number in range(args.count):
            random = np.random.default_rng([args.seed, 3, number])
            one = PROTOTYPES[number % len(PROTOTYPES)]
            lattice, places = one.scaled_cell(**one.drawn(random))
            lengths = np.linalg.norm(lattice, axis=1)
            side = (args.atoms / len(places) * abs(np.linalg.det(lattice))) ** (1 / 3)
            times = np.maximum(np.round(side / lengths).astype(int), 1)
            steps = np.stack(np.meshgrid(*map(np.arange, times), indexing="ij"), axis=-1).reshape(-1, 3)
            fractions = ((steps[:, None] + places[None]).reshape(-1, 3) / times)[gone:]
            cell = NEAREST * lattice * times[:, None]
            fractions = fractions + random.normal(size=fractions.shape) * sigma @ np.linalg.inv(cell)
            for key, (symprec, angle) in SETTINGS.items():
                begun = time.process_time()
                told = spglib.get_spacegroup((cell, fractions, np.ones(len(fractions), int)), symprec, angle)
                seconds.append(time.process_time() - begun)
                right[key] += told is not None and f"({CLASSES[one.label][1]})" in told
        found[name] = {key: count / args.count for key, count in right.items()}
        print(name, found[name], flush=True)
    found["milliseconds a call"] = 1e3 * float(np.median(seconds))
    return found


def grains(args) -> dict:
    """The four grains, perfect and with a fifth of their atoms removed, every atom that the truth names."""
    made, found = recogniser(settings_of(args.seed)), {}
    scan = read(args.grains)
    with np.load(HERE / "four_grains_ptm.npz") as file:
        truth = np.array(["", "fcc", MERGED, "bcc", "", "", "diamond", ""])[file["structure"]]
    random = np.random.default_rng(args.seed)
    kept = np.sort(random.permutation(len(truth))[len(truth) // 5 :])
    for name, rows in (("perfect", np.arange(len(truth))), ("a fifth removed", kept)):
        begun = time.process_time()
        told = maps.structure_map(scan.isel(point=rows), made)
        seconds = time.process_time() - begun
        answer, true = told.answer, truth[rows][told.rows]
        named = true != ""
        right = np.array(answer.names()) == true
        sure = named & (answer.entropy < 0.2)
        found[name] = {
            "atoms": int(named.sum()), "right": float(right[named].mean()), "sure": float(sure.sum() / named.sum()),
            "right where sure": float(right[sure].mean()), "seconds": seconds,
            "by class": {one: float(right[true == one].mean()) for one in ("fcc", MERGED, "bcc", "diamond")},
        }  # fmt: skip
        print(name, found[name], flush=True)
    return found


def unknown(args) -> dict:
    """Each class left out of what is learned: how often it is unlike anything known, and how often the others are."""
    every, labels = training_windows(recipe=WindowRecipe(seed=args.seed)), labels_of(PROTOTYPES)
    fresh = training_windows(recipe=WindowRecipe(blocks=400, seed=args.seed + 77, sigma=0.08))
    found = {}
    pure = fresh.labels.max(axis=1) > 0.999
    for left_out in args.classes or CLASSES:
        number = labels.index(left_out)
        known = every.labels[:, number] == 0
        features, shares, block = every.features[known], every.labels[known], every.block[known]
        blocks = np.unique(block)
        held = np.isin(block, np.random.default_rng(args.seed).permutation(blocks)[: round(len(blocks) / 6)])
        middle, spread = features[~held].mean(axis=0), features[~held].std(axis=0) + 1e-6
        made = Strangeness.learned(features, (features - middle) / spread, shares, block, held)
        strange = made(fresh.features, (fresh.features - middle) / spread) > 1
        those = fresh.labels[:, number] > 0.999
        others = pure & (fresh.labels[:, number] == 0)
        found[left_out] = {"flagged": float(strange[those].mean()), "false alarms": float(strange[others].mean())}
        print(left_out, found[left_out], flush=True)
    return found


def calibration(args) -> dict:
    """Reliability on fresh windows that were not learned from."""
    made = recogniser(settings_of(args.seed))
    fresh = training_windows(recipe=WindowRecipe(blocks=max(args.count, 100), seed=args.seed + 55))
    pure = fresh.labels.max(axis=1) > 0.999
    truth = fresh.labels[pure].argmax(axis=1)
    answer = made.tell(fresh.features[pure], merged=False)
    rows = reliability(answer.probabilities, truth)
    error = calibration_error(rows)
    for confidence, right, count in rows:
        print(f"confidence {confidence:.2f}: right {right:.2f} of {int(count)}")
    print(f"expected calibration error {error:.3f}", flush=True)
    return {"rows": rows.tolist(), "error": error, "windows": int(pure.sum())}


def speed(args) -> dict:
    """Processor seconds of a picture, a window, and a map of 10 000 atoms."""
    random = np.random.default_rng(0)
    ball = piece(BY_LABEL["fcc"], 250, random)
    found = {}
    for name, work in (
        ("picture", lambda: fingerprint(ball)),
        ("descriptor of 250 atoms", lambda: whole_descriptor(ball, 1.0)),
    ):
        work()
        begun = time.process_time()
        for _ in range(20):
            work()
        found[name] = (time.process_time() - begun) / 20
    from napari_scantwin.core.clouds import cloud_scan

    crystal = piece(BY_LABEL["fcc"], args.atoms, random, sigma=0.05)
    scan = cloud_scan(crystal, "", np.ones(len(crystal)), name="atom_type")
    made = recogniser(settings_of(args.seed))
    begun = time.process_time()
    maps.structure_map(scan, made)
    found["map"] = {"atoms": len(crystal), "seconds": time.process_time() - begun}
    print(found, flush=True)
    return found


PARTS = {
    "paper-s1": paper_s1, "paper-s2": paper_s2, "mean-s1": mean_s1, "mean-s2": mean_s2,
    "told-s1": told_s1, "told-s2": told_s2, "s1": s1, "s2": s2,
    "removal": removal, "sweep": sweep, "adversarial": adversarial_part, "dream": dream_part,
    "spglib": spglib_part, "grains": grains, "unknown": unknown, "calibration": calibration, "speed": speed,
}  # fmt: skip


def report(folder: Path) -> None:
    """Print what is there: the mean over seeds and their spread."""
    for part in PARTS:
        files = sorted(folder.glob(f"{part}-*.json"))
        for path in files:
            told = json.loads(path.read_text("utf-8"))
            print(f"{path.stem}: {told['seconds']:.0f} s of processor time, {told['elapsed']:.0f} s by the clock")
        every = [json.loads(path.read_text("utf-8"))["found"] for path in files]
        if not every or "defects" not in every[0]:
            for one in every:
                print(f"  {json.dumps(one)}")
            continue
        for key in ("right", "invariant", "separate", "confidence"):
            for column, defect in enumerate(every[0]["defects"]):
                values = [one[key][column] for one in every if key in one]
                if values:
                    said = f"{np.mean(values):.4f} ({min(values):.4f} to {max(values):.4f}"
                    print(f"  {defect} {key}: {said}; {len(values)} seeds, {every[0]['count']} structures each)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="all", choices=["all", *PARTS, "report"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100, help="structures a column")
    parser.add_argument("--atoms", type=int, default=250, help="atoms of spglib's structures, or of the map timed")
    parser.add_argument("--every", type=int, default=1, help="every so-manieth value of the sweep")
    parser.add_argument("--kernel", type=int, default=7, help="of the paper's network; 3 takes a fifth of the time")
    parser.add_argument("--images", type=int, default=720, help="perfect crystals the paper's network learns from")
    parser.add_argument("--epochs", type=int, default=7, help="how often it sees each")
    parser.add_argument("--classes", nargs="*", help="classes left out, of unknown; all eight by default")
    parser.add_argument("--grains", type=Path, default=HERE.parent.parent / "shared/data/atoms/four_grains.xyz")
    parser.add_argument("--folder", type=Path, default=Path("structures-results"))
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS if args.part == "all" else [] if args.part == "report" else [args.part]:
        run(part, args)
    if args.part in ("all", "report"):
        report(args.folder)
    return 0


def run(part: str, args) -> None:
    """Run one part and keep what it found, unless it was done before."""
    path = args.folder / f"{part}-{args.seed}.json"
    if path.exists():
        print(f"{path} is there already; remove it to do it again")
        return
    begun, clock = time.process_time(), time.monotonic()
    found = PARTS[part](args)
    told = {"found": found, "count": args.count, "seconds": time.process_time() - begun}
    told["elapsed"] = time.monotonic() - clock
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(told, indent=1), encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
