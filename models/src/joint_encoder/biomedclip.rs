//! What BiomedCLIP is made of (Zhang et al., arXiv:2303.00915): a vision transformer of timm and a
//! BERT, as `open_clip` puts them side by side. `open_clip_config.json` holds no sizes of either:
//! they are read off the tensors.

use serde_json::json;

use super::error::JointError;
use super::fields::Fields;
use super::open_clip::refuse_tokenizer_settings;
use super::plan::{
    Activation, BERT, Mask, Place, Projection, StackPlan, TIMM, TextNames, TextPlan, VisionNames,
    VisionPlan, VisionPool,
};
use super::weights::Weights;

/// Width of a head in these vision transformers and in every BERT.
const HEAD: usize = 64;

/// The plan of a vision transformer of timm: its name gives the kind, its tensors the sizes.
///
/// # Errors
/// [`JointError`] names the field that can't be honoured, or the tensor that isn't as it must be.
pub(super) fn vision(
    fields: &Fields<'_>,
    size: usize,
    weights: &Weights,
) -> Result<VisionPlan, JointError> {
    let name = fields.text("timm_model_name")?.unwrap_or_default();
    if !is_plain_transformer(name) {
        let reason = format!(
            "is \"{name}\"; supported are vit_tiny, vit_small, vit_base and vit_large with the \
             size of patch and picture, as in vit_base_patch16_224"
        );
        return Err(fields.wrong("timm_model_name", reason));
    }
    fields.only("timm_pool", &[json!(""), json!("token")])?;
    fields.only("timm_proj", &[json!("linear")])?;
    fields.none_but(&[
        "timm_model_name",
        "timm_pool",
        "timm_proj",
        "timm_proj_bias",
        "image_size",
        // Of use in training alone.
        "timm_model_pretrained",
        "timm_drop",
        "timm_drop_path",
        "patch_dropout",
    ])?;
    // open_clip averages the tokens where nothing is said.
    if !fields.has("timm_pool") {
        return Err(fields.wrong(
            "timm_pool",
            "is missing; only \"\" and \"token\" are supported",
        ));
    }
    let named = |name: &str| format!("visual.trunk.{name}");
    let kernel = named("patch_embed.proj.weight");
    let [width, _, patch, _] = weights.shape::<4>(&kernel, "(width, 3, patch, patch)")?;
    if patch == 0 || patch > size {
        let reason = format!("is {size}, but a patch of the weights has {patch} pixels");
        return Err(fields.wrong("image_size", reason));
    }
    Ok(VisionPlan {
        patch,
        stack: StackPlan {
            prefix: named("blocks."),
            names: &TIMM,
            layers: layers(weights, &named("blocks.")),
            width,
            heads: heads(width, &kernel)?,
            inner: inner(weights, &named("blocks.0.mlp.fc1.weight"))?,
            activation: Activation::Gelu,
            epsilon: 1e-6,
            is_normed_last: false,
        },
        names: VisionNames {
            patches: named("patch_embed.proj"),
            has_patch_bias: true,
            class: Some(named("cls_token")),
            positions: named("pos_embed"),
            is_batched: true,
            norm_before: None,
            norm_after: named("norm"),
        },
        pool: VisionPool::Class,
        projection: Projection::Layer {
            name: "visual.head.proj".to_owned(),
            has_bias: fields.flag("timm_proj_bias", false)?,
        },
    })
}

