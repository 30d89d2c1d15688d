//! `mirage bench find`: how long `/find` takes from the interaction to the reply with pictures,
//! through the local server, beside the same search without Discord.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::ProgressBar;
use mirage::atlas::{Atlas, EntryId, Filter, Query, Request};
use mirage::config::Config;
use mirage::jobs::Jobs;
use mirage::media;
use mirage::store::Store;
use mirage::store::jobs::Limits;
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::page::{Asked, Page};
use super::playground::Playground;
use super::queries::QUERIES;
use super::statistics::{milliseconds, percentile};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt;
use crate::cli::output;
use crate::runtime;
use crate::slash::{self, Settings, StartError, Writer};

/// Calls that are made first and not counted.
const WARM_UP: usize = 10;
/// Pictures of one answer of `/find`.
const PICTURES: usize = 5;
/// How long the bot may take to be ready or to end.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is aimed at on the starter atlas, in milliseconds: p50 and p95, for words and for pictures.
const TARGETS: (f64, f64) = (150.0, 300.0);
const TARGETS_OF_PICTURES: (f64, f64) = (500.0, 500.0);
/// Pictures of the atlas that are asked by, in turns.
const ASKED_BY: usize = 40;

/// Measure /find from the interaction to the reply with its pictures
///
/// Starts the local server (the program playground beside this one) and a bot with a database of
/// its own. The atlas is only read. Ten calls come first and are not counted. With --image it is
/// asked by pictures of the atlas; uploading them is not counted.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  mirage bench find --calls 200 --json")]
pub(crate) struct Arguments {
    /// How many calls to count
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    calls: u32,
    /// Ask by pictures in place of words
    #[arg(long)]
    image: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The figures; times in milliseconds.
#[derive(Debug, Serialize)]
struct Figures {
    calls: usize,
    /// `words` or `image`.
    asked_by: &'static str,
    pictures_in_atlas: usize,
    p50_ms: f64,
    p95_ms: f64,
    max_ms: f64,
    /// The same search, with its pictures, in process and without Discord.
    search_p50_ms: f64,
    search_p95_ms: f64,
    /// `p50_ms` over `search_p50_ms`.
    ratio: f64,
    target_p50_ms: f64,
    target_p95_ms: f64,
    /// Whether both targets were kept.
    kept: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let program = playground_program()?;
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let atlas = runtime::open_atlas(config).await?;
    let in_atlas = atlas.catalogue().await?.len();
    if in_atlas == 0 {
        return Err(Failure::user(
            "The atlas is empty. Fill it with `mirage atlas starter`.",
        ));
    }
    let folder = Folder::new(&config.cache)?;
    let measuring = measure(&program, &folder.0, &atlas, arguments);
    let sentence = "Stopped. Nothing was changed.";
    let measured = interrupt::unless_stopped(&cancel, sentence, measuring).await?;
    let (calls, searches) = measured.map_err(Failure::Unexpected)?;
    let figures = Figures::of(&calls, &searches, in_atlas, arguments.image);
    if arguments.json {
        output::print_json(&figures)?;
    } else {
        output::print(&figures.in_words())?;
    }
    Ok(Exit::Done)
}

/// The local server lies beside this program, as cargo puts it.
fn playground_program() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe().map_err(|error| Failure::Unexpected(error.into()))?;
    let program = own.with_file_name(format!("playground{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Ok(program);
    }
    Err(Failure::user(format!(
        "The program playground isn't at {}. Build it with `cargo build -p mirage-playground`.",
        program.display()
    )))
}

/// A folder of this run, for the bot's token and database. It goes with the value.
struct Folder(PathBuf);

impl Folder {
    fn new(cache: &Path) -> Result<Self, Failure> {
        let path = cache.join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| {
            Failure::user(format!("{} can't be made: {error}.", path.display()))
        })?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "a folder stays behind");
        }
    }
}

