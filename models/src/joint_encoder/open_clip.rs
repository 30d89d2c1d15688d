//! `open_clip`'s layout: `open_clip_config.json`, which describes `open_clip`'s own two towers or
//! those of others (`biomedclip`). What it leaves out is what `open_clip` takes for it.

use serde_json::{Value, json};

use super::biomedclip;
use super::error::JointError;
use super::fields::Fields;
use super::hugging_face::{OPENAI_DEVIATION, OPENAI_MEAN, deviation};
use super::picture::{Fit, Half, Preprocessing};
use super::plan::{
    Activation, Mask, OPEN_CLIP, Place, Plan, Projection, StackPlan, TextNames, TextPlan,
    VisionNames, VisionPlan, VisionPool,
};
use super::resample::Filter;
use super::weights::Weights;
use crate::manifest::Layout;

/// Fields of either tower that ask for a variant of the blocks when they are set.
const VARIANTS: [&str; 10] = [
    "ls_init_value",
    "act_kwargs",
    "norm_kwargs",
    "block_type",
    "qk_norm",
    "scaled_cosine_attn",
    "scale_heads",
    "scale_attn_inner",
    "scale_attn",
    "scale_fc",
];

/// The plan of what `open_clip_config.json` describes.
///
/// # Errors
/// [`JointError`] names the field that is wrong or can't be honoured, or the tensor that a size
/// should be read off.
pub(super) fn plan(config: &Fields<'_>, weights: &Weights) -> Result<Plan, JointError> {
    let model = config.required("model_cfg")?;
    model.none_but(&[
        "embed_dim",
        "vision_cfg",
        "text_cfg",
        "quick_gelu",
        "custom_text",
        "init_logit_scale",
        "init_logit_bias",
        "nonscalar_logit_scale",
    ])?;
    let (vision, text) = (model.required("vision_cfg")?, model.required("text_cfg")?);
    let is_biomed = vision.has("timm_model_name") || text.has("hf_model_name");
    let size = vision.number("image_size", Some(224))?;
    let pictures = preprocessing(config, size)?;
    let dimensions = model.number("embed_dim", None)?;
    let (layout, vision, text) = if is_biomed {
        let vision = biomedclip::vision(&vision, size, weights)?;
        (
            Layout::BiomedClip,
            vision,
            biomedclip::text(&text, weights)?,
        )
    } else {
        let activation = activation(config, &model)?;
        let is_apart = model.flag("custom_text", false)?;
        let prefix = if is_apart { "text." } else { "" };
        let vision = own_vision(&vision, size, activation)?;
        (
            Layout::OpenClip,
            vision,
            own_text(&text, prefix, activation)?,
        )
    };
    Ok(Plan {
        layout,
        dimensions,
        pictures,
        vision,
        text,
    })
}

/// `open_clip`'s own models come with QuickGELU or without: the settings say it, or the model's
/// name.
fn activation(config: &Fields<'_>, model: &Fields<'_>) -> Result<Activation, JointError> {
    let name = config.text("model_name")?.unwrap_or_default();
    let is_named = name.to_ascii_lowercase().contains("quickgelu");
    if model.flag("quick_gelu", is_named)? {
        Ok(Activation::QuickGelu)
    } else {
        Ok(Activation::Gelu)
    }
}

fn own_vision(
    fields: &Fields<'_>,
    size: usize,
    activation: Activation,
) -> Result<VisionPlan, JointError> {
    refuse_variants(fields)?;
    fields.only("attentional_pool", &[json!(false)])?;
    fields.only("pool_type", &[json!("tok")])?;
    fields.only("output_tokens", &[json!(false)])?;
    let known = [
        "image_size",
        "layers",
        "width",
        "head_width",
        "mlp_ratio",
        "patch_size",
        "attentional_pool",
        "pool_type",
        "output_tokens",
        "no_ln_pre",
        // Either place of the norm gives the same for one token.
        "final_ln_after_pool",
        // The positions are among the tensors, however they were made.
        "pos_embed_type",
        // Of use in training alone, or for pools that are refused above.
        "patch_dropout",
        "attn_pooler_queries",
        "attn_pooler_heads",
        "timm_model_pretrained",
        "timm_pool",
        "timm_proj",
        "timm_proj_bias",
        "timm_drop",
        "timm_drop_path",
    ];
    fields.none_but(&[known.as_slice(), VARIANTS.as_slice()].concat())?;
    let patch = fields.number("patch_size", Some(16))?;
    if patch > size {
        return Err(fields.wrong(
            "patch_size",
            format!("is {patch}, more than image_size, {size}"),
        ));
    }
    let width = fields.number("width", Some(768))?;
    let head = fields.number("head_width", Some(64))?;
    if !width.is_multiple_of(head) {
        let reason = format!("is {head}, which doesn't divide width, {width}");
        return Err(fields.wrong("head_width", reason));
    }
    let has_norm = !fields.flag("no_ln_pre", false)?;
    let named = |name: &str| format!("visual.{name}");
    Ok(VisionPlan {
        patch,
        stack: own_stack(fields, "visual.", [width, width / head], activation)?,
        names: VisionNames {
            patches: named("conv1"),
            has_patch_bias: false,
            class: Some(named("class_embedding")),
            positions: named("positional_embedding"),
            is_batched: false,
            norm_before: has_norm.then(|| named("ln_pre")),
            norm_after: named("ln_post"),
        },
        pool: VisionPool::Class,
        projection: Projection::Matrix(named("proj")),
    })
}

