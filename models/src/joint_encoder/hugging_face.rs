//! Hugging Face's layouts of CLIP (Radford et al., arXiv:2103.00020) and SigLIP (Zhai et al.,
//! arXiv:2303.15343): `config.json` and `preprocessor_config.json`. What a file leaves out is what
//! transformers takes for it.

use serde_json::json;

use super::error::JointError;
use super::fields::Fields;
use super::picture::{Fit, Half, Preprocessing};
use super::plan::{
    Activation, HUGGING_FACE, Mask, Place, Plan, Projection, StackPlan, TextNames, TextPlan,
    VisionNames, VisionPlan, VisionPool,
};
use super::resample::Filter;
use crate::manifest::Layout;

/// Means and deviations of the colours that OpenAI's CLIP was trained on.
pub(super) const OPENAI_MEAN: [f64; 3] = [0.481_454_66, 0.457_827_5, 0.408_210_73];
pub(super) const OPENAI_DEVIATION: [f64; 3] = [0.268_629_54, 0.261_302_58, 0.275_777_11];

/// The id of the text's end that old configurations of CLIP hold by mistake.
const MISTAKEN_END: u32 = 2;

/// What transformers takes for a field that isn't there.
struct Usual {
    width: usize,
    inner: usize,
    heads: usize,
    activation: &'static str,
    epsilon: f64,
}

const CLIP_TEXT: Usual = Usual {
    width: 512,
    inner: 2048,
    heads: 8,
    activation: "quick_gelu",
    epsilon: 1e-5,
};
const CLIP_VISION: Usual = Usual {
    width: 768,
    inner: 3072,
    heads: 12,
    ..CLIP_TEXT
};
const SIGLIP: Usual = Usual {
    width: 768,
    inner: 3072,
    heads: 12,
    activation: "gelu_pytorch_tanh",
    epsilon: 1e-6,
};

/// The plan of a CLIP.
///
/// # Errors
/// [`JointError::Field`] names the field that is wrong or can't be honoured.
pub(super) fn clip(config: &Fields<'_>, pictures: &Fields<'_>) -> Result<Plan, JointError> {
    let (text, vision) = (tower(config, "text")?, tower(config, "vision")?);
    let dimensions = config.number("projection_dim", Some(512))?;
    let size = vision.number("image_size", Some(224))?;
    let vision_names = VisionNames {
        has_patch_bias: false,
        class: Some("vision_model.embeddings.class_embedding".to_owned()),
        // The name has always been misspelt.
        norm_before: Some("vision_model.pre_layrnorm".to_owned()),
        ..vision_names()
    };
    Ok(Plan {
        layout: Layout::Clip,
        dimensions,
        pictures: preprocessing(pictures, size, &CLIP_PICTURES)?,
        vision: VisionPlan {
            patch: patch(&vision, size, 32)?,
            stack: stack(&vision, "vision_model", &CLIP_VISION)?,
            names: vision_names,
            pool: VisionPool::Class,
            projection: projection("visual_projection", false),
        },
        text: clip_text(&text)?,
    })
}

/// The plan of CLIP's tower of texts, by the settings of that tower.
///
/// # Errors
/// As [`clip`].
pub(super) fn clip_text(text: &Fields<'_>) -> Result<TextPlan, JointError> {
    let end = match text.token("eos_token_id")?.unwrap_or(49_407) {
        MISTAKEN_END => Place::Largest,
        end => Place::Token(end),
    };
    let context = text.number("max_position_embeddings", Some(77))?;
    Ok(TextPlan {
        vocabulary: text.number("vocab_size", Some(49_408))?,
        context,
        stack: stack(text, "text_model", &CLIP_TEXT)?,
        names: text_names(context),
        mask: Mask::Causal,
        place: end,
        fill: None,
        projection: projection("text_projection", false),
    })
}

