//! `mirage eval`: how well pictures and words of a person's own pairs find each other, whether
//! explanations keep to their sources, how good synthetic pictures are, and what the drafts of
//! quizzes are worth. The figures are the library's; here they are asked for and shown.

mod arithmetic;
mod classify;
mod concepts;
mod explain;
mod generate;
mod material;
mod quiz;
mod retrieval;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mirage::config::Config;
use mirage::evaluation::EvaluationError;
use mirage_models::diffusion::DiffusionError;
use mirage_models::image_encoder::ImageEncoderError;
use mirage_models::judge::JudgeError;
use mirage_models::text_encoder::EncoderError;

use super::Exit;
use super::failure::Failure;

/// Measure how well pictures and words find each other, explanations keep to their sources, synthetic
/// pictures, and what can be drafted from the atlas
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Retrieval(retrieval::Arguments),
    Concepts(concepts::Arguments),
    Classify(classify::Arguments),
    Arithmetic(arithmetic::Arguments),
    Explain(explain::Arguments),
    Quiz(quiz::Arguments),
    Generate(generate::Arguments),
}

// Not a doc comment: clap would take it for the help of each command above.
#[derive(Debug, Args)]
struct Common {
    /// The rows: JSON lines with id, file, caption, labels, cuis, group and split
    #[arg(long, value_name = "FILE.jsonl")]
    pairs: PathBuf,
    /// The pictures that the rows name
    #[arg(long, value_name = "FILE.tar")]
    images: PathBuf,
    /// Only rows of this split, such as dev; held-out takes what training kept aside
    #[arg(long)]
    split: Option<String>,
    /// The profile (default: MIRAGE_PROFILE, else starter)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Common {
    /// The rows that were measured, in words: the file, and the split where one was named.
    fn subject(&self) -> String {
        let file = self.pairs.display();
        match &self.split {
            Some(split) => format!("{file}, split {split}"),
            None => file.to_string(),
        }
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    match &arguments.what {
        What::Retrieval(arguments) => retrieval::run(arguments, config).await,
        What::Concepts(arguments) => concepts::run(arguments, config).await,
        What::Classify(arguments) => classify::run(arguments, config).await,
        What::Arithmetic(arguments) => arithmetic::run(arguments, config).await,
        What::Explain(arguments) => explain::run(arguments, config).await,
        What::Quiz(arguments) => quiz::run(arguments, config).await,
        What::Generate(arguments) => generate::run(arguments, config).await,
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Self {
        match &error {
            EvaluationError::NoSplit { .. } => Self::Argument(error.into()),
            EvaluationError::Read(_)
            | EvaluationError::Picture { .. }
            | EvaluationError::Lacking { .. }
            | EvaluationError::OneClass { .. }
            | EvaluationError::NoQuery { .. }
            | EvaluationError::OtherData { .. }
            | EvaluationError::Judge(JudgeError::Unreadable { .. })
            | EvaluationError::Generator(
                DiffusionError::Part { .. }
                | DiffusionError::NoTextEncoder { .. }
                | DiffusionError::NotFinite(_)
                | DiffusionError::Steps { .. },
            )
            | EvaluationError::Text(EncoderError::Unreadable { .. } | EncoderError::Joint(_))
            | EvaluationError::Image(
                ImageEncoderError::Unreadable { .. }
                | ImageEncoderError::Joint(_)
                | ImageEncoderError::Absent(_),
            ) => Self::User(error.into()),
            EvaluationError::Spaces { .. }
            | EvaluationError::Text(_)
            | EvaluationError::Image(_)
            | EvaluationError::Judge(_)
            | EvaluationError::Generator(_)
            | EvaluationError::UnknownKinds(_)
            | EvaluationError::Vectors { .. }
            | EvaluationError::Png(_) => Self::Unexpected(error.into()),
        }
    }
}
