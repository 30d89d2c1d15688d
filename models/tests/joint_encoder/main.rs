//! Encoders for texts and pictures against the libraries that their layouts come from, with the
//! tiny checkpoints of `models/golden/tiny_encoders.py`; and what is said of checkpoints that are
//! not as they should be.
#![cfg(feature = "encoder")]

mod checkpoint;
mod damaged;
mod parity;
mod profile;
