//! A tensor that is missing, of another shape or too many, and a field that can't be honoured, are
//! named.

use mirage_models::joint_encoder::{JointError, inspect};
use serde_json::{Value, json};

use crate::checkpoint::{Checkpoint, LAYOUTS};

/// What is said of a checkpoint that can't be used.
fn refusal(checkpoint: &Checkpoint) -> Option<String> {
    let checked = inspect(checkpoint.path()).and_then(|found| found.check());
    checked.err().map(|error: JointError| error.to_string())
}

/// The tensors that embeddings are made of: all but those of the loss.
fn needed(checkpoint: &Checkpoint) -> Vec<String> {
    let names = checkpoint.tensors().into_iter();
    let needed: Vec<String> = names.filter(|name| !name.starts_with("logit_")).collect();
    assert!(needed.len() > 30, "{needed:?}");
    needed
}

#[test]
fn every_missing_tensor_is_named() {
    for layout in LAYOUTS {
        let checkpoint = Checkpoint::of(layout);
        for name in needed(&checkpoint) {
            let remove = |header: &mut serde_json::Map<String, Value>| {
                header.remove(&name).expect("it was there");
            };
            let refusal = checkpoint.with_header(remove, || refusal(&checkpoint));
            let sentence = refusal.unwrap_or_else(|| panic!("{layout} works without {name}"));
            let begin =
                format!("The weights lack the tensor {name}, which should have the shape (");
            assert!(sentence.starts_with(&begin), "{sentence}");
        }
        assert_eq!(refusal(&checkpoint), None, "it is whole again");
    }
}

#[test]
fn every_wrong_shape_is_named_with_both() {
    for layout in LAYOUTS {
        let checkpoint = Checkpoint::of(layout);
        for name in needed(&checkpoint) {
            let mut told = String::new();
            let fold = |header: &mut serde_json::Map<String, Value>| {
                // The same numbers in another order of lengths.
                let shape = header[&name]["shape"].as_array_mut().expect("a shape");
                shape.insert(0, json!(1));
                let lengths: Vec<String> = shape.iter().map(Value::to_string).collect();
                told = lengths.join(", ");
            };
            let refusal = checkpoint.with_header(fold, || refusal(&checkpoint));
            let sentence = refusal.unwrap_or_else(|| panic!("{layout} takes another {name}"));
            let begin = format!("The tensor {name} has the shape ({told}), but should have (");
            assert!(sentence.starts_with(&begin), "{sentence}");
        }
    }
}

#[test]
fn a_tensor_that_would_be_left_out_is_named() {
    for (layout, known, more) in [
        (
            "clip",
            "vision_model.encoder.layers.0.mlp.fc1.bias",
            "scale",
        ),
        ("open-clip", "transformer.resblocks.1.ln_1.bias", "gamma"),
        ("siglip", "text_model.encoder.layers.1.mlp.fc1.bias", "norm"),
        ("biomedclip", "visual.trunk.blocks.0.norm1.bias", "gamma"),
    ] {
        let checkpoint = Checkpoint::of(layout);
        let name = format!("{known}.{more}");
        let refusal = checkpoint.with_header(
            |header| {
                let entry = header[known].clone();
                header.insert(name.clone(), entry);
            },
            || refusal(&checkpoint),
        );
        let sentence = refusal.expect(layout);
        assert!(
            sentence.contains(&format!("hold the tensor {name}")),
            "{sentence}"
        );
    }
}

#[test]
fn numbers_of_another_kind_are_named() {
    let checkpoint = Checkpoint::of("clip");
    let name = "visual_projection.weight";
    let refusal = checkpoint.with_header(
        |header| header[name]["dtype"] = json!("F64"),
        || refusal(&checkpoint),
    );
    let sentence = refusal.expect("F64 isn't read");
    assert!(
        sentence.contains("visual_projection.weight holds F64"),
        "{sentence}"
    );
}

