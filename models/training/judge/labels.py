"""What a picture is of, as far as the judge tells it apart: a modality and a region.

From the sets' own labels where they have some; of ROCO and VQA-RAD from their modality field and the word lists that
the generator's captions are made with. What isn't clear has no label and takes no part.
"""

import argparse
import re
from pathlib import Path

from beside import captions, data

# Fluoroscopy, nuclear medicine and mammography are too few in ROCO to be learned, so they are in neither list.
MODALITIES = ("x-ray", "CT", "MRI", "ultrasound", "angiography", "dermoscopy", "histology", "endoscopy")
REGIONS = ("head", "jaw", "chest", "abdomen", "pelvis", "spine", "limb", "breast", "skin", "lung tissue", "gut")
# Of the generator's word lists. The heart is in the chest; the neck is too few.
REGION_OF = {
    "head": "head",
    "face": "head",
    "jaw": "jaw",
    "chest": "chest",
    "heart": "chest",
    "abdomen": "abdomen",
    "pelvis": "pelvis",
    "spine": "spine",
    "knee": "limb",
    "foot": "limb",
    "hand": "limb",
    "shoulder": "limb",
    "breast": "breast",
}
MEDNIST = {
    "AbdomenCT": ("CT", "abdomen"),
    "BreastMRI": ("MRI", "breast"),
    "CXR": ("x-ray", "chest"),
    "ChestCT": ("CT", "chest"),
    "Hand": ("x-ray", "limb"),
    "HeadCT": ("CT", "head"),
}
WHOLE = {
    "ham10000": ("dermoscopy", "skin"),
    "bone-fracture": ("x-ray", "limb"),
    "lc25000": ("histology", "lung tissue"),
    "gastrovision": ("endoscopy", "gut"),
    "busi": ("ultrasound", "breast"),
}
ORGANS = {"CHEST": ("", "chest"), "HEAD": ("", "head"), "ABD": ("", "abdomen")}


def of_row(row, modality: str) -> tuple[str, str]:
    """Modality and region of a row of data.py whose modality field is given; empty where it isn't clear."""
    if row.set == "mednist":
        return MEDNIST[row.label]
    if row.set in WHOLE:
        return WHOLE[row.set]
    if row.set == "vqa-rad":
        return ORGANS.get(modality, ("", ""))
    return of_caption(row.captions[0], modality)


def of_caption(caption: str, modality: str) -> tuple[str, str]:
    """The same of ROCO, by its modality field or its caption."""
    if modality == "unknown":
        modality = captions.first_named(captions.MODALITIES, caption)
    region = REGION_OF.get(named_region(caption), "")
    return (modality if modality in MODALITIES else ""), region


def named_region(caption: str) -> str:
    """The region whose word comes first. Where words of several are near the start, none is sure."""
    first = captions.first_named(captions.REGIONS, caption)
    if not first:
        return ""
    places = {}
    for name, pattern in captions.REGIONS.items():
        found = re.search(rf"\b(?:{pattern})\b", caption, re.IGNORECASE)
        if found:
            places.setdefault(REGION_OF.get(name, name), found.start())
    # Another region's word makes it doubtful which one is shown.
    return first if len(places) == 1 else ""


def of_rows(rows, folder: Path) -> list[tuple[str, str]]:
    """Modality and region of rows of data.py."""
    fields = captions.modalities(folder, {row.set for row in rows})
    return [of_row(row, fields[f"{row.set}/{row.id}"]) for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="Lists the rows that are kept aside, with what they are of.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="src/evaluation/generate/held_out.tsv")
    arguments = parser.parse_args()
    rows = [row for row in data.read(arguments.data) if row.dev]
    rows.sort(key=lambda row: (row.set, row.id))
    lines = ["# Rows that no training has seen: set, identifier, modality, region. Written by models/training/judge/labels.py."]
    for row, answers in zip(rows, of_rows(rows, arguments.data), strict=True):
        lines.append("\t".join([row.set, row.id, *(answer or "-" for answer in answers)]))
    arguments.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(rows)} rows")


if __name__ == "__main__":
    main()
