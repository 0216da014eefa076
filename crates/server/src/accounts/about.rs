//! What is known of an account beside its row.

use gatepost_domain::{Membership, Organization, OrganizationId, PersonalClaims, User, mfa::Factor};
use gatepost_store::{organizations, personal_claims};

use crate::{App, http::Problem, mfa};

/// The most organizations of one account that are looked up with it.
const MOST: u32 = 100;

/// What is known of an account beside its row.
#[derive(Debug)]
pub struct About {
    /// What it says of the person.
    pub claims: PersonalClaims,
    /// Its second factors.
    pub factors: Vec<Factor>,
    /// The organizations it belongs to, up to a hundred, and what it is there.
    pub organizations: Vec<(Organization, Membership)>,
}

/// Looks at all of it at one moment.
pub async fn about(app: &App, user: &User) -> Result<About, Problem> {
    let (realm, id) = (user.realm, user.id);
    let found = app.db().read("look at an account", move |tx| {
        Box::pin(async move {
            Ok::<_, Problem>(About {
                claims: personal_claims::find(tx, realm, id).await?,
                factors: mfa::factors(tx, realm, id).await?,
                organizations: organizations::list_of(tx, realm, id, None::<OrganizationId>, MOST).await?,
            })
        })
    });
    found.await
}
