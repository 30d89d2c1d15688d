//! The generator of pictures against diffusers, with the tiny pipelines of
//! `models/golden/diffusion/make.py`; what is said of folders that are not as they should be; and
//! what a run does with what it is asked for.
#![cfg(feature = "encoder")]

mod damaged;
mod folder;
mod parity;
mod runs;
