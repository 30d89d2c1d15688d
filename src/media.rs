//! Pictures as files: which kind they are, decoding within bounds, and the form in which the atlas
//! keeps them. Nothing here knows captions, entries or where pictures are stored.

mod codestream;
pub mod dicom;
mod fingerprint;
mod frames;
pub mod pages;
pub mod volume;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};
use mirage_models::image_encoder::Rgb;

pub use fingerprint::Fingerprint;
pub(crate) use frames::has_several as has_several_frames;

/// Largest file that is looked at, in bytes.
pub const MAXIMUM_BYTES: usize = 128 * 1024 * 1024;
/// Longest side that is decoded, in pixels.
pub const MAXIMUM_SIDE: u32 = 20_000;
/// Most pixels that are decoded.
pub const MAXIMUM_PIXELS: u64 = 100_000_000;
/// Longest side of a stored picture, in pixels.
const STORED_SIDE: u32 = 1024;
/// Longest side of a thumbnail, in pixels.
const THUMBNAIL_SIDE: u32 = 256;
/// JPEG quality of stored pictures: no visible loss on radiographs, a tenth of PNG's size.
const STORED_QUALITY: u8 = 92;

/// Why a picture could not be read. Each reads as one plain sentence.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The file is empty.
    #[error("the file is empty")]
    Empty,
    /// More bytes or pixels than Mirage looks at.
    #[error("the picture is too large ({0})")]
    TooLarge(String),
    /// The content is no kind of picture that Mirage reads.
    #[error("the file is not a picture that can be read (JPEG, PNG, GIF, WebP, TIFF or DICOM)")]
    UnknownType,
    /// The decoder refused the content.
    #[error("the {kind} file is damaged or incomplete ({reason})")]
    Damaged {
        /// Kind of file, such as `DICOM`.
        kind: &'static str,
        /// The decoder's reason.
        reason: String,
    },
    /// The picture has no frame of that number.
    #[error("the file has {available} frames; frame {requested} was asked for")]
    NoSuchFrame {
        /// Frame that was asked for, from 0.
        requested: u32,
        /// How many there are.
        available: u32,
    },
    /// The file could not be opened.
    #[error("the file could not be read ({0})")]
    Io(#[from] std::io::Error),
}

/// A picture as the atlas keeps it: re-encoded, so that no metadata of the original survives.
#[derive(Debug, Clone)]
pub struct StoredPicture {
    /// JPEG, at most 1,024 pixels on its longest side.
    pub jpeg: Vec<u8>,
    /// JPEG, at most 256 pixels on its longest side.
    pub thumbnail: Vec<u8>,
    /// Width of `jpeg` in pixels.
    pub width: u32,
    /// Height of `jpeg` in pixels.
    pub height: u32,
    /// What near-identical pictures share.
    pub fingerprint: Fingerprint,
}

/// A picture that somebody gives to search by. Nothing but pixels is kept of its file, so that
/// names, positions and other identifiers in a header go at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The pixels, at the size in which the atlas keeps pictures.
    pub pixels: Rgb,
    /// Whether the file holds further frames, such as an animation's, which are not looked at.
    pub is_first_of_many: bool,
}

impl Given {
    /// Decodes a file's content.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn decoded(bytes: &[u8]) -> Result<Self, MediaError> {
        let picture = decode(bytes)?;
        Ok(Self {
            pixels: pixels(&picture).ok_or(MediaError::Empty)?,
            is_first_of_many: frames::has_several(bytes),
        })
    }
}

/// Decodes any picture that Mirage reads; the kind is told by the content, never by the name.
/// DICOM is shown through its own window, a photograph upright. Of an animation the first frame is
/// taken.
///
/// # Errors
/// [`MediaError`] when the content is no picture, is damaged, or is beyond the bounds.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, MediaError> {
    check_size(bytes)?;
    if dicom::is_dicom(bytes) {
        return dicom::decode(bytes, &dicom::Rendering::default());
    }
    // The decoders are large; a panic in one is a damaged file, not the end of an ingest.
    catch_unwind(AssertUnwindSafe(|| decode_raster(bytes))).unwrap_or_else(|_| {
        Err(MediaError::Damaged {
            kind: "picture",
            reason: "its structure contradicts itself".to_owned(),
        })
    })
}

/// Decodes JPEG, PNG, GIF, WebP and TIFF, with bounds that are checked before pixels are decoded,
/// and turns what its header says is to be turned.
fn decode_raster(bytes: &[u8]) -> Result<DynamicImage, MediaError> {
    let format = image::guess_format(bytes).map_err(|_| MediaError::UnknownType)?;
    let kind = kind_of(format).ok_or(MediaError::UnknownType)?;
    let damaged = |error: &dyn std::fmt::Display| MediaError::Damaged {
        kind,
        reason: error.to_string(),
    };
    let (width, height) = ImageReader::with_format(Cursor::new(bytes), format)
        .into_dimensions()
        .map_err(|error| damaged(&error))?;
    check_dimensions(width, height)?;
    if format == ImageFormat::Jpeg && !codestream::is_whole_jpeg(bytes) {
        // The decoder would fill the rest with gray.
        return Err(damaged(&"it ends before the picture does"));
    }
    upright(bytes, format).map_err(|error| damaged(&error))
}

