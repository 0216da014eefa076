//! What a profile calls users that knows numbers and no ids.

use gatepost_domain::{RealmId, User, UserId};
use gatepost_store::user_numbers;

use crate::{App, http::Problem};

/// The number of a user, who is given one if they have none yet. Only then is anything written.
pub async fn number(app: &App, realm: RealmId, user: UserId) -> Result<u64, Problem> {
    let known = app.db().read("find a user's number", move |tx| {
        Box::pin(async move { user_numbers::find(tx, realm, user).await })
    });
    if let Some(known) = known.await? {
        return Ok(known);
    }
    let given = app
        .db()
        .write("number a user", move |tx| Box::pin(async move { user_numbers::give(tx, realm, user).await }));
    Ok(given.await?)
}

/// The user of a number.
pub async fn numbered(app: &App, realm: RealmId, number: u64) -> Result<Option<User>, Problem> {
    let found = app.db().read("find a user by number", move |tx| {
        Box::pin(async move { user_numbers::find_user(tx, realm, number).await })
    });
    Ok(found.await?)
}

/// At most `limit` users in the order of their making, behind the first `skip`, each with a number.
pub async fn list_numbered(
    app: &App,
    realm: RealmId,
    skip: u64,
    limit: u32,
) -> Result<Vec<(User, u64)>, Problem> {
    let listed = app.db().read("list users with their numbers", move |tx| {
        Box::pin(async move { user_numbers::list(tx, realm, skip, limit).await })
    });
    let listed = listed.await?;
    let without: Vec<UserId> =
        listed.iter().filter(|(_, number)| number.is_none()).map(|(user, _)| user.id).collect();
    let mut given = if without.is_empty() {
        Vec::new()
    } else {
        let numbering = app.db().write("number users", move |tx| {
            let without = without.clone();
            Box::pin(async move {
                let mut given = Vec::with_capacity(without.len());
                for user in without {
                    given.push(user_numbers::give(tx, realm, user).await?);
                }
                Ok::<_, gatepost_store::Error>(given)
            })
        });
        numbering.await?
    }
    .into_iter();
    // In the order in which they were listed.
    Ok(listed
        .into_iter()
        .filter_map(|(user, number)| Some((user, number.or_else(|| given.next())?)))
        .collect())
}
