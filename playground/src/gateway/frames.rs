//! How a gateway payload becomes a websocket frame: text, or per-message zlib in a binary frame
//! (`compress: true` in IDENTIFY). Stream compression of the whole transport is not offered.

use std::io::Write as _;

use axum::extract::ws::Message;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::Value;

/// The frame for a payload.
pub(crate) fn encode(payload: &Value, compress: bool) -> std::io::Result<Message> {
    let text = payload.to_string();
    if !compress {
        return Ok(Message::text(text));
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes())?;
    Ok(Message::binary(encoder.finish()?))
}

/// The payload in a frame from the client, `None` for frames that carry none.
pub(crate) fn decode(message: &Message) -> Option<Result<Value, serde_json::Error>> {
    match message {
        Message::Text(text) => Some(serde_json::from_str(text)),
        Message::Binary(bytes) => Some(serde_json::from_slice(bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use serde_json::json;

    use super::*;

    #[test]
    fn compressed_frames_are_whole_zlib_streams() {
        let payload = json!({ "op": 0, "d": { "content": "äöü".repeat(100) } });
        let Ok(Message::Binary(bytes)) = encode(&payload, true) else {
            panic!("it is binary")
        };
        let mut text = String::new();
        flate2::read::ZlibDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .expect("it inflates");
        assert_eq!(
            serde_json::from_str::<Value>(&text).expect("it is JSON"),
            payload
        );
        assert!(bytes.len() < payload.to_string().len() / 4);
    }

    #[test]
    fn plain_frames_are_text() {
        let message = encode(&json!({ "op": 11 }), false).expect("text always works");
        assert_eq!(
            decode(&message).expect("a payload").expect("valid"),
            json!({ "op": 11 })
        );
    }
}
