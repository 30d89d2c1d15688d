"""The training data: rows of NAME.jsonl, pictures of NAME.tar, captions, splits.

A group (article, patient, lesion) is never split: a set with its own `dev` rows keeps them, of any
other a seventh of the groups, chosen by a hash of their names, is `dev`.
"""

import hashlib
import io
import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import preprocess

SETS = ("roco", "mednist", "ham10000", "bone-fracture", "lc25000", "gastrovision", "busi", "vqa-rad")
# Most rows of a set that are used, for training and for dev; mednist's 12,000 are much alike.
MOST = {"mednist": (1200, 300)}
SIDES = re.compile(r"\b(left|right|dextro\w*|situs|lateral\w*|anterior|posterior)\b", re.IGNORECASE)

# What a label is called in words, where its name isn't words, and how pictures of a set are called.
NAMES = {
    "AbdomenCT": "CT of the abdomen",
    "BreastMRI": "MRI of the breast",
    "CXR": "chest x-ray",
    "ChestCT": "CT of the chest",
    "Hand": "x-ray of the hand",
    "HeadCT": "CT of the head",
}
TEMPLATES = {
    "mednist": ("{}.", "{}", "A picture: {}."),
    "ham10000": ("Dermoscopy of {}.", "{}", "Skin lesion: {}.", "Dermoscopic image showing {}."),
    "bone-fracture": ("Limb x-ray with {}.", "{}", "Radiograph showing a {}."),
    "lc25000": ("H&E histology of {}.", "{}", "Microscopy of {}, haematoxylin and eosin."),
    "gastrovision": ("Endoscopy showing {}.", "{}", "Endoscopic image of {}."),
    "busi": ("Breast ultrasound: {} finding.", "Ultrasound of the breast, {}.", "{} breast ultrasound"),
}
ORGANS = {"CHEST": "Chest x-ray.", "HEAD": "Axial slice of the head.", "ABD": "Slice of the abdomen."}


@dataclass
class Row:
    """A picture with its words."""

    set: str
    id: str
    file: str
    captions: list[str]  # the first is the caption; training may draw any
    label: str  # the class of a labelled set, or nothing
    group: str  # article, patient or lesion
    target: str  # rows of one target are positives of each other
    concepts: list[str]
    mirror: bool  # whether left and right may be exchanged
    dev: bool


def held_out(group: str) -> bool:
    """Whether a group of a set without a split of its own is kept for `dev`."""
    return hashlib.sha256(group.encode()).digest()[0] % 7 == 0


def sentences(caption: str) -> list[str]:
    """The sentences of a caption that say something: four words at least."""
    parts = re.split(r"(?<=[.;!?])\s+(?=[A-Z(])", caption)
    return [part for part in parts if len(part.split()) >= 4]


def plain(caption: str) -> str:
    """A caption without what is in brackets and without the figure's number."""
    text = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", " ", caption)
    text = re.sub(r"^\s*(fig(ure)?\.?\s*\w+[.:]?)\s*", "", text, flags=re.IGNORECASE)
    return re.sub(r"\s+([.,;:])", r"\1", re.sub(r"\s+", " ", text)).strip()


def halves(caption: str) -> list[str]:
    """The two halves of a caption of ten words and more."""
    words = caption.split()
    middle = len(words) // 2
    return [" ".join(words[:middle]), " ".join(words[middle:])] if len(words) >= 10 else []


def can_mirror(name: str, caption: str) -> bool:
    """Whether left and right make no difference: of radiology only where no side is spoken of."""
    if name == "roco":
        return not SIDES.search(caption)
    return name in ("ham10000", "lc25000", "gastrovision", "busi")


def captions_of(name: str, row: dict) -> list[str]:
    """What is said of a picture, the caption itself first, each text once."""
    if name == "roco":
        caption = row["caption"]
        texts = [caption, plain(caption), *sentences(caption), *halves(caption)]
        if row["modality"] != "unknown":
            texts.append(f"{row['modality']}. {plain(caption)}")
    elif name == "vqa-rad":
        organ = ORGANS.get(row["modality"], "Radiology.")
        texts = [organ] + [f"{organ} {qa['question']} {qa['answer']}." for qa in row["qa"]]
    else:
        label = row["labels"][0]
        words = NAMES.get(label, label)
        texts = [row["caption"], *(template.format(words) for template in TEMPLATES[name])]
    return list(dict.fromkeys(text for text in texts if text))


def read_set(folder: Path, name: str) -> list[Row]:
    """The rows of one set."""
    rows = []
    for line in (folder / f"{name}.jsonl").open(encoding="utf-8"):
        row = json.loads(line)
        label = row["labels"][0] if row["labels"] else ""
        own_split = name == "roco"
        rows.append(
            Row(
                set=name,
                id=row["id"],
                file=row["file"],
                captions=captions_of(name, row),
                label=label,
                group=f"{name}/{row['group']}",
                target=f"{name}/{label or row['id']}",
                concepts=row.get("cuis", []),
                mirror=can_mirror(name, row["caption"]),
                dev=row["split"] == "dev" if own_split else held_out(row["group"]),
            )
        )
    return rows


def read(folder: Path, names=SETS) -> list[Row]:
    """The rows of all sets; of a set with many, an even choice for training and for dev."""
    rows = []
    for name in names:
        of_set = read_set(folder, name)
        most = MOST.get(name)
        if most:
            by_hash = sorted(of_set, key=lambda row: hashlib.sha256(row.id.encode()).digest())
            of_set = [row for row in by_hash if not row.dev][: most[0]] + [row for row in by_hash if row.dev][: most[1]]
        rows += of_set
    check_split(rows)
    return rows


def check_split(rows: list[Row]) -> None:
    """No group is on both sides."""
    sides = {}
    for row in rows:
        sides.setdefault(row.group, set()).add(row.dev)
    torn = [group for group, side in sides.items() if len(side) > 1]
    if torn:
        raise ValueError(f"groups in train and in dev: {torn[:5]}")


def prompts(rows: list[Row], name: str) -> dict[str, list[str]]:
    """The classes of a labelled set, in order of their names, with their prompts."""
    labels = sorted({row.label for row in rows if row.set == name and row.label})
    return {label: [template.format(NAMES.get(label, label)) for template in TEMPLATES[name]] for label in labels}


def pictures(folder: Path, rows: list[Row]):
    """Each row's number and its decoded picture, in the order of the archives."""
    wanted = {}
    for number, row in enumerate(rows):
        wanted.setdefault(row.set, {})[row.file] = number
    for name, files in wanted.items():
        with tarfile.open(folder / f"{name}.tar") as archive:
            for member in archive:
                number = files.get(Path(member.name).name)
                if number is not None:
                    yield number, preprocess.decode(io.BytesIO(archive.extractfile(member).read()))


def squares(folder: Path, rows: list[Row], size: int, cache: Path) -> np.ndarray:
    """Every picture resized to `size` squared, as bytes, made once and memory-mapped after."""
    name = hashlib.sha256("\n".join(f"{row.set}/{row.id}" for row in rows).encode()).hexdigest()[:12]
    path = cache / f"squares-{size}-{name}.npy"
    if not path.exists():
        part = path.with_suffix(".part")
        shape = (len(rows), size, size, 3)
        array = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
        seen = 0
        for number, picture in pictures(folder, rows):
            array[number] = np.rint(preprocess.resize(picture, size)).astype(np.uint8)
            seen += 1
        if seen != len(rows):
            raise ValueError(f"{len(rows) - seen} pictures are missing from the archives")
        array.flush()
        part.rename(path)
    return np.load(path, mmap_mode="r")
