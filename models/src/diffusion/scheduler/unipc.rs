//! UniPC of the second order: each step first corrects the one before by what the network has seen
//! since, then predicts the next.

use super::levels::Level;
use super::mix;

/// Predictions that count at once.
const ORDER: usize = 2;

/// What a run remembers.
#[derive(Default)]
pub(super) struct UniPc {
    /// The pictures that the last two steps predicted, the later one last.
    clean: Vec<Vec<f32>>,
    /// The latents that the last step began with, corrected.
    from: Option<Vec<f32>>,
    /// The order of the last step.
    order: usize,
}

/// What a step between two levels multiplies.
struct Factors {
    /// Of the latents.
    keep: f64,
    /// Of the picture; taken away.
    shrink: f64,
    /// How far the step goes.
    change: f64,
}

impl Factors {
    fn of(here: Level, there: Level) -> Self {
        let change = there.height() - here.height();
        Self {
            keep: there.sigma / here.sigma,
            shrink: there.alpha * (-change).exp_m1(),
            change,
        }
    }
}

impl UniPc {
    /// The step at `place` from latents to `there`. `levels` are those of all steps, and `clean` is
    /// the picture that the network predicts.
    pub(super) fn step(
        &mut self,
        levels: &[Level],
        place: usize,
        there: Level,
        latents: &[f32],
        clean: &[f32],
    ) -> Vec<f32> {
        let latents = match self.from.take() {
            Some(from) => self.corrected(levels, place, &from, clean),
            None => latents.to_vec(),
        };
        self.clean.push(clean.to_vec());
        if self.clean.len() > ORDER {
            self.clean.remove(0);
        }
        self.order = ORDER.min(levels.len() - place).min(self.clean.len());
        let next = self.predicted(levels, place, there, &latents);
        self.from = Some(latents);
        next
    }

    /// The picture before the last, with how far it lies back in parts of `change`.
    fn older(&self, levels: &[Level], place: usize, change: f64) -> Option<(&[f32], f64)> {
        if self.order < ORDER {
            return None;
        }
        let [.., older, _] = self.clean.as_slice() else {
            return None;
        };
        let (here, before) = (levels.get(place)?, levels.get(place.checked_sub(1)?)?);
        let back = (before.height() - here.height()) / change;
        Some((older.as_slice(), back))
    }

    /// From `latents` at `place` to the next level.
    fn predicted(&self, levels: &[Level], place: usize, there: Level, latents: &[f32]) -> Vec<f32> {
        let Factors {
            keep,
            shrink,
            change,
        } = Factors::of(levels[place], there);
        let newest = self.clean.last().map(Vec::as_slice).unwrap_or_default();
        match self.older(levels, place, change) {
            Some((older, back)) => {
                let bend = 0.5 * shrink / back;
                mix(&[(keep, latents), (bend - shrink, newest), (-bend, older)])
            }
            None => mix(&[(keep, latents), (-shrink, newest)]),
        }
    }

    /// The latents at `place` once more, from those of the step before, now that the network has
    /// seen where that led.
    fn corrected(&self, levels: &[Level], place: usize, from: &[f32], clean: &[f32]) -> Vec<f32> {
        let before = place - 1;
        let Factors {
            keep,
            shrink,
            change,
        } = Factors::of(levels[before], levels[place]);
        let newest = self.clean.last().map(Vec::as_slice).unwrap_or_default();
        let (older, back, [first, second]) = match self.older(levels, before, change) {
            Some((older, back)) => (older, back, weights(change, back)),
            None => (newest, 1.0, [0.0, 0.5]),
        };
        let bend = shrink * first / back;
        let pull = shrink * second;
        mix(&[
            (keep, from),
            (bend + pull - shrink, newest),
            (-bend, older),
            (-pull, clean),
        ])
    }
}

/// How much the older and the newest change count, by the equations of the paper's B(h) = e^h - 1.
fn weights(change: f64, back: f64) -> [f64; 2] {
    let h = -change;
    let grown = h.exp_m1();
    let first = grown / h - 1.0;
    let second = first / h - 0.5;
    let (first, second) = (first / grown, 2.0 * second / grown);
    let older = (first - second) / (1.0 - back);
    [older, first - older]
}
