"""Figures over the whole pool: retrieval both ways, and zero-shot classes."""

import numpy as np


def ranks(scores: np.ndarray) -> np.ndarray:
    """The place of each row's own column, from one; equals before it count against it by half."""
    own = np.diag(scores)[:, None]
    return 1 + (scores > own).sum(1) + ((scores == own).sum(1) - 1) / 2


def summary(scores: np.ndarray) -> dict:
    """R@1, R@5, R@10, median rank and mean reciprocal rank of rows looking for their columns."""
    places = ranks(scores)
    figures = {f"r{k}": float((places <= k).mean()) for k in (1, 5, 10)}
    return figures | {"median_rank": float(np.median(places)), "mrr": float((1 / places).mean())}


def retrieval(images: np.ndarray, texts: np.ndarray) -> dict:
    """Pictures and their captions, row by row, as unit vectors."""
    scores = texts @ images.T
    return {"pool": len(images), "text_to_image": summary(scores), "image_to_text": summary(scores.T)}


def macro_accuracy(images: np.ndarray, prompts: np.ndarray, labels: np.ndarray) -> float:
    """Zero-shot: the mean over the classes of how many of their pictures find their prompt."""
    found = (images @ prompts.T).argmax(1) == labels
    return float(np.mean([found[labels == label].mean() for label in np.unique(labels)]))


def interval(scores: np.ndarray, k: int = 10, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """The bootstrap 95 % interval of R@k."""
    hits = ranks(scores) <= k
    random = np.random.default_rng(seed)
    means = hits[random.integers(0, len(hits), (draws, len(hits)))].mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