/// Times of the calls, and of the same searches without Discord.
async fn measure(
    program: &Path,
    folder: &Path,
    atlas: &Atlas,
    arguments: &Arguments,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let asked = if arguments.image {
        pictures(atlas).await?
    } else {
        QUERIES.iter().copied().map(Asked::Words).collect()
    };
    // As the bot does when it starts.
    atlas.warm().await?;
    let playground = Playground::start(program, folder).await?;
    let bot = Bot::start(atlas.clone(), folder, &playground).await?;
    let measured = call_and_search(&playground, atlas, &asked, arguments.calls as usize).await;
    bot.stop().await?;
    measured
}

/// Stored pictures to ask by: those that one search finds.
async fn pictures(atlas: &Atlas) -> anyhow::Result<Vec<Asked>> {
    let request = asking(Query::Text(QUERIES[0].to_owned()));
    let found = atlas.search(&request).await?;
    let ids = found.hits.into_iter().map(|hit| hit.entry.id);
    let ids: Vec<EntryId> = ids.take(ASKED_BY).collect();
    let pictures = atlas.pictures(&ids).await?.into_iter();
    let asked: Vec<Asked> = pictures.map(|(_, jpeg)| Asked::Picture(jpeg)).collect();
    if asked.is_empty() {
        bail!("the search for {:?} found no picture to ask by", QUERIES[0]);
    }
    Ok(asked)
}

