//! What is known about the store as a whole, and who does which job.

use std::time::Duration;

use gatepost_domain::Timestamp;

use crate::{Error, Tx};

/// Writes a value once: returns what is stored, which is another's value if that one was first.
pub async fn put_if_absent(tx: &mut Tx, name: &str, value: &str) -> Result<String, Error> {
    const SQL: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    tx.execute(SQL, &[name.into(), value.into()]).await?;
    find(tx, name).await?.ok_or_else(|| Error::broken("a value that was just written"))
}

/// Writes a value, over another if there is one.
pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), Error> {
    const SQL: &str = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    tx.execute(SQL, &[name.into(), value.into()]).await.map(|_| ())
}

/// A value: the id of the store, the fingerprint of the master key.
pub async fn find(tx: &mut Tx, name: &str) -> Result<Option<String>, Error> {
    const SQL: &str = "SELECT value FROM meta WHERE name = $1";
    Ok(tx.optional::<(String,)>(SQL, &[name.into()]).await?.map(|(value,)| value))
}

/// Takes or keeps the lease of a job for `holder`: true if it has it now. A lease that nobody renews is free when
/// its time is over. One statement.
pub async fn hold_lease(
    tx: &mut Tx,
    job: &str,
    holder: &str,
    length: Duration,
    now: Timestamp,
) -> Result<bool, Error> {
    const SQL: &str = "INSERT INTO leases (name, holder, held_until) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until
        WHERE leases.held_until <= $4 OR leases.holder = excluded.holder";
    let params = [job.into(), holder.into(), now.plus(length).into(), now.into()];
    Ok(tx.execute(SQL, &params).await? == 1)
}

/// Gives the lease of a job back, if `holder` has it. One statement.
pub async fn release_lease(tx: &mut Tx, job: &str, holder: &str) -> Result<(), Error> {
    const SQL: &str = "DELETE FROM leases WHERE name = $1 AND holder = $2";
    tx.execute(SQL, &[job.into(), holder.into()]).await.map(|_| ())
}
