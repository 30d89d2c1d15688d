"""Trains one recipe: first the head on the frozen trunk, then the late blocks with it.

    python3 models/training/train.py --data DATA --work DIR --recipe late

Everything made on the way is under --work and is used again; --resume goes on from the last epoch.
"""

import argparse
import json
import math
import time
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

import augment
import data
import evaluate
import features
import losses
import model
import packages
import text

HERE = Path(__file__).parent
SQUARE = 288  # pixels that variants are cut from
CONCEPT_COUNT = 20  # pictures that a concept needs to be asked for


def recipe(name: str) -> SimpleNamespace:
    """A recipe of recipes.toml over the defaults."""
    table = tomllib.loads((HERE / "recipes.toml").read_text(encoding="utf-8"))
    unknown = set(table[name]) - set(table["default"])
    if unknown:
        raise ValueError(f"recipe {name} has unknown keys: {sorted(unknown)}")
    return SimpleNamespace(name=name, **(table["default"] | table[name]))


class Words:
    """The text side, embedded once: captions of rows, prompts of classes, concepts of rows."""

    def __init__(self, rows, captions: str, encoder_folder: Path, cache: Path):
        texts = sorted({caption for row in rows for caption in row.captions})
        self.sets = sorted({row.set for row in rows if row.label})
        self.prompts = {name: data.prompts(rows, name) for name in self.sets}
        texts += sorted({p for classes in self.prompts.values() for ps in classes.values() for p in ps} - set(texts))
        self.vectors = torch.from_numpy(text.cached(texts, encoder_folder, cache))
        place = {caption: number for number, caption in enumerate(texts)}
        self.captions = [[place[caption] for caption in row.captions] for row in rows]
        self.any = captions == "any"
        targets = {target: number for number, target in enumerate(sorted({row.target for row in rows}))}
        self.targets = torch.tensor([targets[row.target] for row in rows])
        # Of each set, the text numbers of each class's prompts, and of each row its class.
        self.prompt_numbers = {
            name: [[place[prompt] for prompt in prompts] for prompts in classes.values()]
            for name, classes in self.prompts.items()
        }
        self.labels = torch.tensor(
            [list(self.prompts[row.set]).index(row.label) if row.label else -1 for row in rows]
        )
        self.set_of = [row.set for row in rows]
        counts = {}
        for row in rows:
            for concept in row.concepts if not row.dev else ():
                counts[concept] = counts.get(concept, 0) + 1
        kept = {c: n for n, c in enumerate(sorted(c for c, k in counts.items() if k >= CONCEPT_COUNT))}
        self.concepts = torch.zeros(len(rows), len(kept))
        for number, row in enumerate(rows):
            for concept in row.concepts:
                if concept in kept:
                    self.concepts[number, kept[concept]] = 1
        self.has_concepts = torch.tensor([bool(row.concepts) for row in rows])

    def draw(self, numbers: list[int], random) -> torch.Tensor:
        """A caption's vector for each row: the first one half of the time, or always."""
        picked = []
        for number in numbers:
            options = self.captions[number]
            first = not self.any or random.random() < 0.5
            picked.append(options[0] if first else options[random.integers(len(options))])
        return self.vectors[picked]

    def class_texts(self, name: str, random=None) -> torch.Tensor:
        """A vector a class: of one prompt drawn, or the mean of all."""
        numbers = self.prompt_numbers[name]
        if random is None:
            return torch.stack([self.vectors[prompts].mean(0) for prompts in numbers])
        return torch.stack([self.vectors[prompts[random.integers(len(prompts))]] for prompts in numbers])


