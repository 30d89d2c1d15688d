//! What a UNet is made of, read out of diffusers' `UNet2DConditionModel`. A field that asks for what
//! isn't done here is refused by its name: left out silently, it would make wrong pictures.

use serde_json::{Value, json};

use crate::diffusion::part::GROUPS;
use crate::joint_encoder::{Fields, JointError};

/// The kinds of a level on the way down and on the way up: without attention, and with it.
const DOWN: [&str; 2] = ["DownBlock2D", "CrossAttnDownBlock2D"];
const UP: [&str; 2] = ["UpBlock2D", "CrossAttnUpBlock2D"];
/// Fields that are read, or that change nothing here: what is computed in F32, without dropout.
const HONOURED: [&str; 19] = [
    "_class_name",
    "_commit_hash",
    "_diffusers_version",
    "_name_or_path",
    "addition_embed_type_num_heads",
    "attention_head_dim",
    "block_out_channels",
    "cross_attention_dim",
    "down_block_types",
    "dropout",
    "in_channels",
    "layers_per_block",
    "norm_eps",
    "num_attention_heads",
    "out_channels",
    "sample_size",
    "transformer_layers_per_block",
    "up_block_types",
    "upcast_attention",
];
/// Fields that must not be set.
const UNSET: [&str; 13] = [
    "addition_embed_type",
    "addition_time_embed_dim",
    "class_embed_type",
    "cross_attention_norm",
    "encoder_hid_dim",
    "encoder_hid_dim_type",
    "num_class_embeds",
    "projection_class_embeddings_input_dim",
    "reverse_transformer_layers_per_block",
    "time_cond_proj_dim",
    "time_embedding_act_fn",
    "time_embedding_dim",
    "timestep_post_act",
];

/// Lengths and steps of a UNet. Lists go from the largest level to the smallest.
#[derive(Debug, Clone)]
pub(in crate::diffusion) struct UnetPlan {
    /// Channels of a latent.
    pub(in crate::diffusion) latent: usize,
    /// Rows and columns of the latents that it was trained on.
    pub(in crate::diffusion) sample: [usize; 2],
    /// Numbers of a token of the words.
    pub(in crate::diffusion) context: usize,
    pub(super) widths: Vec<usize>,
    /// Resnets of a level on the way down; there is one more on the way up.
    pub(super) layers: usize,
    /// Heads of each level.
    pub(super) heads: Vec<usize>,
    /// Whether a level attends, on the way down and on the way up.
    pub(super) down: Vec<bool>,
    pub(super) up: Vec<bool>,
    /// Blocks of a transformer.
    pub(super) blocks: usize,
    pub(super) is_linear: bool,
    pub(super) epsilon: f64,
}