/// The plan of a SigLIP.
///
/// # Errors
/// As [`clip`].
pub(super) fn siglip(config: &Fields<'_>, pictures: &Fields<'_>) -> Result<Plan, JointError> {
    let (text, vision) = (tower(config, "text")?, tower(config, "vision")?);
    vision.only("vision_use_head", &[json!(true)])?;
    let text_stack = stack(&text, "text_model", &SIGLIP)?;
    let vision_stack = stack(&vision, "vision_model", &SIGLIP)?;
    let dimensions = vision_stack.width;
    if text.number("projection_size", Some(text_stack.width))? != dimensions {
        let reason = format!("must be {dimensions}, the width of the vision tower");
        return Err(text.wrong("projection_size", reason));
    }
    let context = text.number("max_position_embeddings", Some(64))?;
    let size = vision.number("image_size", Some(224))?;
    Ok(Plan {
        layout: Layout::Siglip,
        dimensions,
        pictures: preprocessing(pictures, size, &SIGLIP_PICTURES)?,
        vision: VisionPlan {
            patch: patch(&vision, size, 16)?,
            stack: vision_stack,
            names: vision_names(),
            pool: VisionPool::Attention("vision_model.head.".to_owned()),
            projection: Projection::Nothing,
        },
        text: TextPlan {
            vocabulary: text.number("vocab_size", Some(32_000))?,
            context,
            stack: text_stack,
            names: text_names(context),
            mask: Mask::Nothing,
            place: Place::Last,
            fill: Some(text.token("pad_token_id")?.unwrap_or(1)),
            projection: projection("text_model.head", true),
        },
    })
}

/// The settings of a tower. Where there is a second, older copy of them, it counts.
fn tower<'a>(config: &Fields<'a>, name: &str) -> Result<Fields<'a>, JointError> {
    match config.object(&format!("{name}_config_dict"))? {
        Some(older) => Ok(older),
        None => config.required(&format!("{name}_config")),
    }
}

fn stack(tower: &Fields<'_>, prefix: &str, usual: &Usual) -> Result<StackPlan, JointError> {
    let width = tower.number("hidden_size", Some(usual.width))?;
    let heads = tower.number("num_attention_heads", Some(usual.heads))?;
    if !width.is_multiple_of(heads) {
        let reason = format!("is {heads}, which doesn't divide hidden_size, {width}");
        return Err(tower.wrong("num_attention_heads", reason));
    }
    let activation = match tower.text("hidden_act")?.unwrap_or(usual.activation) {
        "quick_gelu" => Activation::QuickGelu,
        "gelu" => Activation::Gelu,
        "gelu_pytorch_tanh" | "gelu_new" => Activation::GeluTanh,
        other => {
            let reason = format!("asks for \"{other}\", which isn't supported");
            return Err(tower.wrong("hidden_act", reason));
        }
    };
    Ok(StackPlan {
        prefix: format!("{prefix}.encoder.layers."),
        names: &HUGGING_FACE,
        layers: tower.number("num_hidden_layers", Some(12))?,
        width,
        heads,
        inner: tower.number("intermediate_size", Some(usual.inner))?,
        activation,
        epsilon: tower.real("layer_norm_eps", usual.epsilon)?,
        is_normed_last: false,
    })
}

fn patch(vision: &Fields<'_>, size: usize, usual: usize) -> Result<usize, JointError> {
    vision.only("num_channels", &[json!(3)])?;
    let patch = vision.number("patch_size", Some(usual))?;
    if patch > size {
        let reason = format!("is {patch}, more than image_size, {size}");
        return Err(vision.wrong("patch_size", reason));
    }
    Ok(patch)
}

fn text_names(context: usize) -> TextNames {
    let named = |name: &str| format!("text_model.{name}");
    TextNames {
        tokens: named("embeddings.token_embedding.weight"),
        positions: named("embeddings.position_embedding.weight"),
        places: context,
        kinds: None,
        norm_before: None,
        norm_after: Some(named("final_layer_norm")),
    }
}

/// SigLIP's names; CLIP has some more.
fn vision_names() -> VisionNames {
    let named = |name: &str| format!("vision_model.{name}");
    VisionNames {
        patches: named("embeddings.patch_embedding"),
        has_patch_bias: true,
        class: None,
        positions: named("embeddings.position_embedding.weight"),
        is_batched: false,
        norm_before: None,
        norm_after: named("post_layernorm"),
    }
}

