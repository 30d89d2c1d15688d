//! Volumes (NIfTI) as flat pictures: cuts in the three anatomical planes, shown as radiologists
//! show them, and the boxes of labelled structures on a cut. Names of structures come from the
//! caller.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use image::{GrayImage, Luma};
use nifti::{IntoNdArray, NiftiError, NiftiHeader, NiftiObject, NiftiVolume, ReaderOptions};
use serde::{Deserialize, Serialize};

use super::MediaError;

/// Most voxels that are read: a whole-body CT at one millimetre has about as many.
const MAXIMUM_VOXELS: u64 = 600_000_000;

/// An anatomical plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// Horizontal; seen from below, the right side of the body on the left of the picture,
    /// anterior at the top.
    Axial,
    /// Frontal; seen from the front, the right side of the body on the left of the picture,
    /// superior at the top.
    Coronal,
    /// Lateral; anterior on the left of the picture, superior at the top.
    Sagittal,
}

impl Plane {
    /// Name of the plane, as captions spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Axial => "axial",
            Self::Coronal => "coronal",
            Self::Sagittal => "sagittal",
        }
    }

    /// World axes (0 right, 1 anterior, 2 superior) of: the picture's columns, its rows, the cut.
    /// All of them run against the world's direction but the last.
    fn axes(self) -> (usize, usize, usize) {
        match self {
            Self::Axial => (0, 1, 2),
            Self::Coronal => (0, 2, 1),
            Self::Sagittal => (1, 2, 0),
        }
    }
}

/// A box in percent of a picture's width and height: left, top, right, bottom, 0 to 100.
pub type Box100 = [f32; 4];

/// A volume whose axes lie along the body's, in millimetres (RAS: right, anterior, superior).
pub struct Volume {
    voxels: Voxels,
    /// Number of voxels along each axis of the file.
    shape: [usize; 3],
    /// For each world axis: the file's axis, millimetres a voxel (with sign), and the origin.
    axes: [WorldAxis; 3],
}

#[derive(Debug, Clone, Copy)]
struct WorldAxis {
    file_axis: usize,
    step: f64,
    origin: f64,
}

/// A volume's values in the file's order, first axis fastest.
enum Voxels {
    Gray(Vec<f32>),
    Labels(Vec<u16>),
}

/// A grid of the world on a plane: which world coordinates the picture's pixels lie on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    plane: Plane,
    /// World coordinate along the cut, in millimetres.
    position: f64,
    /// World coordinates of the first pixel's column and row; both fall from there.
    start: [f64; 2],
    /// Millimetres a pixel.
    spacing: f64,
    /// Width and height in pixels.
    size: [u32; 2],
}

impl Volume {
    /// Reads a volume of gray values (`.nii` or `.nii.gz`).
    ///
    /// # Errors
    /// [`MediaError`] for a damaged file, one that isn't three-dimensional, or one whose axes are
    /// oblique to the body's.
    pub fn read(path: &Path) -> Result<Self, MediaError> {
        let file = File::read(path)?;
        let (shape, axes) = geometry(&file, 3)?;
        Ok(Self {
            voxels: Voxels::Gray(file.values),
            shape,
            axes,
        })
    }

