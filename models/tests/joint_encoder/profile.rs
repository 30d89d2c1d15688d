//! From a folder to a profile, and from the profile's own files to the same vectors.

use mirage_models::image_encoder::{self, Chance};
use mirage_models::joint_encoder::inspect;
use mirage_models::manifest::{Layout, Manifest};
use mirage_models::resolver::{FileState, Resolver};
use mirage_models::text_encoder;

use crate::checkpoint::{LAYOUTS, folder, pictures};

#[tokio::test]
async fn a_profile_brings_the_encoder_back() {
    for layout in LAYOUTS {
        let found = inspect(&folder(layout)).expect("an encoder");
        let manifest = found.profile("tiny", Some("CC0-1.0")).expect("readable");
        let text = manifest.to_toml().expect("TOML");
        let manifest: Manifest = text.parse().expect("a manifest");
        assert_eq!(manifest.text_encoder.layout, Some(found.layout()));
        assert!(manifest.files.iter().all(|file| file.licence == "CC0-1.0"));
        let cache = tempfile::tempdir().expect("a folder");
        let resolver = Resolver::new(cache.path());
        let brought = resolver.ensure(&manifest.files, |_| {}).await;
        brought.expect("the files are on this machine");
        for file in &manifest.files {
            assert_eq!(resolver.verify(file), FileState::Ready, "{}", file.path);
        }
        let texts = text_encoder::load(&manifest, cache.path()).expect("a tower");
        let named = text_encoder::identity(&manifest);
        assert_eq!(texts.identity(), named);
        assert!(
            named.starts_with("tiny@") && !named.ends_with("unknown"),
            "{named}"
        );
        assert_eq!(image_encoder::identity(&manifest), Some(named));
        let pictures_tower = image_encoder::load(&manifest, cache.path()).expect("a tower");
        assert_eq!(texts.dimensions(), pictures_tower.dimensions());
        assert_eq!(
            image_encoder::chance(&manifest, cache.path()),
            Chance::default()
        );
        let direct = found.image_encoder(String::new()).expect("a tower");
        let direct = image_encoder::ImageEncoder::embed(&direct, &pictures()).expect("embedded");
        let brought = pictures_tower.embed(&pictures()).expect("embedded");
        assert_eq!(direct, brought, "{layout}");
    }
}

#[test]
fn a_profile_of_another_layout_or_length_is_refused() {
    let found = inspect(&folder("clip")).expect("an encoder");
    let mut manifest = found.profile("tiny", None).expect("readable");
    assert_eq!(manifest.files[0].licence, "LicenseRef-Unknown");
    let parent = folder("clip");
    let parent = parent.parent().expect("a folder above");
    manifest.text_encoder.folder = "clip".to_owned();
    manifest.text_encoder.layout = Some(Layout::Siglip);
    let error = text_encoder::load(&manifest, parent).err().expect("a CLIP");
    let sentence = error.to_string();
    assert!(
        sentence.contains("in the layout clip, but the profile says siglip"),
        "{sentence}"
    );
    manifest.text_encoder.layout = Some(Layout::Clip);
    manifest.text_encoder.dimensions = 25;
    let error = text_encoder::load(&manifest, parent).err().expect("24");
    assert!(
        error
            .to_string()
            .contains("24 numbers a text in place of 25"),
        "{error}"
    );
}