async fn call_and_search(
    playground: &Playground,
    atlas: &Atlas,
    asked: &[Asked],
    calls: usize,
) -> anyhow::Result<(Vec<Duration>, Vec<Duration>)> {
    let mut page = Page::open(playground, PATIENCE).await?;
    let (mut through_discord, mut alone) = (Vec::new(), Vec::new());
    let bar = ProgressBar::new((WARM_UP + calls) as u64);
    for number in 0..WARM_UP + calls {
        let query = &asked[number % asked.len()];
        // In turns, so that neither always finds what the other has just read.
        let (call, search) = if number % 2 == 0 {
            let call = page.find(query).await?;
            (call, search(atlas, query).await?)
        } else {
            let search = search(atlas, query).await?;
            (page.find(query).await?, search)
        };
        if number >= WARM_UP {
            through_discord.push(call);
            alone.push(search);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((through_discord, alone))
}

/// A search of everything, as `/find` makes it.
fn asking(query: Query) -> Request {
    Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: usize::MAX,
    }
}

/// What `/find` asks of the atlas for its first page. A file is decoded before: the bot does it
/// while it answers.
async fn search(atlas: &Atlas, asked: &Asked) -> anyhow::Result<Duration> {
    let query = match asked {
        Asked::Words(query) => Query::Text((*query).to_owned()),
        Asked::Picture(jpeg) => {
            let pixels = media::pixels(&media::decode(jpeg)?);
            Query::Picture(pixels.context("a stored picture has no pixels")?)
        }
    };
    let request = asking(query);
    let started = Instant::now();
    let outcome = atlas.search(&request).await?;
    let shown: Vec<EntryId> = outcome
        .hits
        .iter()
        .take(PICTURES)
        .map(|hit| hit.entry.id.clone())
        .collect();
    let pictures = atlas.pictures(&shown).await?;
    let took = started.elapsed();
    if pictures.is_empty() {
        bail!("a search found no picture");
    }
    Ok(took)
}

/// The bot in this process, on a database of its own.
struct Bot {
    task: JoinHandle<Result<(), StartError>>,
    cancel: CancellationToken,
    store: Store,
}

impl Bot {
    async fn start(atlas: Atlas, folder: &Path, playground: &Playground) -> anyhow::Result<Self> {
        let store = Store::open(&*folder.join("mirage.sqlite")).await?;
        let jobs = Jobs::new(store.clone(), Limits::default());
        let settings = Settings {
            token: playground.bot_token.clone(),
            discord_url: Some(playground.address.clone()),
            guild: None,
            imports: folder.join("imports"),
            writer: Writer::default(),
        };
        let cancel = CancellationToken::new();
        let (ready, is_ready) = oneshot::channel();
        let mut task = tokio::spawn(slash::run(
            atlas,
            jobs,
            settings,
            cancel.clone(),
            move || {
                // Nobody waits any more if the measurement was given up.
                let _ = ready.send(());
            },
        ));
        tokio::select! {
            ready = tokio::time::timeout(PATIENCE, is_ready) => {
                ready.context("the bot did not get ready in time")?
                    .context("the bot ended before it was ready")?;
            }
            ended = &mut task => {
                ended??;
                bail!("the bot ended before it was ready");
            }
        }
        Ok(Self {
            task,
            cancel,
            store,
        })
    }

    async fn stop(self) -> anyhow::Result<()> {
        self.cancel.cancel();
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.context("the bot did not end in time")???;
        self.store.close().await;
        Ok(())
    }
}

impl Figures {
    fn of(
        calls: &[Duration],
        searches: &[Duration],
        pictures_in_atlas: usize,
        by_image: bool,
    ) -> Self {
        let (target_p50, target_p95) = if by_image {
            TARGETS_OF_PICTURES
        } else {
            TARGETS
        };
        let (p50, p95) = (percentile(calls, 50), percentile(calls, 95));
        let search_p50 = percentile(searches, 50);
        let (p50_ms, p95_ms) = (milliseconds(p50), milliseconds(p95));
        Self {
            calls: calls.len(),
            asked_by: if by_image { "image" } else { "words" },
            pictures_in_atlas,
            p50_ms,
            p95_ms,
            max_ms: milliseconds(percentile(calls, 100)),
            search_p50_ms: milliseconds(search_p50),
            search_p95_ms: milliseconds(percentile(searches, 95)),
            ratio: ratio(p50, search_p50),
            target_p50_ms: target_p50,
            target_p95_ms: target_p95,
            kept: p50_ms <= target_p50 && p95_ms <= target_p95,
        }
    }

    fn in_words(&self) -> String {
        let kept = if self.kept { "kept" } else { "NOT kept" };
        format!(
            "/find by {} through the local server, {} calls, {} pictures in the atlas:\n\
             \x20 p50 {:.1} ms, p95 {:.1} ms, longest {:.1} ms\n\
             The same searches without Discord:\n\
             \x20 p50 {:.1} ms, p95 {:.1} ms\n\
             Ratio of the two p50: {:.2}\n\
             Target (p50 {} ms, p95 {} ms): {kept}\n",
            self.asked_by,
            self.calls,
            self.pictures_in_atlas,
            self.p50_ms,
            self.p95_ms,
            self.max_ms,
            self.search_p50_ms,
            self.search_p95_ms,
            self.ratio,
            self.target_p50_ms,
            self.target_p95_ms,
        )
    }
}

/// Two decimals are as much as such times give.
fn ratio(of: Duration, to: Duration) -> f64 {
    let ratio = of.as_secs_f64() / to.as_secs_f64().max(f64::EPSILON);
    (ratio * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_judged_by_both_targets() {
        let times = |typical: u64, slow: u64| {
            let mut times = vec![Duration::from_millis(typical); 90];
            times.extend([Duration::from_millis(slow); 10]);
            times
        };
        let searches = times(40, 40);
        let figures = Figures::of(&times(100, 200), &searches, 167, false);
        assert!(figures.kept, "{figures:?}");
        assert!((figures.ratio - 2.5).abs() < 1e-9, "{figures:?}");
        assert!(figures.in_words().contains("p50 100.0 ms, p95 200.0 ms"));
        assert!(!Figures::of(&times(100, 301), &searches, 167, false).kept);
        assert!(!Figures::of(&times(151, 200), &searches, 167, false).kept);
        assert!(Figures::of(&times(400, 500), &searches, 167, true).kept);
        assert!(!Figures::of(&times(400, 501), &searches, 167, true).kept);
    }
}
