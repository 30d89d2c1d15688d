//! The boxes of the starter atlas against anatomy that holds for every brain: an independent check
//! of planes, sides and axes.

use anyhow::{Context, Result};
use mirage::atlas::{Entry, EntryId, LabelledBox};

async fn cut(name: &str) -> Result<Entry> {
    let atlas = mirage_tests::starter_atlas().await?;
    let entry = atlas.entry(&EntryId::new("starter", name)).await?;
    entry.with_context(|| format!("no {name}"))
}

fn center(entry: &Entry, label: &str) -> Result<[f32; 2]> {
    let is_it = |located: &&LabelledBox| located.label == label;
    let located = entry.description.boxes.iter().find(is_it);
    let [left, top, right, bottom] = located
        .with_context(|| format!("no {label} on {}", entry.id))?
        .corners;
    Ok([(left + right) / 2.0, (top + bottom) / 2.0])
}

#[tokio::test]
async fn axial_cuts_have_the_right_side_on_the_left_and_anterior_up() -> Result<()> {
    let entry = cut("brain-t1-axial-p006").await?;
    let (right, left) = (
        center(&entry, "right thalamus")?,
        center(&entry, "left thalamus")?,
    );
    assert!(right[0] < 50.0 && left[0] > 50.0, "{right:?} {left:?}");
    let caudate = center(&entry, "right caudate nucleus")?;
    assert!(
        caudate[1] < right[1],
        "the caudate's head lies in front of the thalamus"
    );
    let calcarine = center(&entry, "right calcarine cortex")?;
    assert!(calcarine[1] > right[1], "the visual cortex lies behind it");
    Ok(())
}

#[tokio::test]
async fn coronal_cuts_have_superior_up() -> Result<()> {
    let entry = cut("brain-t1-coronal-m018").await?;
    let hippocampus = center(&entry, "left hippocampus")?;
    let thalamus = center(&entry, "left thalamus")?;
    assert!(
        hippocampus[1] > thalamus[1],
        "the hippocampus lies below the thalamus"
    );
    assert!(hippocampus[0] > 50.0, "the left side is on the right");
    Ok(())
}

#[tokio::test]
async fn sagittal_cuts_have_anterior_on_the_left() -> Result<()> {
    let entry = cut("brain-t1-sagittal-000").await?;
    let third = center(&entry, "third ventricle")?;
    let fourth = center(&entry, "fourth ventricle")?;
    assert!(
        third[0] < fourth[0] && third[1] < fourth[1],
        "{third:?} {fourth:?}"
    );
    Ok(())
}
