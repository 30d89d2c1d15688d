//! Marking a synthetic picture four ways, and finding the marks: in its pixels (`band`, which people
//! see, and `invisible`, which programs find), in its metadata (`png`, `xmp`), in its file's name and
//! in its alt text (`facts`). Whether a picture may be shown at all is not decided here.

mod band;
mod facts;
mod invisible;
mod png;
mod spectrum;
mod xmp;

use std::fmt;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageError, RgbImage};

use crate::compare::letters::Letters;

pub use facts::Facts;
pub use invisible::Detection;
use png::Text;

/// JPEG quality of a preview.
const PREVIEW_QUALITY: u8 = 80;
/// JPEG quality of a sheet: letters without visible rings.
const SHEET_QUALITY: u8 = 90;
/// What the metadata say to everybody.
const DISCLAIMER: &str = "SYNTHETIC picture. It was made by a program, shows nobody, and nothing on it \
    is a finding. For study, not for diagnosis.";

/// Why a picture can't be marked. Such a picture must not be shown.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// It has no pixels.
    #[error("There is no picture to mark.")]
    Empty,
    /// The invisible mark would be lost.
    #[error(
        "The picture can't be marked as synthetic so that the mark lasts, so it is not shown. Try \
         another seed."
    )]
    NotKept,
    /// It can't be drawn or encoded.
    #[error("The picture could not be drawn ({0}).")]
    Drawing(String),
}

impl From<ImageError> for MarkError {
    fn from(error: ImageError) -> Self {
        Self::Drawing(error.to_string())
    }
}

/// A picture that says what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// The file, a PNG.
    pub file: Vec<u8>,
    /// Its name.
    pub name: String,
    /// Its alt text.
    pub alt: String,
    /// Width in pixels, the bands included.
    pub width: u32,
    /// Height in pixels, the bands included.
    pub height: u32,
}

/// What a file's metadata say of how the picture came about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metadata {
    /// IPTC's digital source type, an address.
    pub source_type: Option<String>,
    /// The program that made the file.
    pub tool: Option<String>,
    /// What it was made from, where Mirage made it.
    pub facts: Option<Facts>,
}

/// A mark that tells a synthetic picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Its metadata name a trained model as its source.
    Metadata,
    /// Its file is named so.
    Name,
    /// Its alt text says so.
    AltText,
    /// Its pixels hold the invisible mark.
    Pixels,
}

impl fmt::Display for Sign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Metadata => "its metadata name a trained model as its source",
            Self::Name => "its file's name says so",
            Self::AltText => "its alt text says so",
            Self::Pixels => "its pixels hold Mirage's mark",
        })
    }
}

/// Marks a picture in all four ways. Pictures with a side below 512 pixels are enlarged first. It
/// computes for some tenths of a second: call it from a thread that may block.
///
/// # Errors
/// [`MarkError`]; then the picture must not be shown.
pub fn mark(picture: &RgbImage, facts: &Facts) -> Result<Marked, MarkError> {
    let framed = framed(picture)?;
    let marked = invisible::embedded(&framed).ok_or(MarkError::NotKept)?;
    let alt = facts.alt_text();
    Ok(Marked {
        file: png::write(&marked, &texts(facts, &alt))?,
        name: facts.file_name(),
        alt,
        width: marked.width(),
        height: marked.height(),
    })
}

/// A small JPEG of a picture in the making, marked in its pixels and its metadata.
///
/// # Errors
/// As [`mark()`].
pub fn mark_preview(picture: &RgbImage) -> Result<Vec<u8>, MarkError> {
    let mut framed = framed(picture)?;
    invisible::embed(&mut framed);
    let mut jpeg = Vec::new();
    framed.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, PREVIEW_QUALITY))?;
    Ok(xmp::in_jpeg(jpeg, &xmp::packet(None, DISCLAIMER)))
}

/// A JPEG of a sheet on which a synthetic picture stands beside others, marked as such a composite in
/// its pixels and its metadata.
pub(super) fn mark_sheet(mut sheet: RgbImage) -> Result<Vec<u8>, MarkError> {
    invisible::embed(&mut sheet);
    let mut jpeg = Vec::new();
    sheet.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, SHEET_QUALITY))?;
    Ok(xmp::in_jpeg(jpeg, &xmp::packet_of_composite(DISCLAIMER)))
}

/// Looks for the invisible mark: some hundredths of a second for a picture of any size.
pub fn is_marked(picture: &DynamicImage) -> Detection {
    invisible::detect(&picture.to_luma8())
}

/// What a file's metadata say; `None` if they say nothing of how the picture came about.
pub fn read_metadata(file: &[u8]) -> Option<Metadata> {
    let texts = png::texts(file);
    let in_text = texts.iter().find(|text| text.keyword == png::XMP);
    let packet = in_text.map(|text| text.text.as_str());
    let packet = packet.or_else(|| xmp::packet_in(file))?;
    let metadata = Metadata {
        source_type: xmp::value(packet, "Iptc4xmpExt:DigitalSourceType"),
        tool: xmp::value(packet, "xmp:CreatorTool"),
        facts: xmp::facts(packet),
    };
    (metadata != Metadata::default()).then_some(metadata)
}

/// The first mark that tells a picture to be synthetic, in the order of what they cost to look at:
/// the file's name and alt text where it has some, its content, its pixels.
pub fn sign_of(
    name: Option<&str>,
    alt: Option<&str>,
    file: &[u8],
    picture: &DynamicImage,
) -> Option<Sign> {
    if name.is_some_and(facts::names_synthetic) {
        return Some(Sign::Name);
    }
    if alt.is_some_and(facts::tells_synthetic) {
        return Some(Sign::AltText);
    }
    let is_packed = |text: &Text| xmp::declares_trained(text.text.as_bytes());
    if xmp::declares_trained(file) || png::texts(file).iter().any(is_packed) {
        return Some(Sign::Metadata);
    }
    is_marked(picture).is_marked.then_some(Sign::Pixels)
}

/// A picture between the bands that people see, large enough to read them.
pub(super) fn framed(picture: &RgbImage) -> Result<RgbImage, MarkError> {
    if picture.width() == 0 || picture.height() == 0 {
        return Err(MarkError::Empty);
    }
    let letters = Letters::load().map_err(|error| MarkError::Drawing(error.to_string()))?;
    Ok(band::framed(picture, &letters))
}

/// What stands in the file as text: for people, by the keywords of the PNG specification, and for
/// programs.
fn texts(facts: &Facts, alt: &str) -> Vec<Text> {
    let mut made = format!(
        "Prompt: {}. Seed {}, {} steps, guidance {}.",
        facts::one_line(&facts.prompt),
        facts.seed,
        facts.steps,
        facts.guidance
    );
    if !facts.negative.is_empty() {
        made = format!("{made} Not: {}.", facts::one_line(&facts.negative));
    }
    vec![
        Text::new("Title", "Synthetic picture"),
        Text::new("Description", alt),
        Text::new("Disclaimer", DISCLAIMER),
        Text::new("Software", xmp::TOOL),
        Text::new("Source", format!("{}, {}", facts.model, xmp::SOURCE_TYPE)),
        Text::new("Comment", made),
        Text::new(png::XMP, xmp::packet(Some(facts), alt)),
    ]
}

#[cfg(test)]
mod tests;
