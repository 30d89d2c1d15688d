//! Cuts through the starter atlas's volumes, with the structures that the label volume names on
//! each and their boxes: ground truth for grounding and quizzes.

use std::path::Path;

use image::DynamicImage;
use image::imageops::FilterType;

use super::super::entry::{Description, LabelledBox, Provenance};
use super::super::readers::{PictureSource, SourceRow};
use super::StarterError;
use super::definition::{Definition, Slice, Structure, VolumeSpec, path};
use super::pictures::png;
use crate::media::MediaError;
use crate::media::volume::{Grid, Volume};

/// Pixels a millimetre of a stored cut.
const SCALE: u32 = 3;
/// Shares of a volume's voxels above zero that are shown as black and white.
const WINDOW: (f64, f64) = (0.0, 0.998);

/// The open volumes.
pub(super) struct Cutter {
    /// In the order of the definition, each with its gray values for black and white.
    volumes: Vec<(Volume, (f32, f32))>,
    labels: Volume,
}

impl Cutter {
    /// Opens every volume of the definition.
    ///
    /// # Errors
    /// [`StarterError::Media`] names the file that can't be read.
    pub(super) fn open(definition: &Definition, folder: &Path) -> Result<Self, StarterError> {
        let named = |file: &Path, source| StarterError::Media {
            file: file.display().to_string(),
            source,
        };
        let volumes: Result<Vec<_>, StarterError> = definition
            .volumes
            .iter()
            .map(|spec| {
                let file = folder.join(path(&spec.package, &spec.file));
                let volume = Volume::read(&file).map_err(|error| named(&file, error))?;
                // Black is zero: the volumes hold nothing outside the brain.
                let (_, white) = volume.percentiles(WINDOW.0, WINDOW.1);
                Ok((volume, (0.0, white)))
            })
            .collect();
        let labels = &definition.label_volume;
        let file = folder.join(path(&labels.package, &labels.file));
        let labels = Volume::read_labels(&file, None).map_err(|error| named(&file, error))?;
        Ok(Self {
            volumes: volumes?,
            labels,
        })
    }

    /// Makes a cut's row.
    pub(super) fn row(
        &self,
        definition: &Definition,
        slice: &Slice,
    ) -> Result<SourceRow, MediaError> {
        let at = definition
            .volumes
            .iter()
            .position(|volume| volume.id == slice.volume);
        let (spec, (volume, window)) = at
            .and_then(|at| Some((definition.volumes.get(at)?, self.volumes.get(at)?)))
            .ok_or(MediaError::UnknownType)?;
        let grid = volume.grid(slice.plane, slice.position);
        let cut = DynamicImage::ImageLuma8(volume.picture(&grid, *window));
        let (width, height) = (cut.width() * SCALE, cut.height() * SCALE);
        let shown = cut.resize_exact(width, height, FilterType::CatmullRom);
        let boxes = if spec.structures {
            self.boxes(definition, &grid)
        } else {
            Vec::new()
        };
        Ok(SourceRow {
            identifier: slice.id.clone(),
            picture: PictureSource::Bytes(png(&shown)?),
            description: description(slice, spec, boxes),
            provenance: Provenance {
                licence: spec.licence.clone(),
                source: spec.source.clone(),
                source_url: Some(spec.source_url.clone()),
                attribution: Some(spec.attribution.clone()),
            },
        })
    }

    /// The structures on a grid that are large enough to be seen, the largest first.
    pub(super) fn boxes(&self, definition: &Definition, grid: &Grid) -> Vec<LabelledBox> {
        let mut found: Vec<(u32, LabelledBox)> = self
            .labels
            .structures(grid)
            .into_iter()
            .filter(|(_, (area, _))| *area >= definition.label_volume.minimum_area)
            .filter_map(|(value, (area, corners))| {
                let structure = definition.structures.get(&value)?;
                // A tenth of a percent is finer than a pixel; more digits only look exact.
                let corners = corners.map(|corner| (corner * 10.0).round() / 10.0);
                Some((
                    area,
                    LabelledBox {
                        label: label(structure),
                        corners,
                    },
                ))
            })
            .collect();
        found.sort_by_key(|(area, _)| std::cmp::Reverse(*area));
        found.into_iter().map(|(_, located)| located).collect()
    }
}

fn label(structure: &Structure) -> String {
    match &structure.side {
        Some(side) => format!("{side} {}", structure.name),
        None => structure.name.clone(),
    }
}

fn description(slice: &Slice, spec: &VolumeSpec, boxes: Vec<LabelledBox>) -> Description {
    let plane = slice.plane.name();
    let alt = match boxes.as_slice() {
        [] => format!("{} Gray on black.", slice.headline),
        boxes => {
            let names: Vec<&str> = boxes
                .iter()
                .take(8)
                .map(|located| located.label.as_str())
                .collect();
            format!(
                "{} Gray brain on black. Largest structures: {}.",
                slice.headline,
                names.join(", ")
            )
        }
    };
    Description {
        caption: format!("{} {}", slice.headline, slice.teaching),
        alt: Some(alt),
        modality: "MRI".to_owned(),
        plane: Some(plane.to_owned()),
        body_part: Some("brain".to_owned()),
        labels: spec.labels.clone(),
        boxes,
        group: Some(spec.group.clone()),
    }
}
