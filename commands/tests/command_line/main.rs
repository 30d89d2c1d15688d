//! The command line as a person meets it: the real program in a home of its own. One binary, a
//! module a subject. What the starter atlas holds and the bot's answers are tested in the package
//! `tests`.

mod arguments;
mod bench;
mod compare;
mod doctor;
mod encoders;
mod eval;
mod explain;
mod find;
mod generate;
mod home;
mod ingest;
mod missing;
mod pictures;
mod queue;
mod quiz;
mod starter;
