//! `mirage compare --before FILE --after FILE`: overlay, difference and blink in files of their own.

use std::path::{Path, PathBuf};

use mirage::compare::{self, Picture};
use mirage::config::Config;
use serde::Serialize;

use super::files;
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::text::{self, Paragraphs};
use crate::{comparing, runtime};

/// What is printed for programs.
#[derive(Serialize)]
struct Answer {
    /// By what the second picture was scaled, once both had one height.
    scale: f64,
    /// How far it was moved to the right and down, in pixels of the first.
    shift: (f64, f64),
    correlation: f64,
    remarks: Vec<String>,
    overlay: String,
    difference: String,
    blink: String,
}

pub(super) async fn run(
    [before, after]: [&Path; 2],
    out: Option<&Path>,
    is_json: bool,
    config: &Config,
) -> Result<Exit, Failure> {
    let out = out.ok_or_else(|| {
        Failure::argument("Say where the pictures go: --out NAME.png is missing.")
    })?;
    let paths = paths(out);
    for path in &paths {
        files::check_absent(path)?;
    }
    let before = files::picture(before).await?;
    let after = files::picture(after).await?;
    if before.pixels == after.pixels {
        return Err(Failure::argument(
            "Both pictures are the same, so there is no difference to show.",
        ));
    }
    let modalities = modalities(&before, &after, config).await;
    let modalities = [modalities[0].as_deref(), modalities[1].as_deref()];
    let (first, second) = (before.pixels.clone(), after.pixels.clone());
    let laid = files::blocking(move || compare::lay_over(&first, &second)).await;
    let laid = laid.map_err(|failure| with_techniques(failure, modalities))?;
    let sizes = [&before, &after].map(|picture| (picture.width, picture.height));
    let mut remarks = comparing::over_time(sizes, &laid.fit, modalities);
    for (picture, name) in [(&before, "the first"), (&after, "the second")] {
        if picture.is_first_of_many {
            remarks.push(comparing::first_frame(name));
        }
    }
    for (path, file) in paths
        .iter()
        .zip([&laid.overlay, &laid.difference, &laid.blink])
    {
        files::write(path, file)?;
    }
    let [overlay, difference, blink] = paths.map(|path| path.to_string_lossy().into_owned());
    let answer = Answer {
        scale: short(laid.fit.scale),
        shift: (short(laid.fit.shift.0), short(laid.fit.shift.1)),
        correlation: short(laid.fit.correlation),
        remarks,
        overlay,
        difference,
        blink,
    };
    if is_json {
        output::print_json(&answer)?;
    } else {
        output::print(&in_words(&answer))?;
    }
    Ok(Exit::Done)
}

/// A refusal to lay pictures over each other, with the reason that they may be of two modalities.
fn with_techniques(failure: Failure, modalities: [Option<&str>; 2]) -> Failure {
    match (failure, comparing::different_techniques(modalities)) {
        (Failure::User(error), Some(warning)) => Failure::user(format!("{error} {warning}")),
        (failure, _) => failure,
    }
}

/// As many digits as such a number has.
fn short(number: f32) -> f64 {
    (f64::from(number) * 1e4).round() / 1e4
}

/// The modalities that both pictures look like. It is a hint: without weights or an atlas there is
/// none, and the pictures are laid over each other all the same.
async fn modalities(before: &Picture, after: &Picture, config: &Config) -> [Option<String>; 2] {
    let Ok(atlas) = runtime::open_atlas(config).await else {
        return [None, None];
    };
    let mut modalities = [None, None];
    for (modality, picture) in modalities.iter_mut().zip([before, after]) {
        match compare::likely_modality(&atlas, picture.pixels.clone()).await {
            Ok(likely) => *modality = likely,
            Err(error) => tracing::warn!(%error, "a modality could not be told"),
        }
    }
    modalities
}

/// The three files beside each other, named after the one that was given.
fn paths(out: &Path) -> [PathBuf; 3] {
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    ["overlay.png", "difference.png", "blink.gif"]
        .map(|name| out.with_file_name(format!("{stem}-{name}")))
}

fn in_words(answer: &Answer) -> String {
    let mut text = Paragraphs::new(text::columns());
    for remark in &answer.remarks {
        text.line(remark);
    }
    for (label, path) in [
        ("Overlay     ", &answer.overlay),
        ("Difference  ", &answer.difference),
        ("Blink       ", &answer.blink),
    ] {
        text.labelled(label, path);
    }
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_what_the_pictures_look_like() {
        let refused = || Failure::user("They don't fit.");
        let told = with_techniques(refused(), [Some("MRI"), Some("X-ray")]);
        let Failure::User(told) = told else {
            panic!("it stays one that a person can mend");
        };
        let told = told.to_string();
        assert!(
            told.starts_with("They don't fit. The first looks like MRI"),
            "{told}"
        );
        let Failure::User(told) = with_techniques(refused(), [Some("MRI"), None]) else {
            panic!("it stays as it is");
        };
        assert_eq!(told.to_string(), "They don't fit.");
    }

    #[test]
    fn three_files_are_named_after_one() {
        let names = paths(Path::new("in/chest.png"));
        let names = names.map(|path| path.to_string_lossy().replace('\\', "/"));
        assert_eq!(
            names,
            [
                "in/chest-overlay.png",
                "in/chest-difference.png",
                "in/chest-blink.gif"
            ]
        );
    }
}
