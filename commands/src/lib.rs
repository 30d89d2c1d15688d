//! Everything that a person can ask of Mirage: in a shell (`cli`) and on Discord (`slash`). The
//! answers themselves are made by the library `mirage`.

pub mod cli;
mod runtime;
pub mod slash;