fn upright(bytes: &[u8], format: ImageFormat) -> Result<DynamicImage, ImageError> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAXIMUM_PIXELS * 8);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    // A header that can't be read turns nothing.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn kind_of(format: ImageFormat) -> Option<&'static str> {
    match format {
        ImageFormat::Jpeg => Some("JPEG"),
        ImageFormat::Png => Some("PNG"),
        ImageFormat::Gif => Some("GIF"),
        ImageFormat::WebP => Some("WebP"),
        ImageFormat::Tiff => Some("TIFF"),
        _ => None,
    }
}

fn check_size(bytes: &[u8]) -> Result<(), MediaError> {
    if bytes.is_empty() {
        return Err(MediaError::Empty);
    }
    if bytes.len() > MAXIMUM_BYTES {
        return Err(MediaError::TooLarge(format!(
            "{} MiB",
            bytes.len() / (1024 * 1024)
        )));
    }
    Ok(())
}

fn check_dimensions(width: u32, height: u32) -> Result<(), MediaError> {
    if width == 0 || height == 0 {
        return Err(MediaError::Empty);
    }
    let pixels = u64::from(width) * u64::from(height);
    if width > MAXIMUM_SIDE || height > MAXIMUM_SIDE || pixels > MAXIMUM_PIXELS {
        return Err(MediaError::TooLarge(format!("{width} by {height} pixels")));
    }
    Ok(())
}

/// Re-encodes a picture for the atlas, with thumbnail and fingerprint.
///
/// # Errors
/// [`MediaError::Damaged`] if the encoder refuses the picture.
pub fn prepare(picture: &DynamicImage) -> Result<StoredPicture, MediaError> {
    let picture = flatten(picture);
    let stored = shrink(&picture, STORED_SIDE);
    Ok(StoredPicture {
        jpeg: encode_jpeg(&stored, STORED_QUALITY)?,
        thumbnail: encode_jpeg(&shrink(&picture, THUMBNAIL_SIDE), 85)?,
        width: stored.width(),
        height: stored.height(),
        fingerprint: Fingerprint::of(&stored),
    })
}

/// A picture's pixels for an image encoder, at the size in which the atlas keeps pictures. `None`
/// for a picture without pixels, which [`decode`] never gives.
pub fn pixels(picture: &DynamicImage) -> Option<Rgb> {
    let picture = shrink(&flatten(picture), STORED_SIDE).into_rgb8();
    let (width, height) = picture.dimensions();
    Rgb::new(width as usize, height as usize, picture.into_raw()).ok()
}

/// A JPEG of pixels, as they are shown to people. It computes: call it from a thread that may block.
///
/// # Errors
/// [`MediaError::Damaged`] if the encoder refuses them.
pub fn jpeg(picture: &Rgb) -> Result<Vec<u8>, MediaError> {
    let sides = [picture.width(), picture.height()].map(u32::try_from);
    let [Ok(width), Ok(height)] = sides else {
        return Err(MediaError::TooLarge("too many pixels in a row".to_owned()));
    };
    let pixels = picture.pixels().to_vec();
    let picture = RgbImage::from_raw(width, height, pixels).ok_or(MediaError::Empty)?;
    encode_jpeg(&DynamicImage::ImageRgb8(picture), STORED_QUALITY)
}

/// Eight bits, gray or RGB; transparency goes onto black, the ground of radiographs.
fn flatten(picture: &DynamicImage) -> DynamicImage {
    let color = picture.color();
    if color.has_alpha() {
        let mut rgba = picture.to_rgba8();
        for pixel in rgba.pixels_mut() {
            let alpha = u16::from(pixel[3]);
            for channel in 0..3 {
                pixel[channel] =
                    u8::try_from(u16::from(pixel[channel]) * alpha / 255).unwrap_or(255);
            }
        }
        let rgb = DynamicImage::ImageRgba8(rgba).to_rgb8();
        return DynamicImage::ImageRgb8(rgb);
    }
    if color.has_color() {
        DynamicImage::ImageRgb8(picture.to_rgb8())
    } else {
        DynamicImage::ImageLuma8(picture.to_luma8())
    }
}

fn shrink(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width().max(picture.height()) <= side {
        return picture.clone();
    }
    // A very long strip must keep at least one pixel on its short side.
    picture.resize(side, side, FilterType::CatmullRom)
}

fn encode_jpeg(picture: &DynamicImage, quality: u8) -> Result<Vec<u8>, MediaError> {
    let mut bytes = Vec::new();
    picture
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality))
        .map_err(|error| MediaError::Damaged {
            kind: "JPEG",
            reason: error.to_string(),
        })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
