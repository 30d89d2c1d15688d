//! Steps and sums against diffusers 0.35.2, whose numbers these are.

use serde_json::{Value, json};

use super::*;
use crate::joint_encoder::{Fields, JointError};

const FILE: &str = "scheduler/scheduler_config.json";

/// The settings of Stable Diffusion with one field changed.
fn read(name: &str, value: Value) -> Result<Settings, JointError> {
    let mut config = json!({
        "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "clip_sample": false, "num_train_timesteps": 1000,
        "set_alpha_to_one": false, "steps_offset": 1, "trained_betas": null,
    });
    config[name] = value;
    Settings::read(&Fields::of(FILE, &config)?)
}

fn times(spacing: &str, kind: SchedulerKind, steps: usize) -> Vec<f64> {
    let settings = read("timestep_spacing", json!(spacing)).expect("honoured");
    let mut sampler = Sampler::new(&settings, kind, steps);
    let nothing = [0.0];
    let mut times = Vec::new();
    while let Some(time) = sampler.time() {
        times.push(time);
        sampler.step(&nothing, &nothing, &nothing);
    }
    assert_eq!(sampler.left(), 0);
    times
}

#[test]
fn names_are_read_as_they_are_written() {
    for kind in SchedulerKind::ALL {
        let name = kind.to_string();
        assert_eq!(name.parse::<SchedulerKind>().expect("a name"), kind);
    }
    let error = "DDIM".parse::<SchedulerKind>().expect_err("no such name");
    assert!(error.to_string().contains("\"DDIM\""), "{error}");
}

#[test]
fn times_are_those_of_diffusers() {
    use SchedulerKind::{Ddim, DpmSolverPlusPlus, EulerAncestral, UniPc};
    let leading = [853.0, 711.0, 569.0, 427.0, 285.0, 143.0, 1.0];
    let solver = [876.0, 751.0, 626.0, 501.0, 376.0, 251.0, 126.0];
    let trailing = [999.0, 856.0, 713.0, 570.0, 428.0, 285.0, 142.0];
    let evenly = [999.0, 856.0, 714.0, 571.0, 428.0, 285.0, 143.0];
    for kind in [Ddim, EulerAncestral] {
        assert_eq!(times("leading", kind, 7), leading, "{kind}");
        assert_eq!(times("leading", kind, 1), [1.0], "{kind}");
    }
    for kind in [DpmSolverPlusPlus, UniPc] {
        assert_eq!(times("leading", kind, 7), solver, "{kind}");
        assert_eq!(times("linspace", kind, 7), evenly, "{kind}");
        assert_eq!(times("linspace", kind, 1), [999.0], "{kind}");
    }
    for kind in SchedulerKind::ALL {
        assert_eq!(times("trailing", kind, 7), trailing, "{kind}");
    }
    let rounded = [999.0, 832.0, 666.0, 500.0, 333.0, 166.0, 0.0];
    assert_eq!(times("linspace", Ddim, 7), rounded);
    let between = [999.0, 832.5, 666.0, 499.5, 333.0, 166.5, 0.0];
    assert_eq!(times("linspace", EulerAncestral, 7), between);
    // What no folder says is each scheduler's own.
    let settings = read("timestep_spacing", Value::Null).expect("honoured");
    assert_eq!(Sampler::new(&settings, Ddim, 7).time(), Some(853.0));
    assert_eq!(Sampler::new(&settings, UniPc, 7).time(), Some(999.0));
}

#[test]
fn the_noise_is_that_of_diffusers() {
    let scaled = read("clip_sample", json!(false)).expect("honoured");
    let linear = json!({"_class_name": "PNDMScheduler"});
    let linear = Fields::of(FILE, &linear).expect("an object");
    let linear = Settings::read(&linear).expect("honoured");
    for (settings, expected) in [
        (
            scaled,
            [0.999_149_978, 0.998_296_022, 0.276_332_468, 0.004_660_095],
        ),
        (
            linear,
            [0.999_899_983, 0.999_780_059, 0.077_796_653, 0.000_040_358],
        ),
    ] {
        for (step, expected) in [0, 1, 500, 999].into_iter().zip(expected) {
            let found: f64 = settings.signal[step];
            assert!(
                (found - expected).abs() < 1e-5 * expected.max(0.01),
                "{step}: {found}"
            );
        }
    }
    let settings = read("timestep_spacing", json!("linspace")).expect("honoured");
    let sampler = Sampler::new(&settings, SchedulerKind::EulerAncestral, 7);
    // 14.6146 times the noise, over the root of 14.6146 squared and one.
    let begun = sampler.begin(&[1.0])[0];
    assert!((begun - 0.997_667).abs() < 1e-5, "{begun}");
}

