"""Texts to vectors by the frozen text encoder: mean over the tokens, unit length."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel
from safetensors.torch import load_file

MAXIMUM_TOKENS = 256


def load(folder: Path):
    """Tokenizer and network of a sentence BERT: config.json, tokenizer.json, model.safetensors."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAXIMUM_TOKENS)
    tokenizer.enable_padding()
    network = BertModel(BertConfig.from_json_file(folder / "config.json"), add_pooling_layer=False)
    state = load_file(folder / "model.safetensors")
    missing, _ = network.load_state_dict(state, strict=False)
    if [name for name in missing if "position_ids" not in name]:
        raise ValueError(f"the text encoder lacks {missing}")
    return tokenizer, network.eval()


def embed(texts: list[str], folder: Path, batch: int = 64) -> np.ndarray:
    """One unit vector a text."""
    tokenizer, network = load(folder)
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    vectors = np.zeros((len(texts), network.config.hidden_size), np.float32)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        encodings = tokenizer.encode_batch([texts[index] for index in chosen])
        ids = torch.tensor([encoding.ids for encoding in encodings])
        mask = torch.tensor([encoding.attention_mask for encoding in encodings])
        with torch.inference_mode():
            hidden = network(input_ids=ids, attention_mask=mask).last_hidden_state
        mean = (hidden * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim=True)
        vectors[chosen] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return vectors


def cached(texts: list[str], folder: Path, cache: Path) -> np.ndarray:
    """Like `embed`, from a file if these texts were embedded before."""
    name = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
    path = cache / f"texts-{name}.npy"
    if not path.exists():
        part = cache / f"texts-{name}.part.npy"
        np.save(part, embed(texts, folder))
        part.rename(path)
    return np.load(path)
