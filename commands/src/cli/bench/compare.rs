//! `mirage bench compare`: how long a panel of `/compare` takes in process, from two ideas in words
//! to the JPEG file, and where the time goes.

use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use mirage::atlas::Atlas;
use mirage::compare::{self, CompareError, Idea, Panel};
use mirage::config::Config;
use serde::Serialize;

use super::queries::QUERIES;
use super::statistics::{milliseconds, percentile};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::{interrupt, output};
use crate::runtime;

/// Panels that are made first and not counted.
const WARM_UP: usize = 5;
/// What is aimed at for p95 on two cores, in milliseconds.
const TARGET: f64 = 700.0;

/// Measure how long a panel of /compare takes
///
/// Compares two ideas after two in process, as the bot does, with the vectors of the atlas in
/// memory: both searches, reading entries and pictures, drawing and encoding. The atlas is only
/// read. Five panels come first and are not counted.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage bench compare --panels 100 --json")]
pub(crate) struct Arguments {
    /// How many panels to count
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    panels: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The figures; times in milliseconds.
#[derive(Debug, Serialize)]
struct Figures {
    panels: usize,
    pictures_in_atlas: usize,
    cores: usize,
    p50_ms: f64,
    p95_ms: f64,
    max_ms: f64,
    /// Both searches, their texts embedded.
    search_p50_ms: f64,
    search_p95_ms: f64,
    /// Entries, pictures and concepts of the first page.
    read_p50_ms: f64,
    read_p95_ms: f64,
    /// From stored pictures to the file.
    draw_p50_ms: f64,
    draw_p95_ms: f64,
    /// Size of the largest file.
    largest_kilobytes: f64,
    target_p95_ms: f64,
    /// Whether the target was kept.
    kept: bool,
}

/// What one panel took, and its size.
#[derive(Debug, Clone, Copy, Default)]
struct Took {
    search: Duration,
    read: Duration,
    draw: Duration,
    bytes: usize,
}

impl Took {
    fn whole(&self) -> Duration {
        self.search + self.read + self.draw
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let atlas = runtime::open_atlas(config).await?;
    let in_atlas = atlas.catalogue().await?.len();
    if in_atlas == 0 {
        return Err(Failure::user(
            "The atlas is empty. Fill it with `mirage atlas starter`.",
        ));
    }
    let measuring = measure(&atlas, arguments.panels as usize);
    let sentence = "Stopped. Nothing was changed.";
    let measured = interrupt::unless_stopped(&cancel, sentence, measuring).await?;
    let figures = Figures::of(&measured?, in_atlas);
    if arguments.json {
        output::print_json(&figures)?;
    } else {
        output::print(&figures.in_words())?;
    }
    Ok(Exit::Done)
}

async fn measure(atlas: &Atlas, panels: usize) -> Result<Vec<Took>, Failure> {
    // As the bot does when it starts.
    atlas.warm().await?;
    let bar = ProgressBar::new((WARM_UP + panels) as u64);
    let mut measured = Vec::with_capacity(panels);
    for number in 0..WARM_UP + panels {
        let took = panel(atlas, ideas(number)).await?;
        if number >= WARM_UP {
            measured.push(took);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(measured)
}

/// Two different ideas; with each turn through the queries others stand beside each other.
fn ideas(number: usize) -> [Idea; 2] {
    let turn = number / QUERIES.len();
    let first = number % QUERIES.len();
    let second = (first + 1 + turn % (QUERIES.len() - 1)) % QUERIES.len();
    [first, second].map(|place| Idea::Words(QUERIES[place].to_owned()))
}

/// What `/compare` does for its first answer, without Discord and without the database.
async fn panel(atlas: &Atlas, [a, b]: [Idea; 2]) -> Result<Took, Failure> {
    let started = Instant::now();
    let comparison = compare::ideas(atlas, a, b).await?;
    let search = started.elapsed();
    let started = Instant::now();
    let shown = compare::show(atlas, (&comparison.a, 0), (&comparison.b, 0)).await?;
    let read = started.elapsed();
    let started = Instant::now();
    let titles = [&comparison.a, &comparison.b].map(|side| side.subject.title(str::to_owned));
    let columns = shown.columns(titles);
    let drawing = tokio::task::spawn_blocking(move || Panel::draw(&columns)?.jpeg());
    let drawn: Result<Vec<u8>, CompareError> = drawing
        .await
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let bytes = drawn?.len();
    Ok(Took {
        search,
        read,
        draw: started.elapsed(),
        bytes,
    })
}

impl Figures {
    fn of(measured: &[Took], pictures_in_atlas: usize) -> Self {
        let of = |part: fn(&Took) -> Duration, percent: usize| {
            let times: Vec<Duration> = measured.iter().map(part).collect();
            milliseconds(percentile(&times, percent))
        };
        let largest = measured.iter().map(|took| took.bytes).max();
        let p95_ms = of(Took::whole, 95);
        Self {
            panels: measured.len(),
            pictures_in_atlas,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            p50_ms: of(Took::whole, 50),
            p95_ms,
            max_ms: of(Took::whole, 100),
            search_p50_ms: of(|took| took.search, 50),
            search_p95_ms: of(|took| took.search, 95),
            read_p50_ms: of(|took| took.read, 50),
            read_p95_ms: of(|took| took.read, 95),
            draw_p50_ms: of(|took| took.draw, 50),
            draw_p95_ms: of(|took| took.draw, 95),
            largest_kilobytes: (largest.unwrap_or_default() as f64 / 100.0).round() / 10.0,
            target_p95_ms: TARGET,
            kept: p95_ms <= TARGET,
        }
    }

    fn in_words(&self) -> String {
        let kept = if self.kept { "kept" } else { "NOT kept" };
        let line = |name: &str, p50: f64, p95: f64| {
            format!("  {name:<24}p50 {p50:>6.1} ms, p95 {p95:>6.1} ms\n")
        };
        format!(
            "Panels of /compare, {} of them, {} pictures in the atlas, {} cores:\n{}\
             \x20 longest {:.1} ms, largest file {:.1} kB\n\
             Of that:\n{}{}{}Target (p95 {} ms): {kept}\n",
            self.panels,
            self.pictures_in_atlas,
            self.cores,
            line("whole", self.p50_ms, self.p95_ms),
            self.max_ms,
            self.largest_kilobytes,
            line("two searches", self.search_p50_ms, self.search_p95_ms),
            line("entries and pictures", self.read_p50_ms, self.read_p95_ms),
            line("drawing and encoding", self.draw_p50_ms, self.draw_p95_ms),
            self.target_p95_ms,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ideas_always_differ_and_each_turn_has_others() {
        let mut seen = std::collections::HashSet::new();
        for number in 0..3 * QUERIES.len() {
            let [a, b] = ideas(number);
            assert_ne!(a, b, "{number}");
            assert!(seen.insert(format!("{a:?} {b:?}")), "{number}");
        }
        for number in [QUERIES.len() * (QUERIES.len() - 1), usize::MAX / 2] {
            let [a, b] = ideas(number);
            assert_ne!(a, b, "{number}");
        }
    }

    #[test]
    fn figures_are_judged_by_the_target() {
        let took = |draw: u64| Took {
            search: Duration::from_millis(100),
            read: Duration::from_millis(50),
            draw: Duration::from_millis(draw),
            bytes: 123_456,
        };
        let figures = Figures::of(&[took(150), took(550)], 167);
        assert!(figures.kept, "{figures:?}");
        assert!((figures.p95_ms - 700.0).abs() < 1e-9, "{figures:?}");
        assert!((figures.p50_ms - 300.0).abs() < 1e-9, "{figures:?}");
        assert!((figures.largest_kilobytes - 123.5).abs() < 1e-9);
        let told = figures.in_words();
        assert!(told.contains("Target (p95 700 ms): kept"), "{told}");
        assert!(!Figures::of(&[took(551)], 167).kept);
    }
}
