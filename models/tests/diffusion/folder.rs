//! The tiny pipelines: where they are, what is known of them, and copies that can be changed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use mirage_models::diffusion::{DiffusionError, Pipeline, Request, RgbImage, SchedulerKind};
use serde_json::{Map, Value};
use tempfile::TempDir;

/// Both folders below `models/golden/diffusion`.
pub(crate) const PIPELINES: [&str; 2] = ["clip", "minilm"];
/// What both were asked for.
pub(crate) const PROMPT: &str = "Axial CT of the chest: pleural effusion";
pub(crate) const NEGATIVE: &str = "fracture of the knee";
/// The encoder that `minilm` reads its words by.
const BESIDE: &str = "text-encoder";

pub(crate) fn folder(pipeline: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/diffusion");
    golden.join(pipeline)
}

pub(crate) fn load(pipeline: &str) -> Pipeline {
    Pipeline::load(&folder(pipeline), &Device::Cpu).expect(pipeline)
}

/// What diffusers makes of a pipeline, by name.
pub(crate) fn golden(pipeline: &str) -> HashMap<String, Tensor> {
    let path = folder(pipeline).join("golden.safetensors");
    candle_core::safetensors::load(path, &Device::Cpu).expect("a reference")
}

pub(crate) fn numbers(tensor: &Tensor) -> Vec<f32> {
    let flat = tensor.flatten_all().expect("flat");
    flat.to_vec1().expect("numbers")
}

/// What diffusers was asked for: ten steps for a picture that is wider than high.
pub(crate) fn request(pipeline: &str, scheduler: SchedulerKind) -> Request {
    let (width, height) = match pipeline {
        "clip" => (12, 8),
        _ => (24, 16),
    };
    Request {
        prompt: PROMPT.to_owned(),
        negative: NEGATIVE.to_owned(),
        steps: 10,
        guidance: 4.0,
        seed: 1,
        width,
        height,
        scheduler,
        start: None,
    }
}

/// The picture that `make.py` draws by the same formula.
pub(crate) fn start_picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let value = x * 7 + y * 11 + x * y / 3;
        image::Rgb([0, 60, 120].map(|more| ((value + more) % 256) as u8))
    })
}

/// A copy of a pipeline that goes with the value.
pub(crate) struct Copied {
    place: TempDir,
    pipeline: &'static str,
}

impl Copied {
    pub(crate) fn of(pipeline: &'static str) -> Self {
        let place = tempfile::tempdir().expect("a folder");
        copy(&folder(pipeline), &place.path().join(pipeline));
        if pipeline == "minilm" {
            copy(&folder(BESIDE), &place.path().join(BESIDE));
        }
        Self { place, pipeline }
    }

    /// A file of the pipeline.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.place.path().join(self.pipeline).join(file)
    }

    pub(crate) fn load(&self) -> Result<Pipeline, DiffusionError> {
        Pipeline::load(&self.path(""), &Device::Cpu)
    }

    /// What is said when it is loaded.
    pub(crate) fn refusal(&self) -> String {
        let error = self.load().err();
        error.expect("it is not as it should be").to_string()
    }

    /// Changes a file of settings.
    pub(crate) fn set(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path(file);
        let text = std::fs::read_to_string(&path).expect("settings");
        let mut value = serde_json::from_str(&text).expect("JSON");
        change(&mut value);
        std::fs::write(&path, value.to_string()).expect("written");
    }

    /// Changes the header of a file of weights.
    pub(crate) fn header(&self, file: &str, change: impl FnOnce(&mut Map<String, Value>)) {
        let path = self.path(file);
        let bytes = std::fs::read(&path).expect("weights");
        let (length, rest) = bytes.split_at(8);
        let length = u64::from_le_bytes(length.try_into().expect("eight bytes"));
        let (header, numbers) = rest.split_at(length as usize);
        let mut header = serde_json::from_slice(header).expect("a header");
        change(&mut header);
        let header = Value::Object(header).to_string();
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(numbers);
        std::fs::write(&path, bytes).expect("written");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let from = entry.expect("a file").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(&from, &to).expect("copied");
        }
    }
}
