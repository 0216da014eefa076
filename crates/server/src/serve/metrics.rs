//! `/metrics` in the Prometheus text format, on a listener of its own.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::{ListenError, Listener};

/// Upper bounds of the request histogram, in seconds: from a cached document to a shed sign-in.
const BUCKETS: [f64; 12] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0];

/// Why metrics cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The socket.
    #[error("metrics: {0}")]
    Listen(String),
    /// The recorder.
    #[error("metrics cannot be recorded: {0}")]
    Recorder(#[from] BuildError),
}

/// Binds `address`; port 0 takes a free one.
pub async fn bind(address: SocketAddr) -> Result<Listener, MetricsError> {
    let failed =
        |error: ListenError| MetricsError::Listen(error.to_string().replace("--listen", "--metrics-listen"));
    Listener::bind(address, None).await.map_err(failed)
}

/// Starts recording and serves the figures on `listener` until the process ends.
pub fn serve(listener: Listener) -> Result<(), MetricsError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &BUCKETS)?
        .install_recorder()?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    let router = router(handle);
    tokio::spawn(super::run(listener, move |_| router.clone(), std::future::pending(), Duration::ZERO));
    Ok(())
}

fn router(handle: PrometheusHandle) -> Router {
    let render = move || {
        let text = handle.render();
        async move { ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text) }
    };
    Router::new().route("/metrics", get(render))
}
