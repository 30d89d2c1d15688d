//! `mirage eval retrieval`: captions look for their pictures and pictures for their captions, over
//! the whole pool.

use clap::Args;
use mirage::config::Config;
use mirage::evaluation::{self, Expected, Figures, Retrieval};

use super::Common;
use super::material;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Measure whether captions find their pictures and pictures their captions
///
/// Each caption ranks all pictures, and each picture all captions: R@1, R@5, R@10, median rank and
/// mean reciprocal rank, beside chance and beside pictures that were shuffled. Rows without a
/// caption are left out. The figures are the same on every run.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage eval retrieval --pairs roco.jsonl --images roco.tar \
    --split dev\n\n\
    Exit codes: 0 measured; 1 the rows or the pictures can't be used, or weights are missing; 2 an \
    argument can't be used, such as a split that no row has; 3 anything else."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let common = &arguments.common;
    let measuring = material::measure(
        common,
        config,
        |pairs| Ok((pairs.with_captions()?, ())),
        |material, ()| {
            let captions = material.texts(&material.pairs.captions())?;
            let pictures = material.pictures()?;
            Ok(evaluation::retrieval(&pictures, &captions))
        },
    );
    let measured = measuring.await?;
    if common.json {
        output::print_json(&measured)?;
    } else {
        output::print(&in_words(&measured, &common.subject()))?;
    }
    Ok(Exit::Done)
}

fn in_words(measured: &Retrieval, subject: &str) -> String {
    let baselines = &measured.baselines;
    let shuffled = &baselines.shuffled_pictures;
    let lines = [
        format!(
            "Pool: {} pictures, each with its caption ({subject})",
            measured.pool
        ),
        format!(
            "{:<27}{:>7}{:>7}{:>7}  {:<16}{:>12}{:>7}",
            "", "R@1", "R@5", "R@10", "95 % of R@10", "median rank", "MRR"
        ),
        line("text to image", &measured.text_to_image),
        line("image to text", &measured.image_to_text),
        chance(&baselines.random),
        line("shuffled, text to image", &shuffled.text_to_image),
        line("shuffled, image to text", &shuffled.image_to_text),
    ];
    lines.join("\n") + "\n"
}

fn line(name: &str, figures: &Figures) -> String {
    let [low, high] = figures.ci95;
    row(
        name,
        [figures.r1, figures.r5, figures.r10],
        &format!("{low:.3} to {high:.3}"),
        (figures.median_rank, figures.mrr),
    )
}

fn chance(figures: &Expected) -> String {
    row(
        "chance",
        [figures.r1, figures.r5, figures.r10],
        "",
        (figures.median_rank, figures.mrr),
    )
}

fn row(name: &str, recall: [f64; 3], interval: &str, rank: (f64, f64)) -> String {
    let [r1, r5, r10] = recall;
    let (median, mrr) = rank;
    format!("{name:<27}{r1:>7.3}{r5:>7.3}{r10:>7.3}  {interval:<16}{median:>12.1}{mrr:>7.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_comes_first_and_columns_stand_below_each_other() {
        let vectors = vec![vec![1.0, 0.0], vec![0.0, 1.0]];
        let measured = evaluation::retrieval(&vectors, &vectors);
        let text = in_words(&measured, "x.jsonl, split dev");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0],
            "Pool: 2 pictures, each with its caption (x.jsonl, split dev)"
        );
        assert!(
            lines[1..].iter().all(|line| line.len() == lines[1].len()),
            "{text}"
        );
        assert!(lines[2].starts_with("text to image"), "{text}");
        assert!(lines[2].contains("1.000 to 1.000"), "{text}");
        assert!(lines[4].contains("0.500"), "{text}");
    }
}
