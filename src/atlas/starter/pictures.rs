//! Single pictures of the starter atlas: decoding, cropping and turning as their definition says.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat};

use super::super::entry::{Description, Provenance};
use super::super::readers::{PictureSource, SourceRow};
use super::definition::{Crop, Definition, Flip, Kind, Picture, path};
use crate::media::dicom::Rendering;
use crate::media::{self, MediaError, dicom, pages};

/// Makes a picture's row.
pub(super) fn row(
    definition: &Definition,
    folder: &Path,
    picture: &Picture,
) -> Result<SourceRow, MediaError> {
    let bytes = std::fs::read(folder.join(path(&picture.package, &picture.file)))?;
    let shown = arrange(decode(&bytes, picture)?, picture)?;
    let package = definition.package(&picture.package);
    Ok(SourceRow {
        identifier: picture.id.clone(),
        picture: PictureSource::Bytes(png(&shown)?),
        description: Description {
            caption: picture.caption.clone(),
            alt: Some(picture.alt.clone()),
            modality: picture.modality.clone(),
            plane: picture.plane.clone(),
            body_part: picture.body_part.clone(),
            labels: picture.labels.clone(),
            boxes: Vec::new(),
            // Details and frames of one file are one patient's.
            group: Some(format!("{}/{}", picture.package, picture.file)),
        },
        provenance: Provenance {
            licence: picture
                .licence
                .clone()
                .or_else(|| package.map(|package| package.licence.clone()))
                .unwrap_or_default(),
            source: picture.source.clone(),
            source_url: picture
                .source_url
                .clone()
                .or_else(|| package.map(|package| package.homepage.clone())),
            attribution: picture
                .attribution
                .clone()
                .or_else(|| package.map(|package| package.attribution.clone())),
        },
    })
}

fn decode(bytes: &[u8], picture: &Picture) -> Result<DynamicImage, MediaError> {
    let frame = picture.frame.unwrap_or(0);
    match picture.kind {
        Kind::Dicom => dicom::decode(
            bytes,
            &Rendering {
                frame,
                window: picture.window,
            },
        ),
        Kind::Raster if picture.frame.is_some() || picture.stretch => {
            pages::decode(bytes, frame, picture.stretch)
        }
        Kind::Raster => media::decode(bytes),
    }
}

fn arrange(picture: DynamicImage, definition: &Picture) -> Result<DynamicImage, MediaError> {
    let cropped = match definition.crop {
        None => picture,
        Some(Crop {
            x,
            y,
            width,
            height,
        }) => {
            if x + width > picture.width() || y + height > picture.height() {
                return Err(MediaError::Damaged {
                    kind: "picture",
                    reason: "it is smaller than the part that is shown".to_owned(),
                });
            }
            picture.crop_imm(x, y, width, height)
        }
    };
    Ok(match definition.flip {
        None => cropped,
        Some(Flip::Vertical) => cropped.flipv(),
        Some(Flip::Horizontal) => cropped.fliph(),
    })
}

/// The picture without loss, as ingest takes it.
pub(super) fn png(picture: &DynamicImage) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| MediaError::Damaged {
            kind: "PNG",
            reason: error.to_string(),
        })?;
    Ok(bytes.into_inner())
}
