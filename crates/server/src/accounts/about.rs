//! What is known of an account beside its row.

use gatepost_domain::{
    Membership, Notes, Organization, OrganizationId, PersonalClaims, RealmId, User, UserId, mfa::Factor,
};
use gatepost_store::{organizations, personal_claims, user_notes};

use crate::{App, http::Problem, mfa};

/// The most organizations of one account that are looked up with it.
const MOST: u32 = 100;

/// What is known of an account beside its row.
#[derive(Debug, Default)]
pub struct About {
    /// What it says of the person.
    pub claims: PersonalClaims,
    /// What applications keep with it.
    pub notes: Notes,
    /// Its second factors.
    pub factors: Vec<Factor>,
    /// The organizations it belongs to, up to a hundred, and what it is there.
    pub organizations: Vec<(Organization, Membership)>,
}

/// Looks at all of it at one moment.
pub async fn about(app: &App, user: &User) -> Result<About, Problem> {
    let mut found = about_each(app, std::slice::from_ref(user)).await?;
    found.pop().ok_or(Problem::NotFound)
}

/// The same of several, in their order.
pub async fn about_each(app: &App, users: &[User]) -> Result<Vec<About>, Problem> {
    let whose: Vec<(RealmId, UserId)> = users.iter().map(|user| (user.realm, user.id)).collect();
    let found = app.db().read("look at accounts", move |tx| {
        let whose = whose.clone();
        Box::pin(async move {
            let mut all = Vec::with_capacity(whose.len());
            for (realm, id) in whose {
                all.push(About {
                    claims: personal_claims::find(tx, realm, id).await?,
                    notes: user_notes::find(tx, realm, id).await?,
                    factors: mfa::factors(tx, realm, id).await?,
                    organizations: organizations::list_of(tx, realm, id, None::<OrganizationId>, MOST)
                        .await?,
                });
            }
            Ok::<_, Problem>(all)
        })
    });
    found.await
}
