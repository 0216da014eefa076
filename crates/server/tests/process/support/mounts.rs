//! Mounts that only one process sees, and that end with it. They need unshare(1) and the right to use it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// What is mounted before the program starts.
#[derive(Clone)]
pub(crate) struct Mounts {
    script: String,
    folder: PathBuf,
}

impl Mounts {
    /// `folder` as it is, but nobody may write to it. `None`, and said on standard error, where that is not possible.
    pub(crate) fn read_only(folder: &Path) -> Option<Self> {
        Self::available()?;
        let script = "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\"".to_owned();
        Some(Self { script, folder: folder.to_owned() })
    }

    /// `folder` empty, with room for `kib` KiB. See [`inside`](Self::inside) for how to reach it.
    pub(crate) fn small(folder: &Path, kib: u32) -> Option<Self> {
        Self::available()?;
        Some(Self {
            script: format!("mount -t tmpfs -o size={kib}k,mode=700 none \"$1\""),
            folder: folder.to_owned(),
        })
    }

    /// `folder` as the process with this id sees it.
    pub(crate) fn inside(pid: u32, folder: &Path) -> PathBuf {
        Path::new(&format!("/proc/{pid}/root")).join(folder.strip_prefix("/").unwrap())
    }

    fn unshare() -> Command {
        let mut command = Command::new("unshare");
        command.arg("--mount");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
    }

    fn available() -> Option<()> {
        let folder = tempfile::tempdir().unwrap();
        let tried = Self::unshare().args(["mount", "-t", "tmpfs", "none"]).arg(folder.path()).output();
        if tried.is_ok_and(|tried| tried.status.success()) {
            return Some(());
        }
        eprintln!("SKIPPED: a process cannot have mounts of its own here (unshare --mount)");
        None
    }

    pub(super) fn command(self, program: &str) -> Command {
        let mut command = Self::unshare();
        // `exec`: the process that is killed is the program itself.
        command.args(["sh", "-c", &format!("{} && shift && exec \"$@\"", self.script), "sh"]);
        command.arg(self.folder).arg(program);
        command
    }
}
