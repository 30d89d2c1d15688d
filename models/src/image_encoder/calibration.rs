//! What a cosine of this encoder is worth: measured on the dev split when the weights were
//! exported, and kept in `config.json` beside them.

use std::path::Path;

use serde::Deserialize;

use crate::manifest::Manifest;

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
    /// A picture and a caption. Such cosines are lower than those of two pictures, so a bound
    /// from them lets more pass.
    #[serde(default)]
    wrong_pairs: Option<Quantiles>,
}

#[derive(Debug, Clone, Deserialize)]
struct Quantiles {
    /// 95 of 100 pairs lie below.
    q95: f32,
}

/// The cosine below which 95 of 100 pairs of pictures lie that have nothing to do with each other:
/// a best match below it is no better than chance. `None` if the profile has no image encoder or
/// its figures can't be read; the search works without.
pub fn chance(manifest: &Manifest, folder: &Path) -> Option<f32> {
    let spec = manifest.image_encoder.as_ref()?;
    let path = folder.join(&spec.folder).join("config.json");
    let text = std::fs::read_to_string(path).ok()?;
    let config: Config = serde_json::from_str(&text).ok()?;
    of(&config.dev)
}

/// The same from figures that were read already.
pub(super) fn of(dev: &Dev) -> Option<f32> {
    let calibration = dev.calibration.as_ref()?;
    let pairs = calibration.wrong_pictures.as_ref();
    let chance = pairs.or(calibration.wrong_pairs.as_ref())?.q95;
    chance.is_finite().then_some(chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_text(text: &str) -> Option<f32> {
        let config: Config = serde_json::from_str(text).expect("JSON");
        of(&config.dev)
    }

    #[test]
    fn pairs_of_pictures_count_where_they_were_measured() {
        let pairs = r#"{"dev": {"calibration": {"wrong_pairs": {"q50": 0.0, "q95": 0.15}}}}"#;
        assert_eq!(of_text(pairs), Some(0.15));
        let both = r#"{"dev": {"calibration": {"wrong_pairs": {"q95": 0.15},
            "wrong_pictures": {"q95": 0.5}}}}"#;
        assert_eq!(of_text(both), Some(0.5));
    }

    #[test]
    fn without_figures_nothing_is_known() {
        let mut manifest = Manifest::of_profile("starter").expect("shipped");
        assert_eq!(chance(&manifest, Path::new("/nonexistent")), None);
        manifest.image_encoder = None;
        assert_eq!(chance(&manifest, Path::new("/nonexistent")), None);
    }
}
