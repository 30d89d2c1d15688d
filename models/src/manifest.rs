//! Manifests: which files a profile is made of, where each may be fetched from, and what each must
//! hash to. Nothing is fetched here.

mod profiles;
mod source;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use profiles::is_profile_name;
pub use source::{Source, Wheel};

/// Why a manifest was refused.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is no profile of that name.
    #[error("There is no profile named {name}. Known profiles: {known}.")]
    UnknownProfile {
        /// Name that was asked for.
        name: String,
        /// Names that exist.
        known: String,
    },
    /// The text is not a manifest.
    #[error("The manifest can't be read: {0}")]
    Malformed(#[from] toml::de::Error),
    /// A profile of the person's own can't be used.
    #[error("The profile {file} can't be used: {reason} Mend it, or delete it and add it again.")]
    Own {
        /// Its file.
        file: String,
        /// What is wrong; a sentence.
        reason: String,
    },
    /// The manifest can't be written as TOML.
    #[error("The manifest can't be written: {0}")]
    Unwritable(#[from] toml::ser::Error),
    /// A file's path leaves its folder, or a hash isn't one.
    #[error("The manifest's entry {entry} can't be used: {reason}")]
    Unusable {
        /// The file's path in the manifest.
        entry: String,
        /// What is wrong.
        reason: String,
    },
}

/// A profile: a set of weight files that belong together.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Manifest {
    /// Name of the profile.
    pub profile: String,
    /// One sentence on what it is for.
    pub description: String,
    /// The text encoder of the profile.
    pub text_encoder: TextEncoderSpec,
    /// The image encoder, if the profile has one. Its vectors lie in the text encoder's space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_encoder: Option<ImageEncoderSpec>,
    /// The language model of the profile, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_model: Option<LanguageModelSpec>,
    /// The generator of synthetic pictures, if the profile has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diffusion: Option<DiffusionSpec>,
    /// The files, in the order in which they are fetched.
    #[serde(rename = "file")]
    pub files: Vec<FileSpec>,
}

/// The text encoder of a profile.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct TextEncoderSpec {
    /// Name, as it is shown to people and stored with an atlas.
    pub name: String,
    /// Folder of its files, relative to the profile's.
    pub folder: String,
    /// Length of an embedding.
    pub dimensions: usize,
    /// Most tokens of a text that count; the rest is cut off.
    pub maximum_tokens: usize,
    /// How the files are laid out, if the encoder came with one for pictures (`joint_encoder`);
    /// `None` for a sentence encoder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
}

/// The image encoder of a profile.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct ImageEncoderSpec {
    /// Name, as it is shown to people and stored with an atlas.
    pub name: String,
    /// Folder of its files, relative to the profile's.
    pub folder: String,
    /// Length of an embedding: that of the text encoder.
    pub dimensions: usize,
    /// As the text encoder's; `None` for the project's own network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<Layout>,
}

/// The language model of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct LanguageModelSpec {
    /// Name, as it is shown to people and stored with an answer.
    pub name: String,
    /// Its GGUF file, or the folder of its safetensors, relative to the profile's folder.
    pub path: String,
}

/// The generator of synthetic pictures of a profile: a folder in diffusers' layout.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct DiffusionSpec {
    /// Name, as it is shown to people and stored with a picture.
    pub name: String,
    /// Folder of its files, relative to the profile's.
    pub folder: String,
    /// Side in pixels of the pictures that it was trained on: the size of a picture for which
    /// nobody names one.
    pub size: u32,
    /// Memory in megabytes that a picture takes beside everything else, its weights included.
    pub memory: u64,
}

/// How the files of an encoder for both texts and pictures are laid out: which settings there are,
/// and what the tensors are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// CLIP in Hugging Face's layout.
    Clip,
    /// CLIP in `open_clip`'s layout.
    OpenClip,
    /// SigLIP in Hugging Face's layout.
    Siglip,
    /// `open_clip`'s layout around a vision transformer of timm and a BERT, as BiomedCLIP has it.
    #[serde(rename = "biomedclip")]
    BiomedClip,
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Clip => "clip",
            Self::OpenClip => "open-clip",
            Self::Siglip => "siglip",
            Self::BiomedClip => "biomedclip",
        })
    }
}

/// One file and how to get it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct FileSpec {
    /// Path relative to the folder that the files are kept in.
    pub path: String,
    /// Where it may be fetched from, in the order to try.
    pub sources: Vec<Source>,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// Licence, as an SPDX name where there is one.
    pub licence: String,
}

