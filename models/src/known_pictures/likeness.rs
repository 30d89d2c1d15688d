//! How alike two maps of brightness are, whatever the exposure, and where one is a cut of the other,
//! mirrored or on its side: the largest correlation over all of these. It is computed here since this
//! package is compiled with all optimisation; what counts as alike is decided elsewhere.

use std::sync::LazyLock;

/// Cells of a row and of a column.
const SIDE: usize = 16;
/// Cells of a map.
pub(super) const CELLS: usize = SIDE * SIDE;
/// Shares of the sides that a cut may leave, beside all of them: training cuts down to 86 of 100.
const SHARES: [f32; 3] = [0.96, 0.92, 0.88];
/// Where a cut lies: from the one edge to the other.
const PLACES: [f32; 3] = [0.0, 0.5, 1.0];
/// Ways to mirror and to turn a picture.
const TURNS: usize = 8;
/// What doesn't reach this without a cut doesn't become alike by one: of 996 training pictures that
/// were cut, brightened, softened and made noisy, two in a hundred fell below it.
const WORTH_CUTTING: f32 = 0.6;
/// A map whose cells differ less than this from their mean proves nothing.
const STRUCTURE: f32 = 4.0;

/// Values less their mean, of length 1.
type Normal = [f32; CELLS];

/// A picture's map, ready to be compared with many.
#[derive(Debug, Clone)]
pub struct Looked {
    /// In all positions.
    turned: Vec<Normal>,
}

/// Between which two cells each cell of a cut lies, and the share of the second.
type Axis = [(usize, usize, f32); SIDE];

impl Looked {
    /// Takes a map of 16 rows of 16 cells; `None` if it is none, or shows too little to compare.
    pub fn of(map: &[u8]) -> Option<Self> {
        let values = floats(map)?;
        let mean = values.iter().sum::<f32>() / CELLS as f32;
        let apart = values.iter().map(|value| (value - mean).abs());
        if apart.sum::<f32>() / (CELLS as f32) < STRUCTURE {
            return None;
        }
        let turned = (0..TURNS).map(|turn| normal(turned(&values, turn)));
        Some(Self {
            turned: turned.collect(),
        })
    }

    /// The largest correlation with another map, -1 to 1; below 0.6 not all of them are looked at.
    /// What is no map gives -1.
    pub fn likeness(&self, other: &[u8]) -> f32 {
        let Some(values) = floats(other) else {
            return -1.0;
        };
        let whole = normal(values);
        let mut best = -1.0_f32;
        let mut likely: Vec<&Normal> = Vec::new();
        for turned in &self.turned {
            let correlation = product(turned, &whole);
            best = best.max(correlation);
            if correlation >= WORTH_CUTTING {
                likely.push(turned);
            }
        }
        if likely.is_empty() {
            return best;
        }
        for (rows, columns) in CUTS.iter() {
            let cut = normal(cut(&values, rows, columns));
            for turned in &likely {
                best = best.max(product(turned, &cut));
            }
        }
        best
    }
}

/// All cuts, as what each takes of the rows and of the columns.
static CUTS: LazyLock<Vec<(Axis, Axis)>> = LazyLock::new(|| {
    let mut cuts = Vec::new();
    for share in SHARES {
        let axes = PLACES.map(|place| axis(share, place));
        for rows in &axes {
            cuts.extend(axes.iter().map(|columns| (*rows, *columns)));
        }
    }
    cuts
});

fn axis(share: f32, place: f32) -> Axis {
    let mut axis = [(0, 0, 0.0); SIDE];
    for (number, taps) in axis.iter_mut().enumerate() {
        let at = (number as f32 + 0.5) * share + place * (1.0 - share) * SIDE as f32 - 0.5;
        let at = at.clamp(0.0, (SIDE - 1) as f32);
        let first = at.floor() as usize;
        *taps = (first, (first + 1).min(SIDE - 1), at - first as f32);
    }
    axis
}

