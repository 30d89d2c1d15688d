//! The pictures that a generator was trained on, as far as it takes to notice that it gives one back:
//! of each the name, the vector by the profile's image encoder and a map of brightness. None of the
//! pictures can be seen from it. How near is too near is decided elsewhere.

mod likeness;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use rayon::prelude::*;

use self::likeness::CELLS;
pub use self::likeness::Looked;

/// Name of the file in a generator's folder.
pub const FILE: &str = "known_pictures.safetensors";

/// Why the file can't be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "The generator's list of training pictures, {file}, can't be read: {reason}. Run `mirage models \
     verify`."
)]
pub struct KnownPicturesError {
    file: String,
    reason: String,
}

/// The training pictures of a generator.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownPictures {
    encoder: String,
    names: Vec<String>,
    dimensions: usize,
    vectors: Vec<f32>,
    maps: Vec<u8>,
}

impl KnownPictures {
    /// Reads the list in a generator's folder; `None` if it has none, as generators of others have.
    ///
    /// # Errors
    /// [`KnownPicturesError`] if it is damaged.
    pub fn load(folder: &Path) -> Result<Option<Self>, KnownPicturesError> {
        let path = folder.join(FILE);
        let refused = |reason: String| KnownPicturesError {
            file: path.display().to_string(),
            reason,
        };
        if !path.exists() {
            return Ok(None);
        }
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu);
        let tensors = tensors.map_err(|error| refused(error.to_string()))?;
        let read = Self::of(&tensors).map_err(|error| refused(error.to_string()))?;
        if read.fits() {
            Ok(Some(read))
        } else {
            Err(refused("its parts are not of one length".to_owned()))
        }
    }

    fn of(tensors: &HashMap<String, Tensor>) -> candle_core::Result<Self> {
        let get = |name: &str| match tensors.get(name) {
            Some(tensor) => Ok(tensor),
            None => candle_core::bail!("it has no {name}"),
        };
        let text = |name: &str| {
            let bytes = get(name)?.to_vec1::<u8>()?;
            String::from_utf8(bytes).map_err(candle_core::Error::wrap)
        };
        let vectors = get("vectors")?.to_dtype(DType::F32)?;
        Ok(Self {
            encoder: text("encoder")?,
            names: text("names")?.lines().map(str::to_owned).collect(),
            dimensions: vectors.dim(1)?,
            vectors: vectors.flatten_all()?.to_vec1()?,
            maps: get("maps")?.flatten_all()?.to_vec1()?,
        })
    }

    fn fits(&self) -> bool {
        let count = self.names.len();
        self.dimensions > 0
            && self.vectors.len() == count * self.dimensions
            && self.maps.len() == count * CELLS
    }

    /// Name and version of the encoder that the vectors come from: vectors of another don't compare.
    pub fn encoder(&self) -> &str {
        &self.encoder
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of one, as `set/identifier`.
    pub fn name(&self, number: usize) -> &str {
        self.names.get(number).map_or("", String::as_str)
    }

    /// The mean cosine of a unit vector with the nearest so many. `None` if there are none to compare
    /// with.
    pub fn mean_of_nearest(&self, vector: &[f32], count: usize) -> Option<f32> {
        if vector.len() != self.dimensions || self.names.is_empty() || count == 0 {
            return None;
        }
        let product = |row: &[f32]| -> f32 {
            let pairs = row.iter().zip(vector);
            pairs.map(|(one, other)| one * other).sum()
        };
        let rows = self.vectors.chunks_exact(self.dimensions);
        let mut cosines: Vec<f32> = rows.map(product).collect();
        cosines.sort_unstable_by(|one, other| other.total_cmp(one));
        cosines.truncate(count);
        Some(cosines.iter().sum::<f32>() / cosines.len() as f32)
    }

    /// The one whose map is most like a picture's, with the likeness ([`Looked::likeness`]).
    pub fn most_alike(&self, picture: &Looked) -> Option<(usize, f32)> {
        let maps = self.maps.par_chunks_exact(CELLS).enumerate();
        let likeness = maps.map(|(number, map)| (number, picture.likeness(map)));
        likeness.max_by(|(_, one), (_, other)| one.total_cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, names: &str, maps: usize) {
        let bytes = |text: &str| Tensor::new(text.as_bytes(), &Device::Cpu).expect("bytes");
        let vectors = [[1.0_f32, 0.0], [0.6, 0.8]];
        let vectors = Tensor::new(&vectors, &Device::Cpu).expect("numbers");
        let vectors = vectors.to_dtype(DType::F16).expect("halves");
        // Stripes, of another width in each.
        let stripe = |cell: usize| (cell % CELLS / (3 + cell / CELLS) % 2 * 200) as u8;
        let maps: Vec<u8> = (0..maps * CELLS).map(stripe).collect();
        let count = maps.len() / CELLS;
        let maps = Tensor::from_vec(maps, (count, CELLS), &Device::Cpu).expect("maps");
        let tensors = HashMap::from([
            ("encoder".to_owned(), bytes("lite@0a1b2c3d")),
            ("names".to_owned(), bytes(names)),
            ("vectors".to_owned(), vectors),
            ("maps".to_owned(), maps),
        ]);
        let saved = candle_core::safetensors::save(&tensors, folder.join(FILE));
        saved.expect("written");
    }

    #[test]
    fn a_picture_is_compared_with_vectors_and_maps() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        written(folder.path(), "roco/a\nbusi/b", 2);
        let known = KnownPictures::load(folder.path()).expect("readable");
        let known = known.expect("it is there");
        assert_eq!((known.len(), known.encoder()), (2, "lite@0a1b2c3d"));
        let nearest = known.mean_of_nearest(&[0.0, 1.0], 1).expect("two");
        assert!((nearest - 0.8).abs() < 1e-3, "{nearest}");
        let both = known.mean_of_nearest(&[0.0, 1.0], 10).expect("two");
        assert!((both - 0.4).abs() < 1e-3, "{both}");
        assert_eq!(known.mean_of_nearest(&[1.0], 1), None, "of another encoder");
        let second = &known.maps[CELLS..];
        let looked = Looked::of(second).expect("structure");
        let (number, likeness) = known.most_alike(&looked).expect("two");
        assert_eq!(known.name(number), "busi/b");
        assert!(likeness > 0.999, "{likeness}");
        assert!(known.name(2).is_empty());
    }

    #[test]
    fn a_generator_without_a_list_has_none_and_a_damaged_one_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let none = KnownPictures::load(folder.path()).expect("nothing to read");
        assert_eq!(none, None);
        written(folder.path(), "roco/a", 2);
        let error = KnownPictures::load(folder.path()).expect_err("one name");
        assert!(error.to_string().contains("not of one length"), "{error}");
        std::fs::write(folder.path().join(FILE), b"no tensors").expect("written");
        assert!(KnownPictures::load(folder.path()).is_err());
    }
}
