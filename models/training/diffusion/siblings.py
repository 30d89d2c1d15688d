"""The modules of `models/training` that this folder uses too. Import them from here."""

import sys
from pathlib import Path

# At the end of the path, so that this folder's own `train` and `export` come first.
sys.path.append(str(Path(__file__).resolve().parent.parent))

import augment
import data
import model
import packages
import preprocess
import text

__all__ = ["augment", "data", "model", "packages", "preprocess", "text"]
