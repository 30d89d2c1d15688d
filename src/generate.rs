//! Synthetic pictures: what may be asked for, what may be shown, how each is marked so that it never
//! passes for a real one, and the real pictures that stand beside it. The network that draws is
//! [`mirage_models::diffusion`]'s, its turn on the device the engine's; messages, buttons and what
//! is stored are the callers' concern.
//!
//! In order: [`check`] the recipe and its [`prompt`]; draw; look at the picture with [`Checks`]; and
//! only what passes is given to [`mark()`]. A picture that was not marked is shown to nobody, previews
//! included ([`mark_preview`]).

mod candidates;
mod draw;
mod mark;
pub mod neighbours;
pub mod output;
pub mod prompt;
mod request;
pub mod sheet;

pub use candidates::{CANDIDATES, MOST_CANDIDATES, best_first, fit, usual_candidates};
pub use draw::{DrawError, Drawn, Painter, facts_of, random_seed, start_of};
pub use mark::{
    Detection, Facts, MarkError, Marked, Metadata, Sign, is_marked, mark, mark_preview,
    read_metadata, sign_of,
};
pub use neighbours::{Neighbours, same_entry};
pub use output::{CheckError, Checks, Refusal, Verdict};
pub use request::{
    LEAST_STRENGTH, LONGEST_PROMPT, MOST_GUIDANCE, MOST_STEPS, RequestError, check, check_words,
    seed, sizes,
};
pub use sheet::sheet;
