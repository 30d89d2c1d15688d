"""From noise to latents: DDIM (arXiv:2010.02502) and DPM-Solver++ 2M (arXiv:2211.01095), with guidance.

The steps are diffusers' `leading` ones with an offset of one. DDIM ends at the noise of step 0
(`set_alpha_to_one` false), DPM-Solver++ at none (`final_sigmas_type` zero).
"""

import torch

import schedule


def leading(count: int, skipped: int = 0) -> list[int]:
    """The steps to visit, from much noise to little; of `skipped` more, the last ones are left out."""
    most = schedule.STEPS // 2
    if not 1 <= count <= most:
        raise ValueError(f"{count} steps; choose from 1 to {most}")
    ratio = schedule.STEPS // (count + skipped)
    return [number * ratio + 1 for number in reversed(range(skipped, count + skipped))]


class Ddim:
    """Deterministic (eta 0)."""

    def __init__(self, count: int):
        self.steps, self.ratio = leading(count), schedule.STEPS // count
        self.signal = schedule.signal()

    def step(self, number: int, latents, velocity):
        """Latents at the next step."""
        step = self.steps[number]
        here, there = self.signal[step], self.signal[max(step - self.ratio, 0)]
        clean = here.sqrt().item() * latents - (1 - here).sqrt().item() * velocity
        noise = here.sqrt().item() * velocity + (1 - here).sqrt().item() * latents
        return there.sqrt().item() * clean + (1 - there).sqrt().item() * noise


class DpmSolver:
    """DPM-Solver++, second order, multistep, midpoint. Its steps are not quite DDIM's in diffusers."""

    def __init__(self, count: int):
        self.steps = leading(count, 1)
        signal = schedule.signal()[self.steps]
        self.alpha = [*signal.sqrt().tolist(), 1.0]
        self.sigma = [*(1 - signal).sqrt().tolist(), 0.0]
        self.before = None

    def logarithm(self, number: int) -> float:
        """log(alpha / sigma), infinite at the end."""
        if self.sigma[number] == 0:
            return float("inf")
        return float(torch.tensor(self.alpha[number] / self.sigma[number], dtype=torch.float64).log())

    def step(self, number: int, latents, velocity):
        """Latents at the next step."""
        alpha, sigma = self.alpha[number], self.sigma[number]
        clean = alpha * latents - sigma * velocity
        before, self.before = self.before if number else None, clean
        # At the end no noise is left: the second order has no meaning there.
        if self.sigma[number + 1] == 0:
            return clean
        here, there = self.logarithm(number), self.logarithm(number + 1)
        change = there - here
        direction = clean
        if before is not None:
            ratio = (here - self.logarithm(number - 1)) / change
            direction = clean + (clean - before) / (2 * ratio)
        shrink = torch.expm1(torch.tensor(-change, dtype=torch.float64)).item()
        return self.sigma[number + 1] / sigma * latents - self.alpha[number + 1] * shrink * direction


SAMPLERS = {"ddim": Ddim, "dpm++": DpmSolver}


def sample(network, noise, words, empty, sampler, guidance: float) -> torch.Tensor:
    """Latents from noise (n x 4 x h x w) under words, away from `empty` (both n x tokens x 384)."""
    latents = noise
    both = torch.cat([empty, words])
    with torch.inference_mode():
        for number, step in enumerate(sampler.steps):
            steps = torch.full((len(both),), step, device=noise.device)
            without, under = network(torch.cat([latents, latents]), steps, both).chunk(2)
            latents = sampler.step(number, latents, without + guidance * (under - without))
    return latents
