//! One call of the program.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::{Mounts, Output, Server};

/// The program with its arguments and an environment that holds nothing of ours but what a test puts there.
pub(crate) struct Invocation {
    args: Vec<String>,
    data: Option<PathBuf>,
    environment: Vec<(String, String)>,
    stdin: Option<String>,
    mounts: Option<Mounts>,
}

/// `gatepost …`, the arguments separated by blanks.
pub(crate) fn gatepost(args: &str) -> Invocation {
    Invocation {
        args: args.split_ascii_whitespace().map(str::to_owned).collect(),
        data: None,
        environment: Vec::new(),
        stdin: None,
        mounts: None,
    }
}

/// What a call that ended left behind.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Invocation {
    /// One more argument, which may hold blanks.
    pub(crate) fn arg(mut self, arg: impl AsRef<str>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// `--data-dir`
    pub(crate) fn data(mut self, folder: &Path) -> Self {
        // At the end of the arguments: the last one given may want a value.
        self.data = Some(folder.to_owned());
        self
    }

    /// An environment variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Several environment variables.
    pub(crate) fn envs<const N: usize>(self, pairs: [(&str, &str); N]) -> Self {
        pairs.into_iter().fold(self, |call, (name, value)| call.env(name, value))
    }

    /// What it reads on standard input; nothing unless given.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Within mounts of its own.
    pub(crate) fn within(mut self, mounts: Mounts) -> Self {
        self.mounts = Some(mounts);
        self
    }

    pub(super) fn spawn(mut self) -> Child {
        let program = env!("CARGO_BIN_EXE_gatepost");
        let mut command = match self.mounts {
            None => Command::new(program),
            Some(mounts) => mounts.command(program),
        };
        if let Some(folder) = self.data {
            self.args.extend(["--data-dir".to_owned(), folder.to_str().unwrap().to_owned()]);
        }
        let mut child = command
            .args(self.args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that has no use for it may have gone already.
        let _ = stdin.write_all(self.stdin.unwrap_or_default().as_bytes());
        child
    }

    /// Runs it to its end.
    pub(crate) fn run(self) -> Finished {
        let mut server = Server::of(self.spawn());
        // A stream that does not end in time fails the test, and the process is killed with `server`.
        let (stdout, stderr) = (server.stdout.wait_for_end(), server.stderr.wait_for_end());
        Finished { code: server.exit_code(), stdout, stderr }
    }

    /// Runs it to its end, which must be a good one, and returns what it printed.
    pub(crate) fn done(self) -> String {
        let called = self.args.join(" ");
        let finished = self.run();
        assert_eq!(finished.code, Some(0), "gatepost {called}: {}", finished.stderr);
        finished.stdout
    }

    /// Runs it to its end, and reads what it printed as JSON.
    pub(crate) fn json(self) -> serde_json::Value {
        let text = self.done();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn start(self) -> Server {
        Server::of(self.spawn())
    }

    /// Starts a server and waits until it is ready.
    pub(crate) fn serve(self) -> Server {
        self.start().ready()
    }
}

impl Finished {
    /// The exit code and what was said on standard error, with `[name]` for each text of `hide`. Nothing must have been
    /// printed as a result, and the refusal must be one line.
    pub(crate) fn refusal(&self, hide: &[(&str, &str)]) -> String {
        assert_eq!(self.stdout, "", "a refusal prints nothing on standard output");
        let text = hide.iter().fold(self.stderr.clone(), |text, (hidden, name)| text.replace(hidden, name));
        assert_eq!(text.lines().count(), 1, "a refusal is one line, and this is:\n{text}");
        format!("{} {text}", self.code.map_or_else(|| "killed".to_owned(), |code| code.to_string()))
    }
}

/// Both streams of a child.
pub(super) fn streams(child: &mut Child) -> (Output, Output) {
    (Output::of(child.stdout.take().unwrap()), Output::of(child.stderr.take().unwrap()))
}

/// Makes an installation in a folder, with the default realm and `acme`.
pub(crate) fn install(data: &std::path::Path) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[[realm]]\nname = \"acme\"\n").unwrap();
    gatepost("apply").arg(file.path().to_str().unwrap()).data(data).done();
}