/// The plan of a BERT of Hugging Face behind `open_clip`'s adapter; its sizes are those of its
/// tensors.
///
/// # Errors
/// As [`vision`].
pub(super) fn text(fields: &Fields<'_>, weights: &Weights) -> Result<TextPlan, JointError> {
    let name = fields.text("hf_model_name")?.unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let others = ["roberta", "albert", "distilbert", "deberta", "camembert"];
    if !lower.contains("bert") || others.iter().any(|other| lower.contains(other)) {
        let reason = format!("is \"{name}\"; only a BERT is supported");
        return Err(fields.wrong("hf_model_name", reason));
    }
    if fields.text("hf_pooler_type")? != Some("cls_last_hidden_state_pooler") {
        let reason = "must be \"cls_last_hidden_state_pooler\"; others aren't supported";
        return Err(fields.wrong("hf_pooler_type", reason));
    }
    refuse_tokenizer_settings(fields)?;
    fields.none_but(&[
        "hf_model_name",
        "hf_pooler_type",
        "hf_proj_type",
        "context_length",
        "hf_model_pretrained",
        "hf_tokenizer_name",
        "tokenizer_kwargs",
        "tokenizer_mode",
        // BERT's own configuration counts for these.
        "vocab_size",
        "width",
        "heads",
        "layers",
    ])?;
    let projection = match fields.text("hf_proj_type")?.unwrap_or("mlp") {
        "mlp" => Projection::TwoLayers {
            first: "text.proj.0".to_owned(),
            second: "text.proj.2".to_owned(),
        },
        "linear" => Projection::Layer {
            name: "text.proj".to_owned(),
            has_bias: false,
        },
        other => {
            let reason = format!("asks for \"{other}\", which isn't supported");
            return Err(fields.wrong("hf_proj_type", reason));
        }
    };
    let named = |name: &str| format!("text.transformer.{name}");
    let tokens = named("embeddings.word_embeddings.weight");
    let positions = named("embeddings.position_embeddings.weight");
    let [vocabulary, width] = weights.shape::<2>(&tokens, "(tokens, width)")?;
    let [places, _] = weights.shape::<2>(&positions, "(places, width)")?;
    let context = fields.number("context_length", Some(77))?;
    if context > places {
        let reason = format!("is {context}, but the network has {places} places");
        return Err(fields.wrong("context_length", reason));
    }
    Ok(TextPlan {
        vocabulary,
        context,
        stack: StackPlan {
            prefix: named("encoder.layer."),
            names: &BERT,
            layers: layers(weights, &named("encoder.layer.")),
            width,
            heads: heads(width, &tokens)?,
            inner: inner(weights, &named("encoder.layer.0.intermediate.dense.weight"))?,
            activation: Activation::Gelu,
            epsilon: 1e-12,
            is_normed_last: true,
        },
        names: TextNames {
            tokens,
            positions,
            places,
            kinds: Some(named("embeddings.token_type_embeddings.weight")),
            norm_before: Some(named("embeddings.LayerNorm")),
            norm_after: None,
        },
        mask: Mask::Padding,
        place: Place::First,
        fill: None,
        projection,
    })
}

/// Blocks that follow each other from 0 on; at least one, so that the first is asked for and named
/// if it isn't there.
fn layers(weights: &Weights, prefix: &str) -> usize {
    let numbers = 0_usize..;
    let count = numbers.take_while(|number| weights.has(&format!("{prefix}{number}.")));
    count.count().max(1)
}

fn heads(width: usize, tensor: &str) -> Result<usize, JointError> {
    if width > 0 && width.is_multiple_of(HEAD) {
        return Ok(width / HEAD);
    }
    Err(JointError::Shape {
        tensor: tensor.to_owned(),
        expected: format!("a width that {HEAD}, the width of a head, divides"),
        found: format!("one of {width}"),
    })
}

/// Width in the middle of a block's small network.
fn inner(weights: &Weights, name: &str) -> Result<usize, JointError> {
    let [inner, _] = weights.shape::<2>(name, "(inner width, width)")?;
    Ok(inner)
}

/// Whether a name of timm is that of a plain vision transformer: others differ in ways that their
/// tensors don't tell.
fn is_plain_transformer(name: &str) -> bool {
    let architecture = name.split('.').next().unwrap_or_default();
    let kinds = ["tiny", "small", "base", "large"];
    let sizes = kinds
        .iter()
        .find_map(|kind| architecture.strip_prefix(&format!("vit_{kind}_patch")));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    sizes
        .and_then(|sizes| sizes.split_once('_'))
        .is_some_and(|(patch, picture)| is_number(patch) && is_number(picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_vision_transformers_are_taken() {
        for name in ["vit_base_patch16_224", "vit_large_patch14_224.augreg_in21k"] {
            assert!(is_plain_transformer(name), "{name}");
        }
        for name in [
            "",
            "resnet50",
            "vit_base_patch16",
            "vit_huge_patch14_224",
            "vit_base_patch16_clip_224",
            "vit_small_patch16_36x1_224",
            "vit_base_patch16_siglip_224",
        ] {
            assert!(!is_plain_transformer(name), "{name}");
        }
    }
}
