//! `scheduler_config.json`: how noise was added in training. Any of diffusers' schedulers tells that;
//! what only another than ours would do is refused by its name.

use std::path::Path;

use serde_json::{Value, json};

use super::{Prediction, SchedulerKind};
use crate::joint_encoder::{Fields, JointError};

const FILE: &str = "scheduler/scheduler_config.json";
/// Fewer steps of the training leave a run without room.
const FEWEST: usize = 200;
/// Schedulers whose folders say the same as ours do, with the one of ours that comes nearest.
const CLASSES: [(&str, SchedulerKind); 11] = [
    ("DDIMScheduler", SchedulerKind::Ddim),
    ("DDPMScheduler", SchedulerKind::Ddim),
    ("DEISMultistepScheduler", SchedulerKind::UniPc),
    (
        "DPMSolverMultistepScheduler",
        SchedulerKind::DpmSolverPlusPlus,
    ),
    (
        "DPMSolverSinglestepScheduler",
        SchedulerKind::DpmSolverPlusPlus,
    ),
    (
        "EulerAncestralDiscreteScheduler",
        SchedulerKind::EulerAncestral,
    ),
    ("EulerDiscreteScheduler", SchedulerKind::DpmSolverPlusPlus),
    ("HeunDiscreteScheduler", SchedulerKind::DpmSolverPlusPlus),
    ("LMSDiscreteScheduler", SchedulerKind::DpmSolverPlusPlus),
    ("PNDMScheduler", SchedulerKind::DpmSolverPlusPlus),
    ("UniPCMultistepScheduler", SchedulerKind::UniPc),
];
/// Fields that are read, or that change nothing here.
const KNOWN: [&str; 18] = [
    "_class_name",
    "_diffusers_version",
    "beta_end",
    "beta_start",
    "clip_sample_range",
    "dynamic_thresholding_ratio",
    "flow_shift",
    "lambda_min_clipped",
    "num_train_timesteps",
    "sample_max_value",
    "set_alpha_to_one",
    "skip_prk_steps",
    "steps_offset",
    "time_shift_type",
    "timestep_spacing",
    "trained_betas",
    "variance_type",
    "_use_default_values",
];

/// Where the steps of a run lie among those of the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// Evenly from the first.
    Leading,
    /// Evenly from the first to the last.
    Linspace,
    /// Evenly to the last.
    Trailing,
}

/// How noise was added.
#[derive(Debug, Clone)]
pub(in crate::diffusion) struct Settings {
    /// The share of a picture's power that is left at each step of the training.
    pub(super) signal: Vec<f64>,
    pub(super) prediction: Prediction,
    /// Where the folder says it.
    pub(super) spacing: Option<Spacing>,
    /// Whether DDIM ends with no noise at all and not with that of the first step.
    pub(super) ends_with_picture: bool,
    /// The scheduler that comes nearest to the folder's.
    pub(in crate::diffusion) usual: SchedulerKind,
}

