//! `mirage generate` as a person meets it, with a generator of random weights: what can't be asked for,
//! what can't be loaded, and the file that comes out. What it draws is noise.

use std::path::{Path, PathBuf};

use mirage::generate::read_metadata;
use mirage_models::manifest::{DiffusionSpec, FileSpec, Manifest, Source};
use mirage_models::resolver::sha256_hex;

use crate::home::{Home, Run};
use crate::pictures::write_collection;

/// Side in pixels of the pictures that it makes.
const SIDE: u32 = 32;
/// Folder of the generator in its profile.
const GENERATOR: &str = "generator";

fn golden(name: &str) -> PathBuf {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden");
    golden.join(name)
}

/// A home with a profile `mine` that has encoders, and no generator.
fn without_generator() -> Home {
    let home = Home::empty();
    let encoder = golden("tiny/clip");
    let encoder = encoder.to_str().expect("text");
    home.run(&["models", "add", "--encoder", encoder, "--name", "mine"])
        .ends_with(0);
    home
}

/// The same with a generator.
fn with_generator() -> Home {
    let home = without_generator();
    let profile = home.path("profiles/mine.toml");
    let text = std::fs::read_to_string(&profile).expect("a profile");
    let mut manifest: Manifest = text.parse().expect("a manifest");
    let weights = home.path("cache/weights/mine");
    // The generator reads words by the encoder beside it.
    for (from, to) in [
        ("diffusion/minilm", GENERATOR),
        ("diffusion/text-encoder", "text-encoder"),
    ] {
        let (from, folder) = (golden(from), weights.join(to));
        for name in files_in(&from) {
            let bytes = std::fs::read(from.join(&name)).expect("a file");
            let file = folder.join(&name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(&file, &bytes).expect("written");
            manifest.files.push(FileSpec {
                path: format!("{to}/{name}"),
                sources: vec![Source::Path(file.to_string_lossy().into_owned())],
                size: bytes.len() as u64,
                sha256: sha256_hex(&bytes),
                licence: "CC0-1.0".to_owned(),
            });
        }
    }
    manifest.diffusion = Some(DiffusionSpec {
        name: "tiny".to_owned(),
        folder: GENERATOR.to_owned(),
        size: SIDE,
        memory: 1,
    });
    std::fs::write(&profile, manifest.to_toml().expect("TOML")).expect("written");
    home
}

/// The names of all files below a folder.
fn files_in(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        if path.is_dir() {
            let below = files_in(&path).into_iter();
            names.extend(below.map(|below| format!("{name}/{below}")));
        } else {
            names.push(name.into_owned());
        }
    }
    names
}

fn generate(home: &Home, arguments: &[&str]) -> Run {
    let mut all = vec!["generate"];
    all.extend(arguments);
    Run::of(home.command(&all).env("MIRAGE_PROFILE", "mine"))
}

#[test]
fn what_can_not_be_asked_for_is_told_before_anything_is_loaded() {
    let home = with_generator();
    let long = "a".repeat(2_001);
    for (arguments, said) in [
        (vec!["  "], "The prompt is empty."),
        (vec!["portrait of a woman"], "Mirage draws no people"),
        (vec![long.as_str()], "2001 characters"),
        (vec!["knee MRI", "--steps", "0"], "0 steps can't be made."),
        (
            vec!["knee MRI", "--steps", "10000"],
            "10000 steps can't be made.",
        ),
        (
            vec!["knee MRI", "--guidance", "NaN"],
            "Guidance must be a number",
        ),
        (vec!["knee MRI", "--size", "large"], "--size is a number"),
        (vec!["knee MRI", "--size", "9000"], "9000 x 9000 pixels"),
        (vec!["knee MRI", "--seed=-1"], "--seed"),
        (
            vec!["knee MRI", "--strength", "0.5"],
            "--strength goes with --start or --like",
        ),
        (
            vec!["knee MRI", "--scheduler", "magic"],
            "There is no scheduler",
        ),
        (
            vec!["knee MRI", "--negative", "Knee  mri"],
            "The prompt and what to leave out are the same.",
        ),
        (
            vec!["knee MRI", "--start", "none.png"],
            "\"none.png\" can't be begun with",
        ),
        (
            vec!["knee MRI", "--start", "a.png", "--like", "t/a"],
            "cannot be used with",
        ),
    ] {
        let mut all = arguments.clone();
        all.extend(["--out", "x.png"]);
        generate(&home, &all).ends_with(2).says(said);
    }
    generate(&home, &["knee MRI"]).ends_with(2).says("--out");
    generate(&home, &["knee MRI", "--out", "x.jpg"])
        .ends_with(2)
        .says("should end with .png");
    std::fs::write(home.path("x.png"), b"mine").expect("written");
    generate(&home, &["knee MRI", "--out", "x.png"])
        .ends_with(1)
        .says("x.png exists and stays as it is");
    generate(&home, &["knee MRI", "--like", "t/none", "--out", "y.png"])
        .ends_with(1)
        .says("t/none is no longer in the atlas");
    assert!(!home.path("y.png").exists());
}

