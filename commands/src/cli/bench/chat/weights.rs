//! Which files are measured: what Mirage loads, and what the profile ships where that is another
//! one. Nothing is loaded here.

use std::path::{Path, PathBuf};

use mirage::config::Config;
use mirage_models::language_model::{self, Form, LanguageModelError};

use super::gguf;
use crate::cli::failure::Failure;
use crate::runtime::{self, OpenError};

/// The files of a profile's language model.
pub(super) struct Weights {
    /// What is loaded.
    pub(super) loaded: Stored,
    /// What the profile ships; the same unless it was converted.
    pub(super) shipped: Stored,
}

/// A language model on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) path: PathBuf,
    /// Name of the file or folder.
    pub(super) name: String,
    /// The form that most of its weights are in.
    pub(super) form: String,
    /// Whether it is one GGUF file.
    pub(super) is_gguf: bool,
}

impl Weights {
    /// Those of the configured profile, converted if they have to be. Reads whole files on the
    /// calling thread.
    ///
    /// # Errors
    /// The profile has no language model, or its files are not as they should be.
    pub(super) fn of(config: &Config) -> Result<Self, Failure> {
        let manifest = runtime::manifest(config, &config.profile)?;
        let folder = runtime::weights_folder(config, &manifest.profile);
        if let Some(reason) = runtime::incomplete(&manifest.files, &folder) {
            let profile = manifest.profile;
            return Err(OpenError::Weights { profile, reason }.into());
        }
        let Some(spec) = &manifest.language_model else {
            return Err(without_model(&manifest.profile));
        };
        let shipped = language_model::inspect(&folder.join(&spec.path)).map_err(OpenError::from)?;
        let loaded = language_model::prepare(&manifest, &folder).map_err(OpenError::from)?;
        let loaded = loaded.unwrap_or_else(|| shipped.path.clone());
        Ok(Self {
            loaded: Stored::new(&loaded, shipped.form)?,
            shipped: Stored::new(&shipped.path, shipped.form)?,
        })
    }

    /// Whether what is loaded was made of what is shipped.
    pub(super) fn are_converted(&self) -> bool {
        self.loaded != self.shipped
    }
}

/// That a profile can't be measured.
pub(super) fn without_model(profile: &str) -> Failure {
    Failure::user(format!(
        "The profile {profile} has no language model. Choose another one with MIRAGE_PROFILE."
    ))
}

impl Stored {
    fn new(path: &Path, form: Form) -> Result<Self, OpenError> {
        let is_gguf = form == Form::Gguf;
        let form = if is_gguf {
            gguf::form(path).map_err(|error| LanguageModelError::Unreadable {
                file: path.display().to_string(),
                reason: error.to_string(),
            })?
        } else {
            "safetensors, in F32".to_owned()
        };
        let name = path.file_name().unwrap_or(path.as_os_str());
        Ok(Self {
            path: path.to_owned(),
            name: name.to_string_lossy().into_owned(),
            form,
            is_gguf,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_by_name_and_form() {
        let folder = Stored::new(Path::new("models/tiny"), Form::Safetensors).expect("not read");
        assert_eq!(folder.name, "tiny");
        assert!(!folder.is_gguf);
        let error = Stored::new(Path::new("no/such.gguf"), Form::Gguf).expect_err("not there");
        assert!(error.to_string().contains("no/such.gguf"), "{error}");
    }
}
