//! Ingest into a real dataset: twice, interrupted, with duplicates and damage, onto a full disk.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use image::{GrayImage, Luma};
use mirage::atlas::ingest::{Report, ingest};
use mirage::atlas::readers::{self, Defaults, Layout};
use mirage::atlas::{Atlas, AtlasError, EntryId, Filter, Query, Request};
use mirage::engine::Engine;
use mirage_models::text_encoder::{EncoderError, TextEncoder};
use tokio_util::sync::CancellationToken;

/// A picture with a pattern of its own; neighbouring numbers look different.
fn picture(number: u32) -> GrayImage {
    let wave = 3.0 + number as f32 * 1.7;
    GrayImage::from_fn(96, 80, |x, y| {
        let (x, y) = (
            x as f32 / wave,
            y as f32 / (wave * 0.7 + number as f32 * 0.3),
        );
        Luma([((x.sin() + (y + number as f32).cos()) * 60.0 + 128.0).clamp(0.0, 255.0) as u8])
    })
}

/// A folder with `count` pictures and their captions.
pub(crate) fn collection(folder: &Path, count: u32) -> Result<()> {
    collection_from(folder, 0, count)
}

/// The same with pictures of other numbers, which look different.
pub(crate) fn collection_from(folder: &Path, first: u32, count: u32) -> Result<()> {
    let mut captions = String::from("file,caption,modality\n");
    for number in first..first + count {
        picture(number).save(folder.join(format!("p{number}.png")))?;
        writeln!(
            captions,
            "p{number}.png,\"Pattern {number}, with a comma\",X-ray"
        )?;
    }
    std::fs::write(folder.join("captions.csv"), captions)?;
    Ok(())
}

async fn ingest_folder(
    atlas: &Atlas,
    folder: &Path,
    cancel: &CancellationToken,
    progress: impl FnMut(&Report) + Send,
) -> Result<Report, AtlasError> {
    let (rows, _) = readers::open(folder, Layout::Captions, &Defaults::default())?;
    ingest(atlas, "patterns", rows, cancel, progress).await
}

pub(crate) async fn ingest_all(atlas: &Atlas, folder: &Path) -> Result<Report, AtlasError> {
    ingest_folder(atlas, folder, &CancellationToken::new(), |_| {}).await
}

pub(crate) async fn empty_atlas(folder: &Path) -> Result<Atlas> {
    Ok(Atlas::open_or_create(&atlas_uri(folder), mirage_tests::engine().await?).await?)
}

/// Where [`empty_atlas`] makes it.
pub(crate) fn atlas_uri(folder: &Path) -> String {
    folder.join("atlas").to_string_lossy().into_owned()
}

#[tokio::test]
async fn ingesting_twice_changes_nothing_and_a_changed_caption_is_updated() -> Result<()> {
    let folder = tempfile::tempdir()?;
    collection(folder.path(), 6)?;
    let atlas = empty_atlas(folder.path()).await?;
    let first = ingest_all(&atlas, folder.path()).await?;
    assert_eq!(
        (first.read, first.added, first.refused.len()),
        (6, 6, 0),
        "{first:?}"
    );
    let version = atlas.version().await?;
    let second = ingest_all(&atlas, folder.path()).await?;
    assert_eq!(
        (second.added, second.updated, second.unchanged),
        (0, 0, 6),
        "{second:?}"
    );
    assert_eq!(atlas.version().await?, version, "nothing was written");
    let captions = folder.path().join("captions.csv");
    let changed = std::fs::read_to_string(&captions)?.replace("Pattern 3", "Corrected 3");
    std::fs::write(&captions, changed)?;
    let third = ingest_all(&atlas, folder.path()).await?;
    assert_eq!((third.updated, third.unchanged), (1, 5), "{third:?}");
    assert_eq!(atlas.refresh().await?.len(), 6);
    let query = Query::Text("corrected".to_owned());
    let request = Request {
        query,
        filter: Filter::default(),
        offset: 0,
        limit: 1,
    };
    let found = atlas.search(&request).await?.hits;
    assert_eq!(found[0].entry.id, EntryId::new("patterns", "p3.png"));
    assert_eq!(
        found[0].shared_words,
        ["corrected"],
        "new words are indexed at once"
    );
    Ok(())
}

