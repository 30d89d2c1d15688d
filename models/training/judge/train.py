"""Trains the judge's two layers, measures them, and writes what the program reads, with its hashes in the manifest.

    python3 models/training/judge/train.py --data DATA --work WORK --out models/weights/judge

`DATA` is the folder that `../data.py` reads; only its training rows are learned from. `WORK` takes features (about
50 MB) and squares (0.5 GB), which don't belong in the repository. Takes half an hour on one CPU core, most of it for
features; run again, three minutes.
"""

import argparse
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

import labels
import pictures
import trunk
from beside import data

NAME = "mirage-judge-mobilenet-v2"
FORMAT = "mirage-judge/1"
MANIFEST = Path(__file__).resolve().parents[2] / "manifests" / "judge.toml"
SETS = "roco, mednist, ham10000, bone-fracture, lc25000, gastrovision, busi, vqa-rad"
REDUCED = 64  # axes on which sets of pictures are compared
DECAYS = (1e-3, 1e-2, 1e-1)
STEPS, RATE, BATCH = 400, 2e-3, 2048
FOLDS = 5
# Of what counts as a near copy: above so many of the pictures that are none, and no lower than is needed to find all but
# so many of those that are.
UNSEEN, FOUND = 0.995, 0.05


def standard(features: np.ndarray):
    """Mean and spread of features."""
    return features.mean(0), features.std(0) + 1e-3


