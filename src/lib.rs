//! The library of Mirage: the atlas of pictures, comparisons and explanations of what it holds, quizzes
//! drafted from it, the inference engine, the queue of long jobs, the store of what people did, the
//! configuration and the media readers. It knows nothing of Discord and nothing of command lines;
//! `commands` builds both on it. Networks and weight files live below it, in `mirage-models`, the index of vectors in
//! `mirage-vectors`.

pub mod atlas;
pub mod chart;
pub mod compare;
pub mod config;
pub mod engine;
pub mod evaluation;
pub mod explain;
pub mod generate;
pub mod jobs;
pub mod media;
pub mod quiz;
pub mod store;

pub use mirage_vectors as vectors;
