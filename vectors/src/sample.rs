//! Vectors drawn from a seed, to measure and test an index with. They stand in for embeddings
//! where there are none; what they say of time holds, what they say of recall is to be seen on
//! both kinds.

use super::exact::dot;
use super::parallel;
use super::random::Random;

/// Groups of like vectors.
const CENTRES: usize = 500;
/// Directions in which the vectors of a group differ most.
const DIRECTIONS: usize = 40;
/// Shares of a vector's squared length: what all have in common, what a group has, how it differs
/// within, and noise. Embeddings of pictures lie in such a cone, and their groups are flat.
const SHARES: [f32; 4] = [0.35, 0.35, 0.2, 0.1];
/// Vectors of one stretch of work.
const STRETCH: usize = 128;

/// How the vectors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In groups, as embeddings of pictures do.
    Clustered,
    /// In all directions alike: the hardest case, in which nothing is much nearer than the rest.
    Even,
}

/// A source of unit vectors: each number gives the same vector whenever it is asked for.
#[derive(Debug)]
pub struct Sample {
    kind: Kind,
    seed: u64,
    common: Vec<f32>,
    centres: Vec<Vec<f32>>,
    /// Row after row, a direction each.
    directions: Vec<Vec<f32>>,
}

impl Sample {
    /// Vectors of so many dimensions, 1 or more.
    pub fn new(kind: Kind, dimensions: usize, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut unit = || {
            let mut vector: Vec<f32> = (0..dimensions).map(|_| random.normal()).collect();
            scale_to(&mut vector, 1.0);
            vector
        };
        let (centres, directions) = match kind {
            Kind::Clustered => (CENTRES, DIRECTIONS),
            Kind::Even => (0, 0),
        };
        Self {
            kind,
            seed,
            common: unit(),
            centres: (0..centres).map(|_| unit()).collect(),
            directions: (0..directions).map(|_| unit()).collect(),
        }
    }

    /// Length of a vector.
    pub fn dimensions(&self) -> usize {
        self.common.len()
    }

    /// Writes the unit vector of that number; `vector` is as long as [`Self::dimensions`] says.
    pub fn write(&self, number: u64, vector: &mut [f32]) {
        let mut random = Random::new(self.seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9));
        // Seeds that lie near each other give numbers that do, but for the first.
        random.next();
        let mut random = Random::new(random.next());
        vector.iter_mut().for_each(|value| *value = random.normal());
        if self.kind == Kind::Clustered {
            let [common, of_group, within, noise] = SHARES.map(f32::sqrt);
            scale_to(vector, noise);
            let centre = &self.centres[random.below(self.centres.len())];
            add(vector, &self.common, common);
            add(vector, centre, of_group);
            let within = within / (self.directions.len() as f32).sqrt();
            for direction in &self.directions {
                add(vector, direction, within * random.normal());
            }
        }
        scale_to(vector, 1.0);
    }

    /// The unit vectors of the numbers from `first`, one after the other.
    pub fn vectors(&self, first: u64, count: usize) -> Vec<f32> {
        let drawn = parallel::over(count, STRETCH, |stretch| {
            let mut vectors = vec![0.0; stretch.len() * self.dimensions()];
            let numbers = first + stretch.start as u64..;
            for (number, vector) in numbers.zip(vectors.chunks_exact_mut(self.dimensions())) {
                self.write(number, vector);
            }
            vectors
        });
        drawn.concat()
    }
}

fn add(vector: &mut [f32], other: &[f32], share: f32) {
    for (value, other) in vector.iter_mut().zip(other) {
        *value += share * other;
    }
}

/// Gives a vector that length. One without a direction gets one.
fn scale_to(vector: &mut [f32], length: f32) {
    let found = dot(vector, vector).sqrt();
    if found > 0.0 {
        vector.iter_mut().for_each(|value| *value *= length / found);
    } else if let Some(first) = vector.first_mut() {
        *first = length;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_of_length_one_and_depend_on_seed_and_number_alone() {
        for kind in [Kind::Clustered, Kind::Even] {
            let sample = Sample::new(kind, 48, 5);
            let all = sample.vectors(0, 20);
            assert_eq!(sample.vectors(7, 2), all[7 * 48..9 * 48]);
            assert_ne!(Sample::new(kind, 48, 6).vectors(0, 20), all);
            for vector in all.chunks_exact(48) {
                assert!((dot(vector, vector) - 1.0).abs() < 1e-5);
            }
            assert_ne!(all[..48], all[48..96]);
        }
    }
}
