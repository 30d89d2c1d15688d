//! DICOM files as pictures: one frame, through a window, upright. Headers are used for rendering
//! only; no identifier of a patient leaves this module.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_object::OpenFileOptions;
use dicom_pixeldata::{
    ConvertOptions, DecodedPixelData, PhotometricInterpretation, PixelDecoder, VoiLutOption,
    WindowLevel,
};
use image::DynamicImage;
use serde::Deserialize;

use super::{MediaError, check_dimensions};

/// Length of the preamble before the `DICM` mark (DICOM PS3.10, 7.1).
const PREAMBLE: usize = 128;

/// Gray values that are shown, in the file's own units after rescaling (Hounsfield units for CT).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
pub struct Window {
    /// Value shown as middle gray.
    pub center: f64,
    /// Range from black to white.
    pub width: f64,
}

/// How a DICOM file is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rendering {
    /// Frame of a multi-frame file, from 0.
    pub frame: u32,
    /// Window; without it the file's own, or the range of its values where it names none.
    pub window: Option<Window>,
}

/// Whether the bytes start as a DICOM file does.
pub fn is_dicom(bytes: &[u8]) -> bool {
    bytes.get(PREAMBLE..PREAMBLE + 4) == Some(b"DICM")
}

/// Decodes one frame to eight bits.
///
/// # Errors
/// [`MediaError::Damaged`] for a broken or truncated file, [`MediaError::NoSuchFrame`] for a frame
/// that isn't there, [`MediaError::TooLarge`] beyond the bounds.
pub fn decode(bytes: &[u8], rendering: &Rendering) -> Result<DynamicImage, MediaError> {
    // The decoders beneath panic on some malformed files; a damaged file is an error here.
    catch_unwind(AssertUnwindSafe(|| decode_frame(bytes, rendering)))
        .unwrap_or_else(|_| Err(damaged(&"its structure contradicts itself")))
}

fn decode_frame(bytes: &[u8], rendering: &Rendering) -> Result<DynamicImage, MediaError> {
    let object = OpenFileOptions::new()
        .from_reader(bytes)
        .map_err(|error| damaged(&error))?;
    let pixels = object
        .decode_pixel_data()
        .map_err(|error| damaged(&chain(&error)))?;
    check_dimensions(pixels.columns(), pixels.rows())?;
    if rendering.frame >= pixels.number_of_frames() {
        return Err(MediaError::NoSuchFrame {
            requested: rendering.frame,
            available: pixels.number_of_frames(),
        });
    }
    // A header whose numbers promise more pixels than the file holds.
    pixels
        .frame_data(rendering.frame)
        .map_err(|error| damaged(&chain(&error)))?;
    show(&pixels, rendering)
}

fn show(pixels: &DecodedPixelData<'_>, rendering: &Rendering) -> Result<DynamicImage, MediaError> {
    let voi = match rendering.window {
        Some(window) => VoiLutOption::Custom(WindowLevel {
            center: window.center,
            width: window.width.max(1.0),
        }),
        None => VoiLutOption::Default,
    };
    let options = if is_color(pixels.photometric_interpretation()) {
        ConvertOptions::new()
    } else {
        ConvertOptions::new().with_voi_lut(voi).force_8bit()
    };
    pixels
        .to_dynamic_image_with_options(rendering.frame, &options)
        .map_err(|error| damaged(&chain(&error)))
}

fn is_color(photometric: &PhotometricInterpretation) -> bool {
    !photometric.is_monochrome()
}

fn damaged(reason: &dyn std::fmt::Display) -> MediaError {
    MediaError::Damaged {
        kind: "DICOM",
        reason: reason.to_string(),
    }
}

