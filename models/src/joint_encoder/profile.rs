//! A profile for an encoder in a folder: its files with sizes and hashes, in a manifest that names
//! the folder as their source. Writing it down is the caller's affair.

use std::path::{Path, PathBuf};

use super::error::JointError;
use super::{CONFIG, Inspection, OPEN_CLIP_CONFIG, PROCESSOR, WEIGHTS};
use crate::manifest::{FileSpec, ImageEncoderSpec, Layout, Manifest, Source, TextEncoderSpec};
use crate::resolver::sha256_of_file;

/// Folder of the files among the profile's.
const FOLDER: &str = "encoder";
/// What stands for a licence that nobody has named.
const NO_LICENCE: &str = "LicenseRef-Unknown";

impl Inspection {
    /// A manifest of that name for this encoder. Reads each file whole: call it from a thread that
    /// may block. Without a licence, the one at the head of the folder's `README.md` counts.
    ///
    /// # Errors
    /// [`JointError::Unreadable`] names the file that can't be read.
    pub fn profile(&self, name: &str, licence: Option<&str>) -> Result<Manifest, JointError> {
        let licence = licence.map(str::to_owned);
        let licence = licence.or_else(|| licence_in(&self.folder));
        let licence = licence.unwrap_or_else(|| NO_LICENCE.to_owned());
        let files = self.files().into_iter();
        let files = files.map(|(name, path)| file_spec(name, &path, &licence));
        let (layout, dimensions) = (Some(self.plan.layout), self.plan.dimensions);
        Ok(Manifest {
            profile: name.to_owned(),
            description: format!(
                "An encoder for texts and pictures in the layout {}, added from a folder.",
                self.plan.layout
            ),
            text_encoder: TextEncoderSpec {
                name: name.to_owned(),
                folder: FOLDER.to_owned(),
                dimensions,
                maximum_tokens: self.plan.text.context,
                layout,
            },
            image_encoder: Some(ImageEncoderSpec {
                name: name.to_owned(),
                folder: FOLDER.to_owned(),
                dimensions,
                layout,
            }),
            language_model: None,
            diffusion: None,
            files: files.collect::<Result<_, _>>()?,
        })
    }

    /// The files that are read, each with the name that the profile gives it.
    fn files(&self) -> Vec<(&'static str, PathBuf)> {
        let settings: &[&'static str] = match self.plan.layout {
            Layout::Clip | Layout::Siglip => &[CONFIG, PROCESSOR, "tokenizer.json"],
            Layout::OpenClip | Layout::BiomedClip => &[OPEN_CLIP_CONFIG, "tokenizer.json"],
        };
        let beside = |name: &&'static str| (*name, self.folder.join(name));
        let mut files: Vec<_> = settings.iter().map(beside).collect();
        let padding = beside(&"tokenizer_config.json");
        if padding.1.is_file() {
            files.push(padding);
        }
        files.push((WEIGHTS, self.weights.clone()));
        files
    }
}

fn file_spec(name: &str, path: &Path, licence: &str) -> Result<FileSpec, JointError> {
    let refuse = |reason: &dyn std::fmt::Display| JointError::unreadable(path, reason);
    let size = std::fs::metadata(path).map_err(|error| refuse(&error))?;
    let sha256 = sha256_of_file(path).map_err(|error| refuse(&error))?;
    let source = std::path::absolute(path).map_err(|error| refuse(&error))?;
    let source = source
        .to_str()
        .ok_or_else(|| refuse(&"its path is no text in UTF-8"))?;
    Ok(FileSpec {
        path: format!("{FOLDER}/{name}"),
        sources: vec![Source::Path(source.to_owned())],
        size: size.len(),
        sha256,
        licence: licence.to_owned(),
    })
}

/// The licence at the head of a model card: `license: mit` between two lines of dashes.
fn licence_in(folder: &Path) -> Option<String> {
    let card = std::fs::read_to_string(folder.join("README.md")).ok()?;
    let mut lines = card.lines();
    (lines.next()?.trim_end() == "---").then_some(())?;
    let mut head = lines.take_while(|line| line.trim_end() != "---");
    let licence = head.find_map(|line| line.strip_prefix("license:"))?;
    let licence = licence.trim().trim_matches(['"', '\'']);
    (!licence.is_empty()).then(|| licence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_read_from_the_head_of_the_card() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(licence_in(folder.path()), None);
        for (card, licence) in [
            ("---\nlicense: mit\ntags: [x]\n---\n# A\n", Some("mit")),
            ("---\nlicense: 'apache-2.0'\n---\n", Some("apache-2.0")),
            ("---\ntags: [x]\n---\nlicense: mit\n", None),
            ("# A\nlicense: mit\n", None),
            ("---\nlicense:\n---\n", None),
            ("", None),
        ] {
            std::fs::write(folder.path().join("README.md"), card).expect("written");
            assert_eq!(licence_in(folder.path()).as_deref(), licence, "{card}");
        }
    }
}
