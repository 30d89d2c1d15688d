"""The noise: Stable Diffusion's `scaled_linear` betas, velocities, the weights of steps.

A noisy latent at step t is sqrt(a) x + sqrt(1 - a) e, where a is `signal()[t]`; the network predicts the
velocity sqrt(a) e - sqrt(1 - a) x (arXiv:2202.00512), which diffusers calls `v_prediction`.
"""

import torch

STEPS = 1000
BETAS = (0.00085, 0.012)
GAMMA = 5.0  # of min-SNR (arXiv:2303.09556)


def signal() -> torch.Tensor:
    """The share of the signal's power that is left at each step (`alphas_cumprod`)."""
    betas = torch.linspace(BETAS[0] ** 0.5, BETAS[1] ** 0.5, STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0)


def parts(steps: torch.Tensor, like: torch.Tensor):
    """sqrt(a) and sqrt(1 - a) of each step, for multiplication with n x 4 x h x w."""
    share = signal()[steps.cpu()].to(like)[:, None, None, None]
    return share.sqrt(), (1 - share).sqrt()


def noisy(latents, noise, steps):
    """Latents at their steps."""
    keep, add = parts(steps, latents)
    return keep * latents + add * noise


def velocity(latents, noise, steps):
    """What the network is to predict."""
    keep, add = parts(steps, latents)
    return keep * noise - add * latents


def weights(steps: torch.Tensor) -> torch.Tensor:
    """Min-SNR weights for velocities: easy steps, with little noise, don't drown the others."""
    share = signal()[steps]
    ratio = share / (1 - share)
    return (ratio.clamp(max=GAMMA) / (ratio + 1)).float()


def spread_steps(count: int, generator) -> torch.Tensor:
    """One step from each `count`th of 0..999, so that each batch sees little noise and much."""
    return ((torch.arange(count) + torch.rand(count, generator=generator)) * STEPS / count).long().clamp(max=STEPS - 1)


def loss(network, latents, noise, steps, words) -> torch.Tensor:
    """The weighted squared error of the predicted velocities."""
    error = network(noisy(latents, noise, steps), steps, words) - velocity(latents, noise, steps)
    return (error.square().mean((1, 2, 3)) * weights(steps.cpu()).to(error)).mean()


def configuration() -> dict:
    """scheduler_config.json of an exported folder."""
    return {
        "_class_name": "DDIMScheduler",
        "beta_end": BETAS[1],
        "beta_schedule": "scaled_linear",
        "beta_start": BETAS[0],
        "clip_sample": False,
        "num_train_timesteps": STEPS,
        "prediction_type": "v_prediction",
        "set_alpha_to_one": False,
        "steps_offset": 1,
        "timestep_spacing": "leading",
    }
