//! Quizzes: what a question is, how it is drafted from the atlas, what an answer is worth, when it
//! comes back in practice, and what the answers of many say of it. Where questions and answers are
//! kept is the concern of [`crate::store::quiz`]; people are numbers here, and Discord is unknown.
//!
//! Drafting takes nothing but what entries of the atlas say of their pictures, and never a synthetic
//! one. No language model is asked.

mod analysis;
mod answer;
mod check;
mod draft;
mod error;
pub mod exchange;
mod grid;
mod item;
mod leaks;
mod practice;
mod session;
pub mod statistics;
#[cfg(test)]
pub(crate) mod testing;

pub use analysis::{
    Analysis, Asked, Choice, ItemFigures, LEAST_FOR_CORRELATIONS, LEAST_FOR_SHARES, NoReliability,
    Remark, Response,
};
pub use answer::{Answer, AnswerFault, LONGEST_ANSWER, Suggestion, score, suggestions};
pub use check::{ItemFault, LONGEST_OPTION, LONGEST_RATIONALE, LONGEST_STEM};
pub use draft::{Drafter, MOST_DRAFTS, Wanted, draft, draft_pair};
pub use error::QuizError;
pub use grid::Grid;
pub use item::{Difficulty, Item, Kind, Source, Task, letter};
pub use leaks::{Leak, leaks};
pub use practice::{Card, Memory, RETENTION, Rating, streak};
pub use session::{Course, MOST_QUESTIONS, NoStep, Phase, Standing, Step, TIMER};
