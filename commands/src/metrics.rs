//! Figures for Prometheus at `/metrics`, on loopback: what the engine and the queue count, and this
//! process's memory.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mirage::engine;
use mirage::jobs::Jobs;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio_util::sync::CancellationToken;

use crate::runtime;

/// The text format that `prometheus-client` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why figures are not served.
#[derive(Debug, thiserror::Error)]
#[error("Figures can't be served at {address} ({source}). Set MIRAGE_METRICS to another port.")]
pub(crate) struct MetricsError {
    address: SocketAddr,
    source: std::io::Error,
}

struct Figures {
    registry: Registry,
    memory: Gauge,
    jobs: Jobs,
}

/// Serves the figures until `cancel` is triggered.
///
/// # Errors
/// [`MetricsError`] if the address is taken.
pub(crate) async fn serve(
    address: SocketAddr,
    engine: Arc<engine::Metrics>,
    jobs: Jobs,
    cancel: CancellationToken,
) -> Result<SocketAddr, MetricsError> {
    let failed = |source| MetricsError { address, source };
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .map_err(failed)?;
    let local = listener.local_addr().map_err(failed)?;
    let app = Router::new()
        .route("/metrics", get(figures))
        .with_state(Arc::new(Figures::new(&engine, jobs)));
    tokio::spawn(async move {
        let serving = axum::serve(listener, app).with_graceful_shutdown(cancel.cancelled_owned());
        if let Err(error) = serving.await {
            tracing::warn!(%error, "figures are no longer served");
        }
    });
    tracing::info!(%local, "figures are served at /metrics");
    Ok(local)
}

impl Figures {
    fn new(engine: &engine::Metrics, jobs: Jobs) -> Self {
        let mut registry = Registry::with_prefix("mirage");
        let memory = Gauge::default();
        registry.register_with_unit(
            "resident_memory",
            "Memory that this process holds",
            Unit::Bytes,
            memory.clone(),
        );
        engine.register(&mut registry);
        jobs.metrics().register(&mut registry);
        Self {
            registry,
            memory,
            jobs,
        }
    }

    /// What is only known when somebody looks.
    async fn refresh(&self) {
        if let Some(megabytes) = runtime::resident_megabytes() {
            let bytes = megabytes.saturating_mul(1_000_000);
            self.memory.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
        match self.jobs.overview().await {
            Ok(overview) => {
                let running = overview
                    .jobs
                    .iter()
                    .filter(|(job, _)| job.is_claimed)
                    .count();
                let metrics = self.jobs.metrics();
                metrics.set_open(running, overview.jobs.len() - running);
            }
            Err(error) => tracing::warn!(%error, "the queue's length is not known"),
        }
    }
}

async fn figures(State(figures): State<Arc<Figures>>) -> Response {
    figures.refresh().await;
    let mut text = String::new();
    match encode(&mut text, &figures.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