fn cut(values: &[f32; CELLS], rows: &Axis, columns: &Axis) -> [f32; CELLS] {
    let mut across = [0.0; CELLS];
    for (row, out) in values.chunks_exact(SIDE).zip(across.chunks_exact_mut(SIDE)) {
        for (value, (first, second, share)) in out.iter_mut().zip(columns) {
            *value = row[*first] * (1.0 - share) + row[*second] * share;
        }
    }
    let mut cut = [0.0; CELLS];
    for (out, (first, second, share)) in cut.chunks_exact_mut(SIDE).zip(rows) {
        let (first, second) = (first * SIDE, second * SIDE);
        for (column, value) in out.iter_mut().enumerate() {
            *value = across[first + column] * (1.0 - share) + across[second + column] * share;
        }
    }
    cut
}

/// Mirrored, or not, after none to three quarter turns.
fn turned(values: &[f32; CELLS], turn: usize) -> [f32; CELLS] {
    let last = SIDE - 1;
    let mut turned = [0.0; CELLS];
    for (place, value) in turned.iter_mut().enumerate() {
        let (row, column) = (place / SIDE, place % SIDE);
        let (row, column) = match turn >> 1 {
            0 => (row, column),
            1 => (column, last - row),
            2 => (last - row, last - column),
            _ => (last - column, row),
        };
        let column = if turn & 1 == 0 { column } else { last - column };
        *value = values[row * SIDE + column];
    }
    turned
}

fn floats(map: &[u8]) -> Option<[f32; CELLS]> {
    let map: &[u8; CELLS] = map.try_into().ok()?;
    Some(map.map(f32::from))
}

/// Zeros where all values are one.
fn normal(values: [f32; CELLS]) -> Normal {
    let mean = values.iter().sum::<f32>() / CELLS as f32;
    let values = values.map(|value| value - mean);
    let length = product(&values, &values).sqrt().max(1e-3);
    values.map(|value| value / length)
}

fn product(one: &[f32; CELLS], other: &[f32; CELLS]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two bright spots on a slope, as a function of the place in shares of the sides.
    fn drawn(place: impl Fn(f32, f32) -> (f32, f32), gain: f32, offset: f32) -> Vec<u8> {
        let spot = |x: f32, y: f32, at: (f32, f32)| {
            let apart = (x - at.0).powi(2) + (y - at.1).powi(2);
            (-apart * 18.0).exp()
        };
        let cells = (0..CELLS).map(|cell| {
            let middle = |place: usize| (place as f32 + 0.5) / SIDE as f32;
            let (x, y) = place(middle(cell % SIDE), middle(cell / SIDE));
            let value = 90.0 * spot(x, y, (0.3, 0.35)) + 70.0 * spot(x, y, (0.7, 0.6)) + 50.0 * x;
            (value * gain + offset).clamp(0.0, 255.0) as u8
        });
        cells.collect()
    }

    fn whole() -> Vec<u8> {
        drawn(|x, y| (x, y), 1.0, 20.0)
    }

    #[test]
    fn exposure_cuts_mirrors_and_turns_keep_the_likeness() {
        let known = whole();
        for (way, map) in [
            ("itself", whole()),
            ("brighter", drawn(|x, y| (x, y), 1.2, 45.0)),
            ("cut", drawn(|x, y| (x * 0.9 + 0.1, y * 0.9), 0.9, 10.0)),
            ("mirrored", drawn(|x, y| (1.0 - x, y), 1.0, 20.0)),
            ("on its side", drawn(|x, y| (y, 1.0 - x), 1.0, 20.0)),
            (
                "turned and cut",
                drawn(|x, y| (1.0 - y * 0.94, x * 0.94), 1.0, 20.0),
            ),
        ] {
            let looked = Looked::of(&map).expect("structure");
            let likeness = looked.likeness(&known);
            assert!(likeness > 0.98, "{way}: {likeness}");
        }
    }

    #[test]
    fn another_picture_is_not_alike() {
        let known = whole();
        let other = drawn(|x, y| (x * 1.6 - 0.5, y + 0.35), 1.0, 20.0);
        let likeness = Looked::of(&other).expect("structure").likeness(&known);
        assert!(likeness < 0.95, "{likeness}");
    }

    #[test]
    fn blanks_and_what_is_no_map_prove_nothing() {
        assert!(Looked::of(&[77; CELLS]).is_none());
        assert!(Looked::of(&[1, 2, 3]).is_none());
        let looked = Looked::of(&whole()).expect("structure");
        assert!((looked.likeness(&[77; CELLS])).abs() < 1e-3);
        assert!(looked.likeness(&[]) <= -1.0);
    }
}
