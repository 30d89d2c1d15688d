//! The safety gate on the engine: how much a picture looks like nudity. What follows from it is
//! decided by `output`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use mirage_models::image_encoder::Rgb;
use mirage_models::safety_gate::{SafetyGate, SafetyGateError};
use tokio_util::sync::CancellationToken;

use crate::engine::{Caller, Engine, EngineError, Lane, Step, Steps};

/// What looks at a picture, on the engine's thread. An error is a plain sentence.
type Judge = dyn Fn(&Rgb) -> Result<f32, String> + Send + Sync;

/// The gate, loaded when it is first asked. Cheap to clone.
#[derive(Clone)]
pub(super) struct Gate(Arc<Judge>);

impl Gate {
    /// The network whose file is in a folder.
    pub(super) fn in_folder(folder: PathBuf) -> Self {
        let loaded: Mutex<Option<Arc<SafetyGate>>> = Mutex::new(None);
        Self::with(move |picture| {
            let ask = || -> Result<f32, SafetyGateError> {
                let network = {
                    let mut loaded = loaded.lock().unwrap_or_else(PoisonError::into_inner);
                    match &*loaded {
                        Some(network) => Arc::clone(network),
                        None => Arc::clone(loaded.insert(Arc::new(SafetyGate::load(&folder)?))),
                    }
                };
                let shares = network.look(std::slice::from_ref(picture))?;
                // What gives no number is not known to be safe.
                Ok(shares.first().copied().unwrap_or(1.0))
            };
            ask().map_err(|error| error.to_string())
        })
    }

    /// Anything that looks at pictures.
    pub(super) fn with(
        judge: impl Fn(&Rgb) -> Result<f32, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(judge))
    }

    /// How much a picture looks like nudity, 0 to 1, when it is the caller's turn.
    pub(super) async fn look(
        &self,
        engine: &Engine,
        (caller, lane): (Caller, Lane),
        picture: Rgb,
    ) -> Result<f32, EngineError> {
        let look = Look {
            judge: Arc::clone(&self.0),
            picture,
        };
        let ticket = engine.submit(caller, lane, look, CancellationToken::new())?;
        let share = ticket.result().await?;
        // No number is no proof either.
        Ok(if share.is_nan() { 1.0 } else { share })
    }
}

/// One look, as work on the device.
struct Look {
    judge: Arc<Judge>,
    picture: Rgb,
}

impl Steps for Look {
    type Output = f32;

    fn step(&mut self) -> Result<Step<f32>, String> {
        (self.judge)(&self.picture).map(Step::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::atlas::testing;

    fn picture() -> Rgb {
        Rgb::new(2, 1, vec![7; 6]).expect("two pixels")
    }

    const TURN: (Caller, Lane) = (Caller::LOCAL, Lane::Interactive);

    #[tokio::test]
    async fn a_missing_gate_is_told_and_lets_nothing_pass() {
        let small = testing::atlas().await;
        let gate = Gate::in_folder(PathBuf::from("/nonexistent"));
        let error = gate.look(small.atlas.engine(), TURN, picture()).await;
        let sentence = error.expect_err("there is no file").to_string();
        assert!(sentence.contains("Run `mirage models pull`."), "{sentence}");
    }

    #[tokio::test]
    async fn what_gives_no_number_is_not_safe() {
        let small = testing::atlas().await;
        let look = async |gate: Gate| gate.look(small.atlas.engine(), TURN, picture()).await;
        let share = look(Gate::with(|_| Ok(f32::NAN))).await;
        assert_eq!(share.expect("a number"), 1.0);
        let share = look(Gate::with(|seen| Ok(seen.pixels()[0].into()))).await;
        assert_eq!(share.expect("a number"), 7.0);
    }
}
