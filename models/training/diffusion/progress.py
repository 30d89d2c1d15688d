"""What a long run needs: a log, checkpoints that can't tear, a mean of the weights, rates, stopping.

A step draws from generators that its number seeds (`draws`), so a run that was stopped and goes on
is the run that was never stopped. Being paused (SIGSTOP, SIGCONT) changes nothing.
"""

import math
import os
import signal
import time
from pathlib import Path

import numpy as np
import torch


class Log:
    """Lines with the time, printed and kept in WORK/log.txt."""

    def __init__(self, work: Path):
        self.path = work / "log.txt"

    def __call__(self, line: str) -> None:
        line = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())} {line}"
        print(line, flush=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class Stop:
    """Whether somebody asked the run to end: SIGTERM or SIGINT. The step under way is finished first."""

    def __init__(self):
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def ask(self, *_) -> None:
        self.asked = True


class Average:
    """A running mean of a network's weights, which is what gets exported."""

    def __init__(self, network, decay: float):
        self.decay, self.steps = decay, 0
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def update(self, network) -> None:
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                self.state[name].lerp_(value, 1 - decay)


def save(path: Path, state: dict) -> None:
    """Writes a file whole or not at all: what was there stays until the new one is on the disk."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path) -> dict:
    """A file that `save` wrote."""
    return torch.load(path, map_location="cpu", weights_only=False)


def draws(seed: int, stage: int, step: int):
    """The generators of one step: numpy's and torch's."""
    random = np.random.default_rng((seed, stage, step))
    return random, torch.Generator().manual_seed(int(random.integers(2**62)))


def rate(step: int, total: int, rise: int, fall: int) -> float:
    """The share of the full rate at a step: a straight rise, a plateau, half a cosine down to zero.

    The plateau lets a run end when time does: only the fall has to be planned.
    """
    down = min(max(step - (total - fall), 0) / max(fall, 1), 1.0)
    return min(1.0, (step + 1) / max(rise, 1)) * 0.5 * (1 + math.cos(math.pi * down))


class Clock:
    """Seconds a step since the last lap, and whether a checkpoint is due."""

    def __init__(self, minutes: float):
        self.every = 60 * minutes
        self.saved = self.since = time.monotonic()
        self.steps = 0

    def lap(self) -> float:
        """Seconds a step; begins the next lap."""
        now = time.monotonic()
        seconds = (now - self.since) / max(self.steps, 1)
        self.since, self.steps = now, 0
        return seconds

    def due(self) -> bool:
        """True once in so many minutes."""
        now = time.monotonic()
        if now - self.saved < self.every:
            return False
        self.saved = now
        return True


class Stage:
    """A network in training: steps, log lines, checkpoints. A stage says what `one` step is."""

    name = "stage"

    def __init__(self, network, learning_rate: float, decay: float, total: int, arguments, log):
        self.network, self.total, self.step, self.log = network, total, 0, log
        self.work, self.minutes, self.device = arguments.work, arguments.minutes, arguments.device
        self.learning_rate, self.skipped = learning_rate, 0
        self.optimiser = torch.optim.AdamW(network.parameters(), learning_rate, betas=(0.9, 0.99), weight_decay=0.01)
        self.average = Average(network, decay)

    @property
    def path(self) -> Path:
        return self.work / f"{self.name}-checkpoint.pt"

    def resume(self) -> None:
        """Goes on from the checkpoint, if there is one."""
        if not self.path.exists():
            return
        saved = load(self.path)
        self.network.load_state_dict(saved["network"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.average.state = {name: value.to(self.device) for name, value in saved["average"].items()}
        self.average.steps, self.step = saved["averaged"], saved["step"]
        # A recipe may be shortened between two runs, and `finish` shortens one under way.
        self.total = min(self.total, saved["total"])
        self.log(f"{self.name}: goes on from step {self.step}")

    def save(self) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average.state,
            "averaged": self.average.steps,
            "step": self.step,
            "total": self.total,
        }
        save(self.path, state)

    def descend(self, loss: torch.Tensor, share: float) -> None:
        """One step down the gradient, at a share of the full rate. A loss that is no number is left out."""
        if not torch.isfinite(loss):
            self.skipped += 1
            self.log(f"{self.name} {self.step}: the loss is {float(loss.detach())}; the step is left out")
            if self.skipped > 20:
                raise FloatingPointError(f"{self.name}: too many losses that are no numbers; lower the rate")
        else:
            self.optimiser.param_groups[0]["lr"] = self.learning_rate * share
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
            self.optimiser.step()
            self.average.update(self.network)
        self.step += 1

    def one(self) -> dict[str, float]:
        """One step; its figures by name."""
        raise NotImplementedError

    def look(self) -> str:
        """Figures of the mean weights on dev pictures, for the log; called at each checkpoint."""
        return ""

    def run(self, stop: Stop, log_every: int) -> bool:
        """The steps that are left; whether the stage is finished."""
        clock, sums = Clock(self.minutes), {}
        while self.step < self.total and not stop.asked:
            for name, value in self.one().items():
                sums[name] = sums.get(name, 0.0) + value
            clock.steps += 1
            if clock.steps >= log_every:
                means = " ".join(f"{name} {value / clock.steps:.4f}" for name, value in sums.items())
                seconds, sums = clock.lap(), {}
                left = seconds * (self.total - self.step) / 3600
                self.log(f"{self.name} {self.step}/{self.total} {means} ({seconds:.2f} s/step, {left:.1f} h left)")
            if clock.due():
                self.save()
                self.log(f"{self.name} {self.step}: checkpoint; {self.look()}")
        self.save()
        return self.step >= self.total