class Space(torch.nn.Module):
    """The encoder with what only training needs: temperature, bias, the concepts' questions."""

    def __init__(self, encoder, concepts: int):
        super().__init__()
        self.encoder = encoder
        self.scale = torch.nn.Parameter(torch.tensor(math.log(20.0)))
        self.bias = torch.nn.Parameter(torch.tensor(-8.0))
        self.questions = torch.nn.Linear(2 * model.LAST, concepts)

    def loss(self, pooled, numbers, words: Words, r, random, mixed=None):
        """The recipe's loss of a batch: pooled features of the rows `numbers`.

        Of a mixed batch only the pairs of pictures and texts count.
        """
        images = self.encoder.project(pooled)
        raw = words.draw(numbers, random)
        texts = self.encoder.words(raw)
        scale = self.scale.exp().clamp(max=100)
        targets = words.targets[numbers]
        if r.loss == "sigmoid":
            total = losses.sigmoid(images, texts, targets, scale, self.bias)
        else:
            total = losses.softmax(images, texts, targets, scale, r.soft, raw @ raw.T, mixed)
        if mixed:
            return total
        if r.classes:
            for name in words.sets:
                places = [place for place, number in enumerate(numbers) if words.set_of[number] == name]
                if places:
                    prompts = self.encoder.words(words.class_texts(name, random))
                    labels = words.labels[[numbers[place] for place in places]]
                    part = losses.classes(images[places], prompts, labels, scale)
                    total = total + r.classes * part * len(places) / len(numbers)
        if r.concepts:
            asked = words.has_concepts[numbers]
            if asked.any():
                encoder = self.encoder
                seen = torch.nn.functional.dropout((pooled - encoder.centre) / encoder.spread, 0.5, self.training)
                scores = self.questions(seen[asked])
                total = total + r.concepts * 10 * losses.concepts(scores, words.concepts[numbers][asked])
        return total


class Average:
    """A running mean of the weights, which generalises better than the last ones."""

    def __init__(self, module, decay: float):
        self.decay, self.steps = decay, 0
        self.state = {name: value.clone() for name, value in module.state_dict().items()}

    def update(self, module) -> None:
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        for name, value in module.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value, 1 - decay)


def embeddings(space, pooled) -> np.ndarray:
    """Unit vectors of pooled features."""
    with torch.inference_mode():
        return space.encoder.project(pooled).numpy()


def figures(space, numbers, pooled, rows, words) -> dict:
    """Dev figures: retrieval on ROCO, zero-shot classes on the labelled sets."""
    space.eval()
    images = embeddings(space, pooled)
    roco = [place for place, number in enumerate(numbers) if rows[number].set == "roco"]
    with torch.inference_mode():
        texts = space.encoder.words(words.vectors[[words.captions[numbers[p]][0] for p in roco]]).numpy()
        result = evaluate.retrieval(images[roco], texts)
        result["classes"] = {}
        for name in words.sets:
            places = [place for place, number in enumerate(numbers) if rows[number].set == name]
            prompts = space.encoder.words(words.class_texts(name)).numpy()
            labels = words.labels[[numbers[place] for place in places]].numpy()
            result["classes"][name] = evaluate.macro_accuracy(images[places], prompts, labels)
    return result


def short(result: dict) -> str:
    """Dev figures in a line."""
    there, back = result["text_to_image"], result["image_to_text"]
    classes = " ".join(f"{name} {value:.2f}" for name, value in result["classes"].items())
    return (
        f"t2i R@1 {there['r1']:.3f} R@5 {there['r5']:.3f} R@10 {there['r10']:.3f} MRR {there['mrr']:.3f} "
        f"med {there['median_rank']:.0f} | i2t R@10 {back['r10']:.3f} | {classes}"
    )