fn own_text(
    fields: &Fields<'_>,
    prefix: &str,
    activation: Activation,
) -> Result<TextPlan, JointError> {
    refuse_variants(fields)?;
    for switch in ["embed_cls", "no_causal_mask", "output_tokens"] {
        fields.only(switch, &[json!(false)])?;
    }
    fields.only("proj_type", &[json!("linear")])?;
    refuse_tokenizer_settings(fields)?;
    let known = [
        "context_length",
        "vocab_size",
        "width",
        "heads",
        "layers",
        "mlp_ratio",
        "embed_cls",
        "no_causal_mask",
        "output_tokens",
        "pool_type",
        "proj_type",
        "proj_bias",
        "eos_id",
        // The tokenizer is that of the folder, and padding is never looked at.
        "hf_tokenizer_name",
        "tokenizer_kwargs",
        "tokenizer_mode",
        "pad_id",
        "final_ln_after_pool",
        // Of use with a BERT alone.
        "hf_model_pretrained",
        "hf_proj_type",
        "hf_pooler_type",
    ];
    fields.none_but(&[known.as_slice(), VARIANTS.as_slice()].concat())?;
    let place = match fields.text("pool_type")?.unwrap_or("argmax") {
        "argmax" => Place::Largest,
        "eos" => Place::Token(fields.token("eos_id")?.unwrap_or(2)),
        other => {
            let reason = format!("asks for \"{other}\", which isn't supported");
            return Err(fields.wrong("pool_type", reason));
        }
    };
    let (width, heads) = (
        fields.number("width", Some(512))?,
        fields.number("heads", Some(8))?,
    );
    if !width.is_multiple_of(heads) {
        let reason = format!("is {heads}, which doesn't divide width, {width}");
        return Err(fields.wrong("heads", reason));
    }
    let context = fields.number("context_length", Some(77))?;
    let named = |name: &str| format!("{prefix}{name}");
    let projection = if fields.flag("proj_bias", false)? {
        Projection::Layer {
            name: named("text_projection"),
            has_bias: true,
        }
    } else {
        Projection::Matrix(named("text_projection"))
    };
    Ok(TextPlan {
        vocabulary: fields.number("vocab_size", Some(49_408))?,
        context,
        stack: own_stack(fields, prefix, [width, heads], activation)?,
        names: TextNames {
            tokens: named("token_embedding.weight"),
            positions: named("positional_embedding"),
            places: context,
            kinds: None,
            norm_before: None,
            norm_after: Some(named("ln_final")),
        },
        mask: Mask::Causal,
        place,
        fill: None,
        projection,
    })
}

fn own_stack(
    fields: &Fields<'_>,
    prefix: &str,
    [width, heads]: [usize; 2],
    activation: Activation,
) -> Result<StackPlan, JointError> {
    let ratio = fields.real("mlp_ratio", 4.0)?;
    Ok(StackPlan {
        prefix: format!("{prefix}transformer.resblocks."),
        names: &OPEN_CLIP,
        layers: fields.number("layers", Some(12))?,
        width,
        heads,
        inner: (width as f64 * ratio) as usize,
        activation,
        epsilon: 1e-5,
        is_normed_last: false,
    })
}

fn refuse_variants(fields: &Fields<'_>) -> Result<(), JointError> {
    let mut variants = VARIANTS.iter();
    variants.try_for_each(|name| fields.only(name, &[json!(false), json!("default"), json!({})]))
}

/// `open_clip` can have its tokenizer clean texts in ways that `tokenizer.json` doesn't tell.
///
/// # Errors
/// [`JointError::Field`].
pub(super) fn refuse_tokenizer_settings(fields: &Fields<'_>) -> Result<(), JointError> {
    let plain = [
        json!({}),
        json!({"clean": "whitespace"}),
        json!({"clean": "lower"}),
    ];
    fields.only("tokenizer_kwargs", &plain)?;
    fields.only("tokenizer_mode", &[json!("")])
}