/// Fields of which one value alone is done here.
fn fixed() -> [(&'static str, Vec<Value>); 20] {
    let no = || vec![json!(false)];
    let one = || vec![json!(1), json!(1.0)];
    let three = || vec![json!(3)];
    [
        ("_class_name", vec![json!("UNet2DConditionModel")]),
        ("act_fn", vec![json!("silu"), json!("swish")]),
        ("attention_type", vec![json!("default")]),
        ("center_input_sample", no()),
        ("class_embeddings_concat", no()),
        ("conv_in_kernel", three()),
        ("conv_out_kernel", three()),
        ("downsample_padding", one()),
        ("dual_cross_attention", no()),
        ("flip_sin_to_cos", vec![json!(true)]),
        ("freq_shift", vec![json!(0), json!(0.0)]),
        ("mid_block_only_cross_attention", no()),
        ("mid_block_scale_factor", one()),
        ("mid_block_type", vec![json!("UNetMidBlock2DCrossAttn")]),
        ("norm_num_groups", vec![json!(GROUPS)]),
        ("only_cross_attention", no()),
        ("resnet_out_scale_factor", one()),
        ("resnet_skip_time_act", no()),
        ("resnet_time_scale_shift", vec![json!("default")]),
        ("time_embedding_type", vec![json!("positional")]),
    ]
}

impl UnetPlan {
    /// Levels of different size.
    pub(in crate::diffusion) fn levels(&self) -> usize {
        self.widths.len()
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// [`JointError::Field`] names the field that is wrong or can't be honoured.
    pub(in crate::diffusion) fn read(fields: &Fields<'_>) -> Result<Self, JointError> {
        let fixed = fixed();
        for (name, allowed) in &fixed {
            fields.only(name, allowed)?;
        }
        for name in UNSET {
            fields.only(name, &[])?;
        }
        let names = fixed.iter().map(|(name, _)| *name);
        let known: Vec<&str> = names
            .chain(HONOURED)
            .chain(UNSET)
            .chain(["use_linear_projection"])
            .collect();
        fields.none_but(&known)?;
        let widths = widths(fields)?;
        let latent = fields.number("in_channels", Some(4))?;
        if fields.number("out_channels", Some(4))? != latent {
            let reason = format!("isn't {latent}, as in_channels is");
            return Err(fields.wrong("out_channels", reason));
        }
        let sample = match fields.numbers("sample_size")?.as_slice() {
            [] => [64, 64],
            [side] => [*side, *side],
            [rows, columns] => [*rows, *columns],
            _ => return Err(fields.wrong("sample_size", "has more than two lengths")),
        };
        Ok(Self {
            latent,
            sample,
            context: fields.number("cross_attention_dim", Some(1280))?,
            layers: fields.number("layers_per_block", Some(2))?,
            heads: heads(fields, &widths)?,
            down: kinds(fields, "down_block_types", DOWN, widths.len())?,
            up: kinds(fields, "up_block_types", UP, widths.len())?,
            blocks: fields.number("transformer_layers_per_block", Some(1))?,
            is_linear: fields.flag("use_linear_projection", false)?,
            epsilon: fields.real("norm_eps", 1e-5)?,
            widths,
        })
    }
}

/// The channels of each level.
fn widths(fields: &Fields<'_>) -> Result<Vec<usize>, JointError> {
    const NAME: &str = "block_out_channels";
    let widths = fields.numbers(NAME)?;
    if widths.is_empty() {
        return Err(fields.wrong(NAME, "is missing"));
    }
    match widths.iter().find(|width| !width.is_multiple_of(GROUPS)) {
        Some(width) => {
            let reason = format!("holds {width}, which is no multiple of {GROUPS}");
            Err(fields.wrong(NAME, reason))
        }
        None => Ok(widths),
    }
}

/// The heads of each level. `attention_head_dim` has always meant their number.
fn heads(fields: &Fields<'_>, widths: &[usize]) -> Result<Vec<usize>, JointError> {
    let name = if fields.has("num_attention_heads") {
        "num_attention_heads"
    } else {
        "attention_head_dim"
    };
    let heads = match fields.numbers(name)?.as_slice() {
        [] => vec![8; widths.len()],
        [heads] => vec![*heads; widths.len()],
        heads if heads.len() == widths.len() => heads.to_vec(),
        heads => {
            let reason = format!("has {} numbers for {} levels", heads.len(), widths.len());
            return Err(fields.wrong(name, reason));
        }
    };
    let mut pairs = heads.iter().zip(widths);
    match pairs.find(|(heads, width)| !width.is_multiple_of(**heads)) {
        Some((heads, width)) => {
            let reason = format!("is {heads}, which doesn't divide {width} channels");
            Err(fields.wrong(name, reason))
        }
        None => Ok(heads),
    }
}

/// Whether each level attends.
fn kinds(
    fields: &Fields<'_>,
    name: &str,
    [without, with]: [&str; 2],
    levels: usize,
) -> Result<Vec<bool>, JointError> {
    let kinds = fields.texts(name)?;
    if kinds.len() != levels {
        let reason = format!("has {} blocks for {levels} levels", kinds.len());
        return Err(fields.wrong(name, reason));
    }
    let attends = |kind: &str| {
        if kind != without && kind != with {
            let reason = format!("asks for {kind}; {without} and {with} are supported");
            return Err(fields.wrong(name, reason));
        }
        Ok(kind == with)
    };
    kinds.into_iter().map(attends).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan of Stable Diffusion 2 with one field changed.
    fn read(name: &str, value: Value) -> Result<UnetPlan, JointError> {
        let mut config = json!({
            "_class_name": "UNet2DConditionModel", "act_fn": "silu",
            "attention_head_dim": [5, 10, 20, 20], "block_out_channels": [320, 640, 1280, 1280],
            "cross_attention_dim": 1024, "dual_cross_attention": false, "freq_shift": 0,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                "CrossAttnDownBlock2D", "DownBlock2D"],
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D",
                "CrossAttnUpBlock2D"],
            "in_channels": 4, "layers_per_block": 2, "norm_eps": 1e-5, "norm_num_groups": 32,
            "num_class_embeds": null, "out_channels": 4, "sample_size": 96,
            "upcast_attention": true, "use_linear_projection": true,
        });
        config[name] = value;
        UnetPlan::read(&Fields::of("unet/config.json", &config)?)
    }

    #[test]
    fn stable_diffusion_2_is_read() {
        let plan = read("sample_size", json!([96, 64])).expect("honoured");
        assert_eq!(
            (plan.sample, plan.context, plan.latent),
            ([96, 64], 1024, 4)
        );
        assert_eq!(plan.heads, [5, 10, 20, 20]);
        assert_eq!(plan.down, [true, true, true, false]);
        assert_eq!(plan.up, [false, true, true, true]);
        assert!(plan.is_linear && plan.levels() == 4);
        let plan = read("attention_head_dim", json!(8)).expect("honoured");
        assert_eq!((plan.heads, plan.sample), (vec![8; 4], [96, 96]));
        let plan = read("num_attention_heads", json!([5, 5, 5, 5])).expect("honoured");
        assert_eq!(plan.heads, [5; 4]);
    }

    #[test]
    fn what_can_not_be_honoured_is_named() {
        for (name, value, told) in [
            ("norm_num_groups", json!(16), "16"),
            ("class_embed_type", json!("timestep"), "timestep"),
            (
                "resnet_time_scale_shift",
                json!("scale_shift"),
                "scale_shift",
            ),
            ("block_out_channels", json!([320, 640, 1280, 1288]), "1288"),
            ("block_out_channels", json!([]), "missing"),
            (
                "attention_head_dim",
                json!([5, 10]),
                "2 numbers for 4 levels",
            ),
            ("attention_head_dim", json!(7), "divide 320"),
            ("cross_attention_dim", json!([1024, 1024]), "can't be"),
            (
                "down_block_types",
                json!(["DownBlock2D"]),
                "1 blocks for 4 levels",
            ),
            (
                "up_block_types",
                json!(["UpBlock2D", "UpBlock2D", "UpBlock2D", "AttnUpBlock2D"]),
                "AttnUpBlock2D",
            ),
            (
                "mid_block_type",
                json!("UNetMidBlock2DSimpleCrossAttn"),
                "Simple",
            ),
            ("out_channels", json!(8), "isn't 4"),
            ("sample_size", json!([1, 2, 3]), "more than two"),
            ("brand_new_field", json!(1), "isn't known"),
        ] {
            let sentence = read(name, value).expect_err(name).to_string();
            let begin = format!("unet/config.json can't be used: {name} ");
            assert!(
                sentence.starts_with(&begin) && sentence.contains(told),
                "{sentence}"
            );
        }
    }
}
