//! How much noise is left at each step of a run, and what the network is told of the time. The steps
//! are those that diffusers takes, which differ a little between its schedulers.

use super::SchedulerKind;
use super::settings::{Settings, Spacing};

/// What a pipeline of diffusers adds to steps that begin with zero, whatever its folder says.
const OFFSET: f64 = 1.0;

/// A place on the way from noise to picture: latents are `alpha * picture + sigma * noise`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Level {
    /// As the network is told it; may lie between two steps of the training.
    pub(super) time: f64,
    pub(super) alpha: f64,
    pub(super) sigma: f64,
}

impl Level {
    /// The picture itself.
    const END: Self = Self {
        time: 0.0,
        alpha: 1.0,
        sigma: 0.0,
    };

    /// The logarithm of picture over noise: infinite at the end.
    pub(super) fn height(self) -> f64 {
        (self.alpha / self.sigma).ln()
    }

    /// Where so much of a picture's power is left.
    fn of_signal(time: f64, signal: f64) -> Self {
        Self {
            time,
            alpha: signal.sqrt(),
            sigma: (1.0 - signal).sqrt(),
        }
    }
}

impl Settings {
    /// Where each of `steps` steps is and where it leads, from noise to picture.
    pub(super) fn levels(&self, kind: SchedulerKind, steps: usize) -> Vec<[Level; 2]> {
        let times = self.times(kind, steps);
        let levels: Vec<Level> = times.iter().map(|time| self.level(*time)).collect();
        match kind {
            SchedulerKind::Ddim => {
                // It goes back as far as the steps of the training are apart, wherever they lie.
                let back = (self.signal.len() / steps.max(1)) as f64;
                let there = |level: &Level| [*level, self.before(level.time - back)];
                levels.iter().map(there).collect()
            }
            SchedulerKind::EulerAncestral
            | SchedulerKind::DpmSolverPlusPlus
            | SchedulerKind::UniPc => {
                let next = levels.iter().skip(1).copied().chain([Level::END]);
                let pairs = levels.iter().copied().zip(next);
                pairs.map(|(here, there)| [here, there]).collect()
            }
        }
    }

    /// Whether pictures begin with a little less noise than there is of it: where steps begin at the
    /// very end of the training, the papers' Euler has no picture left there.
    pub(super) fn begins_with_sigma(&self, kind: SchedulerKind) -> bool {
        kind == SchedulerKind::EulerAncestral && self.spacing_of(kind) != Spacing::Leading
    }

    fn spacing_of(&self, kind: SchedulerKind) -> Spacing {
        self.spacing.unwrap_or(match kind {
            SchedulerKind::Ddim => Spacing::Leading,
            SchedulerKind::EulerAncestral
            | SchedulerKind::DpmSolverPlusPlus
            | SchedulerKind::UniPc => Spacing::Linspace,
        })
    }

    /// The time of each step, from much noise to little.
    fn times(&self, kind: SchedulerKind, steps: usize) -> Vec<f64> {
        let all = self.signal.len();
        // The solvers leave out the step at zero, where the others end.
        let skipped = match kind {
            SchedulerKind::Ddim | SchedulerKind::EulerAncestral => 0,
            SchedulerKind::DpmSolverPlusPlus | SchedulerKind::UniPc => 1,
        };
        let count = steps + skipped;
        let backwards = (skipped..count).rev();
        match self.spacing_of(kind) {
            Spacing::Leading => {
                let apart = all / count.max(1);
                backwards
                    .map(|step| (step * apart) as f64 + OFFSET)
                    .collect()
            }
            Spacing::Linspace => {
                let apart = (all - 1) as f64 / count.saturating_sub(1).max(1) as f64;
                let times = backwards.map(|step| step as f64 * apart);
                if kind == SchedulerKind::EulerAncestral {
                    return times.collect();
                }
                times.map(f64::round_ties_even).collect()
            }
            Spacing::Trailing => {
                let apart = all as f64 / steps.max(1) as f64;
                let times = (0..steps).map(|step| all as f64 - step as f64 * apart);
                times.map(|time| time.round_ties_even() - 1.0).collect()
            }
        }
    }

    /// The level at a time, which may lie between two steps of the training.
    fn level(&self, time: f64) -> Level {
        let last = self.signal.len() - 1;
        let low = (time.max(0.0).floor() as usize).min(last);
        let high = (low + 1).min(last);
        if time.fract() == 0.0 {
            return Level::of_signal(time, self.signal[low]);
        }
        // Noise over picture is what diffusers draws lines between.
        let over = |step: usize| ((1.0 - self.signal[step]) / self.signal[step]).sqrt();
        let ratio = over(low) + (over(high) - over(low)) * time.fract();
        Level::of_signal(time, 1.0 / (1.0 + ratio * ratio))
    }

    /// The level that DDIM goes back to.
    fn before(&self, time: f64) -> Level {
        if time >= 0.0 {
            return self.level(time);
        }
        if self.ends_with_picture {
            return Level::END;
        }
        Level::of_signal(0.0, self.signal[0])
    }
}
