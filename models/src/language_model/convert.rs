//! Conversion of a GGUF file, once, to a form that is fast here. candle has kernels for a
//! processor's vector lanes for Q8_0, Q4_0 and the K forms; the others it takes number by number,
//! several times slower. Q8_0 holds each of them to within half a step of 1/127.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use tempfile::NamedTempFile;

use super::LanguageModelError;
use super::allow_list::{header, unreadable};
use crate::resolver::sha256_of_file;

/// Forms without a fast kernel.
const SLOW: &[GgmlDType] = &[GgmlDType::Q4_1, GgmlDType::Q5_0, GgmlDType::Q5_1];

/// What `general.file_type` says of a file in Q8_0.
const FILE_TYPE_Q8_0: u32 = 7;

/// How far a number may lie from where it was, in parts of the tensor's largest: half a step of
/// 1/127, and the rounding of the step to 16 bits.
const LARGEST_DRIFT: f32 = 0.005;

/// Where the conversion of a file is kept: beside it.
fn converted_path(original: &Path) -> PathBuf {
    original.with_extension("q8_0.gguf")
}

/// The file to load: the original if all of it is fast, else its conversion, which is made if it
/// isn't there, or isn't the one that was made of this original. Reads and writes whole files on
/// the calling thread; a file of 100 MB takes seconds.
///
/// # Errors
/// [`LanguageModelError`] names the file and what stands in the way.
pub fn fast_form(original: &Path) -> Result<PathBuf, LanguageModelError> {
    let content = header(original)?;
    let kinds: Vec<GgmlDType> = content
        .tensor_infos
        .values()
        .map(|tensor| tensor.ggml_dtype)
        .collect();
    // It is for numbers on their way through a network; candle can't read it back.
    if kinds.contains(&GgmlDType::Q8_1) {
        return Err(LanguageModelError::Unconvertible {
            file: original.display().to_string(),
            reason: "Some of its tensors are in Q8_1, which is no form for weights.".to_owned(),
        });
    }
    if !kinds.iter().any(|kind| SLOW.contains(kind)) {
        return Ok(original.to_owned());
    }
    let source = sha256_of_file(original).map_err(|error| unreadable(original, error))?;
    let target = converted_path(original);
    if !is_conversion(&target, &source) {
        convert(original, &content, &target, &source)?;
    }
    Ok(target)
}

/// The file that says what a conversion hashes to, and of which original it was made.
pub(super) fn seal_path(converted: &Path) -> PathBuf {
    converted.with_extension("gguf.sha256")
}

fn seal(own: &str, source: &str) -> String {
    format!("{own} of {source}\n")
}

/// Whether the conversion is there, whole, and of this original.
fn is_conversion(converted: &Path, source: &str) -> bool {
    let Ok(written) = std::fs::read_to_string(seal_path(converted)) else {
        return false;
    };
    sha256_of_file(converted).is_ok_and(|own| written == seal(&own, source))
}

fn convert(
    original: &Path,
    content: &Content,
    target: &Path,
    source: &str,
) -> Result<(), LanguageModelError> {
    tracing::info!(file = %original.display(), "converting a language model to Q8_0, once");
    let tensors = read_fast(original, content)?;
    let metadata = metadata(content);
    let fields: Vec<(&str, &Value)> = metadata
        .iter()
        .map(|(name, value)| (name.as_str(), value))
        .collect();
    let named: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    let part = part_beside(target)?;
    let mut writer = BufWriter::new(part.as_file());
    gguf_file::write(&mut writer, &fields, &named).map_err(|error| unwritable(target, error))?;
    writer.flush().map_err(|error| unwritable(target, error))?;
    drop(writer);
    check(original, content, part.path())?;
    let own = sha256_of_file(part.path()).map_err(|error| unreadable(part.path(), error))?;
    keep(part, target)?;
    // Last: a conversion counts only with its seal.
    let mut part = part_beside(target)?;
    part.write_all(seal(&own, source).as_bytes())
        .map_err(|error| unwritable(target, error))?;
    keep(part, &seal_path(target))
}

