//! The resolver with files of this machine, and with a pip that fails.

use super::*;

fn spec(path: &str, content: &[u8], sources: &[&str]) -> FileSpec {
    FileSpec {
        path: path.to_owned(),
        sources: sources
            .iter()
            .map(|text| Source::try_from((*text).to_owned()).expect("a source"))
            .collect(),
        size: content.len() as u64,
        sha256: sha256_hex(content),
        licence: "CC0-1.0".to_owned(),
    }
}

#[tokio::test]
async fn the_first_right_source_wins_and_a_wrong_hash_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (wrong, right) = (folder.path().join("wrong"), folder.path().join("right"));
    std::fs::write(&wrong, b"tampered").expect("written");
    std::fs::write(&right, b"original").expect("written");
    let sources = [
        format!("path:{}", wrong.display()),
        format!("path:{}", right.display()),
    ];
    let file = spec("sub/file.bin", b"original", &[&sources[0], &sources[1]]);
    let resolver = Resolver::new(folder.path().join("cache"));
    let mut cached = Vec::new();
    for _ in 0..2 {
        resolver
            .ensure(std::slice::from_ref(&file), |step| {
                if let Step::Ready { cached: known, .. } = step {
                    cached.push(known);
                }
            })
            .await
            .expect("the second source is right");
    }
    assert_eq!(cached, [false, true]);
    let only_wrong = spec("other.bin", b"original", &[&sources[0]]);
    let error = resolver
        .ensure(&[only_wrong], |_| {})
        .await
        .expect_err("the hash is wrong");
    assert!(error.to_string().contains("SHA-256"), "{error}");
    let left: Vec<_> = std::fs::read_dir(folder.path().join("cache"))
        .expect("made")
        .map(|entry| entry.expect("readable").file_name())
        .collect();
    assert_eq!(left, ["sub"], "no part file stays");
}

#[tokio::test]
async fn a_shipped_file_is_written_and_verified_like_any_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "image-encoder/config.json";
    let content = crate::shipped::bytes(name).expect("shipped");
    let file = spec(name, content, &[&format!("shipped:{name}")]);
    let resolver = Resolver::new(folder.path());
    resolver
        .ensure(std::slice::from_ref(&file), |_| {})
        .await
        .expect("no network is needed");
    assert_eq!(resolver.verify(&file), FileState::Ready);
    let mut other = file;
    other.sha256 = sha256_hex(b"another");
    let error = resolver.ensure(&[other], |_| {}).await;
    let error = error.expect_err("the hash is wrong").to_string();
    assert!(error.contains("SHA-256"), "{error}");
}

#[tokio::test]
async fn a_package_that_cannot_be_fetched_is_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = spec("x.bin", b"x", &["pip:mirage-no-such-package==0.0.0#x.bin"]);
    // A pip that always fails stands for a registry that is out of reach.
    let resolver = Resolver::new(folder.path()).with_python("false");
    let error = resolver
        .ensure(&[file], |_| {})
        .await
        .expect_err("nothing to fetch");
    assert!(
        error.to_string().starts_with("x.bin could not be fetched."),
        "{error}"
    );
    let absent = spec("x.bin", b"x", &["pip:a==1#x"]);
    let resolver = Resolver::new(folder.path()).with_python("no-such-python");
    let error = resolver
        .ensure(&[absent], |_| {})
        .await
        .expect_err("no Python");
    assert!(error.to_string().contains("Python 3 with pip"), "{error}");
}

#[tokio::test]
async fn a_file_that_was_changed_is_told_and_fetched_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let right = folder.path().join("right");
    std::fs::write(&right, b"original").expect("written");
    let file = spec(
        "file.bin",
        b"original",
        &[&format!("path:{}", right.display())],
    );
    let resolver = Resolver::new(folder.path().join("cache"));
    assert_eq!(resolver.look(&file), FileState::Missing);
    resolver
        .ensure(std::slice::from_ref(&file), |_| {})
        .await
        .expect("fetched");
    std::fs::write(resolver.path(&file), b"0riginal").expect("written");
    assert_eq!(
        resolver.look(&file),
        FileState::Ready,
        "the size is the same"
    );
    assert!(matches!(resolver.verify(&file), FileState::Changed(_)));
    resolver
        .ensure(std::slice::from_ref(&file), |_| {})
        .await
        .expect("fetched again");
    assert_eq!(resolver.verify(&file), FileState::Ready);
}
