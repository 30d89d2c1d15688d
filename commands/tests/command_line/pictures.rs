//! A small collection of drawn pictures with captions, as a person would bring one.

use std::path::Path;

use crate::home::Home;

/// Pixels on each side.
const SIDE: u32 = 64;
const SQUARE: (u32, u32) = (SIDE, SIDE);

const CAPTIONS: &str = "\
file,caption,modality,plane,body_part,licence,source,source_url
shoulder.tif,\"Axial MRI of the shoulder with the rotator cuff.\",MRI,axial,shoulder,CC0-1.0,Drawn pictures,https://example.org/shoulder
chest.tif,\"Chest radiograph, frontal, with heart and lungs.\",X-ray,frontal,chest,CC-BY-4.0,Drawn pictures,
retina.tif,\"Photograph of the retina with the optic disc.\",Fundus photograph,,eye,CC0-1.0,Drawn pictures,
";

/// Writes the collection into a folder of that name and returns the name.
pub(crate) fn write_collection<'a>(home: &Home, name: &'a str) -> &'a str {
    let folder = home.path(name);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("captions.csv"), CAPTIONS).expect("written");
    for (index, file) in ["shoulder.tif", "chest.tif", "retina.tif"]
        .iter()
        .enumerate()
    {
        write_picture(&folder.join(file), index);
    }
    name
}

/// Waves whose number differs from picture to picture, so that none passes for another.
fn write_picture(path: &Path, index: usize) {
    std::fs::write(path, tiff(SQUARE, &waves(index), 1)).expect("written");
}

/// Writes a file of several pages that all show the first of the drawn pictures.
pub(crate) fn write_pages(path: &Path, pages: usize) {
    std::fs::write(path, tiff(SQUARE, &waves(0), pages)).expect("written");
}

fn waves(index: usize) -> Vec<u8> {
    let across = 0.12 + 0.18 * index as f64;
    (0..SIDE)
        .flat_map(|y| (0..SIDE).map(move |x| (f64::from(x), f64::from(y))))
        .map(|(x, y)| ((x * across).sin() + (y * 0.1).cos()) * 60.0 + 128.0)
        .map(|value| value as u8)
        .collect()
}

/// Writes a gray picture: its pixels from the top, row by row.
pub(crate) fn write_gray(path: &Path, size: (u32, u32), pixels: &[u8]) {
    std::fs::write(path, tiff(size, pixels, 1)).expect("written");
}

/// An uncompressed gray TIFF, little-endian: header, pixels, a directory for each page.
fn tiff((width, height): (u32, u32), pixels: &[u8], pages: usize) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const HEADER: u32 = 8;
    let length = u32::try_from(pixels.len()).expect("a small picture");
    let entries: [(u16, u16, u32); 9] = [
        (256, LONG, width),  // width
        (257, LONG, height), // height
        (258, SHORT, 8),     // bits a sample
        (259, SHORT, 1),     // not compressed
        (262, SHORT, 1),     // black is zero
        (273, LONG, HEADER), // where the pixels begin
        (277, SHORT, 1),     // samples a pixel
        (278, LONG, height), // rows in the one strip
        (279, LONG, length), // bytes in it
    ];
    let mut bytes = b"II*\0".to_vec();
    bytes.extend((HEADER + length).to_le_bytes());
    bytes.extend(pixels);
    for page in 1..=pages {
        bytes.extend(9_u16.to_le_bytes());
        for (tag, kind, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(1_u32.to_le_bytes());
            bytes.extend(value.to_le_bytes());
        }
        // Where the next directory begins: right behind this number, or nowhere.
        let next = if page < pages { bytes.len() + 4 } else { 0 };
        let next = u32::try_from(next).expect("a small file");
        bytes.extend(next.to_le_bytes());
    }
    bytes
}

#[test]
fn the_pictures_can_be_read_and_differ() {
    let home = Home::empty();
    write_collection(&home, "drawn");
    let stored = ["shoulder", "chest", "retina"].map(|name| {
        let bytes = std::fs::read(home.path(&format!("drawn/{name}.tif"))).expect("written");
        let picture = mirage::media::decode(&bytes).expect("a TIFF");
        mirage::media::prepare(&picture).expect("a picture")
    });
    for (index, one) in stored.iter().enumerate() {
        assert_eq!((one.width, one.height), SQUARE);
        for other in &stored[index + 1..] {
            assert!(!one.fingerprint.same_picture(&other.fingerprint));
        }
    }
}
