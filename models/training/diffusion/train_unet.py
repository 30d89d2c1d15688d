"""The second stage: the UNet learns the velocities of noisy latents under words.

Its steps have a plateau and then a fall of the rate (`progress.rate`). A file WORK/finish brings the
fall forward to now: that is how a run ends early and well.
"""

import time

import numpy as np
import torch

import pictures
import progress
import samplers
import schedule
import sheet
from unet import Unet

STAGE = 3
HELD = 192  # dev pictures, and as many of training, whose loss is looked at
PROMPTS = (
    "CT of the abdomen.",
    "Chest x-ray.",
    "MRI of the head.",
    "X-ray of the hand.",
    "Ultrasound of the heart.",
    "Breast ultrasound: benign finding.",
    "X-ray of the jaw.",
    "Dermoscopy of melanoma.",
    "H&E histology of lung adenocarcinoma.",
    "Endoscopy showing colon polyp.",
    "CT of the chest.",
    "MRI of the spine.",
)


class UnetStage(progress.Stage):
    """The UNet in training."""

    name = "unet"

    def __init__(self, r, rows, latents, words, autoencoder, arguments, log):
        torch.manual_seed(r.seed + 1)
        network = Unet(r.unet, r.unet_layers, r.attention)
        network.start_small()
        network.to(arguments.device, memory_format=torch.channels_last)
        super().__init__(network, r.unet_rate, r.average, r.unet_steps, arguments, log)
        self.r, self.latents, self.words, self.autoencoder = r, latents, words, autoencoder
        self.shares = pictures.shares(rows, r.sets)
        self.previewed = time.monotonic()
        random = np.random.default_rng(r.seed)
        train = [number for number, row in enumerate(rows) if not row.dev]
        dev = [number for number, row in enumerate(rows) if row.dev]
        self.held = {name: random.permutation(part)[:HELD] for name, part in (("train", train), ("dev", dev))}

    def drawn(self, numbers, random, generator) -> torch.Tensor:
        """Latents of one variant of each row, drawn from their distributions."""
        picked = [self.latents[random.integers(len(self.latents))][number] for number in numbers]
        mean, spread = torch.from_numpy(np.stack(picked)).float().chunk(2, dim=1)
        drawn = mean + spread * torch.randn(mean.shape, generator=generator)
        return drawn.contiguous(memory_format=torch.channels_last).to(self.device)

    def one(self) -> dict[str, float]:
        r = self.r
        if self.step < self.total - r.fall and (self.work / "finish").exists():
            self.total = self.step + r.fall
            self.log(f"unet: finish was asked for; {r.fall} steps are left")
        random, generator = progress.draws(r.seed, STAGE, self.step)
        numbers = random.choice(len(self.shares), r.batch, p=self.shares)
        latents = self.drawn(numbers, random, generator)
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        steps = schedule.spread_steps(r.batch, generator).to(self.device)
        words = self.words.draw(numbers, r.dropped, random).to(self.device)
        loss = schedule.loss(self.network, latents, noise, steps, words)
        self.descend(loss, progress.rate(self.step, self.total, r.rise, r.fall))
        return {"loss": float(loss.detach())}

    def mean_network(self) -> Unet:
        """The UNet with the mean weights."""
        r = self.r
        network = Unet(r.unet, r.unet_layers, r.attention).to(self.device, memory_format=torch.channels_last)
        network.load_state_dict(self.average.state)
        return network.eval()

    def held_loss(self, network, numbers) -> float:
        """The loss of some pictures under their captions, always with the same noise and steps."""
        random, generator = progress.draws(self.r.seed, STAGE + 1, 0)
        total = 0.0
        with torch.inference_mode():
            for start in range(0, len(numbers), 32):
                part = numbers[start : start + 32]
                latents = self.drawn(part, random, generator)
                noise = torch.randn(latents.shape, generator=generator).to(latents)
                steps = schedule.spread_steps(len(part), generator).to(self.device)
                words = self.words.first(part).to(self.device)
                total += float(schedule.loss(network, latents, noise, steps, words)) * len(part)
        return total / len(numbers)

    def look(self) -> str:
        network = self.mean_network()
        figures = " ".join(f"{name} {self.held_loss(network, numbers):.4f}" for name, numbers in self.held.items())
        if time.monotonic() - self.previewed >= 60 * self.r.preview_minutes:
            self.previewed = time.monotonic()
            self.preview(network)
        return f"mean weights: {figures}"

    def preview(self, network) -> None:
        """A small sheet of pictures as they are now."""
        numbers = [self.words.number(prompt) for prompt in PROMPTS]
        states, empty = self.words.padded(numbers), self.words.padded([0] * len(numbers))
        generator = torch.Generator().manual_seed(self.r.seed)
        noise = torch.randn(len(numbers), 4, self.r.size // 8, self.r.size // 8, generator=generator)
        parts = [value.to(self.device) for value in (noise, states, empty)]
        latents = samplers.sample(network, *parts, samplers.Ddim(20), 4.0)
        with torch.inference_mode():
            made = self.autoencoder.decode(latents)
        folder = self.work / "previews"
        folder.mkdir(exist_ok=True)
        sheet.save(folder / f"{self.step:06}.png", made.cpu(), list(PROMPTS), 4)