/// All tensors in the order of the file, the slow ones in Q8_0.
fn read_fast(
    original: &Path,
    content: &Content,
) -> Result<Vec<(String, QTensor)>, LanguageModelError> {
    let mut reader = open(original)?;
    let mut names: Vec<&String> = content.tensor_infos.keys().collect();
    names.sort_by_key(|name| {
        let offset = content.tensor_infos.get(*name).map(|tensor| tensor.offset);
        (offset, *name)
    });
    let mut tensors = Vec::with_capacity(names.len());
    for name in names {
        let tensor = content
            .tensor(&mut reader, name, &Device::Cpu)
            .map_err(|error| unreadable(original, error))?;
        let tensor = if SLOW.contains(&tensor.dtype()) {
            let numbers = tensor.dequantize(&Device::Cpu)?;
            QTensor::quantize(&numbers, GgmlDType::Q8_0)?
        } else {
            tensor
        };
        tensors.push((name.clone(), tensor));
    }
    Ok(tensors)
}

/// The same metadata, sorted, so that the same original always gives the same file.
fn metadata(content: &Content) -> Vec<(String, Value)> {
    let mut fields: Vec<(String, Value)> = content
        .metadata
        .iter()
        // The writer aligns to the default, whatever the original did.
        .filter(|(name, _)| *name != "general.alignment")
        .map(|(name, value)| {
            let value = match name.as_str() {
                "general.file_type" => Value::U32(FILE_TYPE_Q8_0),
                _ => value.clone(),
            };
            (name.clone(), value)
        })
        .collect();
    fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    fields
}

/// Reads what was written and compares each number with the original's.
fn check(original: &Path, content: &Content, written: &Path) -> Result<(), LanguageModelError> {
    let refuse = |reason: String| LanguageModelError::Unconvertible {
        file: original.display().to_string(),
        reason,
    };
    let (mut before, mut after) = (open(original)?, open(written)?);
    let copy = Content::read(&mut after).map_err(|error| unreadable(written, error))?;
    if copy.tensor_infos.len() != content.tensor_infos.len() {
        return Err(refuse("the conversion has lost tensors.".to_owned()));
    }
    for name in content.tensor_infos.keys() {
        let was = content.tensor(&mut before, name, &Device::Cpu)?;
        let is = copy.tensor(&mut after, name, &Device::Cpu)?;
        let drift = drift(
            &was.dequantize(&Device::Cpu)?,
            &is.dequantize(&Device::Cpu)?,
        )?;
        if drift.is_nan() || drift > LARGEST_DRIFT {
            return Err(refuse(format!(
                "the tensor {name} drifts by {drift} of its largest number."
            )));
        }
    }
    Ok(())
}

/// The largest difference in parts of the largest number.
fn drift(was: &Tensor, is: &Tensor) -> candle_core::Result<f32> {
    let largest = was.abs()?.max_all()?.to_scalar::<f32>()?;
    let difference = (was - is)?.abs()?.max_all()?.to_scalar::<f32>()?;
    Ok(if difference == 0.0 {
        0.0
    } else {
        difference / largest
    })
}

fn open(path: &Path) -> Result<BufReader<File>, LanguageModelError> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    Ok(BufReader::new(file))
}

/// A file in the same folder, so that the rename at the end can't cross disks.
fn part_beside(target: &Path) -> Result<NamedTempFile, LanguageModelError> {
    tempfile::Builder::new()
        .suffix(".part")
        .tempfile_in(target.parent().unwrap_or(Path::new(".")))
        .map_err(|error| unwritable(target, error))
}

fn keep(part: NamedTempFile, target: &Path) -> Result<(), LanguageModelError> {
    part.as_file()
        .sync_all()
        .map_err(|error| unwritable(target, error))?;
    part.persist(target)
        .map_err(|error| unwritable(target, error.error))?;
    Ok(())
}

