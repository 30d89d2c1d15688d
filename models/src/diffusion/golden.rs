//! Each network by itself against diffusers: where a whole run differs, these tell which part does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::*;

const PIPELINES: [&str; 2] = ["clip", "minilm"];
/// What `models/golden/diffusion/make.py` asked for, the negative words first.
const WORDS: [&str; 2] = [
    "fracture of the knee",
    "Axial CT of the chest: pleural effusion",
];

fn folder(pipeline: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/diffusion");
    golden.join(pipeline)
}

fn load(pipeline: &str) -> (Pipeline, HashMap<String, Tensor>) {
    let folder = folder(pipeline);
    let golden = candle_core::safetensors::load(folder.join("golden.safetensors"), &Device::Cpu);
    let loaded = Pipeline::load(&folder, &Device::Cpu).expect(pipeline);
    (loaded, golden.expect("a reference"))
}

fn most(ours: &Tensor, theirs: &Tensor) -> f32 {
    assert_eq!(ours.dims(), theirs.dims());
    let difference = (ours - theirs).and_then(|difference| difference.abs()?.max_all());
    let most = difference.and_then(|most| most.to_scalar::<f32>());
    most.expect("numbers")
}

/// (channels, rows, columns) to (1, rows, columns, channels).
fn by_place(tensor: &Tensor) -> Tensor {
    let turned = tensor
        .permute((1, 2, 0))
        .and_then(|tensor| tensor.contiguous());
    turned
        .expect("three lengths")
        .unsqueeze(0)
        .expect("one more")
}

#[test]
fn words_are_read_as_diffusers_does() {
    for name in PIPELINES {
        let (pipeline, golden) = load(name);
        for (number, text) in WORDS.into_iter().enumerate() {
            let said = pipeline.words.read(text).expect("words");
            assert_eq!(said.cut, None, "{name}");
            let theirs = golden["words"].get(number).expect("states");
            let most = most(&said.states, &theirs);
            assert!(most < 1e-4, "{name} {text}: {most}");
        }
    }
}

#[test]
fn the_unet_predicts_what_that_of_diffusers_does() {
    for name in PIPELINES {
        let (pipeline, golden) = load(name);
        let unet = &pipeline.networks.unet;
        let words = golden["words"].narrow(0, 1, 1).expect("the prompt's");
        let words = unet.words(&words.contiguous().expect("states"));
        let words = words.expect("keys and values");
        let noise = by_place(&golden["noise"]);
        let ours = unet.forward(&noise, 321.0, &words).expect("a prediction");
        let most = most(&ours, &by_place(&golden["output"]));
        assert!(most < 1e-4, "{name}: {most}");
    }
}

#[test]
fn the_autoencoder_goes_both_ways_as_that_of_diffusers_does() {
    for name in PIPELINES {
        let (pipeline, golden) = load(name);
        let Networks {
            autoencoder,
            factor,
            ..
        } = &*pipeline.networks;
        let (_, rows, columns) = golden["noise"].dims3().expect("three lengths");
        let (width, height) = (columns * factor, rows * factor);
        let mut colours = Vec::new();
        for y in 0..height {
            for x in 0..width {
                for more in [0, 60, 120] {
                    let value = (x * 7 + y * 11 + x * y / 3 + more) % 256;
                    colours.push(value as f32 / 127.5 - 1.0);
                }
            }
        }
        let picture = Tensor::from_vec(colours, (1, height, width, 3), &Device::Cpu);
        let ours = autoencoder
            .encode(&picture.expect("pixels"))
            .expect("latents");
        let most_of_latents = most(&ours, &by_place(&golden["encoded"]));
        assert!(most_of_latents < 1e-4, "{name}: {most_of_latents}");
        let latents = by_place(&golden["ddim.guided"]);
        let ours = autoencoder.decode(&latents, &|| false).expect("a picture");
        let most_of_colours = most(&ours, &by_place(&golden["picture"]));
        assert!(most_of_colours < 1e-3, "{name}: {most_of_colours}");
    }
}
