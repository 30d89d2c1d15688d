//! What is said of folders that are not as they should be.

use serde_json::{Value, json};

use crate::folder::{Copied, PIPELINES};

const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";

/// Every file of weights of the first pipeline.
fn files() -> [String; 3] {
    let networks = [format!("unet/{WEIGHTS}"), format!("vae/{WEIGHTS}")];
    let [unet, vae] = networks;
    [unet, vae, "text_encoder/model.safetensors".to_owned()]
}

/// The names of some tensors of a file.
fn some(file: &str) -> Vec<String> {
    let mut names = Vec::new();
    Copied::of("clip").header(file, |header| {
        let tensors = header.keys().filter(|name| *name != "__metadata__");
        names = tensors.step_by(9).cloned().collect();
    });
    assert!(names.len() > 2, "{file}");
    names
}

#[test]
fn they_load_as_they_are() {
    for pipeline in PIPELINES {
        Copied::of(pipeline).load().expect(pipeline);
    }
}

#[test]
fn a_missing_tensor_is_named() {
    for file in files() {
        for name in some(&file) {
            let copy = Copied::of("clip");
            copy.header(&file, |header| {
                header.remove(&name);
            });
            let sentence = copy.refusal();
            let told = format!("The weights lack the tensor {name}, which should have the shape (");
            assert!(sentence.contains(&told), "{sentence}");
            assert!(sentence.starts_with("The generator's "), "{sentence}");
        }
    }
}

#[test]
fn a_tensor_of_another_shape_is_named() {
    for file in files() {
        for name in some(&file) {
            let copy = Copied::of("clip");
            copy.header(&file, |header| {
                let shape = header[&name]["shape"].as_array_mut().expect("a shape");
                shape.insert(0, json!(1));
            });
            let sentence = copy.refusal();
            assert!(
                sentence.contains(&format!("The tensor {name} has the shape (1, ")),
                "{sentence}"
            );
        }
    }
}

#[test]
fn a_tensor_that_would_be_left_out_is_named() {
    let known = [
        "conv_in",
        "decoder.conv_in",
        "text_model.encoder.layers.1.mlp.fc1",
    ];
    for (file, known) in files().iter().zip(known) {
        let copy = Copied::of("clip");
        copy.header(file, |header| {
            let entry = header[&format!("{known}.bias")].clone();
            header.insert(format!("{known}.lora"), entry);
        });
        let sentence = copy.refusal();
        let told = format!("hold the tensor {known}.lora");
        assert!(sentence.contains(&told), "{sentence}");
    }
}

#[test]
fn a_field_that_can_not_be_honoured_is_named() {
    let unet = "unet/config.json";
    let vae = "vae/config.json";
    let scheduler = "scheduler/scheduler_config.json";
    type Case = (&'static str, &'static str, Value, &'static str);
    let cases: [Case; 14] = [
        (
            unet,
            "norm_num_groups",
            json!(16),
            "norm_num_groups asks for 16",
        ),
        (
            unet,
            "down_block_types",
            json!(["AttnDownBlock2D"]),
            "asks for AttnDownBlock2D",
        ),
        (
            unet,
            "mid_block_type",
            json!("UNetMidBlock2D"),
            "mid_block_type asks for",
        ),
        (
            unet,
            "cross_attention_dim",
            json!(64),
            "gives 32 numbers a token",
        ),
        (
            unet,
            "class_embed_type",
            json!("timestep"),
            "class_embed_type asks for",
        ),
        (unet, "in_channels", json!(9), "out_channels isn't 9"),
        (
            vae,
            "norm_num_groups",
            json!(8),
            "norm_num_groups asks for 8",
        ),
        (
            vae,
            "latent_channels",
            json!(16),
            "latent_channels is 16, but the UNet takes 4",
        ),
        (
            vae,
            "_class_name",
            json!("VQModel"),
            "_class_name asks for \"VQModel\"",
        ),
        (
            scheduler,
            "prediction_type",
            json!("sample"),
            "prediction_type asks for \"sample\"",
        ),
        (
            scheduler,
            "beta_schedule",
            json!("squaredcos_cap_v2"),
            "beta_schedule asks for",
        ),
        (
            "model_index.json",
            "unet",
            json!(["diffusers", "UNet2DModel"]),
            "UNet2DModel",
        ),
        (
            "model_index.json",
            "text_encoder",
            json!(["x", "T5"]),
            "text_encoder asks for T5",
        ),
        (
            "text_encoder/config.json",
            "hidden_act",
            json!("relu"),
            "hidden_act asks for",
        ),
    ];
    for (file, field, value, told) in cases {
        let copy = Copied::of("clip");
        copy.set(file, |settings| settings[field] = value);
        let sentence = copy.refusal();
        assert!(
            sentence.contains(told) && sentence.contains(file),
            "{sentence}"
        );
    }
}

#[test]
fn a_missing_file_is_named() {
    for file in [
        "model_index.json",
        "unet/config.json",
        "vae/config.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "tokenizer/merges.txt",
        "tokenizer/vocab.json",
    ] {
        let copy = Copied::of("clip");
        std::fs::remove_file(copy.path(file)).expect("removed");
        let (sentence, name) = (copy.refusal(), file.rsplit('/').next().unwrap_or(file));
        assert!(
            sentence.contains(&format!("{name} can't be read")),
            "{sentence}"
        );
    }
    for file in files() {
        let copy = Copied::of("clip");
        let pickle = copy.path(&file).with_extension("bin");
        std::fs::rename(copy.path(&file), pickle).expect("renamed");
        let sentence = copy.refusal();
        assert!(sentence.contains("are a pickle"), "{sentence}");
    }
}

#[test]
fn files_of_one_network_belong_together() {
    let copy = Copied::of("minilm");
    let part = "unet/diffusion_pytorch_model-00002-of-00006.safetensors";
    std::fs::remove_file(copy.path(part)).expect("removed");
    let sentence = copy.refusal();
    assert!(
        sentence.contains("-00002-of-00006.safetensors can't be read"),
        "{sentence}"
    );
}

#[test]
fn the_encoder_of_words_must_be_beside() {
    let copy = Copied::of("minilm");
    let beside = copy.path("../text-encoder");
    let elsewhere = copy.path("../elsewhere");
    std::fs::rename(&beside, &elsewhere).expect("renamed");
    let sentence = copy.refusal();
    assert!(
        sentence.contains("reads words by tiny, which isn't in "),
        "{sentence}"
    );
    std::fs::rename(&elsewhere, &beside).expect("renamed");
    copy.load().expect("it is back");
    let config = "text_encoder/config.json";
    copy.set(config, |settings| settings["hidden_size"] = json!(64));
    let sentence = copy.refusal();
    assert!(
        sentence.contains("32 numbers a text in place of 64"),
        "{sentence}"
    );
    copy.set(config, |settings| settings["padding"] = json!("mask"));
    let sentence = copy.refusal();
    assert!(sentence.contains("padding asks for \"mask\""), "{sentence}");
}
