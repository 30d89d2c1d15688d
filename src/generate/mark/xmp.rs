//! The XMP packet of a synthetic picture, by the IPTC Photo Metadata Standard 2025.1: its digital
//! source is a trained model, and which prompt and system made it. Other programs show it; ours reads
//! it back. Only what our packet holds is read: this is no reader of XML.

use super::facts::{Facts, one_line};

/// What IPTC calls a picture that a trained model made.
pub(super) const SOURCE_TYPE: &str =
    "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
/// What IPTC calls a picture that is put together of such pictures and others.
const COMPOSITE: &str =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
/// The part of both that says so, in any spelling.
const TRAINED: &[u8] = b"trainedAlgorithmicMedia";
/// The program, as metadata name it.
pub(super) const TOOL: &str = concat!("Mirage ", env!("CARGO_PKG_VERSION"));

/// What stands before a packet in a JPEG.
const NAMESPACE: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const OPEN: &str = "<x:xmpmeta";
const CLOSE: &str = "</x:xmpmeta>";
/// Longest packet that is read, in bytes.
const LONGEST: usize = 256 * 1024;

/// The packet of a picture. Of one in the making nothing more is known than how it comes about.
pub(super) fn packet(facts: Option<&Facts>, alt: &str) -> String {
    let mut elements = Elements::of(SOURCE_TYPE);
    if let Some(facts) = facts {
        elements.add_facts(facts);
    }
    elements.packet(alt)
}

/// The packet of a sheet on which synthetic pictures and real ones stand.
pub(super) fn packet_of_composite(alt: &str) -> String {
    Elements::of(COMPOSITE).packet(alt)
}

/// Elements of the packet, a line each.
struct Elements(String);

impl Elements {
    fn of(source_type: &str) -> Self {
        let mut elements = Self(String::new());
        elements.add("Iptc4xmpExt:DigitalSourceType", source_type);
        elements.add("xmp:CreatorTool", TOOL);
        elements
    }

    /// The whole packet, around the elements and an alt text.
    fn packet(self, alt: &str) -> String {
        let Self(elements) = self;
        let alt = escaped(alt);
        format!(
            "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
             {OPEN} xmlns:x=\"adobe:ns:meta/\">\n \
             <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n  \
             <rdf:Description rdf:about=\"\"\n    \
             xmlns:Iptc4xmpCore=\"http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/\"\n    \
             xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n    \
             xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n    \
             xmlns:mirage=\"urn:mirage:generation:1:\">\n{elements}   \
             <Iptc4xmpCore:AltTextAccessibility><rdf:Alt><rdf:li xml:lang=\"x-default\">{alt}</rdf:li>\
             </rdf:Alt></Iptc4xmpCore:AltTextAccessibility>\n  \
             </rdf:Description>\n </rdf:RDF>\n{CLOSE}\n<?xpacket end=\"r\"?>"
        )
    }

    /// Adds one that holds a text, unless that is empty.
    fn add(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            let value = escaped(value);
            let line = format!("   <{name}>{value}</{name}>\n");
            self.0.push_str(&line);
        }
    }

    fn add_facts(&mut self, facts: &Facts) {
        let mut asked = facts.prompt.clone();
        if !facts.negative.is_empty() {
            asked = format!("{asked} [not: {}]", facts.negative);
        }
        let model = facts.model.as_str();
        let (system, version) = model.split_once('@').unwrap_or((model, ""));
        self.add("Iptc4xmpExt:AISystemUsed", system);
        self.add("Iptc4xmpExt:AISystemVersionUsed", version);
        self.add("Iptc4xmpExt:AIPromptInformation", &asked);
        self.add("mirage:Prompt", &facts.prompt);
        self.add("mirage:Negative", &facts.negative);
        self.add("mirage:Seed", &facts.seed.to_string());
        self.add("mirage:Steps", &facts.steps.to_string());
        self.add("mirage:Guidance", &facts.guidance.to_string());
        self.add("mirage:Model", model);
        self.add("mirage:Scheduler", &facts.scheduler);
        if let Some(strength) = facts.strength {
            self.add("mirage:Strength", &strength.to_string());
        }
    }
}

/// A JPEG with the packet right after its first marker.
pub(super) fn in_jpeg(jpeg: Vec<u8>, packet: &str) -> Vec<u8> {
    let content = [NAMESPACE, packet.as_bytes()].concat();
    let Ok(length) = u16::try_from(content.len() + 2) else {
        return jpeg;
    };
    let (start, rest) = jpeg.split_at(jpeg.len().min(2));
    [start, &[0xff, 0xe1], &length.to_be_bytes(), &content, rest].concat()
}

/// Whether a file, of any kind, says that a trained model had a part in it.
pub(super) fn declares_trained(file: &[u8]) -> bool {
    let (first, rest) = (TRAINED[0], &TRAINED[1..]);
    let starts = file.iter().enumerate();
    let mut starts = starts.filter(|(_, byte)| byte.eq_ignore_ascii_case(&first));
    starts.any(|(place, _)| {
        let after = file.get(place + 1..place + TRAINED.len());
        after.is_some_and(|after| after.eq_ignore_ascii_case(rest))
    })
}

