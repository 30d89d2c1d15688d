//! The panel: two labelled columns of pictures as one picture that stays legible at half its width.
//! Where things stand is decided first, then they are drawn; the same columns give the same pixels.

mod layout;

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rayon::prelude::*;

use self::layout::{Area, Item, Layout, Shade};
use super::error::CompareError;
use super::letters::Letters;
use crate::media;

/// Width of a panel in pixels.
pub const WIDTH: u32 = 800;
/// JPEG quality: letters without visible rings.
const QUALITY: u8 = 90;

/// One picture of a column, with what is written on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Letter and place, such as `A1`.
    pub label: String,
    /// Modality and region.
    pub kind: String,
    /// A JPEG.
    pub picture: Vec<u8>,
}

/// A column of the panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its letter.
    pub letter: char,
    /// What it shows, in a few words.
    pub title: String,
    /// Its pictures, from the top.
    pub cells: Vec<Cell>,
}

/// A drawn panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel(RgbImage);

impl Panel {
    /// Draws two columns. It computes: call it from a thread that may block.
    ///
    /// # Errors
    /// [`CompareError::Drawing`] if a picture can't be decoded.
    pub fn draw(columns: &[Column; 2]) -> Result<Self, CompareError> {
        let letters = Letters::load()?;
        let layout = Layout::of(columns, &letters);
        let places = layout.items.iter().filter_map(|item| match item {
            Item::Picture { area, column, cell } => Some((*area, *column, *cell)),
            Item::Fill { .. } | Item::Text { .. } => None,
        });
        let places: Vec<(Area, usize, usize)> = places.collect();
        let fitted =
            places
                .par_iter()
                .map(|(area, column, cell)| -> Result<RgbImage, CompareError> {
                    let picture = media::decode(&columns[*column].cells[*cell].picture);
                    let picture =
                        picture.map_err(|error| CompareError::Drawing(error.to_string()))?;
                    Ok(fit(&picture, *area))
                });
        let fitted: Vec<RgbImage> = fitted.collect::<Result<_, CompareError>>()?;
        let mut fitted = fitted.into_iter();
        let mut canvas = RgbImage::from_pixel(WIDTH, layout.height, ink(Shade::Ground));
        for item in &layout.items {
            match item {
                Item::Fill { area, shade } => fill(&mut canvas, *area, ink(*shade)),
                Item::Picture { area, .. } => {
                    if let Some(picture) = fitted.next() {
                        place(&mut canvas, &picture, *area);
                    }
                }
                Item::Text {
                    area,
                    size,
                    text,
                    shade,
                } => {
                    let corner = (area.left as f32, area.top as f32);
                    letters.write(&mut canvas, text, corner, *size, ink(*shade));
                }
            }
        }
        Ok(Self(canvas))
    }

    /// Height in pixels.
    pub fn height(&self) -> u32 {
        self.0.height()
    }

    /// The panel as a JPEG file of some 100 to 300 kB.
    ///
    /// # Errors
    /// [`CompareError::Drawing`] if the encoder refuses.
    pub fn jpeg(&self) -> Result<Vec<u8>, CompareError> {
        let mut bytes = Vec::new();
        self.0
            .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))?;
        Ok(bytes)
    }

    /// The panel as a PNG file.
    ///
    /// # Errors
    /// As [`Self::jpeg`].
    pub fn png(&self) -> Result<Vec<u8>, CompareError> {
        let mut bytes = Cursor::new(Vec::new());
        self.0.write_to(&mut bytes, ImageFormat::Png)?;
        Ok(bytes.into_inner())
    }
}

/// Near-black and white: a contrast of more than 15 to 1 (WCAG asks for 7 at most).
fn ink(shade: Shade) -> Rgb<u8> {
    match shade {
        Shade::Ground => Rgb([16, 16, 20]),
        Shade::Light => Rgb([255, 255, 255]),
        Shade::Dark => Rgb([0, 0, 0]),
    }
}

/// The picture as large as the area allows, in its own proportions.
fn fit(picture: &DynamicImage, area: Area) -> RgbImage {
    picture
        .resize(area.width, area.height, FilterType::Triangle)
        .into_rgb8()
}

/// Puts a picture into the middle of its area.
fn place(canvas: &mut RgbImage, picture: &RgbImage, area: Area) {
    let across = i64::from(area.left) + (i64::from(area.width) - i64::from(picture.width())) / 2;
    let down = i64::from(area.top) + (i64::from(area.height) - i64::from(picture.height())) / 2;
    imageops::replace(canvas, picture, across, down);
}

fn fill(canvas: &mut RgbImage, area: Area, ink: Rgb<u8>) {
    let right = (area.left + area.width).min(canvas.width());
    let bottom = (area.top + area.height).min(canvas.height());
    for y in area.top..bottom {
        for x in area.left..right {
            canvas.put_pixel(x, y, ink);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::GrayImage;
    use image::Luma;

    use super::*;

    fn jpeg(width: u32, height: u32, shade: u8) -> Vec<u8> {
        let picture = DynamicImage::ImageLuma8(GrayImage::from_pixel(width, height, Luma([shade])));
        media::prepare(&picture).expect("a picture").jpeg
    }

    fn columns(cells: usize) -> [Column; 2] {
        [('A', 200_u8), ('B', 90)].map(|(letter, shade)| Column {
            letter,
            title: format!("column {letter}"),
            cells: (1..=cells)
                .map(|place| Cell {
                    label: format!("{letter}{place}"),
                    kind: "X-ray, chest".to_owned(),
                    picture: jpeg(300, 200, shade),
                })
                .collect(),
        })
    }

    #[test]
    fn a_panel_shows_its_pictures_and_is_the_same_each_time() {
        let drawn = Panel::draw(&columns(3)).expect("drawn");
        assert_eq!(drawn, Panel::draw(&columns(3)).expect("drawn"));
        assert_eq!(drawn.0.width(), WIDTH);
        // The picture is light on the left and darker on the right.
        let middle = |x: u32| i16::from(drawn.0.get_pixel(x, drawn.height() / 2).0[0]);
        assert!((middle(200) - 200).abs() < 8 && (middle(600) - 90).abs() < 8);
        for file in [drawn.jpeg(), drawn.png()] {
            let file = file.expect("encoded");
            assert!(file.len() < 1_000_000, "{}", file.len());
            let read = image::load_from_memory(&file).expect("a picture");
            assert_eq!((read.width(), read.height()), (WIDTH, drawn.height()));
        }
    }

    #[test]
    fn a_picture_of_any_shape_keeps_its_proportions() {
        for (width, height) in [(1_000, 20), (20, 1_000), (16, 16)] {
            let mut columns = columns(1);
            columns[0].cells[0].picture = jpeg(width, height, 255);
            Panel::draw(&columns).expect("drawn");
        }
    }

    #[test]
    fn a_column_may_be_empty() {
        let [a, b] = columns(2);
        let b = Column {
            cells: Vec::new(),
            ..b
        };
        Panel::draw(&[a, b]).expect("drawn");
        Panel::draw(&columns(0)).expect("drawn");
    }
}
