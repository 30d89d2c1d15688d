//! `mirage eval arithmetic`: what adding to and subtracting from a query finds, beside other ways to
//! ask for the same.

use std::path::PathBuf;

use clap::Args;
use mirage::compare::Weights;
use mirage::config::Config;
use mirage::evaluation::{self, Arithmetic, Labelled, Pool, Swept, WeightPair};

use super::material;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::count;

/// How many weights of a sweep are shown to people.
const SHOWN: usize = 10;

/// Measure what adding to and subtracting from a query finds
///
/// For each two labels of a set, one is added to a query and the other subtracted; the figure is the
/// share of the first five pictures, of all sets together, that have the added label. A row's label
/// is its first; rows without one are left out.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage eval arithmetic --pairs ham10000.jsonl --images ham10000.tar \
    --pairs busi.jsonl --images busi.tar --split held-out --sweep\n\n\
    Exit codes: 0 measured; 1 the rows or the pictures can't be used, or weights are missing; 2 an \
    argument can't be used, such as a split that no row has; 3 anything else."
)]
pub(crate) struct Arguments {
    /// The rows of a labelled set; may be given several times
    #[arg(long, value_name = "FILE.jsonl", required = true)]
    pairs: Vec<PathBuf>,
    /// The pictures of each set, in the order of --pairs
    #[arg(long, value_name = "FILE.tar", required = true)]
    images: Vec<PathBuf>,
    /// Only rows of this split, such as dev; held-out takes what training kept aside
    #[arg(long)]
    split: Option<String>,
    /// The profile (default: MIRAGE_PROFILE, else starter)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Try many weights, and tell what each reaches
    #[arg(long)]
    sweep: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let (pairs, images) = (&arguments.pairs, &arguments.images);
    if pairs.len() != images.len() {
        return Err(Failure::argument(format!(
            "There are {} and {}; each set needs both.",
            count(pairs.len() as u64, "--pairs", "--pairs"),
            count(images.len() as u64, "--images", "--images"),
        )));
    }
    let sets = pairs.iter().cloned().zip(images.iter().cloned()).collect();
    let profile = arguments.profile.as_deref().unwrap_or(&config.profile);
    let measuring = material::measure_sets(
        sets,
        (arguments.split.clone(), profile),
        config,
        |pairs| {
            let pairs = pairs.with_labels()?;
            let tasks = evaluation::arithmetic_tasks(&pairs)?;
            Ok((pairs, tasks))
        },
        |material, tasks| {
            let texts: Vec<[String; 4]> = tasks.iter().map(evaluation::Task::texts).collect();
            let texts: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
            let vectors = material.texts(&texts)?;
            let labels = material.pairs.rows().iter();
            let labels = labels.filter_map(|row| row.labels.first().cloned());
            Ok(Labelled {
                labels: labels.collect(),
                pictures: material.pictures()?,
                tasks,
                texts: fours(vectors),
            })
        },
    );
    let sets = measuring.await?;
    let weights = WeightPair {
        add: Weights::BEST.add(),
        subtract: Weights::BEST.subtract(),
    };
    let measured = evaluation::arithmetic(Pool::new(&sets), weights, arguments.sweep);
    if arguments.json {
        output::print_json(&measured)?;
    } else {
        output::print(&in_words(&measured))?;
    }
    Ok(Exit::Done)
}

/// The vectors of each task: four after four.
fn fours(vectors: Vec<Vec<f32>>) -> Vec<[Vec<f32>; 4]> {
    let mut vectors = vectors.into_iter();
    let next = || {
        let mut take = || vectors.next();
        Some([take()?, take()?, take()?, take()?])
    };
    std::iter::from_fn(next).collect()
}

fn in_words(measured: &Arithmetic) -> String {
    let pool = count(measured.pool as u64, "picture", "pictures");
    let tasks = count(measured.n as u64, "task", "tasks");
    let WeightPair { add, subtract } = measured.weights;
    let line = |name: &str, hit5: f64, [low, high]: [f64; 2]| {
        format!("{name:<44}{hit5:>7.3}  {low:.3} to {high:.3}")
    };
    let intervals = &measured.ci95;
    let mut lines = vec![
        format!("Pool: {pool}, {tasks}"),
        format!("{:<44}{:>7}  {}", "", "hit@5", "95 %"),
        line(
            &format!("query + {add:.2} add - {subtract:.2} subtract"),
            measured.hit5_arithmetic,
            intervals.arithmetic,
        ),
        line(
            "two queries, in turn",
            measured.hit5_two_queries,
            intervals.two_queries,
        ),
        line(
            "one text: query, add, not subtract",
            measured.hit5_concat,
            intervals.concat,
        ),
        line(
            "unit weights, as the deployed MIRAGE has them",
            measured.hit5_mirage,
            intervals.mirage,
        ),
        line(
            "the addition by itself",
            measured.hit5_add_alone,
            intervals.add_alone,
        ),
    ];
    if !measured.sweep.is_empty() {
        lines.push("The best weights that were tried (add, subtract, hit@5):".to_owned());
        lines.extend(measured.sweep.iter().take(SHOWN).map(swept));
    }
    lines.join("\n") + "\n"
}

fn swept(tried: &Swept) -> String {
    let WeightPair { add, subtract } = tried.weights;
    format!("{add:>6.2}{subtract:>6.2}{:>8.3}", tried.hit5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_dealt_four_to_a_task() {
        let vectors: Vec<Vec<f32>> = (0..8_u8).map(|value| vec![f32::from(value)]).collect();
        let dealt = fours(vectors);
        assert_eq!(dealt.len(), 2);
        assert_eq!(dealt[1][0], [4.0]);
    }

    #[test]
    fn the_figures_stand_below_each_other() {
        let axis = |place: usize| {
            let mut vector = vec![0.0; 2];
            vector[place] = 1.0;
            vector
        };
        let sets = [Labelled {
            labels: vec!["0".to_owned(), "1".to_owned()],
            pictures: vec![axis(0), axis(1)],
            tasks: vec![evaluation::Task {
                query: "zero".to_owned(),
                add: "one".to_owned(),
                subtract: "zero".to_owned(),
                wanted: "1".to_owned(),
            }],
            texts: vec![[axis(0), axis(1), axis(0), axis(0)]],
        }];
        let weights = WeightPair {
            add: 2.0,
            subtract: 0.25,
        };
        let measured = evaluation::arithmetic(Pool::new(&sets), weights, true);
        let text = in_words(&measured);
        assert!(text.starts_with("Pool: 2 pictures, 1 task\n"), "{text}");
        assert!(text.contains("query + 2.00 add - 0.25 subtract"), "{text}");
        assert_eq!(text.lines().count(), 7 + 1 + SHOWN, "{text}");
    }
}