/// The whole chain of causes in one line, for the log and the doctor.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::{tags, uids};
    use dicom_object::mem::InMemElement;
    use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
    use dicom_pixeldata::image::GenericImageView;

    /// A small CT-like file: values 0..64 rescaled by -1024, two frames, with a patient's name.
    fn file(photometric: &str) -> Vec<u8> {
        use dicom_core::{PrimitiveValue, VR, dicom_value};
        let mut pixels: Vec<u16> = (0..64).map(|value| value * 32).collect();
        pixels.extend((0..64).map(|value| (63 - value) * 32));
        let element = |tag, vr, value: PrimitiveValue| InMemElement::new(tag, vr, value);
        let object = InMemDicomObject::from_element_iter([
            element(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE.into()),
            element(tags::SOP_INSTANCE_UID, VR::UI, "2.25.1".into()),
            element(tags::PATIENT_NAME, VR::PN, "DOE^JANE".into()),
            element(tags::SAMPLES_PER_PIXEL, VR::US, dicom_value!(U16, 1)),
            element(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric.into()),
            element(tags::NUMBER_OF_FRAMES, VR::IS, "2".into()),
            element(tags::ROWS, VR::US, dicom_value!(U16, 8)),
            element(tags::COLUMNS, VR::US, dicom_value!(U16, 8)),
            element(tags::BITS_ALLOCATED, VR::US, dicom_value!(U16, 16)),
            element(tags::BITS_STORED, VR::US, dicom_value!(U16, 12)),
            element(tags::HIGH_BIT, VR::US, dicom_value!(U16, 11)),
            element(tags::PIXEL_REPRESENTATION, VR::US, dicom_value!(U16, 0)),
            element(tags::RESCALE_INTERCEPT, VR::DS, "-1024".into()),
            element(tags::RESCALE_SLOPE, VR::DS, "1".into()),
            element(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())),
        ]);
        let mut bytes = vec![0; PREAMBLE];
        object
            .with_meta(FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN))
            .expect("the object is complete")
            .write_all(&mut bytes)
            .expect("memory takes it");
        // write_all puts its own preamble; drop ours.
        bytes.drain(..PREAMBLE);
        bytes
    }

    #[test]
    fn a_window_is_applied_in_hounsfield_units() {
        let rendering = Rendering {
            frame: 0,
            window: Some(Window {
                center: 0.0,
                width: 512.0,
            }),
        };
        let picture = decode(&file("MONOCHROME2"), &rendering)
            .expect("a whole file")
            .to_luma8();
        assert_eq!(picture.dimensions(), (8, 8));
        assert_eq!(picture.get_pixel(0, 0)[0], 0, "-1024 is below the window");
        assert_eq!(picture.get_pixel(7, 7)[0], 255, "992 is above it");
        let middle = picture.get_pixel(0, 4)[0];
        assert!(
            (120..=136).contains(&middle),
            "0 is middle gray, not {middle}"
        );
    }

    #[test]
    fn monochrome1_is_inverted_and_frames_are_told_apart() {
        let upright = decode(&file("MONOCHROME2"), &Rendering::default()).expect("frame 0");
        let inverted = decode(&file("MONOCHROME1"), &Rendering::default()).expect("frame 0");
        assert!(upright.get_pixel(0, 0)[0] < inverted.get_pixel(0, 0)[0]);
        let second = Rendering {
            frame: 1,
            window: None,
        };
        let second = decode(&file("MONOCHROME2"), &second).expect("frame 1");
        assert!(second.get_pixel(0, 0)[0] > second.get_pixel(7, 7)[0]);
        let third = Rendering {
            frame: 2,
            window: None,
        };
        assert!(matches!(
            decode(&file("MONOCHROME2"), &third),
            Err(MediaError::NoSuchFrame {
                requested: 2,
                available: 2
            })
        ));
    }

    #[test]
    fn truncated_files_are_errors_wherever_they_end() {
        let bytes = file("MONOCHROME2");
        for length in [PREAMBLE + 4, 300, bytes.len() / 2, bytes.len() - 1] {
            let error = decode(
                &bytes[..length],
                &Rendering {
                    frame: 1,
                    window: None,
                },
            );
            assert!(
                error.is_err(),
                "{length} of {} bytes passed as a picture",
                bytes.len()
            );
        }
    }
}
