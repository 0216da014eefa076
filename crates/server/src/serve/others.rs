//! Whether another process serves the same file.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io,
    path::Path,
};

/// Held as long as this process serves: who comes later notices.
#[derive(Debug)]
pub struct Serving {
    _lock: File,
}

/// Says that this process serves the database `file`, and whether another one did before.
///
/// Every one of them holds a shared lock on a file beside the database, and whoever comes tries to have it alone first. The
/// system lets go of it when the process ends, however it ends. The database itself is not locked so: SQLite has locks of its own
/// on it, which opening and closing it here would break.
pub fn notice(file: &Path) -> io::Result<(Serving, bool)> {
    let mut name = OsString::from(file);
    name.push("-served");
    let lock = File::options().create(true).truncate(false).write(true).open(name)?;
    let others = match lock.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => return Err(error),
    };
    // Waits at most for one that tries in this moment.
    lock.lock_shared()?;
    Ok((Serving { _lock: lock }, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_later_notices_whoever_still_serves() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gatepost.db");
        let (first, others) = notice(&file).unwrap();
        assert!(!others);
        let (second, others) = notice(&file).unwrap();
        assert!(others);
        drop(first);
        let (third, others) = notice(&file).unwrap();
        assert!(others, "the second one is there");
        drop((second, third));
        assert!(!notice(&file).unwrap().1);
        assert!(!notice(&folder.path().join("other.db")).unwrap().1);
    }
}
