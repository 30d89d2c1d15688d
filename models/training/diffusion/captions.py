"""What is said of a picture, and the frozen text encoder's token states of it.

A text is at most TOKENS tokens of all-MiniLM-L6-v2 with [CLS] and [SEP], cut there; its states are the
last layer's, and rows of zeros follow up to TOKENS. No picture's words at all is the empty text.
The same short forms ("CT of the abdomen.") are drawn often, for they are what people type.
"""

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import torch

from siblings import data, text

TOKENS = 48
CHANNELS = 384

# Modality words of ROCO's captions, where its own field says "unknown"; the earliest in a caption counts.
MODALITIES = {
    "ultrasound": r"ultraso\w+|sonogra\w+|echo\w*|doppler",
    "CT": r"CT|computed tomogra\w+|tomogra\w+",
    "MRI": r"MRI?|magnetic resonance|T[12]-?\s?weighted|FLAIR",
    "angiography": r"\w*angiogra\w+|arteriogra\w+|venogra\w+",
    "mammography": r"mammogra\w+",
    "fluoroscopy": r"fluorosc\w+|barium|cystogra\w+|esophagogra\w+",
    "nuclear": r"PET|scintigra\w+|SPECT|bone scan",
    "x-ray": r"x-?ray\w*|radiogra\w+|plain film|orthopantomo\w+|panoramic|cephalogra\w+",
}
REGIONS = {
    "chest": r"chest|thora\w+|lungs?|pulmon\w+|pleura\w*|pneumo\w+|mediastin\w+|bronch\w+|trache\w+|lobe",
    "head": (
        r"brain|cerebr\w+|\w*crani\w+|skull|head|cerebell\w+|pituitary|\w*ventricular system|temporal lobe"
        r"|frontal lobe"
    ),
    "heart": r"heart|cardi\w+|echocardi\w+|ventric\w+|atri\w+|mitral|aortic valve|coronary",
    "abdomen": (
        r"abdom\w+|liver|hepat\w+|kidney\w*|renal|splen\w+|spleen|pancrea\w+|bowel|colon\w*|stomach|gastr\w+"
        r"|gallbladder|bil\w*ary|intestin\w+|duoden\w+|append\w+"
    ),
    "pelvis": r"pelvi\w+|hips?|bladder|uter\w+|ovar\w+|prostat\w+|acetabul\w+|femoral head",
    "spine": r"spin\w+|vertebra\w*|lumbar|cervical spine|sacr\w+|L[1-5]|C[1-7]",
    "knee": r"knees?|tibia\w*|patell\w+|menisc\w+|distal femur",
    "foot": r"foot|feet|ankle\w*|calcane\w+|metatars\w+|toe",
    "hand": r"hands?|wrist\w*|finger\w*|carpal|metacarp\w+|thumb",
    "shoulder": r"shoulder\w*|humer\w+|clavic\w+|scapul\w+",
    "jaw": r"tooth|teeth|dent\w+|mandib\w+|maxill\w+|molar\w*|periapical|panoramic|orthopantomo\w+|incisor\w*|canine",
    "breast": r"breast\w*|mammogra\w+",
    "neck": r"neck|thyroid\w*|carotid|laryn\w+|parotid",
    "face": r"orbit\w*|sinus\w*|nasal|facial",
}
CALLED = {
    "angiography": "Angiogram",
    "fluoroscopy": "Fluoroscopy",
    "mammography": "Mammogram",
    "nuclear": "Nuclear medicine scan",
    "ultrasound": "Ultrasound",
    "x-ray": "X-ray",
}
BONES = {
    "elbow": "elbow",
    "fingers": "hand",
    "forearm": "forearm",
    "humerus": "upper arm",
    "shoulder": "shoulder",
    "wrist": "wrist",
}
SHORT = {
    "ham10000": ["Dermoscopy.", "Dermoscopy of a skin lesion."],
    "lc25000": ["Histology.", "Histology of the lung, H&E."],
    "gastrovision": ["Endoscopy."],
    "busi": ["Ultrasound of the breast.", "Breast ultrasound."],
}


def first_named(table: dict[str, str], caption: str) -> str:
    """The entry whose word comes first in a caption, or nothing."""
    found = {}
    for name, pattern in table.items():
        # Short names in capitals (CT, MR, L4) count in capitals only.
        flags = 0 if name in ("CT", "MRI", "nuclear") else re.IGNORECASE
        match = re.search(rf"\b(?:{pattern})\b", caption, flags)
        if match:
            found[name] = match.start()
    return min(found, key=found.get) if found else ""


