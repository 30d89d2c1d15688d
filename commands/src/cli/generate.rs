//! `mirage generate`: the synthetic pictures of `/generate`, for a shell and for programs, without the
//! queue. How they are made, checked and marked is the library's.

mod answer;

use std::path::{Path, PathBuf};

use clap::Args;
use mirage::atlas::{Atlas, AtlasError, EntryId};
use mirage::compare::{self, Synthetic};
use mirage::config::Config;
use mirage::engine::{Caller, Engine, EngineError, Lane, StepReport};
use mirage::generate::{self, Drawn, Painter};
use mirage::media::{self, MediaError};
use mirage::store::{Recipe, Start};
use mirage_models::diffusion::SchedulerKind;
use tempfile::TempDir;

use super::Exit;
use super::compare::files;
use super::failure::Failure;
use super::interrupt;
use super::output;
use super::progress::Waiting;
use super::text::{self, quote};
use crate::generating::{self, Options, begin_with};
use crate::runtime::{self, OpenError};

const STOPPED: &str = "Stopped. No picture was written.";

/// Make a synthetic picture, marked as such, and name the nearest real ones
///
/// The picture is drawn by a small network from words. It shows nobody, and nothing on it is a
/// finding. Its pixels and metadata say that it is synthetic.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  mirage generate \"axial brain MRI\" --out brain.png\n  \
    mirage generate \"chest X-ray\" --negative \"text, arrows\" --seed 7 --out pictures/\n  \
    mirage generate \"chest X-ray\" --start mine.png --strength 0.5 --out variant.png\n  \
    mirage generate \"shoulder MRI\" --like starter/shoulder-mri-coronal --out variant.png\n\n\
    Exit codes: 0 made; 1 it can't be shown, or something is missing that you can mend (standard \
    error says what); 2 an argument or a setting can't be used; 3 anything else; 130 stopped with \
    Ctrl-C."
)]
pub(crate) struct Arguments {
    /// What to draw, in English: kind of picture, region, what it shows
    #[arg(value_name = "PROMPT")]
    prompt: String,
    /// Write the picture to this file, a PNG that must not exist yet, or into this folder
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What to leave out
    #[arg(long, value_name = "TEXT")]
    negative: Option<String>,
    /// Steps of drawing (default 12); more take longer
    #[arg(long, value_name = "NUMBER")]
    steps: Option<u32>,
    /// How closely to follow the prompt, 0 to 20 (default 7)
    #[arg(long, value_name = "NUMBER")]
    guidance: Option<f64>,
    /// Where the noise comes from: the same number gives the same picture (default: another each
    /// time)
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
    /// Pictures to draw, from this seed on, of which the one that fits the words best by the encoder is
    /// kept (default 4; 1 with a seed or a picture to begin with)
    #[arg(long, value_name = "NUMBER")]
    candidates: Option<u32>,
    /// Width and height in pixels, for instance 128 or 128x96 (default: what the model was trained
    /// at)
    #[arg(long, value_name = "SIZE")]
    size: Option<String>,
    /// How to get from noise to a picture: ddim, euler-a, dpm++ or unipc
    #[arg(long, value_name = "NAME")]
    scheduler: Option<SchedulerKind>,
    /// A picture to begin with in place of noise
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// A picture of the atlas to begin with, by its id
    #[arg(long, value_name = "ID", conflicts_with = "start")]
    like: Option<String>,
    /// How far to go from that picture: above 0, at most 1 (default 0.6)
    #[arg(long, value_name = "NUMBER")]
    strength: Option<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// What to draw, for a model that draws at `native` pixels a side.
    fn recipe(&self, native: u32) -> Result<Recipe, Failure> {
        let options = Options {
            prompt: self.prompt.clone(),
            negative: self.negative.clone(),
            steps: self.steps,
            guidance: self.guidance,
            seed: self.seed,
            candidates: self.candidates,
            size: self.size.clone(),
            scheduler: self.scheduler,
            strength: self.strength,
        };
        let name = |option: &str| match option {
            "image" => "--start or --like".to_owned(),
            option => format!("--{option}"),
        };
        let has_start = self.start.is_some() || self.like.is_some();
        let recipe = options.recipe(native, has_start, name);
        recipe.map_err(Failure::argument)
    }
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<Exit, Failure> {
    let negative = arguments.negative.as_deref().unwrap_or_default();
    generating::check_words(&arguments.prompt, negative).map_err(Failure::argument)?;
    check_out(&arguments.out)?;
    let manifest = runtime::manifest(config, &config.profile)?;
    let native = manifest.diffusion.as_ref().map(|spec| spec.size);
    let native = native.ok_or_else(|| Failure::from(EngineError::NoGenerator))?;
    let mut recipe = arguments.recipe(native)?;
    if let Some(file) = &arguments.start {
        give_start(&mut recipe, file).await?;
    }
    let cancel = interrupt::watch("Stopping. Press Ctrl-C again to stop at once.");
    let engine = runtime::start_engine(config)?;
    let opened = open_atlas(config, &engine).await?;
    let atlas = &opened.atlas;
    if let Some(id) = &arguments.like {
        let id = known_entry(atlas, id).await?;
        begin_with(&mut recipe, Start::Entry(id));
    }
    let painter = Painter {
        atlas: atlas.clone(),
        checks: runtime::checks(config)?,
        caller: Caller::LOCAL,
        lane: Lane::Interactive,
    };
    let bar = Waiting::new("Loading the generator".to_owned());
    let tell = |report: &StepReport| {
        let total = report.total.unwrap_or_default();
        bar.message(format!("Drawing: step {} of {total}", report.done));
    };
    let drawing = painter.draw(&recipe, &cancel, tell);
    let drawn = interrupt::unless_stopped(&cancel, STOPPED, drawing).await??;
    drop(bar);
    let synthetic = Synthetic {
        prompt: recipe.prompt.clone(),
        words: drawn.told.words.clone(),
    };
    let beside = compare::beside_real(atlas, &synthetic, &drawn.told.nearest).await?;
    let out = place(&arguments.out, &drawn);
    files::write(&out, &drawn.marked.file)?;
    let recipe = Recipe {
        seed: drawn.seed,
        ..recipe
    };
    let model = engine.generator().map_or("", |spec| spec.identity.as_str());
    let answer = answer::Answer::new((&recipe, model), &drawn, &beside, &out);
    if arguments.json {
        output::print_json(&answer)?;
    } else {
        output::print(&answer.in_words(text::columns()))?;
    }
    Ok(Exit::Done)
}

/// Looks before anything is loaded.
fn check_out(out: &Path) -> Result<(), Failure> {
    if out.is_dir() {
        return Ok(());
    }
    let extension = out.extension().unwrap_or_default();
    if !extension.eq_ignore_ascii_case("png") {
        let name = quote(&out.to_string_lossy());
        return Err(Failure::argument(format!(
            "The picture is written as PNG, whose metadata say what it is. {name} should end with \
             .png, or be a folder."
        )));
    }
    files::check_absent(out)
}

/// The file that was asked for; in a folder one whose name says that it is synthetic.
fn place(out: &Path, drawn: &Drawn) -> PathBuf {
    if out.is_dir() {
        out.join(&drawn.marked.name)
    } else {
        out.to_owned()
    }
}

/// Reads the picture that a recipe begins with.
async fn give_start(recipe: &mut Recipe, file: &Path) -> Result<(), Failure> {
    let (path, size) = (file.to_owned(), (recipe.width, recipe.height));
    let reading = tokio::task::spawn_blocking(move || {
        let bytes = std::fs::metadata(&path).map_err(MediaError::Io)?.len();
        if bytes > media::MAXIMUM_BYTES as u64 {
            return Err(MediaError::TooLarge(format!("{} MiB", bytes >> 20)));
        }
        generate::start_of(&std::fs::read(&path).map_err(MediaError::Io)?, size)
    });
    let read = reading
        .await
        .map_err(|error| Failure::Unexpected(error.into()))?;
    let start = read.map_err(|error| {
        let name = quote(&file.to_string_lossy());
        Failure::argument(format!(
            "The picture {name} can't be begun with: {error}. Name another file."
        ))
    })?;
    begin_with(recipe, Start::Given(start));
    Ok(())
}

/// Looks whether the atlas has an entry, before anything is loaded.
async fn known_entry(atlas: &Atlas, id: &str) -> Result<EntryId, Failure> {
    let id = EntryId::from_stored(id.trim());
    match atlas.entry(&id).await? {
        Some(_) => Ok(id),
        None => Err(AtlasError::NoSuchEntry { id: id.to_string() }.into()),
    }
}

/// An open atlas, and the folder of one that is there for this picture alone.
struct Opened {
    atlas: Atlas,
    _folder: Option<TempDir>,
}

/// The configured atlas. A picture can be drawn without one: then there is nothing beside it.
async fn open_atlas(config: &Config, engine: &Engine) -> Result<Opened, Failure> {
    match runtime::open_atlas_with(config, engine.clone()).await {
        Ok(atlas) => Ok(Opened {
            atlas,
            _folder: None,
        }),
        Err(OpenError::Atlas(AtlasError::Missing { .. })) => {
            let folder = tempfile::tempdir();
            let folder = folder.map_err(|error| Failure::Unexpected(error.into()))?;
            let uri = folder.path().to_string_lossy();
            let atlas = Atlas::open_or_create(&uri, engine.clone()).await?;
            Ok(Opened {
                atlas,
                _folder: Some(folder),
            })
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_tells_what_is_taken_where_nothing_is_said() {
        let help = Arguments::augment_args(clap::Command::new("generate"))
            .render_long_help()
            .to_string();
        let options = Options {
            prompt: "chest X-ray".to_owned(),
            ..Options::default()
        };
        let usual = options.recipe(128, true, str::to_owned).expect("usual");
        let strength = usual.variant.map_or(0.0, |variant| variant.strength);
        for told in [
            format!("(default {})", usual.steps),
            format!("(default {})", usual.guidance),
            format!("(default {strength})"),
        ] {
            assert!(help.contains(&told), "no {told} in {help}");
        }
    }

    #[test]
    fn only_a_png_or_a_folder_is_written_to() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(check_out(folder.path()).is_ok());
        let file = folder.path().join("a.PNG");
        assert!(check_out(&file).is_ok());
        std::fs::write(&file, "mine").expect("written");
        assert!(matches!(check_out(&file), Err(Failure::User(_))));
        for name in ["a.jpg", "a", "png"] {
            let refused = check_out(&folder.path().join(name));
            assert!(matches!(refused, Err(Failure::Argument(_))), "{name}");
        }
    }
}
