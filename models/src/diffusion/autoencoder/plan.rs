//! What an autoencoder is made of, read out of diffusers' `AutoencoderKL`. A field that asks for what
//! isn't done here is refused by its name.

use serde_json::json;

use crate::diffusion::part::GROUPS;
use crate::joint_encoder::{Fields, JointError};

/// Fields that are read, or that change nothing in F32.
const KNOWN: [&str; 22] = [
    "_class_name",
    "_commit_hash",
    "_diffusers_version",
    "_name_or_path",
    "act_fn",
    "block_out_channels",
    "down_block_types",
    "force_upcast",
    "in_channels",
    "latent_channels",
    "latents_mean",
    "latents_std",
    "layers_per_block",
    "mid_block_add_attention",
    "norm_num_groups",
    "out_channels",
    "sample_size",
    "scaling_factor",
    "shift_factor",
    "up_block_types",
    "use_post_quant_conv",
    "use_quant_conv",
];

/// Lengths and steps of an autoencoder.
#[derive(Debug, Clone)]
pub(in crate::diffusion) struct AutoencoderPlan {
    /// Channels of a latent.
    pub(in crate::diffusion) latent: usize,
    /// What latents are multiplied with before they are noised.
    pub(in crate::diffusion) scale: f64,
    /// Channels from whole pictures to latents.
    pub(super) widths: Vec<usize>,
    /// Resnets of a level on the way to latents; there is one more on the way back.
    pub(super) layers: usize,
    pub(super) has_attention: bool,
    /// Whether a convolution of one pixel follows the latents' making, and comes before they are
    /// read.
    pub(super) has_last: bool,
    pub(super) has_first: bool,
}

impl AutoencoderPlan {
    /// Pixels that a place of a latent stands for, along each side.
    pub(in crate::diffusion) fn factor(&self) -> usize {
        1 << (self.widths.len() - 1)
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// [`JointError::Field`] names the field that is wrong or can't be honoured.
    pub(in crate::diffusion) fn read(fields: &Fields<'_>) -> Result<Self, JointError> {
        fields.none_but(&KNOWN)?;
        fields.only("_class_name", &[json!("AutoencoderKL")])?;
        fields.only("act_fn", &[json!("silu"), json!("swish")])?;
        fields.only("norm_num_groups", &[json!(GROUPS)])?;
        for name in ["in_channels", "out_channels"] {
            fields.only(name, &[json!(3)])?;
        }
        for name in ["latents_mean", "latents_std"] {
            fields.only(name, &[])?;
        }
        fields.only("shift_factor", &[json!(0), json!(0.0)])?;
        Ok(Self {
            latent: fields.number("latent_channels", Some(4))?,
            scale: fields.real("scaling_factor", 0.18215)?,
            widths: widths(fields)?,
            layers: fields.number("layers_per_block", Some(1))?,
            has_attention: fields.flag("mid_block_add_attention", true)?,
            has_last: fields.flag("use_quant_conv", true)?,
            has_first: fields.flag("use_post_quant_conv", true)?,
        })
    }
}

/// The channels of each level, all of which are of the one kind that there is.
fn widths(fields: &Fields<'_>) -> Result<Vec<usize>, JointError> {
    let name = "block_out_channels";
    let widths = fields.numbers(name)?;
    if widths.is_empty() || widths.len() > 8 {
        return Err(fields.wrong(name, "needs from 1 to 8 numbers"));
    }
    if let Some(width) = widths.iter().find(|width| !width.is_multiple_of(GROUPS)) {
        let reason = format!("holds {width}, which is no multiple of {GROUPS}");
        return Err(fields.wrong(name, reason));
    }
    for (name, kind) in [
        ("down_block_types", "DownEncoderBlock2D"),
        ("up_block_types", "UpDecoderBlock2D"),
    ] {
        let kinds = fields.texts(name)?;
        if kinds.len() != widths.len() {
            let reason = format!("has {} blocks for {} levels", kinds.len(), widths.len());
            return Err(fields.wrong(name, reason));
        }
        if let Some(other) = kinds.iter().find(|other| **other != kind) {
            return Err(fields.wrong(name, format!("asks for {other}; {kind} is supported")));
        }
    }
    Ok(widths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// The plan of Stable Diffusion with one field changed.
    fn read(name: &str, value: Value) -> Result<AutoencoderPlan, JointError> {
        let mut config = json!({
            "_class_name": "AutoencoderKL", "act_fn": "silu", "in_channels": 3, "out_channels": 3,
            "block_out_channels": [128, 256, 512, 512], "latent_channels": 4,
            "down_block_types": vec!["DownEncoderBlock2D"; 4], "layers_per_block": 2,
            "up_block_types": vec!["UpDecoderBlock2D"; 4], "norm_num_groups": 32,
            "sample_size": 512,
        });
        config[name] = value;
        AutoencoderPlan::read(&Fields::of("vae/config.json", &config)?)
    }

    #[test]
    fn stable_diffusion_is_read() {
        let plan = read("use_quant_conv", json!(false)).expect("honoured");
        assert_eq!((plan.factor(), plan.latent, plan.layers), (8, 4, 2));
        assert!((plan.scale - 0.18215).abs() < 1e-9);
        assert!(plan.has_first && !plan.has_last && plan.has_attention);
    }

    #[test]
    fn what_can_not_be_honoured_is_named() {
        for (name, value, told) in [
            ("norm_num_groups", json!(16), "16"),
            ("shift_factor", json!(0.1), "0.1"),
            ("latents_mean", json!([0.5]), "0.5"),
            ("block_out_channels", json!([128, 256, 512, 500]), "500"),
            ("block_out_channels", json!([128]), "4 blocks for 1 levels"),
            ("up_block_types", json!(["UpDecoderBlock2D"]), "1 blocks"),
            (
                "down_block_types",
                json!(vec!["AttnDownEncoderBlock2D"; 4]),
                "Attn",
            ),
            ("scaling_factor", json!(0), "can't be 0"),
            ("brand_new_field", json!(1), "isn't known"),
        ] {
            let sentence = read(name, value).expect_err(name).to_string();
            assert!(
                sentence.starts_with("vae/config.json can't be used"),
                "{sentence}"
            );
            assert!(sentence.contains(told), "{sentence}");
        }
    }
}