fn projection(name: &str, has_bias: bool) -> Projection {
    Projection::Layer {
        name: name.to_owned(),
        has_bias,
    }
}

/// What a processor of pictures does where its file doesn't say.
struct UsualPictures {
    /// Whether the shorter side is fitted and the middle cut out.
    is_cropped: bool,
    mean: [f64; 3],
    deviation: [f64; 3],
}

const CLIP_PICTURES: UsualPictures = UsualPictures {
    is_cropped: true,
    mean: OPENAI_MEAN,
    deviation: OPENAI_DEVIATION,
};
const SIGLIP_PICTURES: UsualPictures = UsualPictures {
    is_cropped: false,
    mean: [0.5; 3],
    deviation: [0.5; 3],
};

/// `preprocessor_config.json`, for an input of that size.
fn preprocessing(
    fields: &Fields<'_>,
    size: usize,
    usual: &UsualPictures,
) -> Result<Preprocessing, JointError> {
    for step in ["do_resize", "do_rescale", "do_normalize"] {
        fields.only(step, &[json!(true)])?;
    }
    fields.only("do_pad", &[json!(false)])?;
    let filter = match fields.number("resample", Some(3))? {
        2 => Filter::Bilinear,
        3 => Filter::Bicubic,
        other => {
            let reason = format!("is {other}; 2 (bilinear) and 3 (bicubic) are supported");
            return Err(fields.wrong("resample", reason));
        }
    };
    Ok(Preprocessing {
        size,
        fit: fit(fields, size, usual)?,
        filter,
        scale: fields.real("rescale_factor", 1.0 / 255.0)?,
        mean: fields.colours("image_mean", usual.mean)?,
        deviation: deviation(fields, "image_std", usual.deviation)?,
    })
}

/// What the colours are divided by: never zero.
pub(super) fn deviation(
    fields: &Fields<'_>,
    name: &str,
    usual: [f64; 3],
) -> Result<[f64; 3], JointError> {
    let deviation = fields.colours(name, usual)?;
    if deviation.iter().all(|colour| *colour > 0.0) {
        Ok(deviation)
    } else {
        Err(fields.wrong(name, "has a number that isn't above 0"))
    }
}

/// A size in the settings of a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    /// The shorter side; the other follows.
    Shorter(usize),
    /// Height and width.
    Both(usize, usize),
}

/// A size, if it is set. What a number alone means depends on the processor.
fn lengths(
    fields: &Fields<'_>,
    name: &str,
    alone: fn(usize) -> Lengths,
) -> Result<Option<Lengths>, JointError> {
    if !fields.has(name) {
        return Ok(None);
    }
    if !fields.is_object(name) {
        return Ok(Some(alone(fields.number(name, None)?)));
    }
    let sides = fields.required(name)?;
    if sides.has("shortest_edge") {
        sides.none_but(&["shortest_edge"])?;
        return Ok(Some(Lengths::Shorter(sides.number("shortest_edge", None)?)));
    }
    let (height, width) = (sides.number("height", None)?, sides.number("width", None)?);
    Ok(Some(Lengths::Both(height, width)))
}

