//! A picture on its way: one step of the network at a time, so that others may run in between, looks
//! at how it is now, and the end. It owns what it needs, so it may move to another thread.

use std::sync::Arc;

use candle_core::{Device, Tensor};
use image::RgbImage;

use super::error::DiffusionError;
use super::noise::Noise;
use super::preview::byte;
use super::scheduler::Sampler;
use super::{Networks, unet};

/// A run that [`super::Pipeline::begin`] has begun.
pub struct Denoising {
    networks: Arc<Networks>,
    sampler: Sampler,
    words: unet::Words,
    /// How far to go from what the negative words give; `None` where they don't count.
    guidance: Option<f64>,
    noise: Box<dyn Noise>,
    /// (rows, columns, channels).
    latents: Vec<f32>,
    /// The picture that the last step predicted, in the same order.
    clean: Vec<f32>,
    shape: Shape,
    steps: usize,
    cut: Option<String>,
}

/// Lengths of latents.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) channels: usize,
}

impl Shape {
    /// Numbers of a latent.
    pub(super) fn numbers(self) -> usize {
        self.rows * self.columns * self.channels
    }

    /// Noise channel by channel to the order of the networks: place by place.
    ///
    /// # Errors
    /// [`DiffusionError::Noise`] if there is more or less of it.
    pub(super) fn by_place(self, by_channel: &[f32]) -> Result<Vec<f32>, DiffusionError> {
        let expected = self.numbers();
        if by_channel.len() != expected {
            let given = by_channel.len();
            return Err(DiffusionError::Noise { given, expected });
        }
        let places = self.rows * self.columns;
        let numbers = 0..expected;
        let number = |at: usize| by_channel[at % self.channels * places + at / self.channels];
        Ok(numbers.map(number).collect())
    }

    /// The way back.
    pub(super) fn by_channel(self, by_place: &[f32]) -> Vec<f32> {
        let places = self.rows * self.columns;
        let numbers = 0..by_place.len();
        let number = |at: usize| by_place[at % places * self.channels + at / places];
        numbers.map(number).collect()
    }
}

/// What a run is begun with.
pub(super) struct Beginning {
    pub(super) sampler: Sampler,
    pub(super) words: unet::Words,
    pub(super) guidance: Option<f64>,
    pub(super) noise: Box<dyn Noise>,
    pub(super) latents: Vec<f32>,
    pub(super) shape: Shape,
    pub(super) cut: Option<String>,
}

impl Denoising {
    pub(super) fn new(networks: Arc<Networks>, beginning: Beginning) -> Self {
        let Beginning {
            sampler,
            words,
            guidance,
            noise,
            latents,
            shape,
            cut,
        } = beginning;
        Self {
            networks,
            steps: sampler.left(),
            sampler,
            words,
            guidance,
            noise,
            clean: latents.clone(),
            latents,
            shape,
            cut,
        }
    }

    /// Steps from the beginning to the end. A picture that begins with another takes fewer than were
    /// asked for.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Steps that were made.
    pub fn done(&self) -> usize {
        self.steps - self.sampler.left()
    }

    /// The words of the prompt beyond the limit of the network, where there are any: they don't
    /// count.
    pub fn cut(&self) -> Option<&str> {
        self.cut.as_deref()
    }

    /// The latents as they are now: channels, rows, columns.
    pub fn latents(&self) -> Vec<f32> {
        self.shape.by_channel(&self.latents)
    }

    /// Makes a step; `false` if there was none left to make. Both halves of the guidance run as one
    /// batch.
    ///
    /// # Errors
    /// [`DiffusionError::NotFinite`] where the numbers come apart, which no further step can mend.
    pub fn step(&mut self) -> Result<bool, DiffusionError> {
        let Some(time) = self.sampler.time() else {
            return Ok(false);
        };
        let output = self.predicted(time)?;
        let noise = if self.sampler.adds_noise() {
            let noise = self.noise.draw(self.shape.numbers());
            self.shape.by_place(&noise)?
        } else {
            Vec::new()
        };
        let stepped = self.sampler.step(&self.latents, &output, &noise);
        self.latents = stepped.latents;
        self.clean = stepped.clean;
        self.check_finite()?;
        Ok(true)
    }

