"""The modules of `../diffusion` and of `..` that the judge uses too. Import them from here."""

import sys
from pathlib import Path

# At the end of the path, so that this folder's own `train` and `pictures` come first.
sys.path.append(str(Path(__file__).resolve().parent.parent / "diffusion"))

import captions  # noqa: E402
from siblings import augment, data, preprocess  # noqa: E402

__all__ = ["augment", "captions", "data", "preprocess"]
