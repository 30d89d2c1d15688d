//! The grid that is laid over a picture to point at a structure: its cells, their names, and which
//! of them count as right. It draws nothing.

use serde::{Deserialize, Serialize};

use super::item::letter;

/// Most cells: the answers that one menu of Discord holds.
const MOST_CELLS: usize = 25;
/// Share of a structure's box that a cell must hold to be right.
const SHARE_OF_BOX: f32 = 0.2;
/// Share of a cell that a structure's box must cover for the cell to be right.
const SHARE_OF_CELL: f32 = 0.5;

/// Columns and rows; cells are numbered from 0 at the top left, row by row, and named `A1`, `B1`, …
/// by column and row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grid {
    /// From left to right.
    pub columns: usize,
    /// From top to bottom.
    pub rows: usize,
}

impl Default for Grid {
    fn default() -> Self {
        Self {
            columns: 5,
            rows: 5,
        }
    }
}

impl Grid {
    /// Number of cells.
    pub fn cells(self) -> usize {
        self.columns.saturating_mul(self.rows)
    }

    /// Whether it has cells, and not more than can be chosen from.
    pub fn is_usable(self) -> bool {
        (2..=MOST_CELLS).contains(&self.cells())
    }

    /// Name of a cell: the letter of its column and the number of its row, from 1.
    pub fn name(self, cell: usize) -> String {
        let columns = self.columns.max(1);
        format!("{}{}", letter(cell % columns), cell / columns + 1)
    }

    /// The cell of that name.
    pub fn parse(self, name: &str) -> Option<usize> {
        let name = name.trim().to_uppercase();
        (0..self.cells()).find(|cell| self.name(*cell) == name)
    }

    /// Left, top, right and bottom of a cell, in percent of the picture.
    pub fn corners(self, cell: usize) -> [f32; 4] {
        let columns = self.columns.max(1);
        let (column, row) = ((cell % columns) as f32, (cell / columns) as f32);
        let (width, height) = (100.0 / columns as f32, 100.0 / self.rows.max(1) as f32);
        [
            column * width,
            row * height,
            (column + 1.0) * width,
            (row + 1.0) * height,
        ]
    }

    /// The cells that are right for a structure with these boxes, ascending: those that hold a
    /// fifth of a box or more, those that a box covers by half or more, and of each box the cell
    /// that holds most of it.
    pub fn right(self, boxes: &[[f32; 4]]) -> Vec<usize> {
        let mut right = Vec::new();
        for structure in boxes {
            let shared: Vec<f32> = (0..self.cells())
                .map(|cell| overlap(&self.corners(cell), structure))
                .collect();
            let most = shared.iter().copied().fold(0.0, f32::max);
            let size = area(structure).max(f32::MIN_POSITIVE);
            for (cell, shared) in shared.into_iter().enumerate() {
                let of_cell = shared / area(&self.corners(cell)).max(f32::MIN_POSITIVE);
                let counts = shared / size >= SHARE_OF_BOX || of_cell >= SHARE_OF_CELL;
                if shared > 0.0 && (counts || shared >= most) && !right.contains(&cell) {
                    right.push(cell);
                }
            }
        }
        right.sort_unstable();
        right
    }
}

fn area([left, top, right, bottom]: &[f32; 4]) -> f32 {
    (right - left).max(0.0) * (bottom - top).max(0.0)
}

fn overlap(one: &[f32; 4], other: &[f32; 4]) -> f32 {
    area(&[
        one[0].max(other[0]),
        one[1].max(other[1]),
        one[2].min(other[2]),
        one[3].min(other[3]),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_by_column_and_row() {
        let grid = Grid::default();
        assert_eq!(grid.name(0), "A1");
        assert_eq!(grid.name(24), "E5");
        assert_eq!(grid.parse(" b3 "), Some(11));
        assert_eq!(grid.parse("F1"), None);
        assert_eq!(grid.corners(11), [20.0, 40.0, 40.0, 60.0]);
    }

    #[test]
    fn a_small_structure_is_right_in_its_cell_alone() {
        let grid = Grid::default();
        assert_eq!(grid.right(&[[22.0, 42.0, 30.0, 50.0]]), [11]);
    }

    #[test]
    fn a_structure_over_a_corner_is_right_in_all_four_cells() {
        let grid = Grid::default();
        assert_eq!(grid.right(&[[35.0, 35.0, 45.0, 45.0]]), [6, 7, 11, 12]);
    }

    #[test]
    fn a_sliver_in_the_next_cell_does_not_count_and_both_sides_do() {
        let grid = Grid::default();
        // A tenth of the first box lies right of 40.
        let boxes = [[31.0, 45.0, 41.0, 55.0], [65.0, 45.0, 75.0, 55.0]];
        assert_eq!(grid.right(&boxes), [11, 13]);
    }

    #[test]
    fn a_grid_without_cells_or_with_too_many_is_of_no_use() {
        for (columns, rows) in [(0, 5), (1, 1), (6, 5), (usize::MAX, 2)] {
            assert!(!Grid { columns, rows }.is_usable(), "{columns} by {rows}");
        }
        assert!(Grid::default().is_usable());
    }
}
