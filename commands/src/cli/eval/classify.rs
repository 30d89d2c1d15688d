//! `mirage eval classify`: which class's prompts are nearest to each picture, without training on
//! the classes.

use std::path::PathBuf;

use clap::Args;
use mirage::config::Config;
use mirage::evaluation::{self, Classes, Confusion};

use super::{Common, material};
use crate::cli::Exit;
use crate::cli::compare::files;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::{clean, count};

/// Measure whether pictures find their class by prompts alone
///
/// The class of a row is its first label; rows without one are left out. Each class is asked for
/// with a few texts, and the class whose texts are nearest on average is the answer.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage eval classify --pairs mednist.jsonl \
    --images mednist.tar --split held-out --confusion matrix.png\n\n\
    Exit codes: 0 measured; 1 the rows or the pictures can't be used, or weights are missing; 2 an \
    argument can't be used, such as a split that no row has; 3 anything else.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Write the confusion matrix to this file, as a PNG picture
    #[arg(long, value_name = "FILE.png")]
    confusion: Option<PathBuf>,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let common = &arguments.common;
    if let Some(path) = &arguments.confusion {
        files::check_absent(path)?;
    }
    let measuring = material::measure(
        common,
        config,
        |pairs| {
            let pairs = pairs.with_labels()?;
            let prompts = evaluation::prompts(&pairs)?;
            Ok((pairs, prompts))
        },
        |material, prompts| {
            let texts: Vec<&str> = prompts.texts.iter().flatten().map(String::as_str).collect();
            let texts = material.texts(&texts)?;
            let pictures = material.pictures()?;
            Ok(evaluation::classify(
                &material.pairs,
                &pictures,
                &prompts,
                &texts,
            ))
        },
    );
    let measured = measuring.await?;
    if let Some(path) = &arguments.confusion {
        files::write(path, &measured.confusion.picture()?)?;
    }
    if common.json {
        output::print_json(&measured)?;
    } else {
        output::print(&in_words(&measured, &common.subject()))?;
    }
    Ok(Exit::Done)
}

fn in_words(measured: &Classes, subject: &str) -> String {
    let pool = count(measured.n as u64, "picture", "pictures");
    let classes = count(measured.classes as u64, "class", "classes");
    format!(
        "Pool: {pool}, {classes} ({subject})\n\
         Macro accuracy: {:.3}\n\
         Confusion, a line for each class, a column for each that was found:\n{}",
        measured.macro_accuracy,
        matrix(&measured.confusion)
    )
}

/// The counts below the numbers of the classes; each line begins with its class's number and ends
/// with its name.
pub(super) fn matrix(confusion: &Confusion) -> String {
    let most = confusion.counts.iter().flatten().copied().max();
    let most = most.unwrap_or_default().max(confusion.labels.len());
    let width = most.to_string().len() + 2;
    let line = |start: &str, counts: &mut dyn Iterator<Item = usize>| {
        let counts: String = counts.map(|count| format!("{count:>width$}")).collect();
        format!("{start:>width$} |{counts}")
    };
    let head = line("", &mut (1..=confusion.labels.len()));
    let rows = confusion.labels.iter().zip(&confusion.counts).enumerate();
    let rows = rows.map(|(number, (label, counts))| {
        let start = (number + 1).to_string();
        let counts = line(&start, &mut counts.iter().copied());
        format!("{counts}  {}", clean(label))
    });
    let mut lines = vec![head];
    lines.extend(rows);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_names_its_classes() {
        let confusion = Confusion {
            labels: vec!["CXR".to_owned(), "Hand".to_owned()],
            counts: vec![vec![10, 2], vec![0, 7]],
        };
        assert_eq!(
            matrix(&confusion),
            "     |   1   2\n   1 |  10   2  CXR\n   2 |   0   7  Hand\n"
        );
    }
}
