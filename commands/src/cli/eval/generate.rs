//! `mirage eval generate`: pictures that the profile's generator makes, judged beside real ones by an
//! encoder that had no part in making them.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use mirage::config::Config;
use mirage::engine::EngineError;
use mirage::evaluation::EvaluationError;
use mirage::evaluation::generate::{self, Copies, Figures, Prompt, Reals, Terms};
use mirage::generate::CANDIDATES;
use mirage_models::diffusion::SchedulerKind;
use mirage_models::judge::{self, Judge};
use mirage_models::manifest::Manifest;
use mirage_models::resolver::{FileState, Resolver};
use serde::Serialize;

use super::classify::matrix;
use super::material::{blocking, load};
use crate::cli::Exit;
use crate::cli::compare::files;
use crate::cli::failure::Failure;
use crate::cli::interrupt;
use crate::cli::output::{self, say};
use crate::cli::progress::{Files, Waiting};
use crate::runtime::{self, OpenError, incomplete, weights_folder};

/// Measure synthetic pictures beside real ones
///
/// Makes pictures from 300 prompts and lets a judge look at them that had no part in making them:
/// whether modality and region are those that were asked for, how far the pictures lie from real
/// ones that no training has seen, and whether any is a near copy of a training picture. The judge's
/// files are fetched when they are not there.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage eval generate --data data --sheet sheet.png --json\n\n\
    Exit codes: 0 measured; 1 the real pictures can't be used, or weights are missing; 2 an argument \
    can't be used; 3 anything else."
)]
pub(crate) struct Arguments {
    /// The folder of the sets that the generator was trained on: NAME.jsonl and NAME.tar of each
    #[arg(long, value_name = "FOLDER")]
    data: PathBuf,
    /// How many pictures to make; few are spread over all prompts
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(2..=10_000))]
    pictures: u16,
    /// Steps a picture
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=100))]
    steps: u32,
    /// How closely to follow the prompt
    #[arg(long, default_value_t = 7.0, value_parser = guidance)]
    guidance: f64,
    /// How noise becomes a picture: ddim, euler-a, dpm++ (what people get) or unipc
    #[arg(long, default_value_t = SchedulerKind::default())]
    scheduler: SchedulerKind,
    /// Seed of the first picture; each further one has the next
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Pictures to draw of each prompt, of which the one that fits it best by the profile's encoders
    /// is judged: 4 is what people get
    #[arg(long, default_value_t = CANDIDATES, value_parser = clap::value_parser!(u32).range(1..=8))]
    candidates: u32,
    /// Write a sheet of 24 of the pictures with their prompts to this file
    #[arg(long, value_name = "FILE.png")]
    sheet: Option<PathBuf>,
    /// The profile (default: MIRAGE_PROFILE, else starter)
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A weight of the prompt that can be used.
fn guidance(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (0.0..=20.0).contains(&value) {
        Ok(value)
    } else {
        Err("give a number from 0 to 20".to_owned())
    }
}

/// What is printed.
#[derive(Debug, Serialize)]
struct Answer {
    generator: String,
    steps: u32,
    guidance: f64,
    scheduler: String,
    seed: u64,
    candidates: u32,
    size: u32,
    /// To make all pictures, the network loaded before.
    seconds: f64,
    #[serde(flatten)]
    figures: Figures,
}