    /// Reads a volume of labels. A four-dimensional one holds a probability map a label: each
    /// voxel gets the most probable label from 1 on, or 0 where none reaches `threshold`.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_labels(path: &Path, threshold: Option<f32>) -> Result<Self, MediaError> {
        let file = File::read(path)?;
        let dimensions = if threshold.is_some() { 4 } else { 3 };
        let (shape, axes) = geometry(&file, dimensions)?;
        let labels = match threshold {
            Some(threshold) => most_probable(&file.values, shape, threshold),
            None => file.values.into_iter().map(whole_number).collect(),
        };
        Ok(Self {
            voxels: Voxels::Labels(labels),
            shape,
            axes,
        })
    }

    /// The grid that covers the whole volume on a plane through `position` (millimetres), one
    /// pixel a millimetre.
    pub fn grid(&self, plane: Plane, position: f64) -> Grid {
        let (column, row, _) = plane.axes();
        let ((low_x, high_x), (low_y, high_y)) = (self.extent(column), self.extent(row));
        let pixels = |low: f64, high: f64| (high - low).round().max(0.0) as u32 + 1;
        Grid {
            plane,
            position,
            start: [high_x, high_y],
            spacing: 1.0,
            size: [pixels(low_x, high_x), pixels(low_y, high_y)],
        }
    }

    /// Lowest and highest world coordinate of voxel centres along a world axis.
    fn extent(&self, axis: usize) -> (f64, f64) {
        let WorldAxis {
            file_axis,
            step,
            origin,
        } = self.axes[axis];
        let end = origin + step * (self.shape[file_axis].saturating_sub(1)) as f64;
        (origin.min(end), origin.max(end))
    }

    /// Gray values on a grid; the nearest voxel's, 0 outside. `window` maps to black and white.
    pub fn picture(&self, grid: &Grid, window: (f32, f32)) -> GrayImage {
        let (low, high) = window;
        let scale = 255.0 / (high - low).max(f32::EPSILON);
        GrayImage::from_fn(grid.size[0], grid.size[1], |x, y| {
            let value = self
                .voxel(grid.world(x, y))
                .map_or(low, |voxel| self.gray(voxel));
            Luma([((value - low) * scale).clamp(0.0, 255.0).round() as u8])
        })
    }

    /// For each label on a grid: the number of its pixels and the box around them.
    pub fn structures(&self, grid: &Grid) -> BTreeMap<u16, (u32, Box100)> {
        let mut pixels: BTreeMap<u16, (u32, [u32; 4])> = BTreeMap::new();
        for y in 0..grid.size[1] {
            for x in 0..grid.size[0] {
                let label = self
                    .voxel(grid.world(x, y))
                    .map_or(0, |voxel| self.label(voxel));
                if label == 0 {
                    continue;
                }
                let (count, bounds) = pixels.entry(label).or_insert((0, [x, y, x, y]));
                *count += 1;
                *bounds = [
                    bounds[0].min(x),
                    bounds[1].min(y),
                    bounds[2].max(x),
                    bounds[3].max(y),
                ];
            }
        }
        let [width, height] = grid.size.map(|side| side as f32);
        pixels
            .into_iter()
            .map(|(label, (count, [x0, y0, x1, y1]))| {
                let percent = |pixel: u32, side: f32| pixel as f32 / side * 100.0;
                let corners = [
                    percent(x0, width),
                    percent(y0, height),
                    percent(x1 + 1, width),
                    percent(y1 + 1, height),
                ];
                (label, (count, corners))
            })
            .collect()
    }

    /// A pair of gray values between which the given share of the volume's voxels above zero
    /// lies; shares from 0 to 1.
    pub fn percentiles(&self, low: f64, high: f64) -> (f32, f32) {
        let mut values: Vec<f32> = match &self.voxels {
            Voxels::Gray(values) => values
                .iter()
                .copied()
                .filter(|value| *value > 0.0)
                .collect(),
            Voxels::Labels(_) => Vec::new(),
        };
        if values.is_empty() {
            return (0.0, 1.0);
        }
        let mut at = |share: f64| {
            let index = ((values.len() - 1) as f64 * share.clamp(0.0, 1.0)).round() as usize;
            *values.select_nth_unstable_by(index, f32::total_cmp).1
        };
        (at(low), at(high))
    }

    /// The voxel nearest to a world point, or `None` outside.
    fn voxel(&self, world: [f64; 3]) -> Option<[usize; 3]> {
        let mut voxel = [0; 3];
        for (coordinate, axis) in world.into_iter().zip(self.axes) {
            let index = ((coordinate - axis.origin) / axis.step).round();
            if index < 0.0 || index >= self.shape[axis.file_axis] as f64 {
                return None;
            }
            voxel[axis.file_axis] = index as usize;
        }
        Some(voxel)
    }

    fn gray(&self, voxel: [usize; 3]) -> f32 {
        match &self.voxels {
            Voxels::Gray(values) => values.get(self.index(voxel)).copied().unwrap_or(0.0),
            Voxels::Labels(_) => f32::from(self.label(voxel)),
        }
    }

    fn label(&self, voxel: [usize; 3]) -> u16 {
        match &self.voxels {
            Voxels::Labels(labels) => labels.get(self.index(voxel)).copied().unwrap_or(0),
            Voxels::Gray(_) => 0,
        }
    }

    fn index(&self, voxel: [usize; 3]) -> usize {
        voxel[0] + self.shape[0] * (voxel[1] + self.shape[1] * voxel[2])
    }
}

