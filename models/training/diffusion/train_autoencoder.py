"""The first stage: the autoencoder, on random crops and then on whole pictures.

Its loss is the absolute error, a light perceptual distance, and a little of the divergence from a
normal distribution. Crops make many small steps out of few pictures; whole pictures at the end teach
the attention in the middle how large a picture is.
"""

import numpy as np
import torch

import pictures
import progress
from autoencoder import Autoencoder
from perceptual import Perceptual

STAGE = 1
HELD = 96  # dev pictures that are looked at


def losses(network, perceptual, batch, r, generator) -> dict[str, torch.Tensor]:
    """The loss of a batch in -1..1, and its parts."""
    mean, variance = network.encode(batch)
    noise = torch.randn(mean.shape, generator=generator).to(mean)
    made = network.decode(mean + noise * (variance / 2).exp())
    absolute = (made - batch).abs().mean()
    alike = perceptual(made, batch)
    divergence = 0.5 * (mean.square() + variance.exp() - 1 - variance).mean()
    loss = absolute + r.perceptual * alike + r.divergence * divergence
    return {"loss": loss, "absolute": absolute, "perceptual": alike, "divergence": divergence}


def quality(network, squares, numbers, size: int, device) -> float:
    """Peak signal to noise of pictures through the means of their latents, in dB."""
    total = 0.0
    with torch.inference_mode():
        for start in range(0, len(numbers), 16):
            batch = pictures.scaled(squares[numbers[start : start + 16]], size).to(device)
            made = network.decode(network.encode(batch)[0]).clamp(-1, 1)
            errors = ((made - batch) / 2).square().mean((1, 2, 3))
            total += float((-10 * errors.clamp(min=1e-10).log10()).sum())
    return total / len(numbers)


class AutoencoderStage(progress.Stage):
    """The autoencoder in training."""

    name = "autoencoder"

    def __init__(self, r, rows, squares, arguments, log):
        torch.manual_seed(r.seed)
        network = Autoencoder(r.autoencoder, r.autoencoder_layers)
        network.start_small()
        network.to(arguments.device)
        total = r.crop_steps + r.whole_steps
        super().__init__(network, r.autoencoder_rate, 0.998, total, arguments, log)
        self.r, self.squares = r, squares
        self.perceptual = Perceptual(arguments.trunk).to(arguments.device)
        self.shares = pictures.shares(rows, r.sets)
        dev = [number for number, row in enumerate(rows) if row.dev]
        self.held = np.sort(np.random.default_rng(r.seed).permutation(dev)[:HELD])

    def batch(self, random) -> torch.Tensor:
        """Crops for the most part of the stage, whole pictures at its end."""
        r = self.r
        whole = self.step >= r.crop_steps
        count, size = (r.whole_batch, r.size) if whole else (r.crop_batch, r.crop)
        numbers = random.choice(len(self.shares), count, p=self.shares)
        return pictures.crops(self.squares, numbers, size, r.size, random).to(self.device)

    def one(self) -> dict[str, float]:
        random, generator = progress.draws(self.r.seed, STAGE, self.step)
        parts = losses(self.network, self.perceptual, self.batch(random), self.r, generator)
        self.descend(parts["loss"], progress.rate(self.step, self.total, self.r.rise, self.total // 2))
        return {name: float(value.detach()) for name, value in parts.items()}

    def mean_network(self) -> Autoencoder:
        """The autoencoder with the mean weights."""
        network = Autoencoder(self.r.autoencoder, self.r.autoencoder_layers).to(self.device)
        network.load_state_dict(self.average.state)
        return network.eval()

    def look(self) -> str:
        decibels = quality(self.mean_network(), self.squares, self.held, self.r.size, self.device)
        return f"dev {decibels:.2f} dB"