def short_forms(name: str, label: str, modality: str, caption: str) -> list[str]:
    """Texts of a few words that say what kind of picture it is, and of what."""
    if name == "bone-fracture":
        part = BONES.get(label.split()[0] if label else "", "limb")
        return [f"X-ray of the {part}.", "X-ray."]
    if name != "roco":
        return SHORT.get(name, [])
    modality = modality if modality != "unknown" else first_named(MODALITIES, caption)
    if not modality:
        return []
    region, called = first_named(REGIONS, caption), CALLED.get(modality, modality)
    if not region:
        return [f"{called}."]
    return [f"{called} of the {region}.", f"{region.capitalize()} {called if called.isupper() else called.lower()}."]


def texts_of(row, modality: str) -> tuple[list[str], list[str]]:
    """The long texts of a row of data.py, and its short ones."""
    caption = row.captions[0]
    if row.set == "roco":
        plain = data.plain(caption)
        long = [caption, plain] + ([f"{modality}. {plain}"] if modality != "unknown" else [])
    elif row.set == "vqa-rad":
        long = [caption]
    else:
        long = row.captions
    return list(dict.fromkeys(t for t in long if t)), short_forms(row.set, row.label, modality, caption)


def modalities(folder: Path, names) -> dict[str, str]:
    """The modality field of each row, by set and id."""
    lines = ((name, json.loads(line)) for name in names for line in (folder / f"{name}.jsonl").open(encoding="utf-8"))
    return {f"{name}/{row['id']}": row["modality"] for name, row in lines}


def states(texts: list[str], encoder_folder: Path, log, batch: int = 64):
    """Token states of texts, one after the other (tokens x 384, halves), and where each text begins."""
    tokenizer, network = text.load(encoder_folder)
    tokenizer.enable_truncation(TOKENS)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    parts = [None] * len(texts)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        encodings = tokenizer.encode_batch([texts[index] for index in chosen])
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        with torch.inference_mode():
            hidden = network(input_ids=ids, attention_mask=mask).last_hidden_state
        for index, rows, count in zip(chosen, hidden, mask.sum(1).tolist(), strict=True):
            parts[index] = rows[:count].half().numpy()
        if start // batch % 50 == 49:
            log(f"words: {start + batch}/{len(texts)} texts")
    begins = np.cumsum([0, *(len(part) for part in parts)])
    return np.concatenate(parts), begins


def pad(parts) -> torch.Tensor:
    """States of texts, each tokens x 384, as n x TOKENS x 384 with zeros behind each text."""
    result = np.zeros((len(parts), TOKENS, CHANNELS), np.float32)
    for place, part in enumerate(parts):
        result[place, : len(part)] = part
    return torch.from_numpy(result)


def encoded(texts: list[str], encoder_folder: Path) -> torch.Tensor:
    """Any texts as the UNet takes them, n x TOKENS x 384."""
    values, begins = states(texts, encoder_folder, print)
    return pad([values[begin:end] for begin, end in zip(begins[:-1], begins[1:], strict=True)])


class Words:
    """Token states of everything that is said of the rows, and of `more`, made once and kept in `cache`."""

    def __init__(self, rows, more, folder: Path, encoder_folder: Path, cache: Path, log):
        of = modalities(folder, {row.set for row in rows})
        both = [texts_of(row, of[f"{row.set}/{row.id}"]) for row in rows]
        texts = ["", *sorted({t for long, short in both for t in (*long, *short)} | set(more))]
        self.texts = texts
        self.place = place = {t: number for number, t in enumerate(texts)}
        self.long = [[place[t] for t in long] or [0] for long, _ in both]
        self.short = [[place[t] for t in short] for _, short in both]
        name = hashlib.sha256("\0".join([str(TOKENS), *texts]).encode()).hexdigest()[:12]
        path = cache / f"states-{name}.npy"
        if not path.exists():
            values, begins = states(texts, encoder_folder, log)
            np.save(path.with_suffix(".begins.npy"), begins)
            part = path.with_suffix(".part.npy")
            np.save(part, values)
            part.rename(path)
        self.states = np.load(path, mmap_mode="r")
        self.begins = np.load(path.with_suffix(".begins.npy"))

    def number(self, said: str) -> int:
        """A text's number; only texts that were given at first have one."""
        if said not in self.place:
            raise ValueError(f"{said!r} was not encoded with the others")
        return self.place[said]

    def padded(self, numbers) -> torch.Tensor:
        """States of texts by number, as the UNet takes them."""
        return pad([self.states[self.begins[number] : self.begins[number + 1]] for number in numbers])

    def draw(self, rows, dropped: float, random) -> torch.Tensor:
        """States of one text a row; of the share `dropped` nothing is said, for guidance."""
        picked = []
        for number in rows:
            short, long = self.short[number], self.long[number]
            pool = short if short and random.random() < 0.35 else long
            picked.append(0 if random.random() < dropped else pool[random.integers(len(pool))])
        return self.padded(picked)

    def first(self, rows) -> torch.Tensor:
        """States of each row's caption."""
        return self.padded([self.long[number][0] for number in rows])