#[tokio::test]
async fn duplicates_and_damage_are_reported_and_the_rest_goes_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    collection(folder.path(), 3)?;
    // The same picture, recompressed and smaller.
    let copy = image::DynamicImage::ImageLuma8(picture(1));
    copy.resize(72, 60, image::imageops::FilterType::CatmullRom)
        .save(folder.path().join("copy.jpg"))?;
    let whole = std::fs::read(folder.path().join("p2.png"))?;
    std::fs::write(folder.path().join("half.png"), &whole[..whole.len() / 2])?;
    std::fs::write(
        folder.path().join("half.dcm"),
        [vec![0; 128], b"DICM\x02\x00".to_vec()].concat(),
    )?;
    std::fs::write(folder.path().join("paper.png"), b"%PDF-1.7")?;
    let captions = folder.path().join("captions.csv");
    let more = "copy.jpg,Copy,\nhalf.png,Half,\nhalf.dcm,Half,\npaper.png,Paper,\nnone.png,None,\n";
    std::fs::write(&captions, std::fs::read_to_string(&captions)? + more)?;
    let atlas = empty_atlas(folder.path()).await?;
    let report = ingest_all(&atlas, folder.path()).await?;
    assert_eq!(report.added, 3, "{report:?}");
    let duplicate = ("patterns/copy.jpg".to_owned(), "patterns/p1.png".to_owned());
    assert_eq!(report.duplicates, [duplicate]);
    let reasons: Vec<&str> = report
        .refused
        .iter()
        .map(|(_, reason)| reason.as_str())
        .collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("PNG file is damaged"))
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("DICOM file is damaged"))
    );
    assert!(
        reasons
            .iter()
            .any(|reason| reason.contains("not a picture"))
    );
    assert!(reasons.iter().any(|reason| reason.contains("no picture")));
    Ok(())
}

#[tokio::test]
async fn a_stopped_ingest_goes_on_where_it_was() -> Result<()> {
    let folder = tempfile::tempdir()?;
    collection(folder.path(), 150)?;
    let atlas = empty_atlas(folder.path()).await?;
    let cancel = CancellationToken::new();
    let report = ingest_folder(&atlas, folder.path(), &cancel, |_| cancel.cancel()).await?;
    assert!(report.stopped);
    assert!(
        (1..150).contains(&report.added),
        "{} were added",
        report.added
    );
    let rest = ingest_all(&atlas, folder.path()).await?;
    assert_eq!(rest.unchanged, report.added);
    let told = report.added + rest.added + (report.duplicates.len() + rest.duplicates.len()) as u64;
    assert_eq!(told, 150);
    assert_eq!(
        atlas.refresh().await?.len() as u64,
        report.added + rest.added
    );
    Ok(())
}

/// The real encoder under another name.
struct Renamed(Arc<dyn TextEncoder>);

impl TextEncoder for Renamed {
    fn identity(&self) -> &str {
        "other-encoder@00000000"
    }

    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        self.0.embed(texts)
    }
}

#[tokio::test]
async fn an_atlas_of_another_encoder_is_refused_with_both_names() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let uri = folder.path().join("atlas").to_string_lossy().into_owned();
    let ours = mirage_tests::encoder().await?;
    let other = Engine::with_encoder(Arc::new(Renamed(Arc::clone(&ours))))?;
    Atlas::open_or_create(&uri, other).await?;
    let engine = mirage_tests::engine().await?;
    let Err(error) = Atlas::open(&uri, engine.clone()).await else {
        bail!("it was opened")
    };
    assert!(matches!(error, AtlasError::OtherEncoder { .. }), "{error}");
    for name in ["other-encoder@00000000", ours.identity()] {
        assert!(error.to_string().contains(name), "{error}");
    }
    let Err(error) = Atlas::open("/nonexistent/atlas", engine).await else {
        bail!("it was opened")
    };
    assert!(
        error.to_string().contains("mirage atlas starter"),
        "{error}"
    );
    Ok(())
}

/// A small file system that is gone at the end; `None` where the system doesn't let us.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Result<Option<Self>> {
        let folder = tempfile::tempdir()?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o"])
            .arg(format!("size={size}"))
            .arg("tmpfs");
        let mounted = mount
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        Ok(mounted.then_some(Self(folder)))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the dataset may hold a file open still.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_one_sentence_and_loses_nothing() -> Result<()> {
    let Some(disk) = SmallDisk::new("3m")? else {
        eprintln!("skipped: this system doesn't let the test mount a small disk");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    collection(folder.path(), 40)?;
    let atlas = empty_atlas(disk.0.path()).await?;
    let before = ingest_all(&atlas, folder.path()).await?.added;
    assert!(before > 0);
    std::fs::write(disk.0.path().join("filler"), vec![0; 1])?;
    let fill = Command::new("dd")
        .args(["if=/dev/zero", "bs=4096"])
        .arg(format!("of={}", disk.0.path().join("filler").display()))
        .output()
        .context("dd fills the disk")?;
    assert!(!fill.status.success(), "dd stops when the disk is full");
    collection(folder.path(), 60)?;
    let error = ingest_all(&atlas, folder.path())
        .await
        .expect_err("the disk is full");
    assert!(matches!(error, AtlasError::DiskFull(_)), "{error:?}");
    assert_eq!(
        atlas.refresh().await?.len() as u64,
        before,
        "what was stored is there"
    );
    std::fs::remove_file(disk.0.path().join("filler"))?;
    Ok(())
}