impl Grid {
    /// World coordinates of a pixel's centre.
    fn world(&self, x: u32, y: u32) -> [f64; 3] {
        let (column, row, cut) = self.plane.axes();
        let mut world = [0.0; 3];
        world[column] = self.start[0] - f64::from(x) * self.spacing;
        world[row] = self.start[1] - f64::from(y) * self.spacing;
        world[cut] = self.position;
        world
    }
}

/// A file's header and its values, scaled, in the file's order.
struct File {
    header: NiftiHeader,
    sides: Vec<usize>,
    values: Vec<f32>,
}

impl File {
    fn read(path: &Path) -> Result<Self, MediaError> {
        // Opened first, so that a missing file is told as such.
        std::fs::metadata(path)?;
        // The reader trusts the header's numbers; a file that lies may make it panic.
        catch_unwind(AssertUnwindSafe(|| Self::read_trusting(path)))
            .unwrap_or_else(|_| Err(damaged(&"its header contradicts its content")))
    }

    fn read_trusting(path: &Path) -> Result<Self, MediaError> {
        let failed = |error: NiftiError| damaged(&error);
        let header = NiftiHeader::from_file(path).map_err(failed)?;
        let sides: Vec<usize> = header
            .dim()
            .map_err(failed)?
            .iter()
            .map(|side| usize::from(*side))
            .collect();
        let voxels: u64 = sides.iter().map(|side| *side as u64).product();
        if voxels > MAXIMUM_VOXELS {
            return Err(MediaError::TooLarge(format!("{voxels} voxels")));
        }
        let object = ReaderOptions::new().read_file(path).map_err(failed)?;
        let header = object.header().clone();
        let volume = object.into_volume();
        let sides_read: Vec<usize> = volume.dim().iter().map(|side| usize::from(*side)).collect();
        // The array keeps the file's order in memory: first axis fastest.
        let (values, _) = volume
            .into_ndarray::<f32>()
            .map_err(failed)?
            .into_raw_vec_and_offset();
        if sides_read != sides || values.len() as u64 != voxels {
            return Err(damaged(&"its header contradicts its content"));
        }
        Ok(Self {
            header,
            sides,
            values,
        })
    }
}

fn damaged(reason: &dyn std::fmt::Display) -> MediaError {
    MediaError::Damaged {
        kind: "NIfTI",
        reason: reason.to_string(),
    }
}

/// Shape and axes out of the header's sform.
fn geometry(file: &File, dimensions: usize) -> Result<([usize; 3], [WorldAxis; 3]), MediaError> {
    let File { header, sides, .. } = file;
    if sides.len() != dimensions || sides.contains(&0) {
        return Err(damaged(&format!(
            "{} dimensions in place of {dimensions}",
            sides.len()
        )));
    }
    let rows = [header.srow_x, header.srow_y, header.srow_z];
    if header.sform_code <= 0 {
        return Err(damaged(&"it names no place in space (no sform)"));
    }
    let mut axes = [WorldAxis {
        file_axis: 0,
        step: 1.0,
        origin: 0.0,
    }; 3];
    for (axis, row) in axes.iter_mut().zip(rows) {
        let along: Vec<usize> = (0..3).filter(|&file| row[file].abs() > 1e-4).collect();
        let [file_axis] = along[..] else {
            return Err(damaged(&"its axes are oblique to the body's"));
        };
        *axis = WorldAxis {
            file_axis,
            step: f64::from(row[file_axis]),
            origin: f64::from(row[3]),
        };
    }
    Ok(([sides[0], sides[1], sides[2]], axes))
}

fn whole_number(value: f32) -> u16 {
    value.round().clamp(0.0, f32::from(u16::MAX)) as u16
}