/// Fields of which some values alone are done here.
fn fixed() -> [(&'static str, Vec<Value>); 21] {
    let no = || vec![json!(false)];
    let yes = || vec![json!(true)];
    [
        ("algorithm_type", vec![json!("dpmsolver++"), json!("deis")]),
        (
            "beta_schedule",
            vec![json!("linear"), json!("scaled_linear")],
        ),
        ("clip_sample", no()),
        ("disable_corrector", vec![json!([])]),
        ("euler_at_final", no()),
        ("final_sigmas_type", vec![json!("zero")]),
        ("interpolation_type", vec![json!("linear")]),
        ("lower_order_final", yes()),
        ("predict_x0", yes()),
        (
            "prediction_type",
            vec![json!("epsilon"), json!("v_prediction")],
        ),
        ("rescale_betas_zero_snr", no()),
        ("solver_order", vec![json!(2)]),
        ("solver_p", Vec::new()),
        (
            "solver_type",
            vec![json!("midpoint"), json!("bh2"), json!("logrho")],
        ),
        ("thresholding", no()),
        ("timestep_type", vec![json!("discrete")]),
        ("use_beta_sigmas", no()),
        ("use_dynamic_shifting", no()),
        ("use_exponential_sigmas", no()),
        ("use_flow_sigmas", no()),
        ("use_karras_sigmas", no()),
    ]
}

impl Settings {
    /// Reads the folder's file.
    ///
    /// # Errors
    /// [`JointError`] names the field that is wrong or can't be honoured.
    pub(in crate::diffusion) fn load(folder: &Path) -> Result<Self, JointError> {
        let path = folder.join(FILE);
        let refuse = |reason: &dyn std::fmt::Display| JointError::unreadable(&path, reason);
        let text = std::fs::read_to_string(&path).map_err(|error| refuse(&error))?;
        // Python writes what JSON has no word for; as a bound it means that there is none.
        let text = text.replace("-Infinity", "null");
        let value: Value = serde_json::from_str(&text).map_err(|error| refuse(&error))?;
        Self::read(&Fields::of(FILE, &value)?)
    }

    pub(super) fn read(fields: &Fields<'_>) -> Result<Self, JointError> {
        let fixed = fixed();
        for (name, allowed) in &fixed {
            fields.only(name, allowed)?;
        }
        for name in ["trained_betas", "lambda_min_clipped"] {
            fields.only(name, &[])?;
        }
        fields.only("steps_offset", &[json!(0), json!(1)])?;
        let names = fixed.iter().map(|(name, _)| *name);
        let known: Vec<&str> = names.chain(KNOWN).chain(["use_lu_lambdas"]).collect();
        fields.none_but(&known)?;
        fields.only("use_lu_lambdas", &[json!(false)])?;
        let prediction = match fields.text("prediction_type")? {
            Some("v_prediction") => Prediction::Velocity,
            _ => Prediction::Noise,
        };
        Ok(Self {
            signal: signal(fields)?,
            prediction,
            spacing: spacing(fields)?,
            ends_with_picture: fields.flag("set_alpha_to_one", true)?,
            usual: usual(fields)?,
        })
    }
}

fn usual(fields: &Fields<'_>) -> Result<SchedulerKind, JointError> {
    let name = "_class_name";
    let class = fields.text(name)?;
    let class = class.ok_or_else(|| fields.wrong(name, "is missing"))?;
    let found = CLASSES.iter().find(|(known, _)| *known == class);
    found
        .map(|(_, kind)| *kind)
        .ok_or_else(|| fields.wrong(name, format!("asks for {class}, which isn't supported")))
}

fn spacing(fields: &Fields<'_>) -> Result<Option<Spacing>, JointError> {
    let name = "timestep_spacing";
    match fields.text(name)? {
        None => Ok(None),
        Some("leading") => Ok(Some(Spacing::Leading)),
        Some("linspace") => Ok(Some(Spacing::Linspace)),
        Some("trailing") => Ok(Some(Spacing::Trailing)),
        Some(other) => {
            let reason = format!("asks for {other}; leading, linspace and trailing are supported");
            Err(fields.wrong(name, reason))
        }
    }
}

/// The share of the power at each step, in the floats that diffusers computes it in.
fn signal(fields: &Fields<'_>) -> Result<Vec<f64>, JointError> {
    let (start, end) = ("beta_start", "beta_end");
    let steps = fields.number("num_train_timesteps", Some(1000))?;
    if !(FEWEST..=100_000).contains(&steps) {
        let reason = format!("is {steps}; from {FEWEST} to 100000 are supported");
        return Err(fields.wrong("num_train_timesteps", reason));
    }
    let is_scaled = fields.text("beta_schedule")? == Some("scaled_linear");
    let end_of = |name: &str, usual: f64| {
        let beta = fields.real(name, usual)?;
        if beta >= 1.0 {
            return Err(fields.wrong(name, format!("is {beta}; give a number below 1")));
        }
        let end = if is_scaled { beta.sqrt() } else { beta };
        Ok(end as f32)
    };
    let (first, last) = (end_of(start, 0.0001)?, end_of(end, 0.02)?);
    let apart = (last - first) / (steps - 1) as f32;
    let betas = (0..steps).map(|step| {
        let value = if step < steps / 2 {
            first + apart * step as f32
        } else {
            last - apart * (steps - 1 - step) as f32
        };
        if is_scaled { value * value } else { value }
    });
    let shares = betas.scan(1.0_f64, |left, beta| {
        *left *= f64::from(1.0 - beta);
        Some(*left)
    });
    Ok(shares.collect())
}
