"""The KL autoencoder in diffusers' layout (`AutoencoderKL`): 128 x 128 pixels to 16 x 16 x 4 and back."""

import torch
from torch import nn
from torch.nn import functional as F

from blocks import GROUPS, Downsample, PixelAttention, Resnet, Upsample

EPS = 1e-6
LATENT = 4
FACTOR = 8  # pixels a place of a latent, each way: three halvings


class Middle(nn.Module):
    """Resnet, attention, resnet."""

    def __init__(self, channels: int):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(channels, channels, EPS) for _ in range(2))
        self.attentions = nn.ModuleList([PixelAttention(channels, EPS)])

    def forward(self, values):
        return self.resnets[1](self.attentions[0](self.resnets[0](values)))


class Level(nn.Module):
    """Resnets of one size; `resample` is the list of samplers by its name in diffusers."""

    def __init__(self, before: int, after: int, count: int, samplers: str, sampler):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(before if i == 0 else after, after, EPS) for i in range(count))
        self.samplers = samplers if sampler else None
        if sampler:
            setattr(self, samplers, nn.ModuleList([sampler]))

    def forward(self, values):
        for resnet in self.resnets:
            values = resnet(values)
        return getattr(self, self.samplers)[0](values) if self.samplers else values


class Encoder(nn.Module):
    """Pictures to means and log variances, before `quant_conv`."""

    def __init__(self, widths: list[int], layers: int):
        super().__init__()
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(
            Level(before, after, layers, "downsamplers", Downsample(after, 0) if number < len(widths) - 1 else None)
            for number, (before, after) in enumerate(zip([widths[0], *widths[:-1]], widths, strict=True))
        )
        self.mid_block = Middle(widths[-1])
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], 2 * LATENT, 3, padding=1)

    def forward(self, values):
        values = self.conv_in(values)
        for block in self.down_blocks:
            values = block(values)
        return self.conv_out(F.silu(self.conv_norm_out(self.mid_block(values))))


class Decoder(nn.Module):
    """Latents, after `post_quant_conv`, to pictures."""

    def __init__(self, widths: list[int], layers: int):
        super().__init__()
        widths = widths[::-1]
        self.conv_in = nn.Conv2d(LATENT, widths[0], 3, padding=1)
        self.mid_block = Middle(widths[0])
        self.up_blocks = nn.ModuleList(
            Level(before, after, layers + 1, "upsamplers", Upsample(after) if number < len(widths) - 1 else None)
            for number, (before, after) in enumerate(zip([widths[0], *widths[:-1]], widths, strict=True))
        )
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[-1], EPS)
        self.conv_out = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, values):
        values = self.mid_block(self.conv_in(values))
        for block in self.up_blocks:
            values = block(values)
        return self.conv_out(F.silu(self.conv_norm_out(values)))


class Autoencoder(nn.Module):
    """Pictures in -1..1 to distributions over latents, and latents to pictures."""

    def __init__(self, widths: list[int], layers: int):
        super().__init__()
        self.encoder = Encoder(widths, layers)
        self.decoder = Decoder(widths, layers)
        self.quant_conv = nn.Conv2d(2 * LATENT, 2 * LATENT, 1)
        self.post_quant_conv = nn.Conv2d(LATENT, LATENT, 1)

    def start_small(self) -> None:
        """Makes every resnet start as its shortcut, which lets the rate of learning be large."""
        for module in self.modules():
            if isinstance(module, Resnet):
                nn.init.zeros_(module.conv2.weight)

    def encode(self, pictures):
        """Mean and log variance of the latents, n x 4 x height/8 x width/8 each."""
        mean, variance = self.quant_conv(self.encoder(pictures)).chunk(2, dim=1)
        return mean, variance.clamp(-30.0, 20.0)

    def decode(self, latents):
        """Pictures, about -1..1."""
        return self.decoder(self.post_quant_conv(latents))

    def whiten(self, mean, spread) -> None:
        """Gives the latents mean 0 and spread 1 a channel, by the 1 x 1 convolutions alone.

        What is decoded stays the same; `scaling_factor` is 1 from here on, and the noise of the
        diffusion meets every channel alike. `mean` and `spread` (4 each) are those of the latents so far.
        """
        with torch.no_grad():
            quant, back = self.quant_conv, self.post_quant_conv
            quant.bias[:LATENT] -= mean
            quant.bias[:LATENT] /= spread
            quant.weight[:LATENT] /= spread[:, None, None, None]
            quant.bias[LATENT:] -= 2 * spread.log()
            back.bias += back.weight[:, :, 0, 0] @ mean
            back.weight *= spread[None, :, None, None]


def configuration(widths: list[int], layers: int, size: int) -> dict:
    """config.json of the folder `vae/`."""
    return {
        "_class_name": "AutoencoderKL",
        "act_fn": "silu",
        "block_out_channels": widths,
        "down_block_types": ["DownEncoderBlock2D"] * len(widths),
        "in_channels": 3,
        "latent_channels": LATENT,
        "layers_per_block": layers,
        "norm_num_groups": GROUPS,
        "out_channels": 3,
        "sample_size": size,
        "scaling_factor": 1.0,
        "up_block_types": ["UpDecoderBlock2D"] * len(widths),
        "use_post_quant_conv": True,
        "use_quant_conv": True,
    }
