//! Language models against transformers, with the tiny checkpoints of
//! `models/golden/language/tiny_language_models.py`, which need no download.
#![cfg(feature = "language")]

mod asking;
mod gguf;
mod parity;
mod refusals;
