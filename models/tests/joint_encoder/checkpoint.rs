//! The tiny checkpoints: where they are, copies that can be changed, and the pictures that their
//! reference vectors were made of.

use std::path::{Path, PathBuf};

use mirage_models::image_encoder::Rgb;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// Every layout's folder below `models/golden/tiny`.
pub(crate) const LAYOUTS: [&str; 4] = ["clip", "open-clip", "siglip", "biomedclip"];
/// Width and height of the pictures.
const SIZES: [(usize, usize); 4] = [(64, 48), (37, 91), (20, 20), (55, 32)];

/// The folder of a tiny checkpoint.
pub(crate) fn folder(layout: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/tiny");
    golden.join(layout)
}

/// What the reference implementation makes of a checkpoint.
pub(crate) fn reference(layout: &str) -> Value {
    let path = folder(layout).with_extension("json");
    let text = std::fs::read_to_string(path).expect("a reference");
    serde_json::from_str(&text).expect("JSON")
}

/// The pictures that `tiny_encoders.py` draws by the same formula.
pub(crate) fn pictures() -> Vec<Rgb> {
    let draw = |(number, (width, height)): (usize, (usize, usize))| {
        let mut pixels = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for c in 0..3 {
                    let value = x * x * (3 + number) / 7 + y * (5 + 2 * number);
                    pixels.push((value + 40 * c + x * y / (3 + number)) as u8);
                }
            }
        }
        Rgb::new(width, height, pixels).expect("RGB")
    };
    SIZES.into_iter().enumerate().map(draw).collect()
}

/// A copy of a checkpoint that goes with the value.
pub(crate) struct Checkpoint {
    folder: TempDir,
    weights: PathBuf,
}

impl Checkpoint {
    pub(crate) fn of(layout: &str) -> Self {
        let copy = tempfile::tempdir().expect("a folder");
        let mut weights = None;
        for entry in std::fs::read_dir(folder(layout)).expect("a checkpoint") {
            let from = entry.expect("a file").path();
            let to = copy.path().join(from.file_name().expect("a name"));
            std::fs::copy(&from, &to).expect("copied");
            if to.extension().is_some_and(|ending| ending == "safetensors") {
                weights = Some(to);
            }
        }
        Self {
            weights: weights.expect("weights"),
            folder: copy,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Changes a file of settings.
    pub(crate) fn set(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path().join(file);
        let text = std::fs::read_to_string(&path).expect("settings");
        let mut value = serde_json::from_str(&text).expect("JSON");
        change(&mut value);
        std::fs::write(&path, value.to_string()).expect("written");
    }

    /// The header of the weights and what comes after it.
    fn parts(&self) -> (Map<String, Value>, Vec<u8>) {
        let bytes = std::fs::read(&self.weights).expect("weights");
        let (length, rest) = bytes.split_at(8);
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes"));
        let (header, numbers) = rest.split_at(length as usize);
        let header = serde_json::from_slice(header).expect("a header");
        (header, numbers.to_vec())
    }

    /// The names of all tensors.
    pub(crate) fn tensors(&self) -> Vec<String> {
        let (header, _) = self.parts();
        let names = header.into_iter().map(|(name, _)| name);
        names.filter(|name| name != "__metadata__").collect()
    }

    /// Changes the header of the weights for as long as `work` runs.
    pub(crate) fn with_header<T>(
        &self,
        change: impl FnOnce(&mut Map<String, Value>),
        work: impl FnOnce() -> T,
    ) -> T {
        let before = std::fs::read(&self.weights).expect("weights");
        let (mut header, numbers) = self.parts();
        change(&mut header);
        let header = Value::Object(header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(numbers);
        std::fs::write(&self.weights, bytes).expect("written");
        let done = work();
        std::fs::write(&self.weights, before).expect("written");
        done
    }
}
