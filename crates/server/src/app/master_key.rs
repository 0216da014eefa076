//! The master key: where it comes from, and that it is the right one.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use data_encoding::BASE64;
use gatepost_domain::{Entropy, MasterKey};
use zeroize::Zeroizing;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file cannot be read.
    #[error("the master key {0} cannot be read: {1}")]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file cannot be made.
    #[error(
        "the master key {0} cannot be made: {1}; give the folder write permission, or name a key with [master_key] file"
    )]
    Unmakable(PathBuf, #[source] io::Error),
    /// The file is open to others.
    #[error("the master key {0} can be read by others; run: chmod 600 {0}")]
    Exposed(PathBuf),
    /// Not 32 bytes in base64.
    #[error("the master key {0} is not 32 bytes in base64; make one with: openssl rand -base64 32")]
    Malformed(String),
}

/// A key given in the environment or the settings.
pub(super) fn parse(text: &str, place: &str) -> Result<MasterKey, MasterKeyError> {
    let malformed = || MasterKeyError::Malformed(place.to_owned());
    let bytes = Zeroizing::new(BASE64.decode(text.trim().as_bytes()).map_err(|_| malformed())?);
    let bytes = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| malformed())?;
    Ok(MasterKey::from_bytes(bytes))
}

/// The key in a file that somebody else made.
pub(super) fn read(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let unreadable = |error| MasterKeyError::Unreadable(path.to_owned(), error);
    let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(MasterKeyError::Exposed(path.to_owned()));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(unreadable)?);
    parse(&text, &path.display().to_string())
}

/// The key in `path`, made there if it is missing. Two processes that start together end with the same key.
pub(super) fn read_or_make(path: &Path, entropy: &dyn Entropy) -> Result<MasterKey, MasterKeyError> {
    if path.exists() {
        return read(path);
    }
    let unmakable = |error| MasterKeyError::Unmakable(path.to_owned(), error);
    let key = MasterKey::generate(entropy);
    // Written whole under another name and then linked: nobody ever reads half a key, and the first link wins.
    let mut suffix = [0; 8];
    entropy.fill(&mut suffix);
    let draft = path.with_extension(format!("{:016x}.tmp", u64::from_le_bytes(suffix)));
    let written = (|| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let text = Zeroizing::new(format!("{}\n", BASE64.encode(key.reveal())));
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }?;
        match path.parent() {
            Some(folder) => fs::File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    })();
    let _ = fs::remove_file(&draft);
    written.map_err(unmakable)?;
    read(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        let made = read_or_make(&path, &SystemEntropy::default()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read_or_make(&path, &SystemEntropy::default()).unwrap().reveal(), made.reveal());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_no_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("master.key");
        read_or_make(&path, &SystemEntropy::default()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(read(&path), Err(MasterKeyError::Exposed(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "c2hvcnQ=\n").unwrap();
        assert!(matches!(read(&path), Err(MasterKeyError::Malformed(_))));
    }
}
