//! A network that is loaded when it is first needed, once, and let go of when it is idle while
//! memory is short.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// Loads a network; may be asked again after it was let go of.
pub type Loader<M, E> = Box<dyn Fn() -> Result<Arc<M>, E> + Send>;

/// A place for one network. It belongs to the engine's thread.
pub(super) struct Model<M: ?Sized, E> {
    load: Loader<M, E>,
    loaded: Option<Loaded<M>>,
}

struct Loaded<M: ?Sized> {
    network: Arc<M>,
    used: Instant,
}

impl<M: ?Sized, E> Model<M, E> {
    pub(super) fn new(load: Loader<M, E>) -> Self {
        Self { load, loaded: None }
    }

    /// The network, loaded if it isn't yet. A failed load is tried again by the next request.
    pub(super) fn get(&mut self) -> Result<Arc<M>, E> {
        let network = match self.loaded.take() {
            Some(loaded) => loaded.network,
            None => (self.load)()?,
        };
        self.loaded = Some(Loaded {
            network: Arc::clone(&network),
            used: Instant::now(),
        });
        Ok(network)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.loaded.is_some()
    }

    /// Lets go of the network, whatever state a fault has left it in.
    pub(super) fn forget(&mut self) {
        self.loaded = None;
    }

    /// Lets go of it if it wasn't used for `idle`. Whether it did.
    pub(super) fn forget_if_idle(&mut self, idle: Duration) -> bool {
        let is_idle = self
            .loaded
            .as_ref()
            .is_some_and(|loaded| loaded.used.elapsed() >= idle);
        if is_idle {
            self.loaded = None;
        }
        is_idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn a_network_is_loaded_once_and_again_after_it_was_let_go_of() {
        let loads = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&loads);
        let mut model: Model<str, String> = Model::new(Box::new(move || {
            // The first try fails: a file may still be on its way.
            match counted.fetch_add(1, Ordering::Relaxed) {
                0 => Err("not there yet".to_owned()),
                _ => Ok(Arc::from("a network")),
            }
        }));
        assert!(model.get().is_err() && !model.is_loaded());
        assert!(model.get().is_ok() && model.get().is_ok());
        assert_eq!(loads.load(Ordering::Relaxed), 2);
        assert!(!model.forget_if_idle(Duration::from_secs(3600)));
        assert!(model.forget_if_idle(Duration::ZERO) && !model.is_loaded());
        assert!(model.get().is_ok());
        assert_eq!(loads.load(Ordering::Relaxed), 3);
    }
}