/// What was measured, and the sheet that was asked for.
struct Measured {
    seconds: f64,
    figures: Figures,
    sheet: Option<Vec<u8>>,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    if let Some(path) = &arguments.sheet {
        files::check_absent(path)?;
    }
    let profile = arguments.profile.as_deref().unwrap_or(&config.profile);
    let manifest = runtime::manifest(config, profile)?;
    let (Some(spec), Some(generator)) = (&manifest.diffusion, manifest.diffusion_identity()) else {
        return Err(Failure::User(EngineError::NoGenerator.into()));
    };
    let data = arguments.data.clone();
    let reals = blocking(move || Reals::open(&data)).await?;
    let folder = weights_folder(config, &manifest.profile);
    if let Some(reason) = incomplete(&manifest.files, &folder) {
        let profile = manifest.profile;
        return Err(OpenError::Weights { profile, reason }.into());
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let judge = weights_folder(config, Judge::FOLDER);
    let stopped = "Stopped. Nothing was changed.";
    interrupt::unless_stopped(&cancel, stopped, fetch_judge(&judge)).await??;
    let terms = Terms {
        steps: arguments.steps,
        guidance: arguments.guidance,
        scheduler: arguments.scheduler,
        seed: arguments.seed,
        candidates: arguments.candidates,
        size: spec.size,
    };
    say(&format!(
        "Making {} pictures with {generator}, and looking at {} real ones.",
        arguments.pictures,
        reals.count()
    ));
    let places = Places {
        judge,
        generator: folder.join(&spec.folder),
        weights: folder,
        manifest: manifest.clone(),
    };
    let measuring = measure(arguments, (terms.clone(), reals), places, config);
    let measured = interrupt::unless_stopped(&cancel, stopped, measuring).await??;
    if let (Some(path), Some(sheet)) = (&arguments.sheet, &measured.sheet) {
        files::write(path, sheet)?;
    }
    let answer = Answer {
        generator,
        steps: terms.steps,
        guidance: terms.guidance,
        scheduler: terms.scheduler.to_string(),
        seed: terms.seed,
        candidates: terms.candidates,
        size: terms.size,
        seconds: measured.seconds,
        figures: measured.figures,
    };
    if arguments.json {
        output::print_json(&answer)?;
    } else {
        output::print(&answer.in_words())?;
    }
    Ok(Exit::Done)
}

/// Where the networks lie.
struct Places {
    judge: PathBuf,
    generator: PathBuf,
    weights: PathBuf,
    manifest: Manifest,
}

/// Makes sure that the judge's files are there.
async fn fetch_judge(folder: &Path) -> Result<(), Failure> {
    let files = judge::files()?;
    let resolver = Resolver::new(folder);
    if files
        .iter()
        .any(|file| resolver.look(file) != FileState::Ready)
    {
        say(&format!("Fetching the judge to {}.", folder.display()));
    }
    let mut bar = Files::new(&files);
    resolver.ensure(&files, |step| bar.step(&step)).await?;
    Ok(())
}

async fn measure(
    arguments: &Arguments,
    (terms, mut reals): (Terms, Reals),
    places: Places,
    config: &Config,
) -> Result<Measured, Failure> {
    let prompts = Prompt::chosen(usize::from(arguments.pictures));
    let with_sheet = arguments.sheet.is_some();
    let threads = rayon::ThreadPoolBuilder::new()
        .num_threads(config.work.threads)
        .build()
        .map_err(|error| Failure::Unexpected(error.into()))?;
    blocking(move || {
        threads.install(|| {
            let progress = Waiting::new("Loading the networks".to_owned());
            let judge = Judge::load(&places.judge)?;
            let pipeline = generate::load(&places.generator)?;
            let encoders = load(&places.manifest, &places.weights)?;
            let started = Instant::now();
            let of = prompts.len();
            let mut show = |done: usize| progress.message(format!("{done} of {of} pictures made"));
            let pictures = generate::make(&pipeline, &encoders, &prompts, &terms, &mut show)?;
            let seconds = started.elapsed().as_secs_f64();
            // The generator's memory is of no more use.
            drop((pipeline, encoders));
            let of = reals.count();
            let mut show = |done: usize| {
                progress.message(format!("{done} of {of} real pictures looked at"));
            };
            let figures = generate::figures(&judge, &mut reals, &pictures, &mut show)?;
            let sheet = with_sheet.then(|| generate::sheet(&pictures));
            Ok::<_, EvaluationError>(Measured {
                seconds: (seconds * 10.0).round() / 10.0,
                figures,
                sheet: sheet.transpose()?,
            })
        })
    })
    .await
}

impl Answer {
    fn in_words(&self) -> String {
        let Figures {
            modality, region, ..
        } = &self.figures;
        let figures = &self.figures;
        let judged = |name: &str, share: f64, ci95: Option<[f64; 2]>, real: Option<f64>| {
            let range =
                ci95.map_or_else(String::new, |[low, high]| format!("{low:.3} to {high:.3}"));
            let real = real.map_or_else(|| "not known".to_owned(), |real| format!("{real:.3}"));
            format!("{name:<12}{share:>7.3}  {range:<16}{real:>11}")
        };
        let both = format!("{:<12}{:>7.3}", "both", figures.both_accuracy);
        let firsts = format!(
            "Of the first candidate alone: modality {:.3}, region {:.3}",
            figures.first_modality_accuracy, figures.first_region_accuracy
        );
        let lines = [
            format!(
                "{} pictures of {} pixels by {}, {} steps ({}), guidance {}, seeds from {}, the best of {} each, {:.0} s",
                figures.pictures,
                self.size,
                self.generator,
                self.steps,
                self.scheduler,
                self.guidance,
                self.seed,
                self.candidates,
                self.seconds
            ),
            format!("Judged by {}:", figures.judge),
            format!(
                "{:<12}{:>7}  {:<16}{:>11}",
                "", "right", "95 %", "real ones"
            ),
            judged(
                "modality",
                figures.modality_accuracy,
                Some(modality.ci95),
                figures.real_modality_accuracy,
            ),
            judged(
                "region",
                figures.region_accuracy,
                Some(region.ci95),
                figures.real_region_accuracy,
            ),
            both,
            firsts,
            format!(
                "Fréchet distance from half of {} real pictures, {} numbers a picture: {:.2}\n\
                 \x20 of the mean picture {:.2}, of the other half {:.2}",
                figures.real_pictures,
                figures.frechet_dimensions,
                figures.frechet,
                figures.frechet_mean_picture,
                figures.frechet_other_half
            ),
            format!(
                "Near copies of {} training pictures (cosine {} or more, or brightness within {}):",
                figures.training_pictures,
                figures.near_copy_threshold,
                figures.near_copy_brightness_threshold
            ),
            copies("synthetic", &figures.copies),
            copies("real, unseen", &figures.real_copies),
            format!(
                "What was seen, modality by modality:\n{}",
                matrix(&modality.confusion)
            ),
            format!("Region by region:\n{}", matrix(&region.confusion)),
        ];
        lines.join("\n")
    }
}

fn copies(name: &str, copies: &Copies) -> String {
    format!(
        "  {name:<13}{:>5} of {}, nearest cosine {:.3} in the middle, {:.3} at most; {} that the bot \
         would draw anew",
        copies.copies, copies.n, copies.median_cosine, copies.largest_cosine, copies.by_check
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_is_a_number_within_bounds() {
        assert_eq!(guidance("4.5"), Ok(4.5));
        assert_eq!(guidance("0"), Ok(0.0));
        for wrong in ["", "much", "-1", "21", "NaN", "inf"] {
            assert!(guidance(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn counts_of_copies_stand_below_each_other() {
        let counted = Copies {
            n: 300,
            copies: 2,
            by_features: 1,
            by_brightness: 1,
            by_check: 3,
            median_cosine: 0.5,
            largest_cosine: 0.95,
        };
        let (one, other) = (
            copies("synthetic", &counted),
            copies("real, unseen", &counted),
        );
        assert_eq!(one.find("2 of 300"), other.find("2 of 300"));
        assert!(one.contains("0.950 at most; 3 that"), "{one}");
    }
}
