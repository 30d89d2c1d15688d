//! DICOM files as pictures: one frame, through a window, upright. Headers are used for rendering
//! only; no identifier of a patient leaves this module.

use std::io::Read as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_object::{DefaultDicomObject, FileMetaTable, OpenFileOptions, Tag};
use dicom_pixeldata::{
    ConvertOptions, DecodedPixelData, PhotometricInterpretation, PixelDecoder, VoiLutOption,
    WindowLevel,
};
use flate2::read::DeflateDecoder;
use image::DynamicImage;
use serde::Deserialize;

use super::{MAXIMUM_BYTES, MAXIMUM_PIXELS, MediaError, check_dimensions, codestream};

/// Length of the preamble before the `DICM` mark (DICOM PS3.10, 7.1).
const PREAMBLE: usize = 128;
/// The mark, and the element after it whose last four bytes are the length of the first group.
const MARK_AND_LENGTH: usize = 16;
/// The transfer syntax whose content is deflated as a whole (DICOM PS3.5, A.5), and JPIP's.
const DEFLATED: [&str; 2] = ["1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95"];

const NUMBER_OF_FRAMES: Tag = Tag(0x0028, 0x0008);
const ROWS: Tag = Tag(0x0028, 0x0010);
const COLUMNS: Tag = Tag(0x0028, 0x0011);
const PIXEL_DATA: Tag = Tag(0x7fe0, 0x0010);

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

/// Whether a file holds more frames than one, by its header.
pub(super) fn has_several_frames(bytes: &[u8]) -> bool {
    let header = OpenFileOptions::new().read_until(PIXEL_DATA);
    let read = catch_unwind(AssertUnwindSafe(|| {
        let object = header.from_reader(bytes).ok()?;
        number(&object, NUMBER_OF_FRAMES)
    }));
    read.is_ok_and(|frames| frames.is_some_and(|frames| frames > 1))
}

fn decode_frame(bytes: &[u8], rendering: &Rendering) -> Result<DynamicImage, MediaError> {
    check_inflated(bytes, MAXIMUM_BYTES)?;
    let object = OpenFileOptions::new()
        .from_reader(bytes)
        .map_err(|error| damaged(&error))?;
    let available = number(&object, NUMBER_OF_FRAMES).unwrap_or(1).max(1);
    if rendering.frame >= available {
        return Err(MediaError::NoSuchFrame {
            requested: rendering.frame,
            available,
        });
    }
    let pixels_of_one = check_promises(&object)?;
    // All frames are decoded where they fit, since that reads files that single frames don't.
    let all_fit = pixels_of_one.saturating_mul(available.into()) <= MAXIMUM_PIXELS;
    let (decoded, frame) = if all_fit {
        (object.decode_pixel_data(), rendering.frame)
    } else {
        (object.decode_pixel_data_frame(rendering.frame), 0)
    };
    let pixels = decoded.map_err(|error| damaged(&chain(&error)))?;
    check_dimensions(pixels.columns(), pixels.rows())?;
    // A header whose numbers promise more pixels than the file holds.
    pixels
        .frame_data(frame)
        .map_err(|error| damaged(&chain(&error)))?;
    show(&pixels, frame, rendering)
}

/// Checks the sizes that the header and the compressed pictures announce, before a decoder makes
/// room for them. Returns the pixels of a frame.
fn check_promises(object: &DefaultDicomObject) -> Result<u64, MediaError> {
    let (Some(columns), Some(rows)) = (number(object, COLUMNS), number(object, ROWS)) else {
        return Err(damaged(&"its size is missing"));
    };
    check_dimensions(columns, rows)?;
    if let Ok(pixels) = object.element(PIXEL_DATA)
        && let Some(fragments) = pixels.fragments()
        && let Some((width, height)) = codestream::largest_declared(&fragments.concat())
    {
        check_dimensions(width, height)?;
    }
    Ok(u64::from(columns) * u64::from(rows))
}

fn number(object: &DefaultDicomObject, tag: Tag) -> Option<u32> {
    object.element(tag).ok()?.to_int().ok()
}

