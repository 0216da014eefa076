//! A database of the test's own on a PostgreSQL server, and a wire to it that can be cut.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use tokio::{
    io::{AsyncRead, AsyncWrite, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};
use tokio_postgres::{Client, Config, NoTls, config::Host};

use super::eventually;

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A fresh database. Dropped with the throw-away server it is on.
pub(crate) struct Postgres {
    url: String,
    name: String,
    server: Config,
}

impl Postgres {
    /// `None`, and said on standard error, where no server is given.
    pub(crate) async fn database() -> Option<Self> {
        let Ok(server_url) = std::env::var("GATEPOST_TEST_POSTGRES") else {
            eprintln!("SKIPPED: no PostgreSQL: run it as scripts/postgres run -- cargo nextest run …");
            return None;
        };
        let name = format!("process_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let server: Config = server_url.parse().unwrap();
        connect(&server).await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (before, _) = server_url.rsplit_once('/').unwrap();
        Some(Self { url: format!("{before}/{name}"), name, server })
    }

    /// For `--database-url`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// A connection to this database.
    pub(crate) async fn connect(&self) -> Client {
        connect(self.url.parse::<Config>().as_ref().unwrap()).await
    }

    /// Waits until nobody works on it any more: what a killed client had begun is then done or undone.
    pub(crate) async fn wait_until_quiet(&self) {
        const BUSY: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
        let client = connect(&self.server).await;
        eventually("PostgreSQL to notice that its clients are gone", async || {
            let row = client.query_one(BUSY, &[&self.name]).await.unwrap();
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
    }

    /// A wire to the server that a test can cut and mend.
    pub(crate) async fn wire(&self) -> Wire {
        let target = match &self.server.get_hosts()[0] {
            Host::Unix(folder) => {
                let port = self.server.get_ports().first().copied().unwrap_or(5432);
                Target::Unix(folder.join(format!(".s.PGSQL.{port}")).to_str().unwrap().to_owned())
            }
            Host::Tcp(host) => {
                Target::Tcp(host.clone(), self.server.get_ports().first().copied().unwrap_or(5432))
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, _) = watch::channel(Line::Up);
        let wire = Wire { address, state: Arc::new(state), target: Arc::new(target) };
        wire.carry(listener);
        wire
    }

    /// The URL of this database at the other end of `wire`.
    pub(crate) fn url_over(&self, wire: &Wire) -> String {
        let user = self.server.get_user().unwrap_or("postgres");
        let password =
            self.server.get_password().map(|secret| format!(":{}", String::from_utf8_lossy(secret)));
        format!("postgres://{user}{}@{}/{}", password.unwrap_or_default(), wire.address, self.name)
    }
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Bytes pass.
    Up,
    /// Connections are closed, new ones too.
    Down,
    /// Connections stay, nothing passes.
    Silent,
}

enum Target {
    Unix(String),
    Tcp(String, u16),
}

/// Carries bytes between a port and the server, until it is cut.
pub(crate) struct Wire {
    address: SocketAddr,
    state: Arc<watch::Sender<Line>>,
    target: Arc<Target>,
}

impl Wire {
    fn carry(&self, listener: TcpListener) {
        let (state, target) = (Arc::clone(&self.state), Arc::clone(&self.target));
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (state, target) = (state.subscribe(), Arc::clone(&target));
                tokio::spawn(async move {
                    match &*target {
                        Target::Unix(path) => pass(near, UnixStream::connect(path).await.ok(), state).await,
                        Target::Tcp(host, port) => {
                            pass(near, TcpStream::connect((host.as_str(), *port)).await.ok(), state).await;
                        }
                    }
                });
            }
        });
    }

    /// As when the server is killed: every connection breaks, new ones are closed at once.
    pub(crate) fn cut(&self) {
        self.state.send_replace(Line::Down);
    }

    /// As when the network swallows everything: connections stay and nothing comes back.
    pub(crate) fn silence(&self) {
        self.state.send_replace(Line::Silent);
    }

    /// As it was. What was silent stays lost.
    pub(crate) fn mend(&self) {
        self.state.send_replace(Line::Up);
    }
}

async fn pass<S: AsyncRead + AsyncWrite + Unpin>(
    mut near: TcpStream,
    far: Option<S>,
    mut state: watch::Receiver<Line>,
) {
    let Some(mut far) = far else { return };
    let at_first = *state.borrow_and_update();
    if at_first == Line::Up {
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = state.changed() => {}
        }
    }
    // Silent: held open until the line changes once more, then closed.
    while *state.borrow_and_update() == Line::Silent {
        if state.changed().await.is_err() {
            return;
        }
    }
}