    /// A quick look: small, soft and without fine detail, in the size of the picture.
    pub fn preview(&self) -> RgbImage {
        let Shape { rows, columns, .. } = self.shape;
        let size = self.size();
        self.networks
            .preview
            .draw(&self.clean, [rows, columns], size)
    }

    /// The picture, from the latents as they are. Between its blocks the decoder asks whether it is
    /// still wanted.
    ///
    /// # Errors
    /// [`DiffusionError::Cancelled`] as soon as `is_cancelled` says so; [`DiffusionError::NotFinite`]
    /// if there is nothing to see.
    pub fn decode(&self, is_cancelled: &dyn Fn() -> bool) -> Result<RgbImage, DiffusionError> {
        self.check_finite()?;
        let latents = self.tensor(&self.latents, 1)?;
        let decoder = &self.networks.autoencoder;
        let colours = decoder.decode(&latents, is_cancelled)?;
        let colours = colours.flatten_all()?.to_vec1::<f32>()?;
        if colours.iter().any(|colour| !colour.is_finite()) {
            return Err(DiffusionError::NotFinite(self.done()));
        }
        let bytes = colours.into_iter().map(byte).collect();
        let [width, height] = self.size();
        RgbImage::from_raw(width, height, bytes).ok_or_else(|| {
            let reason = "the autoencoder gives a picture of another size";
            candle_core::Error::Msg(reason.to_owned()).into()
        })
    }

    /// Width and height of the picture in pixels.
    fn size(&self) -> [u32; 2] {
        let factor = self.networks.factor;
        [self.shape.columns, self.shape.rows].map(|side| (side * factor) as u32)
    }

    fn tensor(&self, latents: &[f32], pictures: usize) -> candle_core::Result<Tensor> {
        let Shape {
            rows,
            columns,
            channels,
        } = self.shape;
        let numbers = latents.repeat(pictures);
        Tensor::from_vec(numbers, (pictures, rows, columns, channels), &Device::Cpu)
    }

    /// What the network predicts of the latents, with guidance where it counts (Ho and Salimans,
    /// arXiv:2207.12598).
    fn predicted(&self, time: f64) -> Result<Vec<f32>, DiffusionError> {
        let pictures = if self.guidance.is_some() { 2 } else { 1 };
        let latents = self.tensor(&self.latents, pictures)?;
        let output = self.networks.unet.forward(&latents, time, &self.words)?;
        let mut output = output.flatten_all()?.to_vec1::<f32>()?;
        let Some(guidance) = self.guidance else {
            return Ok(output);
        };
        let under = output.split_off(self.shape.numbers());
        for (without, under) in output.iter_mut().zip(under) {
            *without += guidance as f32 * (under - *without);
        }
        Ok(output)
    }

    fn check_finite(&self) -> Result<(), DiffusionError> {
        let mut numbers = self.latents.iter().chain(&self.clean);
        if numbers.all(|number| number.is_finite()) {
            return Ok(());
        }
        Err(DiffusionError::NotFinite(self.done()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_places_change_their_order_and_back() {
        let shape = Shape {
            rows: 1,
            columns: 3,
            channels: 2,
        };
        let by_channel = [1.0, 2.0, 3.0, 10.0, 20.0, 30.0];
        let by_place = shape.by_place(&by_channel).expect("six");
        assert_eq!(by_place, [1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
        assert_eq!(shape.by_channel(&by_place), by_channel);
        let error = shape.by_place(&by_channel[1..]).expect_err("five");
        assert!(error.to_string().contains("5 numbers"), "{error}");
    }
}
