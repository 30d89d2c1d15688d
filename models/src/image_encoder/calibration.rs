//! What a cosine of this encoder is worth: measured on the dev split when the weights were
//! exported, and kept in `config.json` beside them.

use std::path::Path;

use serde::Deserialize;

use crate::manifest::Manifest;

/// What pairs that have nothing to do with each other reach: 95 of 100 on the dev split lie below
/// these cosines. What is not above them is no better than chance.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Chance {
    /// The cosine of two pictures; `None` where nothing was measured.
    pub pictures: Option<f32>,
    /// The cosine of a picture and a text. Pictures and texts lie apart in the space they share,
    /// so it is lower than that of two pictures.
    pub words: Option<f32>,
}

/// The part of `config.json` that is needed to tell a match from chance.
#[derive(Debug, Clone, Deserialize)]
struct Config {
    dev: Dev,
}

/// Figures on the dev split.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Dev {
    /// Exports of a trial may lack it.
    #[serde(default)]
    calibration: Option<Calibration>,
}

/// Where cosines of pairs lie that have nothing to do with each other.
#[derive(Debug, Clone, Deserialize)]
struct Calibration {
    /// Two pictures. Exports before it was measured lack it.
    #[serde(default)]
    wrong_pictures: Option<Quantiles>,
    /// A picture and a caption.
    #[serde(default)]
    wrong_pairs: Option<Quantiles>,
}

#[derive(Debug, Clone, Deserialize)]
struct Quantiles {
    /// 95 of 100 pairs lie below.
    q95: f32,
}

/// What a profile's encoder reaches by chance. Nothing is known if the profile has no image encoder
/// or its figures can't be read; the search works without.
pub fn chance(manifest: &Manifest, folder: &Path) -> Chance {
    read(manifest, folder).map_or_else(Chance::default, |config| of(&config.dev))
}

fn read(manifest: &Manifest, folder: &Path) -> Option<Config> {
    let spec = manifest.image_encoder.as_ref()?;
    let path = folder.join(&spec.folder).join("config.json");
    let text = std::fs::read_to_string(path).ok()?;
    serde_json::from_str(&text).ok()
}

/// The same from figures that were read already. Where pairs of pictures were not measured, those
/// of a picture and a caption stand for them, which lets more pass.
pub(super) fn of(dev: &Dev) -> Chance {
    let Some(calibration) = &dev.calibration else {
        return Chance::default();
    };
    let bound = |pairs: &Option<Quantiles>| {
        let bound = pairs.as_ref()?.q95;
        bound.is_finite().then_some(bound)
    };
    let words = bound(&calibration.wrong_pairs);
    Chance {
        pictures: bound(&calibration.wrong_pictures).or(words),
        words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Chance {
        let config: Config = serde_json::from_str(text).expect("JSON");
        of(&config.dev)
    }

    #[test]
    fn pairs_of_pictures_count_where_they_were_measured() {
        let pairs = r#"{"dev": {"calibration": {"wrong_pairs": {"q50": 0.0, "q95": 0.15}}}}"#;
        let chance = of_text(pairs);
        assert_eq!((chance.pictures, chance.words), (Some(0.15), Some(0.15)));
        let both = r#"{"dev": {"calibration": {"wrong_pairs": {"q95": 0.15},
            "wrong_pictures": {"q95": 0.5}}}}"#;
        let chance = of_text(both);
        assert_eq!((chance.pictures, chance.words), (Some(0.5), Some(0.15)));
        assert_eq!(of_text(r#"{"dev": {}}"#), Chance::default());
    }

    #[test]
    fn the_shipped_encoder_was_measured() {
        let manifest = Manifest::of_profile("starter").expect("shipped");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("weights");
        let chance = chance(&manifest, &folder);
        let (pictures, words) = (chance.pictures.expect("measured"), chance.words);
        assert!(words.is_some_and(|words| 0.0 < words && words < pictures));
        assert!(pictures < 1.0);
    }

    #[test]
    fn without_figures_nothing_is_known() {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        let nowhere = Path::new("/nonexistent");
        assert_eq!(chance(&manifest, nowhere), Chance::default());
        manifest.image_encoder = None;
        assert_eq!(chance(&manifest, nowhere), Chance::default());
    }
}