#[test]
fn a_generator_that_is_missing_or_damaged_is_told_with_its_part() {
    let home = without_generator();
    generate(&home, &["knee MRI", "--out", "x.png"])
        .ends_with(1)
        .says("it has no generator");
    let home = with_generator();
    let weights = home.path("cache/weights/mine").join(GENERATOR);
    let autoencoder = weights.join("vae/diffusion_pytorch_model.safetensors");
    let bytes = std::fs::read(&autoencoder).expect("weights");
    // One tensor goes by another name, so that it is missing.
    let renamed = renamed(&bytes, b"decoder.conv_in.weight", b"decoder.conv_on.weight");
    std::fs::write(&autoencoder, renamed).expect("written");
    generate(&home, &["knee MRI", "--out", "x.png"])
        .ends_with(1)
        .says("The generator's autoencoder can't be used.")
        .says("decoder.conv_in.weight");
    std::fs::remove_file(&autoencoder).expect("removed");
    generate(&home, &["knee MRI", "--out", "x.png"])
        .ends_with(1)
        .says("diffusion_pytorch_model.safetensors is missing");
    assert!(!home.path("x.png").exists());
}

/// The bytes with one name in place of another of its length.
fn renamed(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let place = bytes.windows(from.len()).position(|part| part == from);
    let place = place.expect("the name is there");
    let mut renamed = bytes.to_vec();
    renamed[place..place + to.len()].copy_from_slice(to);
    renamed
}

#[test]
fn a_picture_is_written_marked_and_the_same_again() {
    let home = with_generator();
    if !home.link_safety_gate() {
        return;
    }
    let drawn = write_collection(&home, "drawn");
    Run::of(
        home.command(&["ingest", drawn])
            .env("MIRAGE_PROFILE", "mine"),
    )
    .ends_with(0);
    let asked = |out: &'static str| {
        let arguments = "knee MRI,--seed,7,--steps,3,--json,--out";
        let mut arguments: Vec<&str> = arguments.split(',').collect();
        arguments.push(out);
        arguments
    };
    let told = generate(&home, &asked("one.png")).ends_with(0).json();
    assert_eq!(told["synthetic"], true);
    assert_eq!(told["seed"], 7);
    assert_eq!(told["steps"], 3);
    assert!(
        told["model"]
            .as_str()
            .is_some_and(|name| name.starts_with("tiny@")),
        "{told}"
    );
    let nearest = told["nearest"].as_array().expect("real pictures");
    assert_eq!(nearest.len(), 3, "{told}");
    assert!(nearest[0]["licence"].is_string(), "{told}");
    let one = std::fs::read(home.path("one.png")).expect("a picture");
    let metadata = read_metadata(&one).expect("metadata");
    let source = metadata.source_type.expect("a source");
    assert!(source.ends_with("trainedAlgorithmicMedia"), "{source}");
    generate(&home, &asked("two.png")).ends_with(0);
    assert!(std::fs::read(home.path("two.png")).expect("a picture") == one);

    // Into a folder it goes under a name that says what it is; told in words, as much is said.
    std::fs::create_dir(home.path("pictures")).expect("a folder");
    let variant = [
        "knee MRI",
        "--like",
        "drawn/chest.tif",
        "--steps",
        "3",
        "--out",
        "pictures",
    ];
    let run = generate(&home, &variant).ends_with(0);
    for said in [
        "it shows nobody",
        "drawn/chest.tif, strength 0.6",
        "Licence",
    ] {
        assert!(run.out.contains(said), "no {said} in {}", run.out);
    }
    let names = files_in(&home.path("pictures"));
    assert!(names[0].starts_with("synthetic-knee-mri-"), "{names:?}");

    // Nor does the atlas take it, whatever it is called.
    std::fs::create_dir(home.path("mixed")).expect("a folder");
    std::fs::copy(home.path("one.png"), home.path("mixed/real.png")).expect("copied");
    let captions = "file,caption,modality\nreal.png,Knee.,MRI\n";
    std::fs::write(home.path("mixed/captions.csv"), captions).expect("written");
    let mut command = home.command(&["ingest", "mixed", "--json"]);
    let run = Run::of(command.env("MIRAGE_PROFILE", "mine"));
    assert!(run.out.contains("the picture is synthetic"), "{}", run.out);
}

#[test]
fn without_the_safety_gate_no_picture_is_written() {
    let home = with_generator();
    generate(&home, &["knee MRI", "--steps", "2", "--out", "x.png"])
        .ends_with(1)
        .says("The safety gate's file")
        .says("`mirage models pull`");
    assert!(!home.path("x.png").exists());
}

#[test]
fn reports_are_listed() {
    let home = Home::empty();
    let run = home.run(&["reported"]).ends_with(0);
    assert_eq!(run.out, "No synthetic picture is reported.\n");
    let run = home.run(&["reported", "--json"]).ends_with(0);
    assert_eq!(run.json(), serde_json::json!([]));
    home.run(&["reported", "--most", "0"])
        .ends_with(2)
        .says("1..=1000");
}