fn unwritable(path: &Path, reason: impl std::fmt::Display) -> LanguageModelError {
    LanguageModelError::Unwritable {
        file: path.display().to_string(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Tensor {
        let numbers: Vec<f32> = (0..count)
            .map(|place| (place as f32 * 0.73).sin() * (1.0 + place as f32 * 0.001))
            .collect();
        Tensor::from_vec(numbers, (count / 64, 64), &Device::Cpu).expect("a tensor")
    }

    fn write(path: &Path, kinds: &[(&str, GgmlDType)]) {
        let tensors: Vec<(&str, QTensor)> = kinds
            .iter()
            .map(|(name, kind)| {
                let tensor = QTensor::quantize(&numbers(512), *kind).expect("quantised");
                (*name, tensor)
            })
            .collect();
        let tensors: Vec<(&str, &QTensor)> = tensors
            .iter()
            .map(|(name, tensor)| (*name, tensor))
            .collect();
        let (name, kind) = (Value::String("tiny".to_owned()), Value::U32(3));
        let words = Value::Array(vec![name.clone(), name.clone()]);
        let fields = [
            ("general.name", &name),
            ("general.file_type", &kind),
            ("words", &words),
        ];
        let mut file = File::create(path).expect("created");
        gguf_file::write(&mut file, &fields, &tensors).expect("written");
    }

    #[test]
    fn slow_forms_become_q8_0_and_the_rest_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tiny.Q4_1.gguf");
        let kinds = [
            ("a.weight", GgmlDType::Q4_1),
            ("b.weight", GgmlDType::Q5_0),
            ("c.weight", GgmlDType::Q5_1),
            ("d.weight", GgmlDType::Q4_0),
            ("norm.weight", GgmlDType::F32),
        ];
        write(&path, &kinds);
        let converted = fast_form(&path).expect("converted");
        assert_eq!(converted, folder.path().join("tiny.Q4_1.q8_0.gguf"));
        let content = header(&converted).expect("a GGUF file");
        for (name, kind) in kinds {
            let expected = match kind {
                GgmlDType::Q4_0 | GgmlDType::F32 => kind,
                _ => GgmlDType::Q8_0,
            };
            assert_eq!(content.tensor_infos[name].ggml_dtype, expected, "{name}");
            assert_eq!(content.tensor_infos[name].shape.dims(), [8, 64]);
        }
        let file_type = content.metadata["general.file_type"].to_u32();
        assert_eq!(file_type.expect("a number"), FILE_TYPE_Q8_0);
        assert_eq!(content.metadata["words"].to_vec().expect("words").len(), 2);
        // What is fast needs no conversion.
        assert_eq!(fast_form(&converted).expect("fast"), converted);
    }

    #[test]
    fn a_conversion_is_made_once_and_again_when_it_was_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tiny.gguf");
        write(&path, &[("a.weight", GgmlDType::Q4_1)]);
        let converted = fast_form(&path).expect("converted");
        let first = std::fs::read(&converted).expect("readable");
        let made = |file: &Path| {
            let metadata = std::fs::metadata(file).expect("there");
            metadata.modified().expect("a time")
        };
        let time = made(&converted);
        assert_eq!(fast_form(&path).expect("there"), converted);
        assert_eq!(made(&converted), time, "it was made a second time");

        std::fs::write(&converted, &first[..first.len() - 1]).expect("damaged");
        fast_form(&path).expect("made again");
        assert_eq!(std::fs::read(&converted).expect("readable"), first);

        // Another original under the same name.
        write(&path, &[("b.weight", GgmlDType::Q5_1)]);
        fast_form(&path).expect("made again");
        let content = header(&converted).expect("a GGUF file");
        assert!(content.tensor_infos.contains_key("b.weight"));
        let parts = std::fs::read_dir(folder.path())
            .expect("readable")
            .flatten();
        let left = parts.filter(|part| part.path().extension().is_some_and(|end| end == "part"));
        assert_eq!(left.count(), 0, "no part file stays");
    }

    #[test]
    fn a_file_that_is_cut_off_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tiny.gguf");
        write(&path, &[("a.weight", GgmlDType::Q4_1)]);
        let whole = std::fs::read(&path).expect("readable");
        std::fs::write(&path, &whole[..whole.len() - 64]).expect("cut off");
        let error = fast_form(&path).expect_err("cut off").to_string();
        assert!(error.contains("tiny.gguf can't be read"), "{error}");
        assert!(!converted_path(&path).exists());
    }
}
