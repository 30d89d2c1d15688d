//! The language model that words explanations, which is loaded beside everything else. What it may
//! say is decided by the library.

use std::fmt;
use std::sync::{Arc, OnceLock};

use mirage_models::language_model::LanguageModel;

/// A place for a language model. Cheap to clone; all clones are one place.
#[derive(Clone, Default)]
pub struct Writer(Arc<OnceLock<Arc<dyn LanguageModel>>>);

// By hand: a model tells nothing but its name.
impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.0.get();
        let name = model.map(|model| model.identity().to_owned());
        formatter.debug_tuple("Writer").field(&name).finish()
    }
}

impl Writer {
    /// Puts the model in. A second one is dropped.
    pub fn set(&self, model: Arc<dyn LanguageModel>) {
        let _ = self.0.set(model);
    }

    /// The model, once it is there.
    pub(crate) fn model(&self) -> Option<Arc<dyn LanguageModel>> {
        self.0.get().cloned()
    }
}
