//! The bot against the local Discord-compatible server, and the parts that need real weights: one
//! binary, a module a feature.

mod anatomy;
mod compare;
mod decoders;
mod explain;
mod faults;
mod find;
mod find_image;
mod generate;
mod generate_buttons;
mod growing;
mod image_encoder;
mod ingest;
mod judge;
mod killed;
mod page;
mod postgres;
mod queue;
mod quiz;
mod safety_gate;
mod starter_atlas;
mod text_encoder;
