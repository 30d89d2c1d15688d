"""What training makes small."""

import torch
from torch.nn import functional as F


def positives(targets: torch.Tensor) -> torch.Tensor:
    """Which pairs of a batch belong together (n x n, 0 or 1)."""
    return (targets[:, None] == targets[None, :]).float()


def softmax(images, texts, targets, scale, soft: float = 0.0, likeness=None, mixed=None):
    """CLIP's loss with several positives; `soft` of the weight goes by how alike the captions are.

    `mixed` is a share and an order: that share of each picture is its own, the rest another's.
    """
    wanted = positives(targets)
    if soft:
        wanted = (1 - soft) * wanted / wanted.sum(1, keepdim=True) + soft * F.softmax(likeness / 0.05, 1)
    if mixed:
        share, order = mixed
        wanted = share * wanted + (1 - share) * wanted[order]
    scores = scale * images @ texts.T
    by_image = -(share_out(wanted) * F.log_softmax(scores, 1)).sum(1).mean()
    by_text = -(share_out(wanted.T) * F.log_softmax(scores.T, 1)).sum(1).mean()
    return (by_image + by_text) / 2


def share_out(wanted):
    """Rows that sum to one."""
    return wanted / wanted.sum(1, keepdim=True)


def sigmoid(images, texts, targets, scale, bias):
    """SigLIP's loss: every pair is a question of its own."""
    signs = 2 * positives(targets) - 1
    return -F.logsigmoid(signs * (scale * images @ texts.T + bias)).sum(1).mean()


def classes(images, prompts, labels, scale):
    """Each labelled picture against the prompts of its own set's classes."""
    return F.cross_entropy(scale * images @ prompts.T, labels)


def concepts(scores, present):
    """UMLS concepts of the caption, seen in the picture: one question each."""
    return F.binary_cross_entropy_with_logits(scores, present)