class Run:
    """One recipe under way."""

    def __init__(self, arguments, r):
        self.r, self.arguments = r, arguments
        self.cache = arguments.work / "cache"
        self.out = arguments.work / "runs" / r.name
        self.cache.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(r.seed)
        self.random = np.random.default_rng(r.seed)
        self.rows = data.read(arguments.data)
        self.words = Words(self.rows, r.captions, arguments.text_encoder, self.cache)
        encoder = model.Encoder(r.trunk, r.hidden, r.dropout)
        model.read_trunk(encoder, arguments.trunk)
        self.space = Space(encoder, self.words.concepts.shape[1])
        self.space.to(memory_format=torch.channels_last)
        encoder.text.requires_grad_(r.text_map)

    def log(self, line: str) -> None:
        line = f"{time.strftime('%H:%M:%S', time.gmtime())} {self.r.name}: {line}"
        print(line, flush=True)
        with (self.out / "log.txt").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def load_features(self) -> None:
        """Early features of the variants and of dev."""
        r = self.r
        frozen = model.Encoder(r.trunk, 8)
        model.read_trunk(frozen, self.arguments.trunk)
        frozen.eval().to(memory_format=torch.channels_last)
        where, how = self.arguments.data, (self.cache, self.log)
        dev = [number for number, row in enumerate(self.rows) if row.dev]
        self.dev_numbers, self.dev_early = features.exact(
            frozen, self.rows, dev, where, r.size, r.cut, "dev", *how
        )
        # The first variant is the picture as it is.
        plain = features.chosen(self.rows, 0)
        self.variants = [features.exact(frozen, self.rows, plain, where, r.size, r.cut, "v0", *how)]
        if r.variants > 1:
            squares = data.squares(where, self.rows, SQUARE, self.cache)
            self.variants += [
                features.varied(frozen, self.rows, squares, r.size, r.cut, v, r.seed, *how)
                for v in range(1, r.variants)
            ]

    def pooled(self, early) -> torch.Tensor:
        """Pooled features of stored early ones, by the blocks as they are now."""
        parts = []
        encoder = self.space.encoder.eval()
        with torch.inference_mode():
            for start in range(0, len(early), 64):
                parts.append(encoder.late(features.to_torch(early[start : start + 64]), self.r.cut))
        return torch.cat(parts).clone()

    def frozen_pooled(self, name: str, early) -> torch.Tensor:
        """The same for the untrained trunk, from a file where there is one."""
        path = self.cache / f"pooled-{self.r.trunk}-{self.r.size}-{name}.npy"
        if not path.exists():
            np.save(path, self.pooled(early).numpy())
        return torch.from_numpy(np.load(path))

    def epoch_rows(self, numbers) -> np.ndarray:
        """Places of a variant's rows that an epoch trains on, shuffled; of a labelled set only so many."""
        kept, counts = [], {}
        for place in self.random.permutation(len(numbers)):
            row = self.rows[numbers[place]]
            counts[row.set] = counts.get(row.set, 0) + 1
            if row.set in self.r.sets and (not row.label or counts[row.set] <= self.r.labelled):
                kept.append(place)
        return np.array(kept)

    def steps(self, epochs: int, batch: int, variants: int):
        """Epoch, its variant, and the places of each batch."""
        for epoch in range(epochs):
            variant = epoch % variants
            places = self.epoch_rows(self.variants[variant][0])
            yield epoch, variant, [places[i : i + batch] for i in range(0, len(places) - batch // 2, batch)]

    def mixture(self, count: int):
        """For a share of the batches: how much of each picture is its own, and whose is the rest."""
        if self.r.loss != "softmax" or self.random.random() >= self.r.mix:
            return None
        return float(self.random.uniform(0.5, 1.0)), torch.from_numpy(self.random.permutation(count))

    def step(self, optimiser, schedule, pooled, numbers, mixed=None) -> float:
        loss = self.space.loss(pooled, numbers, self.words, self.r, self.random, mixed)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.space.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        return loss.item()

    def schedule(self, optimiser, total: int):
        """A short rise, then a cosine to zero."""
        rise = max(1, total // 20)
        return torch.optim.lr_scheduler.LambdaLR(
            optimiser,
            lambda step: min((step + 1) / rise, 0.5 * (1 + math.cos(math.pi * min(step / total, 1)))),
        )

    def head(self) -> None:
        """The head alone, on pooled features of the frozen trunk."""
        r, encoder = self.r, self.space.encoder
        pooled = [self.frozen_pooled(f"v{v}", self.variants[v][1]) for v in range(r.head_variants)]
        dev = self.frozen_pooled("dev", self.dev_early)
        everything = torch.cat(pooled)
        encoder.centre.copy_(everything.mean(0))
        encoder.spread.copy_(everything.std(0) + 1e-3)
        trained = [*encoder.fc1.parameters(), *encoder.fc2.parameters(), *self.space.questions.parameters()]
        trained += [self.space.scale, self.space.bias] + ([encoder.text.weight] if r.text_map else [])
        optimiser = torch.optim.AdamW(trained, r.head_rate, weight_decay=r.head_decay)
        batches = sum(len(parts) for *_, parts in self.steps(r.head_variants, r.head_batch, r.head_variants))
        schedule = self.schedule(optimiser, batches * r.head_epochs // r.head_variants)
        average = Average(self.space, r.average)
        for epoch, variant, parts in self.steps(r.head_epochs, r.head_batch, r.head_variants):
            self.space.train()
            numbers = self.variants[variant][0]
            loss = 0.0
            for places in parts:
                rows = [numbers[place] for place in places]
                loss += self.step(optimiser, schedule, pooled[variant][places], rows) / len(parts)
                average.update(self.space)
            if epoch % 5 == 4 or epoch == r.head_epochs - 1:
                last = figures(self.space, self.dev_numbers, dev, self.rows, self.words)
                self.log(f"head {epoch} loss {loss:.3f} {short(last)}")
        if r.average:
            self.space.load_state_dict(average.state)
        self.finish(figures(self.space, self.dev_numbers, dev, self.rows, self.words), "head")

    def finish(self, result: dict, stage: str) -> None:
        """Writes the weights and the figures of a stage."""
        torch.save({"recipe": vars(self.r), "space": self.space.state_dict()}, self.out / f"{stage}.pt")
        (self.out / f"{stage}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        self.log(f"{stage} done: {short(result)}")

    def late(self) -> None:
        """The late blocks and the head together, the blocks at a smaller rate."""
        r, encoder = self.r, self.space.encoder
        blocks = [p for block in encoder.blocks[r.cut :] for p in block.parameters()] + [*encoder.last.parameters()]
        inside = {id(parameter) for parameter in blocks}
        early = {id(p) for part in (encoder.stem, *encoder.blocks[: r.cut]) for p in part.parameters()}
        rest = [p for p in self.space.parameters() if id(p) not in inside | early and p.requires_grad]
        groups = [{"params": blocks, "lr": r.late_rate}, {"params": rest, "lr": r.late_rate * 2}]
        optimiser = torch.optim.AdamW(groups, weight_decay=r.late_decay)
        batches = sum(len(parts) for *_, parts in self.steps(r.variants, r.late_batch, r.variants))
        schedule = self.schedule(optimiser, batches * r.late_epochs // r.variants)
        average = Average(self.space, r.average)
        checkpoint, first = self.out / "checkpoint.pt", 0
        if self.arguments.resume and checkpoint.exists():
            saved = torch.load(checkpoint, weights_only=False)
            self.space.load_state_dict(saved["space"])
            average.state, average.steps = saved["average"], saved["steps"]
            optimiser.load_state_dict(saved["optimiser"])
            schedule.load_state_dict(saved["schedule"])
            first = saved["epoch"] + 1
        for epoch, variant, parts in self.steps(r.late_epochs, r.late_batch, r.variants):
            if epoch < first:
                continue
            numbers, early_features = self.variants[variant]
            loss, start = 0.0, time.time()
            self.space.train()
            for places in parts:
                order = np.sort(places)
                rows = [numbers[place] for place in order]
                mirror = np.array([self.rows[number].mirror for number in rows])
                windows = augment.windows(early_features[order], mirror, r.window, self.random)
                values, mixed = features.to_torch(windows), self.mixture(len(order))
                if mixed:
                    values = mixed[0] * values + (1 - mixed[0]) * values[mixed[1]]
                pooled = encoder.late(values, r.cut, r.drop_path)
                loss += self.step(optimiser, schedule, pooled, rows, mixed) / len(parts)
                average.update(self.space)
            speed = sum(map(len, parts)) / (time.time() - start)
            now = {name: value.clone() for name, value in self.space.state_dict().items()}
            last = figures(self.space, self.dev_numbers, self.pooled(self.dev_early), self.rows, self.words)
            self.log(f"late {epoch} loss {loss:.3f} ({speed:.1f}/s) {short(last)}")
            self.space.load_state_dict(average.state)
            mean = figures(self.space, self.dev_numbers, self.pooled(self.dev_early), self.rows, self.words)
            self.finish(mean, "late")
            self.space.load_state_dict(now)
            torch.save(
                {
                    "space": now,
                    "average": average.state,
                    "steps": average.steps,
                    "optimiser": optimiser.state_dict(),
                    "schedule": schedule.state_dict(),
                    "epoch": epoch,
                },
                checkpoint.with_suffix(".part"),
            )
            checkpoint.with_suffix(".part").rename(checkpoint)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with NAME.jsonl and NAME.tar")
    parser.add_argument("--text-encoder", type=Path, help="folder of all-MiniLM-L6-v2; else its package")
    parser.add_argument("--trunk", type=Path, help="the ImageNet weights, .pth; else their package")
    parser.add_argument("--work", type=Path, required=True, help="where caches and results go")
    parser.add_argument("--recipe", default="late", help="a name in recipes.toml")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--resume", action="store_true", help="go on from the last epoch")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    r = recipe(arguments.recipe)
    arguments.text_encoder = arguments.text_encoder or packages.text_encoder()
    arguments.trunk = arguments.trunk or packages.trunk(r.trunk)
    run = Run(arguments, r)
    run.load_features()
    head = run.out / "head.pt"
    if arguments.resume and head.exists():
        run.space.load_state_dict(torch.load(head, weights_only=False)["space"])
    else:
        run.head()
    if run.r.late_epochs:
        run.late()


if __name__ == "__main__":
    main()