/// Labels from probability maps that lie one after another.
fn most_probable(values: &[f32], shape: [usize; 3], threshold: f32) -> Vec<u16> {
    let voxels: usize = shape.iter().product();
    let mut best = vec![(0_u16, 0.0_f32); voxels];
    for (map, probabilities) in (1..).zip(values.chunks_exact(voxels)) {
        for (best, &probability) in best.iter_mut().zip(probabilities) {
            if probability > best.1 {
                *best = (map, probability);
            }
        }
    }
    best.into_iter()
        .map(|(label, probability)| if probability >= threshold { label } else { 0 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 4 x 3 x 2 file of bytes at 2 mm whose first axis runs to the left, as many do.
    fn file(folder: &Path, values: &[u8]) -> std::path::PathBuf {
        let mut header = vec![0_u8; 352];
        let put_i16 = |header: &mut Vec<u8>, at: usize, value: i16| {
            header[at..at + 2].copy_from_slice(&value.to_le_bytes());
        };
        header[0..4].copy_from_slice(&348_i32.to_le_bytes());
        for (index, side) in [3, 4, 3, 2, 1, 1, 1, 1].into_iter().enumerate() {
            put_i16(&mut header, 40 + 2 * index, side);
        }
        put_i16(&mut header, 70, 2); // unsigned bytes
        put_i16(&mut header, 72, 8);
        header[108..112].copy_from_slice(&352_f32.to_le_bytes());
        put_i16(&mut header, 254, 4); // sform: MNI 152
        let rows = [[-2., 0., 0., 3.], [0., 2., 0., -2.], [0., 0., 2., 10.]];
        for (index, value) in rows.into_iter().flatten().enumerate() {
            header[280 + 4 * index..284 + 4 * index].copy_from_slice(&(value as f32).to_le_bytes());
        }
        header[344..348].copy_from_slice(b"n+1\0");
        header.extend_from_slice(values);
        let path = folder.join("v.nii");
        std::fs::write(&path, header).expect("written");
        path
    }

    #[test]
    fn a_cut_is_shown_as_radiologists_do() {
        let folder = tempfile::tempdir().expect("a folder");
        let values: Vec<u8> = (0..24).map(|value| value * 10).collect();
        let volume = Volume::read(&file(folder.path(), &values)).expect("a volume");
        let grid = volume.grid(Plane::Axial, 10.0);
        let picture = volume.picture(&grid, (0.0, 255.0));
        // World x from 3 (right) to -3: 7 mm; y from 2 (anterior) to -2: 5 mm.
        assert_eq!(picture.dimensions(), (7, 5));
        // The body's right is file index 0 here, anterior is file index 2 of 3.
        assert_eq!(picture.get_pixel(0, 0)[0], 80, "right, anterior");
        assert_eq!(picture.get_pixel(6, 4)[0], 30, "left, posterior");
        let coronal = volume.picture(&volume.grid(Plane::Coronal, -2.0), (0.0, 255.0));
        assert_eq!(coronal.get_pixel(0, 0)[0], 120, "right, superior");
        let sagittal = volume.picture(&volume.grid(Plane::Sagittal, 3.0), (0.0, 255.0));
        assert_eq!(sagittal.get_pixel(0, 0)[0], 200, "anterior, superior");
    }

    #[test]
    fn structures_have_their_boxes() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut values = vec![0_u8; 24];
        values[0] = 7; // the body's right, posterior, inferior
        let labels = Volume::read_labels(&file(folder.path(), &values), None).expect("labels");
        let found = labels.structures(&labels.grid(Plane::Axial, 10.0));
        let (pixels, corners) = found[&7];
        assert_eq!(found.len(), 1);
        assert!(pixels >= 1);
        assert!(
            corners[0] < 1.0,
            "at the left edge of the picture: {corners:?}"
        );
        assert!(
            (corners[3] - 100.0).abs() < 0.01,
            "at its bottom: {corners:?}"
        );
    }

    #[test]
    fn damaged_files_are_errors() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = file(folder.path(), &[1, 2, 3]);
        assert!(matches!(
            Volume::read(&path),
            Err(MediaError::Damaged { .. })
        ));
        std::fs::write(&path, b"short").expect("written");
        assert!(Volume::read(&path).is_err());
        assert!(matches!(
            Volume::read(Path::new("/none.nii")),
            Err(MediaError::Io(_))
        ));
    }
}