/// Six steps of a made-up network, with noise that is made up as well.
fn run(prediction: &str, kind: SchedulerKind) -> Vec<f32> {
    let mut config = json!({
        "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012,
        "beta_schedule": "scaled_linear", "set_alpha_to_one": false, "timestep_spacing": "leading",
    });
    config["prediction_type"] = json!(prediction);
    let settings = Fields::of(FILE, &config).expect("an object");
    let settings = Settings::read(&settings).expect("honoured");
    let mut sampler = Sampler::new(&settings, kind, 6);
    let mut latents = sampler.begin(&[0.5, -1.0, 2.0, 0.1]);
    for step in 0..6 {
        let step = step as f32;
        let wave = |value: &f32| (value * 1.3 + step).sin() * 0.8;
        let output: Vec<f32> = latents.iter().map(wave).collect();
        let noise = [0.3, -0.2, 1.1, -0.7].map(|value| value * (1.0 + 0.5 * step));
        latents = sampler.step(&latents, &output, &noise).latents;
    }
    latents
}

#[test]
fn sums_are_those_of_diffusers() {
    use SchedulerKind::{Ddim, DpmSolverPlusPlus, EulerAncestral, UniPc};
    for (prediction, kind, expected) in [
        ("epsilon", Ddim, [0.42582, -3.23498, 11.65781, -1.81556]),
        (
            "epsilon",
            EulerAncestral,
            [1.32951, -3.46335, 18.15919, -4.21556],
        ),
        (
            "epsilon",
            DpmSolverPlusPlus,
            [0.7859, -4.04225, 13.48014, -2.74568],
        ),
        ("epsilon", UniPc, [0.75331, -4.0464, 14.00761, -2.88057]),
        ("v_prediction", Ddim, [0.30643, -1.23426, 1.77047, -0.21286]),
        (
            "v_prediction",
            EulerAncestral,
            [0.9436, -1.48633, 2.85895, -2.49633],
        ),
        (
            "v_prediction",
            DpmSolverPlusPlus,
            [0.68722, -1.32783, 1.52728, 0.25479],
        ),
        ("v_prediction", UniPc, [0.72397, -1.35757, 1.51076, 0.29538]),
    ] {
        let found = run(prediction, kind);
        for (found, expected) in found.iter().zip(expected) {
            let difference: f32 = found - expected;
            assert!(
                difference.abs() < 2e-4,
                "{prediction} {kind}: {found}, {expected}"
            );
        }
    }
}

#[test]
fn a_run_that_skips_steps_ends_where_the_whole_one_does() {
    let settings = read("prediction_type", json!("epsilon")).expect("honoured");
    for kind in SchedulerKind::ALL {
        let mut sampler = Sampler::new(&settings, kind, 10);
        sampler.skip(4);
        assert_eq!(sampler.left(), 6);
        let (picture, noise) = ([0.5_f32, -0.25], [1.5_f32, 0.75]);
        let mut latents = sampler.noised(&picture, &noise);
        while sampler.time().is_some() {
            // A network that knows the picture, and tells the noise that there is.
            let [here, _] = sampler.steps[sampler.place];
            let told = mix(&[
                (1.0 / here.sigma, latents.as_slice()),
                (-here.alpha / here.sigma, picture.as_slice()),
            ]);
            let stepped = sampler.step(&latents, &told, &[0.0, 0.0]);
            latents = stepped.latents;
            for (clean, picture) in stepped.clean.iter().zip(picture) {
                assert!((clean - picture).abs() < 1e-3, "{kind}: {clean}");
            }
        }
        // DDIM stops at the least noise that there was in training.
        for (latent, picture) in latents.iter().zip(picture) {
            assert!((latent - picture).abs() < 0.1, "{kind}: {latent}");
        }
        sampler.skip(100);
        assert_eq!(sampler.left(), 1, "one step is always left to make");
    }
}

#[test]
fn what_can_not_be_honoured_is_named() {
    let usual = read("_class_name", json!("PNDMScheduler"))
        .expect("honoured")
        .usual;
    assert_eq!(usual, SchedulerKind::DpmSolverPlusPlus);
    for (name, value, told) in [
        (
            "_class_name",
            json!("FlowMatchEulerDiscreteScheduler"),
            "FlowMatch",
        ),
        ("prediction_type", json!("sample"), "sample"),
        ("beta_schedule", json!("squaredcos_cap_v2"), "squaredcos"),
        ("beta_end", json!(1.5), "below 1"),
        ("num_train_timesteps", json!(50), "from 200"),
        ("trained_betas", json!([0.1]), "0.1"),
        ("timestep_spacing", json!("karras"), "karras"),
        ("use_karras_sigmas", json!(true), "true"),
        ("clip_sample", json!(true), "true"),
        ("solver_order", json!(3), "3"),
        ("steps_offset", json!(7), "7"),
        ("brand_new_field", json!(1), "isn't known"),
    ] {
        let sentence = read(name, value).expect_err(name).to_string();
        let begin = format!("{FILE} can't be used: {name} ");
        assert!(
            sentence.starts_with(&begin) && sentence.contains(told),
            "{sentence}"
        );
    }
}