fn preprocessing(config: &Fields<'_>, size: usize) -> Result<Preprocessing, JointError> {
    let nothing = Value::Object(serde_json::Map::new());
    let fields = match config.object("preprocess_cfg")? {
        Some(fields) => fields,
        None => Fields::of("open_clip_config.json", &nothing)?,
    };
    fields.none_but(&[
        "size",
        "mode",
        "mean",
        "std",
        "interpolation",
        "resize_mode",
        "fill_color",
    ])?;
    fields.only(
        "size",
        &[json!(size), json!([size, size]), json!([3, size, size])],
    )?;
    fields.only("mode", &[json!("RGB")])?;
    fields.only(
        "interpolation",
        &[json!("bicubic"), json!("bilinear"), json!("random")],
    )?;
    fields.only("resize_mode", &[json!("shortest"), json!("squash")])?;
    let filter = match fields.text("interpolation")? {
        Some("bilinear") => Filter::Bilinear,
        _ => Filter::Bicubic,
    };
    let fit = match fields.text("resize_mode")? {
        Some("squash") => Fit::Squash,
        _ => Fit::Crop {
            shorter: size,
            half: Half::Even,
        },
    };
    Ok(Preprocessing {
        size,
        fit,
        filter,
        scale: 1.0 / 255.0,
        mean: fields.colours("mean", OPENAI_MEAN)?,
        deviation: deviation(&fields, "std", OPENAI_DEVIATION)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_cropped_or_squashed_as_told() {
        let read = |value: &Value| {
            let config = Fields::of("open_clip_config.json", value).expect("an object");
            preprocessing(&config, 32).map_err(|error| error.to_string())
        };
        let usual = read(&json!({})).expect("nothing is needed");
        let half = Half::Even;
        assert_eq!(usual.fit, Fit::Crop { shorter: 32, half });
        assert_eq!((usual.filter, usual.mean), (Filter::Bicubic, OPENAI_MEAN));
        let other = json!({"preprocess_cfg":
            {"resize_mode": "squash", "interpolation": "bilinear", "size": [32, 32]}});
        let other = read(&other).expect("known");
        assert_eq!((other.fit, other.filter), (Fit::Squash, Filter::Bilinear));
        for (value, field) in [
            (
                json!({"preprocess_cfg": {"resize_mode": "longest"}}),
                "resize_mode",
            ),
            (json!({"preprocess_cfg": {"size": 224}}), "size"),
            (json!({"preprocess_cfg": {"std": [1, 0, 1]}}), "std"),
            (json!({"preprocess_cfg": {"sharpen": true}}), "sharpen"),
        ] {
            let sentence = read(&value).expect_err(field);
            let begin = format!("open_clip_config.json can't be used: preprocess_cfg.{field} ");
            assert!(sentence.starts_with(&begin), "{sentence}");
        }
    }

    #[test]
    fn what_a_tower_cannot_do_is_named() {
        let vision = |value: &Value| {
            let fields = Fields::of("open_clip_config.json", value).expect("an object");
            own_vision(&fields, 224, Activation::Gelu).map_err(|error| error.to_string())
        };
        let text = |value: &Value| {
            let fields = Fields::of("open_clip_config.json", value).expect("an object");
            own_text(&fields, "", Activation::Gelu).map_err(|error| error.to_string())
        };
        let plan = vision(&json!({"no_ln_pre": true, "mlp_ratio": 2.5})).expect("known");
        assert!(plan.names.norm_before.is_none());
        assert_eq!((plan.stack.inner, plan.stack.heads), (1920, 12));
        for (value, field) in [
            (json!({"pool_type": "avg"}), "pool_type"),
            (json!({"ls_init_value": 0.1}), "ls_init_value"),
            (json!({"qk_norm": true}), "qk_norm"),
            (json!({"head_width": 65}), "head_width"),
            (json!({"layers": [3, 4, 6, 3]}), "layers"),
            (json!({"surprise": 1}), "surprise"),
        ] {
            let sentence = vision(&value).expect_err(field);
            assert!(sentence.contains(&format!(": {field} ")), "{sentence}");
        }
        for (value, field) in [
            (json!({"no_causal_mask": true}), "no_causal_mask"),
            (json!({"pool_type": "last"}), "pool_type"),
            (json!({"heads": 7}), "heads"),
            (
                json!({"tokenizer_kwargs": {"clean": "canonicalize"}}),
                "tokenizer_kwargs",
            ),
        ] {
            let sentence = text(&value).expect_err(field);
            assert!(sentence.contains(&format!(": {field} ")), "{sentence}");
        }
        let biased = text(&json!({"proj_bias": true, "pool_type": "eos", "eos_id": 9}));
        let biased = biased.expect("known");
        assert_eq!(biased.place, Place::Token(9));
        assert!(matches!(
            biased.projection,
            Projection::Layer { has_bias: true, .. }
        ));
    }

    #[test]
    fn quick_gelu_is_in_the_settings_or_in_the_name() {
        for (value, expected) in [
            (json!({"model_cfg": {}}), Activation::Gelu),
            (
                json!({"model_cfg": {"quick_gelu": true}}),
                Activation::QuickGelu,
            ),
            (
                json!({"model_name": "ViT-L-14-quickgelu", "model_cfg": {}}),
                Activation::QuickGelu,
            ),
            (
                json!({"model_name": "ViT-L-14-quickgelu", "model_cfg": {"quick_gelu": false}}),
                Activation::Gelu,
            ),
        ] {
            let config = Fields::of("open_clip_config.json", &value).expect("an object");
            let model = config.required("model_cfg").expect("there");
            assert_eq!(activation(&config, &model).expect("known"), expected);
        }
    }
}
