//! What is known of an account beside its row.

use gatepost_domain::{Membership, Notes, Organization, OrganizationId, User};
use gatepost_store::{
    Tx, organizations,
    sessions::{self, Known},
    user_notes,
};

use crate::{App, http::Problem};

/// The most organizations of one account that are looked up with it.
const MOST: u32 = 100;

/// What is known of an account beside its row.
#[derive(Debug, Default)]
pub struct About {
    /// What it says of the person, and what it has.
    pub known: Known,
    /// The organizations it belongs to, up to a hundred, and what it is there.
    pub organizations: Vec<(Organization, Membership)>,
}

impl About {
    /// Of an account of which some is known already.
    pub async fn with(app: &App, user: &User, known: Known) -> Result<Self, Problem> {
        if !known.is_member {
            return Ok(Self { known, organizations: Vec::new() });
        }
        let (realm, id) = (user.realm, user.id);
        let organizations = app.db().read("find the organizations of an account", move |tx| {
            Box::pin(async move { organizations::list_of(tx, realm, id, None::<OrganizationId>, MOST).await })
        });
        Ok(Self { known, organizations: organizations.await? })
    }

    async fn read(tx: &mut Tx, user: &User) -> Result<Self, Problem> {
        let known = sessions::known(tx, user.realm, user.id).await?;
        let organizations = if known.is_member {
            organizations::list_of(tx, user.realm, user.id, None::<OrganizationId>, MOST).await?
        } else {
            Vec::new()
        };
        Ok(Self { known, organizations })
    }
}

/// Looks at all of it.
pub async fn about(app: &App, user: &User) -> Result<About, Problem> {
    let user = user.clone();
    let found = app.db().read("look at an account", move |tx| {
        let user = user.clone();
        Box::pin(async move { About::read(tx, &user).await })
    });
    found.await
}

/// The same of several, in their order, with what applications keep with them.
pub async fn about_each(app: &App, users: &[User]) -> Result<Vec<(About, Notes)>, Problem> {
    let users = users.to_vec();
    let found = app.db().read("look at accounts", move |tx| {
        let users = users.clone();
        Box::pin(async move {
            let mut all = Vec::with_capacity(users.len());
            for user in users {
                let about = About::read(tx, &user).await?;
                all.push((about, user_notes::find(tx, user.realm, user.id).await?));
            }
            Ok::<_, Problem>(all)
        })
    });
    found.await
}
