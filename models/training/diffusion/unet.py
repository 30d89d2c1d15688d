"""The UNet in diffusers' layout (`UNet2DConditionModel`): noisy latents, a step and words to velocities."""

import torch
from torch import nn
from torch.nn import functional as F

from blocks import GROUPS, Downsample, Resnet, TimeEmbedding, Transformer, Upsample

EPS = 1e-5
CONTEXT = 384  # all-MiniLM-L6-v2's token states
HEAD = 32  # channels a head


def transformers(count: int, channels: int, attention: bool):
    """A transformer for each resnet of a level, or none."""
    return nn.ModuleList(Transformer(channels, channels // HEAD, CONTEXT) for _ in range(count)) if attention else None


class DownBlock(nn.Module):
    """Resnets, with attention or without, then half the size, except at the smallest."""

    def __init__(self, before: int, after: int, layers: int, time: int, attention: bool, last: bool):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(before if i == 0 else after, after, EPS, time) for i in range(layers))
        self.attentions = transformers(layers, after, attention)
        self.downsamplers = None if last else nn.ModuleList([Downsample(after, 1)])

    def forward(self, values, time, words):
        outputs = []
        for number, resnet in enumerate(self.resnets):
            values = resnet(values, time)
            if self.attentions is not None:
                values = self.attentions[number](values, words)
            outputs.append(values)
        if self.downsamplers is not None:
            values = self.downsamplers[0](values)
            outputs.append(values)
        return values, outputs


class MiddleBlock(nn.Module):
    """Resnet, attention, resnet at the smallest size."""

    def __init__(self, channels: int, time: int):
        super().__init__()
        self.resnets = nn.ModuleList(Resnet(channels, channels, EPS, time) for _ in range(2))
        self.attentions = nn.ModuleList([Transformer(channels, channels // HEAD, CONTEXT)])

    def forward(self, values, time, words):
        return self.resnets[1](self.attentions[0](self.resnets[0](values, time), words), time)


class UpBlock(nn.Module):
    """Resnets over what comes from below and what was kept on the way down, with attention or without."""

    def __init__(self, below: int, after: int, kept: list[int], time: int, attention: bool, last: bool):
        super().__init__()
        inputs = [below] + [after] * (len(kept) - 1)
        self.resnets = nn.ModuleList(
            Resnet(inner + beside, after, EPS, time) for inner, beside in zip(inputs, kept, strict=True)
        )
        self.attentions = transformers(len(kept), after, attention)
        self.upsamplers = None if last else nn.ModuleList([Upsample(after)])

    def forward(self, values, kept, time, words):
        for number, resnet in enumerate(self.resnets):
            values = resnet(torch.cat([values, kept.pop()], 1), time)
            if self.attentions is not None:
                values = self.attentions[number](values, words)
        return values if self.upsamplers is None else self.upsamplers[0](values)


class Unet(nn.Module):
    """Predicts the velocity of noisy latents. `attention` says which of the levels attend to the words."""

    def __init__(self, widths: list[int], layers: int, attention: list[bool]):
        super().__init__()
        time = 4 * widths[0]
        last = len(widths) - 1
        self.conv_in = nn.Conv2d(4, widths[0], 3, padding=1)
        self.time_embedding = TimeEmbedding(widths[0], time)
        self.down_blocks = nn.ModuleList()
        kept = [widths[0]]
        for number, (before, after) in enumerate(zip([widths[0], *widths[:-1]], widths, strict=True)):
            self.down_blocks.append(DownBlock(before, after, layers, time, attention[number], number == last))
            kept += [after] * (layers + (number < last))
        self.mid_block = MiddleBlock(widths[-1], time)
        self.up_blocks = nn.ModuleList()
        below = widths[-1]
        for number, after in enumerate(reversed(widths)):
            beside = [kept.pop() for _ in range(layers + 1)]
            self.up_blocks.append(UpBlock(below, after, beside, time, attention[last - number], number == last))
            below = after
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[0], EPS)
        self.conv_out = nn.Conv2d(widths[0], 4, 3, padding=1)

    def start_small(self) -> None:
        """Makes every branch start as zero, which lets the rate of learning be large.

        Keys and values of words start larger: token states have a spread of about a third.
        """
        for module in self.modules():
            if isinstance(module, Resnet):
                nn.init.zeros_(module.conv2.weight)
            if isinstance(module, Transformer):
                nn.init.zeros_(module.proj_out.weight)
                for block in module.transformer_blocks:
                    block.attn2.to_k.weight.data *= 3.0
                    block.attn2.to_v.weight.data *= 3.0
        nn.init.zeros_(self.conv_out.weight)

    def forward(self, latents, steps, words):
        """n x 4 x h x w, n steps (0..999), n x tokens x 384; h and w divide by 2 a level."""
        time = self.time_embedding(steps)
        values = self.conv_in(latents)
        kept = [values]
        for block in self.down_blocks:
            values, outputs = block(values, time, words)
            kept += outputs
        values = self.mid_block(values, time, words)
        for block in self.up_blocks:
            values = block(values, kept, time, words)
        return self.conv_out(F.silu(self.conv_norm_out(values)))


def configuration(widths: list[int], layers: int, attention: list[bool], size: int) -> dict:
    """config.json of the folder `unet/`; `size` is that of the latents."""
    kinds = ["CrossAttn" if here else "" for here in attention]
    return {
        "_class_name": "UNet2DConditionModel",
        "act_fn": "silu",
        # diffusers' name; it has always meant the number of heads.
        "attention_head_dim": [width // HEAD for width in widths],
        "block_out_channels": widths,
        "center_input_sample": False,
        "cross_attention_dim": CONTEXT,
        "down_block_types": [f"{kind}DownBlock2D" for kind in kinds],
        "downsample_padding": 1,
        "flip_sin_to_cos": True,
        "freq_shift": 0,
        "in_channels": 4,
        "layers_per_block": layers,
        "mid_block_scale_factor": 1,
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "norm_eps": EPS,
        "norm_num_groups": GROUPS,
        "out_channels": 4,
        "sample_size": size,
        "up_block_types": [f"{kind}UpBlock2D" for kind in reversed(kinds)],
        "use_linear_projection": True,
    }
