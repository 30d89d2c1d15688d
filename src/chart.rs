//! Pictures of figures, drawn with the bundled letters: bars that tell how often something was
//! chosen, and a picture under a grid whose cells have names. What they show is the callers' concern;
//! all that a picture says is said in text beside it as well.

mod bars;
mod grid;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use crate::compare::letters::Letters;

pub use bars::{Bar, MOST_BARS, bars};
pub use grid::gridded;

/// JPEG quality: letters without visible rings.
const QUALITY: u8 = 90;
/// Near-black and white: a contrast of more than 15 to 1 (WCAG asks for 7 at most).
const GROUND: Rgb<u8> = Rgb([16, 16, 20]);
const LIGHT: Rgb<u8> = Rgb([255, 255, 255]);
const DARK: Rgb<u8> = Rgb([0, 0, 0]);

/// A picture that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("The picture could not be drawn ({0}).")]
pub struct ChartError(String);

impl From<image::ImageError> for ChartError {
    fn from(error: image::ImageError) -> Self {
        Self(error.to_string())
    }
}

/// The bundled font.
fn letters() -> Result<Letters, ChartError> {
    Letters::load().map_err(|error| ChartError(error.to_string()))
}

/// Fills a rectangle, as far as it lies on the canvas.
fn fill(canvas: &mut RgbImage, (left, top): (u32, u32), (width, height): (u32, u32), ink: Rgb<u8>) {
    let right = left.saturating_add(width).min(canvas.width());
    let bottom = top.saturating_add(height).min(canvas.height());
    for y in top..bottom {
        for x in left..right {
            canvas.put_pixel(x, y, ink);
        }
    }
}

fn jpeg(canvas: &RgbImage) -> Result<Vec<u8>, ChartError> {
    let mut bytes = Vec::new();
    canvas.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
    Ok(bytes)
}
