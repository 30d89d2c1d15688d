//! Tensors of safetensors files, read one by one, so that loading half of an encoder takes the
//! memory of that half. Each comes as F32 in the shape that was asked for, or as an error that
//! names it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;
use serde_json::Value;

use super::error::{JointError, shape as told};

/// Longest header that is read, in bytes: the format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;
/// Bytes before the header, which hold its length.
const PREFIX: u64 = 8;

/// Open files of weights.
pub(crate) struct Weights {
    files: Vec<Opened>,
    tensors: BTreeMap<String, Entry>,
    /// Names of the tensors that were read.
    read: RefCell<BTreeSet<String>>,
}

/// One of them.
struct Opened {
    path: PathBuf,
    file: File,
    /// Where the numbers begin.
    start: u64,
}

/// A tensor in the header.
#[derive(Debug, Deserialize)]
struct Entry {
    /// Which of the files holds it.
    #[serde(skip)]
    place: usize,
    dtype: String,
    shape: Vec<usize>,
    /// First byte and the one after the last, counted from where the numbers begin.
    data_offsets: (u64, u64),
}

impl Weights {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// [`JointError::Unreadable`] if it is no safetensors file or cut off.
    pub(crate) fn open(path: &Path) -> Result<Self, JointError> {
        Self::open_all(&[path.to_owned()])
    }

    /// The same for weights that are cut into several files.
    ///
    /// # Errors
    /// As [`Weights::open`].
    pub(crate) fn open_all(paths: &[PathBuf]) -> Result<Self, JointError> {
        let mut files = Vec::with_capacity(paths.len());
        let mut tensors = BTreeMap::new();
        for (place, path) in paths.iter().enumerate() {
            let (file, entries) = opened(path)?;
            files.push(file);
            let placed = |(name, entry): (String, Entry)| (name, Entry { place, ..entry });
            tensors.extend(entries.into_iter().map(placed));
        }
        Ok(Self {
            files,
            tensors,
            read: RefCell::default(),
        })
    }

    /// Whether there is a tensor whose name begins so.
    pub(crate) fn has(&self, prefix: &str) -> bool {
        self.tensors.keys().any(|name| name.starts_with(prefix))
    }

    /// The first tensor whose name begins so and that nobody has read: what it does would be left
    /// out silently.
    pub(crate) fn unread(&self, prefix: &str) -> Option<&str> {
        let read = self.read.borrow();
        let mut names = self.tensors.keys();
        names
            .find(|name| name.starts_with(prefix) && !read.contains(*name))
            .map(String::as_str)
    }

    /// The shape of a tensor, where the configuration doesn't tell it.
    ///
    /// # Errors
    /// [`JointError::MissingTensor`], or [`JointError::Shape`] if it has another number of lengths.
    pub(crate) fn shape<const LENGTHS: usize>(
        &self,
        name: &str,
        expected: &str,
    ) -> Result<[usize; LENGTHS], JointError> {
        let entry = self
            .tensors
            .get(name)
            .ok_or_else(|| JointError::MissingTensor {
                tensor: name.to_owned(),
                expected: expected.to_owned(),
            })?;
        entry
            .shape
            .as_slice()
            .try_into()
            .map_err(|_| JointError::Shape {
                tensor: name.to_owned(),
                expected: expected.to_owned(),
                found: told(&entry.shape),
            })
    }

    /// A tensor of that shape, as F32 on the CPU.
    ///
    /// # Errors
    /// [`JointError`] names the tensor that is missing, of another shape or kind, or damaged.
    pub(crate) fn get(&self, name: &str, shape: &[usize]) -> Result<Tensor, JointError> {
        let entry = self
            .tensors
            .get(name)
            .ok_or_else(|| JointError::MissingTensor {
                tensor: name.to_owned(),
                expected: told(shape),
            })?;
        if entry.shape != shape {
            return Err(JointError::Shape {
                tensor: name.to_owned(),
                expected: told(shape),
                found: told(&entry.shape),
            });
        }
        let kind = match entry.dtype.as_str() {
            "F32" => DType::F32,
            "F16" => DType::F16,
            "BF16" => DType::BF16,
            other => {
                return Err(JointError::Kind {
                    tensor: name.to_owned(),
                    found: other.to_owned(),
                });
            }
        };
        let bytes = self.bytes(name, entry, kind)?;
        self.read.borrow_mut().insert(name.to_owned());
        let tensor = Tensor::from_raw_buffer(&bytes, kind, shape, &Device::Cpu)?;
        Ok(tensor.to_dtype(DType::F32)?)
    }

    fn bytes(&self, name: &str, entry: &Entry, kind: DType) -> Result<Vec<u8>, JointError> {
        let Opened { path, file, start } = &self.files[entry.place];
        let refuse = |reason: &dyn Display| JointError::unreadable(path, reason);
        let (first, end) = entry.data_offsets;
        let sizes = entry.shape.iter();
        let expected = sizes
            .map(|size| *size as u64)
            .try_fold(kind.size_in_bytes() as u64, u64::checked_mul);
        if expected != Some(end - first) {
            return Err(refuse(&format!(
                "its tensor {name} has {} bytes, which is not what its shape asks for",
                end - first
            )));
        }
        let mut bytes = vec![0; (end - first) as usize];
        let mut file = file;
        file.seek(SeekFrom::Start(start + first))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|error| refuse(&error))?;
        Ok(bytes)
    }
}

