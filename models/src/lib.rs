//! The networks of Mirage and their weight files: manifests that say where each file comes from,
//! a resolver that fetches and verifies them, and the encoders that run on them. There is no
//! queue here, no SQL, no atlas and no Discord.

#[cfg(feature = "encoder")]
pub mod diffusion;
#[cfg(feature = "encoder")]
pub mod image_encoder;
#[cfg(feature = "encoder")]
pub mod joint_encoder;
#[cfg(feature = "encoder")]
pub mod judge;
#[cfg(feature = "encoder")]
mod kernels;
#[cfg(feature = "encoder")]
pub mod known_pictures;
#[cfg(feature = "language")]
pub mod language_model;
pub mod manifest;
pub mod resolver;
#[cfg(feature = "encoder")]
pub mod safety_gate;
mod shipped;
#[cfg(feature = "encoder")]
pub mod text_encoder;
