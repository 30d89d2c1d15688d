//! Files that are compiled into the program: the project's own weights, small enough to need no
//! download. Who writes and verifies them is the resolver.

/// Files of `models/weights/`, each under the name that a manifest gives it after `shipped:`.
macro_rules! compiled_in {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../weights/", $name)))),*]
    };
}

/// All of them. `training/diffusion/ship.py` adds those of the generator.
const FILES: &[(&str, &[u8])] = compiled_in![
    "image-encoder/config.json",
    "image-encoder/model.safetensors",
    "judge/config.json",
    "judge/heads.safetensors",
    "diffusion/model_index.json",
    "diffusion/scheduler/scheduler_config.json",
    "diffusion/text_encoder/config.json",
    "diffusion/tokenizer/tokenizer_config.json",
    "diffusion/tokenizer/tokenizer.json",
    "diffusion/vae/config.json",
    "diffusion/vae/diffusion_pytorch_model.safetensors",
    "diffusion/unet/config.json",
    "diffusion/unet/diffusion_pytorch_model.safetensors",
    "diffusion/preview.json",
    "diffusion/known_pictures.safetensors",
];

/// The content of a file, or `None` if none of that name is compiled in.
pub(crate) fn bytes(name: &str) -> Option<&'static [u8]> {
    let (_, bytes) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_name_alone() {
        let config = bytes("image-encoder/config.json").expect("shipped");
        assert!(config.starts_with(b"{"));
        assert!(bytes("../Cargo.toml").is_none() && bytes("").is_none());
    }
}