impl Manifest {
    /// Name and version of the generator of pictures, without loading it: what a picture remembers,
    /// since a seed gives another picture with other weights. `None` if the profile has none.
    pub fn diffusion_identity(&self) -> Option<String> {
        let spec = self.diffusion.as_ref()?;
        let weights = format!("{}/unet/", spec.folder);
        let is_weights = |file: &&FileSpec| {
            file.path.starts_with(&weights) && file.path.ends_with(".safetensors")
        };
        let file = self.files.iter().find(is_weights);
        let hash = file.and_then(|file| file.sha256.get(..8));
        Some(format!("{}@{}", spec.name, hash.unwrap_or("unknown")))
    }

    /// The manifest as TOML, in the form that it is read in.
    ///
    /// # Errors
    /// [`ManifestError::Unwritable`] if TOML can't hold it.
    pub fn to_toml(&self) -> Result<String, ManifestError> {
        Ok(toml::to_string_pretty(self)?)
    }

    /// Texts and pictures are compared with each other, so their vectors must be of one length and
    /// of one network.
    fn check_spaces(&self) -> Result<(), ManifestError> {
        let texts = &self.text_encoder;
        let Some(pictures) = &self.image_encoder else {
            return Ok(());
        };
        let refuse = |reason: String| {
            Err(ManifestError::Unusable {
                entry: "image_encoder".to_owned(),
                reason,
            })
        };
        if pictures.dimensions != texts.dimensions {
            return refuse(format!(
                "it gives {} numbers a picture, but the text encoder gives {} a text.",
                pictures.dimensions, texts.dimensions
            ));
        }
        let is_joint = texts.layout.is_some() || pictures.layout.is_some();
        if is_joint && (texts.layout, &texts.folder) != (pictures.layout, &pictures.folder) {
            return refuse("its layout and folder must be those of the text encoder.".to_owned());
        }
        Ok(())
    }

    /// The language model is among the files, which also keeps it in the folder.
    fn check_language_model(&self) -> Result<(), ManifestError> {
        let Some(spec) = &self.language_model else {
            return Ok(());
        };
        let folder = format!("{}/", spec.path.trim_end_matches('/'));
        let belongs = |file: &FileSpec| file.path == spec.path || file.path.starts_with(&folder);
        if self.files.iter().any(belongs) {
            return Ok(());
        }
        Err(ManifestError::Unusable {
            entry: "language_model".to_owned(),
            reason: format!("none of the files is {} or lies in it.", spec.path),
        })
    }

    /// A generator needs a folder among the profile's own, with a network in it.
    fn check_diffusion(&self) -> Result<(), ManifestError> {
        let Some(spec) = &self.diffusion else {
            return Ok(());
        };
        let refuse = |reason: String| {
            Err(ManifestError::Unusable {
                entry: "diffusion".to_owned(),
                reason,
            })
        };
        if spec.name.trim().is_empty() {
            return refuse("it has no name.".to_owned());
        }
        let index = format!("{}/model_index.json", spec.folder);
        if self.files.iter().any(|file| file.path == index) {
            return Ok(());
        }
        refuse(format!("no file of the profile is {index}."))
    }

    /// The name becomes that of a folder.
    fn check_name(&self) -> Result<(), ManifestError> {
        if is_profile_name(&self.profile) {
            return Ok(());
        }
        Err(ManifestError::Unusable {
            entry: "profile".to_owned(),
            reason: format!("\"{}\" is no name for a profile.", self.profile),
        })
    }
}

impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        manifest.files.iter().try_for_each(FileSpec::check)?;
        manifest.check_name()?;
        manifest.check_spaces()?;
        manifest.check_language_model()?;
        manifest.check_diffusion()?;
        Ok(manifest)
    }
}

