//! The limit of HTTP: axum's hello world, as `axum::serve` runs it, on one thread.

use axum::Router;
use axum::routing::get;

use crate::Outcome;

/// Serves until the process ends.
pub fn serve() -> Outcome<()> {
    run(Router::new().route("/", get(async || "Hello, World!")))
}

/// Serves any router, on a thread of its own, and says where.
#[expect(clippy::print_stdout, reason = "the ready line is read by the driver")]
pub fn run(router: Router) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("ready on http://{}", listener.local_addr()?);
        Ok(axum::serve(listener, router).await?)
    })
}
