//! Why a picture can't be generated: each a sentence that says what to change.

use crate::joint_encoder::JointError;
use crate::text_encoder::EncoderError;

/// Why the generator could not be loaded, or could not make a picture.
#[derive(Debug, thiserror::Error)]
pub enum DiffusionError {
    /// A file of the folder, a field or a tensor is missing or can't be honoured.
    #[error("The generator's {part} can't be used. {source}")]
    Part {
        /// Which part, as a sentence names it.
        part: &'static str,
        /// What is wrong with it.
        source: JointError,
    },
    /// The encoder that reads the words can't be loaded.
    #[error("The generator can't read words. {0}")]
    TextEncoder(#[from] EncoderError),
    /// The generator reads words by an encoder that isn't there.
    #[error(
        "The generator reads words by {name}, which isn't in {folder}. Run `mirage models verify`."
    )]
    NoTextEncoder {
        /// The encoder's name.
        name: String,
        /// Where it was looked for.
        folder: String,
    },
    /// It is asked to run where it can't.
    #[error("Pictures are generated on the processor; no other device is supported.")]
    Device,
    /// The words could not be split into tokens.
    #[error("The prompt could not be split into tokens: {0}.")]
    Tokenizer(String),
    /// A number of steps that can't be made.
    #[error("{given} steps can't be made. Give a whole number from 1 to {most}.")]
    Steps {
        /// What was asked for.
        given: usize,
        /// The most.
        most: usize,
    },
    /// A weight of the prompt that isn't one.
    #[error("Guidance can't be {0}. Give a number from 0 to 50.")]
    Guidance(f64),
    /// How far to go from a picture isn't a share.
    #[error("Strength can't be {0}. Give a number above 0, and at most 1.")]
    Strength(f64),
    /// A size that the network can't make.
    #[error(
        "Pictures of {width} x {height} pixels can't be made. Give multiples of {multiple} from \
         {multiple} to {most} for each side."
    )]
    Size {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Height that was asked for, in pixels.
        height: u32,
        /// What each side has to be a multiple of, in pixels.
        multiple: u32,
        /// The longest side, in pixels.
        most: u32,
    },
    /// A scheduler that nobody knows.
    #[error("There is no scheduler {0:?}. Choose ddim, euler-a, dpm++ or unipc.")]
    Scheduler(String),
    /// Noise that doesn't fill the picture.
    #[error("The noise has {given} numbers, but the picture takes {expected}.")]
    Noise {
        /// Numbers that came.
        given: usize,
        /// Numbers that are needed.
        expected: usize,
    },
    /// The network gives what isn't a number.
    #[error(
        "The picture came apart at step {0}: its numbers are no longer finite. Take less guidance or \
         another seed; where that changes nothing, the weights are damaged: run `mirage models \
         verify`."
    )]
    NotFinite(usize),
    /// Whoever asked for the picture no longer wants it.
    #[error("The picture was given up.")]
    Cancelled,
    /// The network refused its weights or its input.
    #[error("The generator failed: {0}")]
    Network(#[from] candle_core::Error),
}

/// Names the part that an error of its configuration or its weights is about.
pub(super) trait Within<T> {
    /// # Errors
    /// [`DiffusionError::Part`].
    fn within(self, part: &'static str) -> Result<T, DiffusionError>;
}

impl<T> Within<T> for Result<T, JointError> {
    fn within(self, part: &'static str) -> Result<T, DiffusionError> {
        self.map_err(|source| DiffusionError::Part { part, source })
    }
}