fn fit(fields: &Fields<'_>, size: usize, usual: &UsualPictures) -> Result<Fit, JointError> {
    let square = |length: usize| Lengths::Both(length, length);
    let is_cropped = fields.flag("do_center_crop", usual.is_cropped)?;
    let alone: fn(usize) -> Lengths = if usual.is_cropped {
        Lengths::Shorter
    } else {
        square
    };
    let found = lengths(fields, "size", alone)?.unwrap_or(alone(224));
    if is_cropped {
        let cut = lengths(fields, "crop_size", square)?.unwrap_or(square(224));
        if cut != square(size) {
            let reason = format!("isn't {size} x {size}, which the network takes");
            return Err(fields.wrong("crop_size", reason));
        }
    }
    match found {
        Lengths::Shorter(shorter) if is_cropped && shorter >= size => Ok(Fit::Crop {
            shorter,
            half: Half::Down,
        }),
        both if both == square(size) => Ok(Fit::Squash),
        _ => {
            let reason = format!("doesn't lead to {size} x {size}, which the network takes");
            Err(fields.wrong("size", reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn pictures(value: &Value, usual: &UsualPictures) -> Result<Preprocessing, String> {
        let fields = Fields::of("preprocessor_config.json", value).expect("an object");
        preprocessing(&fields, 224, usual).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_that_says_nothing_means_what_transformers_takes() {
        let clip = pictures(&json!({}), &CLIP_PICTURES).expect("usual");
        let half = Half::Down;
        let shorter = 224;
        assert_eq!(clip.fit, Fit::Crop { shorter, half });
        assert_eq!((clip.filter, clip.mean), (Filter::Bicubic, OPENAI_MEAN));
        let siglip = pictures(&json!({}), &SIGLIP_PICTURES).expect("usual");
        assert_eq!((siglip.fit, siglip.mean), (Fit::Squash, [0.5; 3]));
    }

    #[test]
    fn sizes_are_read_in_old_and_new_files() {
        let half = Half::Down;
        for (value, shorter) in [
            (json!({"size": 224, "crop_size": 224}), 224),
            (json!({"size": {"shortest_edge": 256}, "resample": 2}), 256),
        ] {
            let read = pictures(&value, &CLIP_PICTURES).expect("a size");
            assert_eq!(read.fit, Fit::Crop { shorter, half });
        }
        for size in [json!(224), json!({"height": 224, "width": 224})] {
            let read = pictures(&json!({"size": size}), &SIGLIP_PICTURES).expect("a size");
            assert_eq!(read.fit, Fit::Squash);
        }
    }

    #[test]
    fn what_cannot_be_honoured_is_named() {
        for (value, field) in [
            (json!({"do_resize": false}), "do_resize"),
            (json!({"do_pad": true}), "do_pad"),
            (json!({"resample": 1}), "resample"),
            (json!({"size": {"shortest_edge": 200}}), "size"),
            (json!({"size": {"height": 448, "width": 448}}), "size"),
            (json!({"size": {"longest_edge": 224}}), "size.height"),
            (json!({"crop_size": 200}), "crop_size"),
            (json!({"do_center_crop": false}), "size"),
            (json!({"image_std": [0.5, 0.0, 0.5]}), "image_std"),
            (json!({"image_mean": 0.5}), "image_mean"),
        ] {
            let sentence = pictures(&value, &CLIP_PICTURES).expect_err(field);
            let begin = format!("preprocessor_config.json can't be used: {field} ");
            assert!(sentence.starts_with(&begin), "{sentence}");
        }
    }

    #[test]
    fn a_tower_that_does_not_add_up_is_named() {
        let empty = json!({});
        let pictures = Fields::of("preprocessor_config.json", &empty).expect("an object");
        for (value, field) in [
            (json!({}), "text_config"),
            (
                json!({"vision_config": {"num_attention_heads": 7}}),
                "vision_config.num_att",
            ),
            (
                json!({"vision_config": {"hidden_act": "relu"}}),
                "vision_config.hidden_act",
            ),
            (
                json!({"vision_config": {"patch_size": 225}}),
                "vision_config.patch_size",
            ),
            (
                json!({"vision_config": {"num_channels": 1}}),
                "vision_config.num_channels",
            ),
            (
                json!({"text_config": {"hidden_size": "x"}}),
                "text_config.hidden_size",
            ),
        ] {
            let mut value = value;
            if field != "text_config" {
                for tower in ["text_config", "vision_config"] {
                    if value.get(tower).is_none() {
                        value[tower] = json!({});
                    }
                }
            }
            let config = Fields::of("config.json", &value).expect("an object");
            let sentence = clip(&config, &pictures).expect_err(field).to_string();
            let begin = format!("config.json can't be used: {field}");
            assert!(sentence.starts_with(&begin), "{sentence}");
        }
        let value = json!({"text_config": {"projection_size": 5}, "vision_config": {}});
        let config = Fields::of("config.json", &value).expect("an object");
        let sentence = siglip(&config, &pictures).expect_err("5").to_string();
        assert!(
            sentence.contains("text_config.projection_size must be 768"),
            "{sentence}"
        );
    }
}
