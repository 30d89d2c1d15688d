//! A picture under a grid: lines that are seen on light and on dark ground, a name in each cell, and
//! a thick frame around cells that are marked.

use image::imageops::FilterType;
use image::{Rgb, RgbImage};

use super::{ChartError, DARK, LIGHT, fill, jpeg, letters};
use crate::media;
use crate::quiz::Grid;

/// Least and most pixels of the longer side: names must be legible, and files small.
const LONGER_SIDE: (u32, u32) = (800, 1_200);
/// Height of a name's line.
const LINE: f32 = 30.0;
/// Width of a line of the grid, half of it dark and half light.
const RULE: u32 = 2;
/// Width of the frame of a marked cell.
const FRAME: u32 = 10;

/// A picture with a grid over it, as a JPEG; `marked` cells have a frame. It computes: call it from
/// a thread that may block.
///
/// # Errors
/// [`ChartError`] if the picture can't be decoded, or the encoder refuses.
pub fn gridded(picture: &[u8], grid: Grid, marked: &[usize]) -> Result<Vec<u8>, ChartError> {
    let picture = media::decode(picture).map_err(|error| ChartError(error.to_string()))?;
    let longer = picture
        .width()
        .max(picture.height())
        .clamp(LONGER_SIDE.0, LONGER_SIDE.1);
    let scaled = picture.resize(longer, longer, FilterType::Triangle);
    jpeg(&draw(scaled.into_rgb8(), grid, marked)?)
}

fn draw(mut canvas: RgbImage, grid: Grid, marked: &[usize]) -> Result<RgbImage, ChartError> {
    let letters = letters()?;
    let size = canvas.dimensions();
    for cell in 0..grid.cells() {
        let area = Area::of(grid, cell, size);
        area.frame(&mut canvas, RULE, DARK);
        area.shrunk(RULE / 2).frame(&mut canvas, RULE / 2, LIGHT);
    }
    for cell in marked.iter().filter(|cell| **cell < grid.cells()) {
        let area = Area::of(grid, *cell, size);
        area.frame(&mut canvas, FRAME, DARK);
        area.shrunk(FRAME / 4).frame(&mut canvas, FRAME / 2, LIGHT);
    }
    for cell in 0..grid.cells() {
        let area = Area::of(grid, cell, size);
        let name = grid.name(cell);
        let width = letters.width(&name, LINE).ceil() as u32 + 8;
        let inset = if marked.contains(&cell) { FRAME } else { RULE };
        let corner = (area.left + inset, area.top + inset);
        fill(&mut canvas, corner, (width, LINE as u32), DARK);
        let at = (corner.0 as f32 + 4.0, corner.1 as f32);
        letters.write(&mut canvas, &name, at, LINE, LIGHT);
    }
    Ok(canvas)
}

/// A cell in pixels.
#[derive(Clone, Copy)]
struct Area {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Area {
    fn of(grid: Grid, cell: usize, (width, height): (u32, u32)) -> Self {
        let [left, top, right, bottom] = grid.corners(cell);
        let pixel = |percent: f32, side: u32| (percent / 100.0 * side as f32).round() as u32;
        Self {
            left: pixel(left, width),
            top: pixel(top, height),
            right: pixel(right, width).min(width),
            bottom: pixel(bottom, height).min(height),
        }
    }

    fn shrunk(self, by: u32) -> Self {
        Self {
            left: self.left + by,
            top: self.top + by,
            right: self.right.saturating_sub(by),
            bottom: self.bottom.saturating_sub(by),
        }
    }

    /// Draws its four sides, inwards.
    fn frame(self, canvas: &mut RgbImage, thick: u32, ink: Rgb<u8>) {
        let width = self.right.saturating_sub(self.left);
        let height = self.bottom.saturating_sub(self.top);
        let far = |edge: u32| edge.saturating_sub(thick);
        fill(canvas, (self.left, self.top), (width, thick), ink);
        fill(canvas, (self.left, far(self.bottom)), (width, thick), ink);
        fill(canvas, (self.left, self.top), (thick, height), ink);
        fill(canvas, (far(self.right), self.top), (thick, height), ink);
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GrayImage, Luma};

    use super::*;

    fn grey(width: u32, height: u32) -> RgbImage {
        DynamicImage::ImageLuma8(GrayImage::from_pixel(width, height, Luma([120]))).into_rgb8()
    }

    #[test]
    fn cells_have_lines_and_the_middle_of_a_cell_stays_as_it_is() {
        let drawn = draw(grey(800, 600), Grid::default(), &[]).expect("drawn");
        let middle = Area::of(Grid::default(), 12, (800, 600));
        let at = |x, y| drawn.get_pixel(x, y).0;
        assert_eq!(at(400, 320), [120; 3]);
        assert_eq!(at(middle.left + 70, middle.top + 1), LIGHT.0);
        assert_eq!(at(middle.left + 70, middle.top), DARK.0);
    }

    #[test]
    fn a_marked_cell_has_a_thick_frame() {
        let drawn = draw(grey(800, 600), Grid::default(), &[12, 99]).expect("drawn");
        let area = Area::of(Grid::default(), 12, (800, 600));
        let inked = (area.top..area.top + FRAME)
            .filter(|y| drawn.get_pixel(area.right - 30, *y).0 != [120; 3]);
        assert_eq!(inked.count(), FRAME as usize);
    }

    #[test]
    fn a_small_picture_is_made_larger_and_a_wide_one_keeps_its_shape() {
        let jpeg = |width, height| {
            let picture = DynamicImage::ImageRgb8(grey(width, height));
            media::prepare(&picture).expect("a picture").jpeg
        };
        for (from, to) in [((100, 50), (800, 400)), ((900, 300), (900, 300))] {
            let drawn = gridded(&jpeg(from.0, from.1), Grid::default(), &[0]).expect("drawn");
            let read = image::load_from_memory(&drawn).expect("a picture");
            assert_eq!((read.width(), read.height()), to);
        }
        assert!(gridded(b"no picture", Grid::default(), &[]).is_err());
    }
}