impl FileSpec {
    /// Checks what TOML can't: the path stays in its folder, the hash is one, a source exists.
    ///
    /// # Errors
    /// [`ManifestError::Unusable`] names the file and the reason.
    pub fn check(&self) -> Result<(), ManifestError> {
        let refuse = |reason: &str| {
            Err(ManifestError::Unusable {
                entry: self.path.clone(),
                reason: reason.to_owned(),
            })
        };
        let inside =
            |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
        if self.path.is_empty() || !std::path::Path::new(&self.path).components().all(inside) {
            return refuse("its path leaves the folder.");
        }
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.sha256.len() != 64 || !self.sha256.bytes().all(hexadecimal) {
            return refuse("sha256 must be 64 lower-case hexadecimal digits.");
        }
        if self.sources.is_empty() {
            return refuse("it has no source.");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::profiles::SHIPPED;
    use super::*;

    #[test]
    fn every_shipped_manifest_is_usable() {
        for profile in Manifest::profiles() {
            let manifest = Manifest::of_profile(profile).expect(profile);
            assert_eq!(manifest.profile, profile);
            assert!(!manifest.files.is_empty());
        }
    }

    #[test]
    fn the_starter_profile_needs_nothing_but_package_registries() {
        let manifest = Manifest::of_profile("starter").expect("shipped");
        for file in &manifest.files {
            assert!(
                matches!(file.sources[0], Source::Pip { .. } | Source::Shipped(_)),
                "{}",
                file.path
            );
        }
    }

    #[test]
    fn a_path_that_leaves_its_folder_is_refused() {
        for path in ["../x", "/etc/passwd", "a/../../b", ""] {
            let file = FileSpec {
                path: path.to_owned(),
                sources: vec![Source::Path("x".to_owned())],
                size: 1,
                sha256: "0".repeat(64),
                licence: "MIT".to_owned(),
            };
            assert!(file.check().is_err(), "{path} passed");
        }
    }

    #[test]
    fn encoders_of_different_spaces_are_refused() {
        let (_, text) = SHIPPED.first().expect("a profile");
        let other = "[image_encoder]\nname = \"a\"\nfolder = \"a\"\ndimensions = 7\n";
        let mut lines = text.lines();
        let mut alone = String::new();
        for line in lines
            .by_ref()
            .take_while(|line| !line.starts_with("[image_encoder]"))
        {
            alone.push_str(line);
            alone.push('\n');
        }
        alone.push_str(other);
        for line in lines.skip_while(|line| !line.starts_with("[[file]]")) {
            alone.push_str(line);
            alone.push('\n');
        }
        let error = alone.parse::<Manifest>().expect_err("384 and 7");
        assert!(error.to_string().contains("7 numbers a picture"), "{error}");
    }

    #[test]
    fn a_language_model_is_among_the_files() {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        let mut refused = |path: &str| {
            let spec = manifest.language_model.as_mut().expect("a language model");
            path.clone_into(&mut spec.path);
            let own = manifest.to_toml().expect("TOML").parse::<Manifest>();
            own.err().map(|error| error.to_string())
        };
        assert_eq!(refused("language-model"), None);
        for path in ["../language-model", "/etc", "language", ""] {
            let error = refused(path).expect(path);
            assert!(error.contains("none of the files"), "{error}");
        }
    }

    #[test]
    fn a_manifest_is_written_as_it_is_read() {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        assert!(!manifest.to_toml().expect("TOML").contains("layout"));
        manifest.text_encoder.layout = Some(Layout::BiomedClip);
        let own = manifest.to_toml().expect("TOML").parse::<Manifest>();
        let error = own
            .expect_err("the pictures' encoder is another")
            .to_string();
        assert!(
            error.contains("must be those of the text encoder"),
            "{error}"
        );
        if let Some(pictures) = &mut manifest.image_encoder {
            pictures.layout = Some(Layout::BiomedClip);
            pictures.folder.clone_from(&manifest.text_encoder.folder);
        }
        let text = manifest.to_toml().expect("TOML");
        assert_eq!(text.matches("layout = \"biomedclip\"").count(), 2, "{text}");
        assert_eq!(text.parse::<Manifest>().expect("a manifest"), manifest);
    }

    /// The starter profile with a generator of which only the names exist.
    fn with_generator() -> Manifest {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        manifest.diffusion = Some(DiffusionSpec {
            name: "tiny".to_owned(),
            folder: "generator".to_owned(),
            size: 16,
            memory: 50,
        });
        let file = |name: &str, digit: char| FileSpec {
            path: format!("generator/{name}"),
            sources: vec![Source::Path(name.to_owned())],
            size: 1,
            sha256: digit.to_string().repeat(64),
            licence: "CC0-1.0".to_owned(),
        };
        manifest.files.push(file("model_index.json", '1'));
        manifest.files.push(file("unet/config.json", '2'));
        let weights = file("unet/diffusion_pytorch_model.safetensors", '3');
        manifest.files.push(weights);
        manifest
    }

    #[test]
    fn a_generator_is_named_by_its_weights() {
        let manifest = with_generator();
        let named = manifest.diffusion_identity();
        assert_eq!(named.as_deref(), Some("tiny@33333333"));
        let read = manifest.to_toml().expect("TOML").parse::<Manifest>();
        assert_eq!(read.expect("a manifest"), manifest);
        let without = Manifest {
            diffusion: None,
            ..manifest
        };
        assert_eq!(without.diffusion_identity(), None);
    }

    #[test]
    fn a_generator_without_its_files_is_refused() {
        let mut manifest = with_generator();
        manifest
            .files
            .retain(|file| file.path != "generator/model_index.json");
        let error = manifest.to_toml().expect("TOML").parse::<Manifest>();
        let sentence = error.expect_err("no such file").to_string();
        assert!(
            sentence.contains("generator/model_index.json"),
            "{sentence}"
        );
    }
}