def learned(features, targets, classes: int, decay: float) -> nn.Linear:
    """A layer that tells the classes apart; each class counts by the root of how many pictures it has."""
    torch.manual_seed(0)
    centre, spread = (torch.from_numpy(part) for part in standard(features))
    values, targets = (torch.from_numpy(features) - centre) / spread, torch.from_numpy(targets)
    weights = 1 / torch.bincount(targets, minlength=classes).clamp(min=1).float().sqrt()
    layer = nn.Linear(values.shape[1], classes)
    nn.init.zeros_(layer.weight)
    optimizer = torch.optim.AdamW(layer.parameters(), RATE, weight_decay=decay)
    for _ in range(STEPS):
        batch = torch.randint(len(values), (min(BATCH, len(values)),))
        seen = F.dropout(values[batch], 0.3)
        loss = F.cross_entropy(layer(seen), targets[batch], weights, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # The spread goes into the weights, so that the program takes features as they are.
    with torch.no_grad():
        layer.weight /= spread
        layer.bias -= layer.weight @ centre
    return layer.requires_grad_(False)


def accuracy(layer: nn.Linear, features, targets) -> float:
    """Share that is told right."""
    return float((layer(torch.from_numpy(features)).argmax(1).numpy() == targets).mean())


def fold(row) -> int:
    """Which part of the training rows a group belongs to, for choosing the decay without the dev rows."""
    return hashlib.sha256(f"fold/{row.group}".encode()).digest()[0] % FOLDS


class Aspect:
    """One of the two questions: its classes, and which rows have an answer."""

    def __init__(self, name: str, classes, answers):
        self.name, self.classes = name, list(classes)
        self.targets = np.array([self.classes.index(one) if one else -1 for one in answers])

    def layer(self, rows, plain, varied) -> nn.Linear:
        """Learned from the training rows, each as it is and varied (`varied` has no others)."""
        is_train = np.array([not row.dev for row in rows])
        plain, targets = plain[is_train], self.targets[is_train]
        folds = np.array([fold(row) for row in rows])[is_train]

        def of(chosen, decay):
            both = np.concatenate([plain[chosen], varied[chosen]])
            return learned(both, np.tile(targets[chosen], 2), len(self.classes), decay)

        train = targets >= 0
        inner, outer = train & (folds > 0), train & (folds == 0)
        scores = {decay: accuracy(of(inner, decay), plain[outer], targets[outer]) for decay in DECAYS}
        print(self.name, {decay: round(score, 4) for decay, score in scores.items()}, flush=True)
        return of(train, max(scores, key=scores.get))

    def figures(self, layer, rows, plain) -> dict:
        """Dev figures: of all, of each class, and of each set."""
        dev = np.array([row.dev for row in rows]) & (self.targets >= 0)
        right = layer(torch.from_numpy(plain[dev])).argmax(1).numpy() == self.targets[dev]
        targets, sets = self.targets[dev], np.array([row.set for row in rows])[dev]
        by_class = {
            name: {"n": int((targets == number).sum()), "accuracy": share(right[targets == number])}
            for number, name in enumerate(self.classes)
            if (targets == number).any()
        }
        by_set = {name: {"n": int((sets == name).sum()), "accuracy": share(right[sets == name])} for name in sorted(set(sets))}
        macro = float(np.mean([one["accuracy"] for one in by_class.values()]))
        overall = {"n": len(right), "accuracy": share(right), "macro_accuracy": round(macro, 4)}
        return overall | {"classes": by_class, "sets": by_set}


def share(right) -> float:
    return round(float(right.mean()), 4)


def axes(features: np.ndarray):
    """The mean of features, and the axes along which they differ most."""
    centre = features.mean(0)
    _, vectors = np.linalg.eigh(np.cov((features - centre).T.astype(np.float64)))
    return centre, np.ascontiguousarray(vectors[:, ::-1][:, :REDUCED].T.astype(np.float32))


def centred(features, centre):
    """Unit vectors around the mean."""
    values = features - centre
    return values / np.linalg.norm(values, axis=1, keepdims=True).clip(1e-12)


def near_copy(rows, plain, altered, chosen, centre) -> dict:
    """The cosine from which a picture counts as a near copy, and what it finds.

    Only the sets of `pictures.APART` tell what is no copy.
    """
    vectors, dev = centred(plain, centre), np.array([row.dev for row in rows])
    train = vectors[~dev]
    apart = [number for number, row in enumerate(rows) if row.dev and row.set in pictures.APART]
    nearest = (vectors[apart] @ train.T).max(1)
    all_dev = (vectors[dev] @ train.T).max(1)
    own = (centred(altered, centre) * vectors[chosen]).sum(1)
    cosine = round(float(max(np.quantile(nearest, UNSEEN), np.quantile(own, FOUND))), 3)
    cosine = min(cosine, 0.999)  # 1 would ask for the same numbers to the last bit
    return {
        "cosine": cosine,
        "of_unseen": share(nearest >= cosine),
        "of_altered": share(own >= cosine),
        "of_unseen_in_all_sets": share(all_dev >= cosine),
        "unseen_quantiles": quantiles(nearest),
        "altered_quantiles": quantiles(own),
    }


def quantiles(values) -> dict:
    return {f"q{q}": round(float(np.quantile(values, q / 100)), 4) for q in (1, 5, 25, 50, 75, 95, 99)}


def write(out: Path, aspects, layers, space, figures: dict) -> None:
    """heads.safetensors in halves, and config.json."""
    centre, basis = space
    tensors = {"space.centre": torch.from_numpy(centre), "space.axes": torch.from_numpy(basis)}
    for aspect, layer in zip(aspects, layers, strict=True):
        tensors |= {f"{aspect.name}.weight": layer.weight, f"{aspect.name}.bias": layer.bias}
    out.mkdir(parents=True, exist_ok=True)
    halves = {name: value.half().contiguous() for name, value in tensors.items()}
    file = out / "heads.safetensors"
    save_file(halves, file, {"format": FORMAT, "training_data": SETS, "use": "non-commercial teaching"})
    file.chmod(0o644)
    config = {
        "format": FORMAT,
        "name": NAME,
        "seen": trunk.SEEN,
        "input": trunk.INPUT,
        "mean": trunk.MEAN,
        "spread": trunk.SPREAD,
        "modalities": aspects[0].classes,
        "regions": aspects[1].classes,
        "reduced": REDUCED,
        "training_data": SETS,
    }
    (out / "config.json").write_text(json.dumps(config | figures, indent=1) + "\n", encoding="utf-8")


def into_manifest(out: Path) -> None:
    """The sizes and hashes of what was written."""
    text = MANIFEST.read_text(encoding="utf-8")
    for path in sorted(out.iterdir()):
        content = path.read_bytes()
        size, sha256 = len(content), hashlib.sha256(content).hexdigest()
        entry = rf'(path = "{re.escape(path.name)}"\nsources = .*\nsize = )\d+(\nsha256 = ")[0-9a-f]+'
        text, count = re.subn(entry, rf"\g<1>{size}\g<2>{sha256}", text)
        print(path.name, size, sha256)
        if count != 1:
            raise ValueError(f"{MANIFEST.name} has no entry of {path.name}")
    MANIFEST.write_text(text, encoding="utf-8")


def halved(layer: nn.Linear) -> nn.Linear:
    """As the program will read it."""
    layer.weight.data, layer.bias.data = layer.weight.half().float(), layer.bias.half().float()
    return layer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--trunk", type=Path, help="the weights, if the package isn't installed")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)
    rows = data.read(arguments.data)
    network = trunk.load(arguments.trunk or trunk.weights_file())
    plain, varied, altered, chosen = pictures.all_features(network, rows, arguments.data, arguments.work)
    answers = labels.of_rows(rows, arguments.data)
    aspects = [
        Aspect("modality", labels.MODALITIES, [one[0] for one in answers]),
        Aspect("region", labels.REGIONS, [one[1] for one in answers]),
    ]
    layers = [halved(aspect.layer(rows, plain, varied)) for aspect in aspects]
    train = plain[[not row.dev for row in rows]]
    space = axes(train)
    dev = {aspect.name: aspect.figures(layer, rows, plain) for aspect, layer in zip(aspects, layers, strict=True)}
    figures = {"near_copy": near_copy(rows, plain, altered, chosen, space[0]), "dev": dev}
    print(json.dumps(figures, indent=1))
    write(arguments.out, aspects, layers, space, figures)
    into_manifest(arguments.out)


if __name__ == "__main__":
    main()