/// The packet in a file that holds it as plain text, as JPEG, WebP and TIFF do.
pub(super) fn packet_in(file: &[u8]) -> Option<&str> {
    let from = find(file, OPEN.as_bytes())?;
    let rest = &file[from..file.len().min(from + LONGEST)];
    let length = find(rest, CLOSE.as_bytes())? + CLOSE.len();
    std::str::from_utf8(&rest[..length]).ok()
}

/// What a packet of ours says; `None` for another's.
pub(super) fn facts(packet: &str) -> Option<Facts> {
    let number = |name: &str| value(packet, name)?.parse::<u64>().ok();
    let real = |name: &str| value(packet, name)?.parse::<f64>().ok();
    let text = |name: &str| value(packet, name).unwrap_or_default();
    Some(Facts {
        prompt: text("mirage:Prompt"),
        negative: text("mirage:Negative"),
        seed: number("mirage:Seed")?,
        steps: u32::try_from(number("mirage:Steps")?).ok()?,
        guidance: real("mirage:Guidance").unwrap_or_default(),
        model: text("mirage:Model"),
        scheduler: text("mirage:Scheduler"),
        strength: real("mirage:Strength"),
    })
}

/// The content of an element, or of an attribute of that name.
pub(super) fn value(packet: &str, name: &str) -> Option<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    if let Some((_, rest)) = packet.split_once(&open) {
        return Some(plain(rest.split_once(&close)?.0));
    }
    let attribute = format!(" {name}=\"");
    let (_, rest) = packet.split_once(&attribute)?;
    Some(plain(rest.split_once('"')?.0))
}

fn escaped(text: &str) -> String {
    // XML has no way to write these two.
    let text = one_line(text).replace(['\u{fffe}', '\u{ffff}'], "");
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

fn plain(text: &str) -> String {
    let text = text.replace("&quot;", "\"").replace("&gt;", ">");
    text.replace("&lt;", "<").replace("&amp;", "&")
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> Facts {
        Facts {
            prompt: "CT <of> the \"chest\" & more".to_owned(),
            negative: "text".to_owned(),
            seed: u64::MAX,
            steps: 20,
            guidance: 4.5,
            model: "starter@0a1b2c3d".to_owned(),
            scheduler: "dpm-solver++".to_owned(),
            strength: Some(0.6),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for facts_given in [
            made(),
            Facts {
                strength: None,
                ..made()
            },
        ] {
            let packet = packet(Some(&facts_given), "Synthetic picture");
            assert_eq!(facts(&packet), Some(facts_given));
        }
    }

    #[test]
    fn it_says_what_iptc_asks_for() {
        let packet = packet(Some(&made()), "Synthetic picture <x>");
        let has = |name: &str, expected: &str| {
            assert_eq!(value(&packet, name).as_deref(), Some(expected), "{name}");
        };
        has("Iptc4xmpExt:DigitalSourceType", SOURCE_TYPE);
        has("Iptc4xmpExt:AISystemUsed", "starter");
        has("Iptc4xmpExt:AISystemVersionUsed", "0a1b2c3d");
        let asked = "CT <of> the \"chest\" & more [not: text]";
        has("Iptc4xmpExt:AIPromptInformation", asked);
        has("xmp:CreatorTool", TOOL);
        assert!(packet.contains("Synthetic picture &lt;x&gt;"));
        assert_eq!(packet.matches('<').count(), packet.matches('>').count());
    }

    #[test]
    fn a_prompt_can_not_forge_the_other_fields() {
        let facts_given = Facts {
            prompt: "</mirage:Prompt><mirage:Seed>1</mirage:Seed>\u{0}\u{ffff}".to_owned(),
            ..made()
        };
        let read = facts(&packet(Some(&facts_given), "")).expect("a packet of ours");
        assert_eq!(read.seed, u64::MAX);
        assert!(read.prompt.starts_with("</mirage:Prompt><mirage:Seed>1"));
    }

    #[test]
    fn others_packets_are_recognised_in_any_file() {
        let other = "..<x:xmpmeta><rdf:Description Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.\
            org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia\"/></x:xmpmeta>..";
        let file = [
            b"\xff\xd8\xff\xe1\0\0".as_slice(),
            other.as_bytes(),
            &[0xff; 9],
        ]
        .concat();
        assert!(declares_trained(&file));
        let packet = packet_in(&file).expect("between its marks");
        assert!(packet.starts_with(OPEN) && packet.ends_with(CLOSE));
        let source = value(packet, "Iptc4xmpExt:DigitalSourceType").expect("an attribute");
        assert!(source.ends_with("compositeWithTrainedAlgorithmicMedia"));
        assert_eq!(facts(packet), None);
        let real = b"http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture";
        assert!(!declares_trained(real) && packet_in(real).is_none());
        assert!(!declares_trained(b"trainedAlgorithmicMedi") && !declares_trained(b""));
    }
}
