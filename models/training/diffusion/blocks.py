"""What the autoencoder and the UNet are built of, with the names of diffusers' tensors.

Only what candle's `stable_diffusion` module honours is here: 32 groups in every norm, SiLU, nearest
upsampling, GEGLU with the tanh form of GELU. An exported file so means the same in both.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

GROUPS = 32  # candle's UNet knows no other count


class Resnet(nn.Module):
    """Two convolutions beside a shortcut; the time, where there is one, is added between them."""

    def __init__(self, before: int, after: int, eps: float, time: int = 0):
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, before, eps)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, after) if time else None
        self.norm2 = nn.GroupNorm(GROUPS, after, eps)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(before, after, 1) if before != after else None

    def forward(self, values, time=None):
        inner = self.conv1(F.silu(self.norm1(values)))
        if self.time_emb_proj is not None:
            inner = inner + self.time_emb_proj(F.silu(time))[:, :, None, None]
        inner = self.conv2(F.silu(self.norm2(inner)))
        return inner + (values if self.conv_shortcut is None else self.conv_shortcut(values))


class Downsample(nn.Module):
    """Half the width and height. Padding 0 means: one row and column at the far ends."""

    def __init__(self, channels: int, padding: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2, padding=padding)
        self.padding = padding

    def forward(self, values):
        return self.conv(values if self.padding else F.pad(values, (0, 1, 0, 1)))


class Upsample(nn.Module):
    """Twice the width and height."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, values):
        return self.conv(F.interpolate(values, scale_factor=2.0, mode="nearest"))


def attend(query, key, value, heads: int):
    """Attention over n x tokens x channels, without a mask: candle's UNet takes none."""
    query, key, value = (part.unflatten(2, (heads, -1)).transpose(1, 2) for part in (query, key, value))
    return F.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)


class PixelAttention(nn.Module):
    """One head over all places of a map: the middle of the autoencoder."""

    def __init__(self, channels: int, eps: float):
        super().__init__()
        self.group_norm = nn.GroupNorm(GROUPS, channels, eps)
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, values):
        places = self.group_norm(values).flatten(2).transpose(1, 2)
        places = self.to_out[0](attend(self.to_q(places), self.to_k(places), self.to_v(places), 1))
        return values + places.transpose(1, 2).unflatten(2, values.shape[2:])


class CrossAttention(nn.Module):
    """Attention to a context of `context` channels, or to itself."""

    def __init__(self, channels: int, heads: int, context: int = 0):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context or channels, channels, bias=False)
        self.to_v = nn.Linear(context or channels, channels, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, values, context=None):
        context = values if context is None else context
        return self.to_out[0](attend(self.to_q(values), self.to_k(context), self.to_v(context), self.heads))


class Geglu(nn.Module):
    """A linear map whose second half gates the first."""

    def __init__(self, before: int, after: int):
        super().__init__()
        self.proj = nn.Linear(before, 2 * after)

    def forward(self, values):
        values, gate = self.proj(values).chunk(2, dim=-1)
        return values * F.gelu(gate, approximate="tanh")


class FeedForward(nn.Module):
    """GEGLU to four times the channels, and back."""

    def __init__(self, channels: int):
        super().__init__()
        # The place in the middle is diffusers' dropout, which has no weights.
        self.net = nn.ModuleList([Geglu(channels, 4 * channels), nn.Identity(), nn.Linear(4 * channels, channels)])

    def forward(self, values):
        return self.net[2](self.net[0](values))


class TransformerBlock(nn.Module):
    """Attention to the picture, attention to the words, feed-forward."""

    def __init__(self, channels: int, heads: int, context: int):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.attn1 = CrossAttention(channels, heads)
        self.attn2 = CrossAttention(channels, heads, context)
        self.ff = FeedForward(channels)

    def forward(self, values, context):
        values = values + self.attn1(self.norm1(values))
        values = values + self.attn2(self.norm2(values), context)
        return values + self.ff(self.norm3(values))


class Transformer(nn.Module):
    """One transformer block over the places of a map (`use_linear_projection`)."""

    def __init__(self, channels: int, heads: int, context: int):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels, 1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(channels, heads, context)])
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, values, context):
        places = self.proj_in(self.norm(values).flatten(2).transpose(1, 2))
        places = self.proj_out(self.transformer_blocks[0](places, context))
        return values + places.transpose(1, 2).unflatten(2, values.shape[2:])


class TimeEmbedding(nn.Module):
    """Cosines and sines of a time step, then two linear maps."""

    def __init__(self, channels: int, after: int):
        super().__init__()
        self.channels = channels
        self.linear_1 = nn.Linear(channels, after)
        self.linear_2 = nn.Linear(after, after)

    def forward(self, steps):
        half = self.channels // 2
        rates = torch.exp(-math.log(10000.0) * torch.arange(half, device=steps.device) / half)
        angles = steps.float()[:, None] * rates
        waves = torch.cat([angles.cos(), angles.sin()], 1)
        return self.linear_2(F.silu(self.linear_1(waves)))
