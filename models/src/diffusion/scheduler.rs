//! From noise to latents, step by step: DDIM (Song et al., arXiv:2010.02502), ancestral Euler (Karras
//! et al., arXiv:2206.00364), DPM-Solver++ of the second order (Lu et al., arXiv:2211.01095) and UniPC
//! (Zhao et al., arXiv:2302.04867). Steps and sums are those of diffusers. Latents are lists of
//! numbers here; who predicts what is left of the noise is not known.
//!
//! All four work on `alpha * picture + sigma * noise`, where the squares of the two add up to one.
//! Ancestral Euler is told in the papers without the alpha; the result is the same.

mod levels;
mod settings;
mod unipc;

use std::fmt;
use std::str::FromStr;

use levels::Level;
pub(super) use settings::Settings;
use unipc::UniPc;

use super::error::DiffusionError;

/// How noise becomes a picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SchedulerKind {
    /// DDIM, without noise in between: even and predictable.
    Ddim,
    /// Ancestral Euler: new noise after each step, more variety.
    EulerAncestral,
    /// DPM-Solver++ of the second order: good with few steps.
    #[default]
    DpmSolverPlusPlus,
    /// UniPC of the second order: good with few steps.
    UniPc,
}

impl SchedulerKind {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Ddim,
        Self::EulerAncestral,
        Self::DpmSolverPlusPlus,
        Self::UniPc,
    ];
}

impl fmt::Display for SchedulerKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ddim => "ddim",
            Self::EulerAncestral => "euler-a",
            Self::DpmSolverPlusPlus => "dpm++",
            Self::UniPc => "unipc",
        })
    }
}

impl FromStr for SchedulerKind {
    type Err = DiffusionError;

    /// Reads the name that [`fmt::Display`] writes.
    fn from_str(name: &str) -> Result<Self, DiffusionError> {
        let mut all = Self::ALL.into_iter();
        all.find(|kind| kind.to_string() == name)
            .ok_or_else(|| DiffusionError::Scheduler(name.to_owned()))
    }
}

/// What the network predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prediction {
    /// The noise.
    Noise,
    /// `alpha * noise - sigma * picture` (Salimans and Ho, arXiv:2202.00512).
    Velocity,
}

/// A run of a scheduler.
pub(super) struct Sampler {
    kind: SchedulerKind,
    prediction: Prediction,
    /// Where each step is, and where it leads.
    steps: Vec<[Level; 2]>,
    /// The step that comes next.
    place: usize,
    /// What is multiplied with the noise that a picture begins with.
    begin: f64,
    /// The picture that the step before predicted.
    before: Option<Vec<f32>>,
    unipc: UniPc,
}

/// What a step leads to.
pub(super) struct Stepped {
    pub(super) latents: Vec<f32>,
    /// The picture that is predicted at this step.
    pub(super) clean: Vec<f32>,
}

impl Sampler {
    /// A run of so many steps, at least one and at most a hundred.
    pub(super) fn new(settings: &Settings, kind: SchedulerKind, steps: usize) -> Self {
        let levels = settings.levels(kind, steps);
        let first = levels.first().map_or(1.0, |[here, _]| here.sigma);
        let begin = if settings.begins_with_sigma(kind) {
            first
        } else {
            1.0
        };
        Self {
            kind,
            prediction: settings.prediction,
            steps: levels,
            place: 0,
            begin,
            before: None,
            unipc: UniPc::default(),
        }
    }

    /// Leaves out the first steps: a picture is begun with that has less noise.
    pub(super) fn skip(&mut self, steps: usize) {
        self.place = steps.min(self.steps.len().saturating_sub(1));
    }

    /// Steps that are left.
    pub(super) fn left(&self) -> usize {
        self.steps.len() - self.place
    }

    /// The time of the next step, as the network is told it; `None` at the end.
    pub(super) fn time(&self) -> Option<f64> {
        self.steps.get(self.place).map(|[here, _]| here.time)
    }

    /// What a picture begins with, of noise.
    pub(super) fn begin(&self, noise: &[f32]) -> Vec<f32> {
        mix(&[(self.begin, noise)])
    }

    /// Latents with as much noise as the next step takes them to have.
    pub(super) fn noised(&self, latents: &[f32], noise: &[f32]) -> Vec<f32> {
        match self.steps.get(self.place) {
            Some([here, _]) => mix(&[(here.alpha, latents), (here.sigma, noise)]),
            None => latents.to_vec(),
        }
    }