#[test]
fn numbers_that_are_not_finite_are_told() {
    let checkpoint = Checkpoint::of("clip");
    let path = checkpoint.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).expect("weights");
    // The numbers are at the end, in F32: all ones in a number are none.
    let last = bytes.len() - 4096;
    bytes[last..].fill(0xff);
    std::fs::write(&path, bytes).expect("written");
    let sentence = refusal(&checkpoint).expect("no numbers");
    assert!(sentence.contains("aren't finite"), "{sentence}");
}

#[test]
fn a_field_that_cannot_be_honoured_is_named() {
    let open_clip = "open_clip_config.json";
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        Value,
        &'static str,
    );
    let cases: [Case; 8] = [
        (
            "clip",
            "config.json",
            "/vision_config/hidden_act",
            json!("relu"),
            "vision_config.hidden_act asks for \"relu\"",
        ),
        (
            "clip",
            "config.json",
            "/model_type",
            json!("blip"),
            "model_type is \"blip\"",
        ),
        (
            "clip",
            "preprocessor_config.json",
            "/resample",
            json!(0),
            "resample can't be 0",
        ),
        (
            "siglip",
            "config.json",
            "/text_config/projection_size",
            json!(47),
            "text_config.projection_size must be 48",
        ),
        (
            "siglip",
            "preprocessor_config.json",
            "/size/height",
            json!(31),
            "size doesn't lead to 30 x 30",
        ),
        (
            "open-clip",
            open_clip,
            "/model_cfg/text_cfg/heads",
            json!(5),
            "model_cfg.text_cfg.heads is 5",
        ),
        (
            "biomedclip",
            open_clip,
            "/model_cfg/text_cfg/hf_model_name",
            json!("roberta-base"),
            "hf_model_name is \"roberta-base\"",
        ),
        (
            "biomedclip",
            open_clip,
            "/model_cfg/vision_cfg/timm_pool",
            json!("avg"),
            "timm_pool asks for \"avg\"",
        ),
    ];
    for (layout, file, pointer, value, expected) in cases {
        let checkpoint = Checkpoint::of(layout);
        checkpoint.set(file, |settings| {
            *settings.pointer_mut(pointer).expect("a field") = value;
        });
        let sentence = refusal(&checkpoint).expect(pointer);
        assert!(sentence.contains(expected), "{sentence}");
        assert!(sentence.contains(file), "{sentence}");
    }
}

#[test]
fn settings_that_do_not_fit_the_weights_name_the_tensor() {
    let checkpoint = Checkpoint::of("siglip");
    checkpoint.set("config.json", |config| {
        config["vision_config"]["num_hidden_layers"] = json!(3);
    });
    let sentence = refusal(&checkpoint).expect("there are two");
    assert!(
        sentence.contains("vision_model.encoder.layers.2."),
        "{sentence}"
    );
    checkpoint.set("config.json", |config| {
        config["vision_config"]["num_hidden_layers"] = json!(1);
    });
    let sentence = refusal(&checkpoint).expect("there are two");
    assert!(
        sentence.contains("hold the tensor vision_model.encoder.layers.1."),
        "{sentence}"
    );
}

#[test]
fn a_tokenizer_of_another_encoder_is_told() {
    let checkpoint = Checkpoint::of("siglip");
    let other = crate::checkpoint::folder("clip").join("tokenizer.json");
    std::fs::copy(other, checkpoint.path().join("tokenizer.json")).expect("copied");
    let sentence = refusal(&checkpoint).expect("it knows more tokens");
    assert!(
        sentence.contains("but the network knows 65 tokens"),
        "{sentence}"
    );
    std::fs::remove_file(checkpoint.path().join("tokenizer.json")).expect("removed");
    let sentence = refusal(&checkpoint).expect("none");
    assert!(
        sentence.contains("tokenizer.json can't be read"),
        "{sentence}"
    );
}
