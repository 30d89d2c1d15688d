//! The judge's parts that need no download. Its network is compared with `PyTorch` in the package
//! `tests`, where its weights are fetched.

use std::collections::{HashMap, HashSet};

use super::*;

fn weights() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("weights/judge")
}

#[test]
fn its_files_have_sources_and_the_names_that_are_read() {
    let files = files().expect("shipped");
    let names: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(names, [TRUNK, CONFIG, HEADS]);
    for file in &files[1..] {
        let name = format!("judge/{}", file.path);
        let content = crate::shipped::bytes(&name).expect("compiled in");
        assert_eq!(crate::resolver::sha256_hex(content), file.sha256, "{name}");
        assert_eq!(content.len() as u64, file.size, "{name}");
    }
}

#[test]
fn the_shipped_heads_fit_their_configuration() {
    let config = read_config(&weights().join(CONFIG)).expect("shipped");
    let bytes = std::fs::read(weights().join(HEADS)).expect("shipped");
    let heads = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu);
    let heads = heads.expect("safetensors");
    for (classes, name) in [
        (&config.modalities, "modality"),
        (&config.regions, "region"),
    ] {
        let different: HashSet<&String> = classes.iter().collect();
        assert!(classes.len() >= 5 && different.len() == classes.len());
        let shape = (classes.len(), FEATURES);
        assert!(heads.pp(name).get(shape, "weight").is_ok(), "{name}");
    }
    assert!(heads.get((config.reduced, FEATURES), "space.axes").is_ok());
    let NearCopy {
        cosine,
        of_unseen,
        of_altered,
    } = config.near_copy;
    assert!(0.5 < cosine && cosine < 1.0, "{cosine}");
    assert!(
        of_unseen < of_altered,
        "copies are nearer than other pictures"
    );
}

#[test]
fn what_is_missing_is_named() {
    let error = Judge::load(Path::new("/nonexistent")).err();
    let error = error.expect("no such folder").to_string();
    assert!(error.contains("config.json"), "{error}");
    let error = MobileNetV2::load(&HashMap::new()).err();
    let error = error.expect("no tensors").to_string();
    assert!(error.contains("no features.0.0.weight"), "{error}");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(weights().join(CONFIG), folder.path().join(CONFIG)).expect("copied");
    std::fs::write(folder.path().join(TRUNK), b"no weights").expect("written");
    let error = Judge::load(folder.path()).err().expect("no weights");
    let error = error.to_string();
    assert!(error.contains("PyTorch's old form"), "{error}");
    assert!(error.contains(TRUNK), "{error}");
}

#[test]
fn another_format_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(weights().join(CONFIG)).expect("shipped");
    let path = folder.path().join(CONFIG);
    std::fs::write(&path, text.replace(FORMAT, "mirage-judge/9")).expect("written");
    let error = read_config(&path).expect_err("another format").to_string();
    assert!(error.contains("its format is mirage-judge/9"), "{error}");
}

#[test]
fn the_largest_is_found_and_the_first_of_equals() {
    assert_eq!(largest(&[0.0, 2.0, 2.0, 1.0]), 1);
    assert_eq!(largest(&[-3.0, -1.0]), 1);
    assert_eq!(largest(&[f32::NAN, -1.0]), 1);
    assert_eq!(largest(&[]), 0);
}