    /// Whether each step takes noise.
    pub(super) fn adds_noise(&self) -> bool {
        self.kind == SchedulerKind::EulerAncestral
    }

    /// One step from latents by what the network predicts of them. `noise` is for a scheduler that
    /// adds some; all lists are equally long. At the end nothing changes any more.
    pub(super) fn step(&mut self, latents: &[f32], output: &[f32], noise: &[f32]) -> Stepped {
        let Some([here, there]) = self.steps.get(self.place).copied() else {
            let (latents, clean) = (latents.to_vec(), latents.to_vec());
            return Stepped { latents, clean };
        };
        let clean = self.clean(here, latents, output);
        let latents = match self.kind {
            SchedulerKind::Ddim => {
                let noise = self.noise(here, latents, output);
                mix(&[
                    (there.alpha, clean.as_slice()),
                    (there.sigma, noise.as_slice()),
                ])
            }
            SchedulerKind::EulerAncestral => ancestral([here, there], latents, &clean, noise),
            SchedulerKind::DpmSolverPlusPlus => self.dpm_solver([here, there], latents, &clean),
            SchedulerKind::UniPc => {
                let levels: Vec<Level> = self.steps.iter().map(|[here, _]| *here).collect();
                self.unipc.step(&levels, self.place, there, latents, &clean)
            }
        };
        self.before = Some(clean.clone());
        self.place += 1;
        Stepped { latents, clean }
    }

    /// The picture that an output means.
    fn clean(&self, here: Level, latents: &[f32], output: &[f32]) -> Vec<f32> {
        let Level { alpha, sigma, .. } = here;
        match self.prediction {
            Prediction::Noise => mix(&[(1.0 / alpha, latents), (-sigma / alpha, output)]),
            Prediction::Velocity => mix(&[(alpha, latents), (-sigma, output)]),
        }
    }

    /// The noise that an output means.
    fn noise(&self, here: Level, latents: &[f32], output: &[f32]) -> Vec<f32> {
        match self.prediction {
            Prediction::Noise => output.to_vec(),
            Prediction::Velocity => mix(&[(here.alpha, output), (here.sigma, latents)]),
        }
    }

    /// The midpoint rule over two predictions; one alone at the first step, and at the last, where
    /// no noise is left and a second order has no meaning.
    fn dpm_solver(&self, [here, there]: [Level; 2], latents: &[f32], clean: &[f32]) -> Vec<f32> {
        let change = there.height() - here.height();
        let shrink = there.alpha * (-change).exp_m1();
        let keep = there.sigma / here.sigma;
        let second = self.before.as_ref().filter(|_| there.sigma > 0.0);
        let level = self.place.checked_sub(1).and_then(|at| self.steps.get(at));
        let (Some(before), Some([level, _])) = (second, level) else {
            return mix(&[(keep, latents), (-shrink, clean)]);
        };
        let ratio = (here.height() - level.height()) / change;
        let bend = 0.5 * shrink / ratio;
        mix(&[
            (keep, latents),
            (-shrink - bend, clean),
            (bend, before.as_slice()),
        ])
    }
}

/// To less noise than the next level has, and back up to it with new noise.
fn ancestral([here, there]: [Level; 2], latents: &[f32], clean: &[f32], noise: &[f32]) -> Vec<f32> {
    let (from, to) = (here.sigma / here.alpha, there.sigma / there.alpha);
    let up = to * ((from * from - to * to).max(0.0)).sqrt() / from;
    let down = (to * to - up * up).max(0.0).sqrt();
    let keep = down / from;
    mix(&[
        (there.alpha * keep / here.alpha, latents),
        (there.alpha * (1.0 - keep), clean),
        (there.alpha * up, noise),
    ])
}

/// The sum of equally long lists, each times its factor.
fn mix(parts: &[(f64, &[f32])]) -> Vec<f32> {
    let length = parts.iter().map(|(_, part)| part.len()).min();
    let sum = |place: usize| {
        let terms = parts.iter();
        terms
            .map(|(factor, part)| factor * f64::from(part[place]))
            .sum::<f64>() as f32
    };
    (0..length.unwrap_or_default()).map(sum).collect()
}

#[cfg(test)]
mod tests;