/// A file, and the tensors that its header lists.
fn opened(path: &Path) -> Result<(Opened, BTreeMap<String, Entry>), JointError> {
    let refuse = |reason: &dyn Display| JointError::unreadable(path, reason);
    let mut file = File::open(path).map_err(|error| refuse(&error))?;
    let length = file.metadata().map_err(|error| refuse(&error))?.len();
    let mut prefix = [0; PREFIX as usize];
    file.read_exact(&mut prefix)
        .map_err(|error| refuse(&error))?;
    let header = u64::from_le_bytes(prefix);
    if header > LONGEST_HEADER || PREFIX + header > length {
        return Err(refuse(&"it is no safetensors file"));
    }
    let mut text = vec![0; header as usize];
    file.read_exact(&mut text).map_err(|error| refuse(&error))?;
    let start = PREFIX + header;
    let values: BTreeMap<String, Value> =
        serde_json::from_slice(&text).map_err(|error| refuse(&error))?;
    let mut tensors = BTreeMap::new();
    for (name, value) in values
        .into_iter()
        .filter(|(name, _)| name != "__metadata__")
    {
        let entry: Entry = serde_json::from_value(value).map_err(|error| refuse(&error))?;
        let (first, end) = entry.data_offsets;
        if first > end || end > length - start {
            return Err(refuse(&format!("its tensor {name} is cut off")));
        }
        tensors.insert(name, entry);
    }
    let path = path.to_owned();
    Ok((Opened { path, file, start }, tensors))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with this header before these bytes.
    fn opened(header: &str, bytes: &[u8]) -> Result<Weights, JointError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.safetensors");
        let mut content = (header.len() as u64).to_le_bytes().to_vec();
        content.extend(header.as_bytes());
        content.extend(bytes);
        std::fs::write(&path, content).expect("written");
        Weights::open(&path)
    }

    #[test]
    fn halves_come_out_as_whole_numbers_do() {
        let header = r#"{"__metadata__": {"format": "pt"},
            "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
            "b": {"dtype": "BF16", "shape": [1, 1], "data_offsets": [4, 6]},
            "c": {"dtype": "I64", "shape": [1], "data_offsets": [6, 14]}}"#;
        let bytes = [0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0];
        let weights = opened(header, &bytes).expect("a header");
        let a = weights.get("a", &[2]).expect("there");
        assert_eq!(a.to_vec1::<f32>().expect("a row"), [1.0, -2.0]);
        let b = weights.get("b", &[1, 1]).expect("there");
        assert_eq!(b.to_vec2::<f32>().expect("a matrix"), [[1.0]]);
        assert!(weights.has("a") && !weights.has("d"));
        assert_eq!((weights.unread("a"), weights.unread("")), (None, Some("c")));
        assert_eq!(weights.shape::<2>("b", "").expect("there"), [1, 1]);
        let error = weights.get("c", &[1]).expect_err("whole numbers");
        assert!(error.to_string().contains("c holds I64"), "{error}");
    }

    #[test]
    fn tensors_of_several_files_are_found_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |file: &str, tensor: &str, number: f32| {
            let entry = r#"{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}"#;
            let header = format!(r#"{{"{tensor}": {entry}}}"#);
            let mut content = (header.len() as u64).to_le_bytes().to_vec();
            content.extend(header.as_bytes());
            content.extend(number.to_le_bytes());
            let path = folder.path().join(file);
            std::fs::write(&path, content).expect("written");
            path
        };
        let paths = [write("first", "a", 1.5), write("second", "b", -2.0)];
        let weights = Weights::open_all(&paths).expect("two files");
        for (name, expected) in [("b", -2.0), ("a", 1.5)] {
            let tensor = weights.get(name, &[1]).expect("there");
            assert_eq!(tensor.to_vec1::<f32>().expect("a row"), [expected]);
        }
        assert_eq!(weights.unread(""), None);
    }

    #[test]
    fn what_does_not_fit_is_named_with_both_shapes() {
        let header = r#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#;
        let weights = opened(header, &[0; 8]).expect("a header");
        let error = weights.get("a", &[2, 3]).expect_err("another shape");
        let sentence = "The tensor a has the shape (2), but should have (2, 3).";
        assert_eq!(error.to_string(), sentence);
        let error = weights.get("b", &[4, 1]).expect_err("not there");
        let sentence = "The weights lack the tensor b, which should have the shape (4, 1).";
        assert_eq!(error.to_string(), sentence);
        assert!(weights.shape::<3>("a", "three").is_err());
    }

    #[test]
    fn damaged_files_are_refused() {
        let entry = |shape: &str, from: u64, to: u64| {
            format!(
                r#"{{"a": {{"dtype": "F32", "shape": {shape}, "data_offsets": [{from}, {to}]}}}}"#
            )
        };
        for (header, bytes) in [
            ("{".to_owned(), 0),
            ("[]".to_owned(), 0),
            (r#"{"a": 3}"#.to_owned(), 0),
            (entry("[2]", 0, 8), 7),
            (entry("[2]", 8, 0), 8),
        ] {
            let error = opened(&header, &vec![0; bytes]).err().expect(&header);
            assert!(error.to_string().contains("can't be read"), "{error}");
        }
        let odd = opened(&entry("[2]", 0, 4), &[0; 4]).expect("a header");
        let error = odd.get("a", &[2]).expect_err("half of it");
        assert!(error.to_string().contains("its tensor a"), "{error}");
        let path = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(path.path(), [0xff; 64]).expect("written");
        assert!(Weights::open(path.path()).is_err(), "no such header");
    }
}