/// Checks that a file whose content is deflated as a whole has at most so many bytes.
fn check_inflated(bytes: &[u8], most: usize) -> Result<(), MediaError> {
    let rest = bytes.get(PREAMBLE..).unwrap_or_default();
    let meta = FileMetaTable::from_reader(rest).map_err(|error| damaged(&error))?;
    if !DEFLATED.contains(&meta.transfer_syntax()) {
        return Ok(());
    }
    // After the mark comes the length of the first group, which is not deflated.
    let (head, rest) = rest.split_at_checked(MARK_AND_LENGTH).unwrap_or_default();
    let length = head
        .last_chunk()
        .map_or(0, |length| u32::from_le_bytes(*length));
    let content = rest.get(length as usize..).unwrap_or_default();
    let mut inflated = DeflateDecoder::new(content).take(most as u64 + 1);
    let size = std::io::copy(&mut inflated, &mut std::io::sink());
    if size.map_err(|error| damaged(&error))? > most as u64 {
        let size = format!("more than {} MiB", most >> 20);
        return Err(MediaError::TooLarge(size));
    }
    Ok(())
}

fn show(
    pixels: &DecodedPixelData<'_>,
    frame: u32,
    rendering: &Rendering,
) -> Result<DynamicImage, MediaError> {
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
        .to_dynamic_image_with_options(frame, &options)
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

    /// The file with other numbers of rows and columns.
    fn resized(rows: u16, columns: u16) -> Vec<u8> {
        let mut bytes = file("MONOCHROME2");
        for (element, value) in [(0x10, rows), (0x11, columns)] {
            let head = [0x28, 0, element, 0, b'U', b'S', 2, 0];
            let at = bytes.windows(head.len()).position(|part| part == head);
            let at = at.expect("it has its size") + head.len();
            bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    #[test]
    fn sizes_are_checked_before_pixels_are_decoded() {
        let rendering = Rendering::default();
        assert!(decode(&resized(8, 8), &rendering).is_ok());
        let error = decode(&resized(60_000, 60_000), &rendering);
        assert!(matches!(error, Err(MediaError::TooLarge(_))), "{error:?}");
        let error = decode(&resized(0, 8), &rendering);
        assert!(matches!(error, Err(MediaError::Empty)), "{error:?}");
        // Two frames of these are too many pixels at once, and more than the file holds.
        let error = decode(&resized(9_000, 9_000), &rendering);
        assert!(
            matches!(error, Err(MediaError::Damaged { .. })),
            "{error:?}"
        );
    }

    #[test]
    fn a_file_that_inflates_without_end_is_noticed() {
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
            .media_storage_sop_instance_uid("2.25.1")
            .transfer_syntax(DEFLATED[0])
            .build()
            .expect("it is complete");
        let mut bytes = vec![0; PREAMBLE];
        bytes.extend(b"DICM");
        meta.write(&mut bytes).expect("memory takes it");
        let level = flate2::Compression::default();
        let mut content = flate2::read::DeflateEncoder::new(&[0_u8; 5_000][..], level);
        std::io::copy(&mut content, &mut bytes).expect("memory takes it");
        assert!(check_inflated(&bytes, 5_000).is_ok());
        let error = check_inflated(&bytes, 4_999);
        assert!(matches!(error, Err(MediaError::TooLarge(_))), "{error:?}");
        bytes.truncate(bytes.len() / 2);
        assert!(check_inflated(&bytes, 5_000).is_err());
        assert!(check_inflated(&file("MONOCHROME2"), 10).is_ok());
    }

    #[test]
    fn no_name_of_the_header_is_in_the_picture_and_frames_are_counted() {
        let bytes = file("MONOCHROME2");
        assert!(has_several_frames(&bytes));
        assert!(!has_several_frames(&bytes[..200]));
        let given = crate::media::Given::decoded(&bytes).expect("a whole file");
        assert!(given.is_first_of_many);
        // Eight by eight pixels, and nothing else.
        assert_eq!(given.pixels.pixels().len(), 8 * 8 * 3);
        assert!(bytes.windows(4).any(|part| part == b"JANE"));
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
