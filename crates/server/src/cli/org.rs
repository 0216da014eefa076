//! `gatepost org list|show|create|update|delete|members|set-member|remove-member`

use clap::{Args, Subcommand};
use gatepost_domain::{Organization, OrganizationId, RealmName, Slug, mfa::OrganizationMfa};
use gatepost_store::organizations::{self as stored, OrganizationChanges};

use super::{
    Output, Refusal, Settings, confirm,
    output::table,
    store::{self, refusal, refusal_of},
};
use crate::{
    App,
    accounts::Who,
    api::{Enrolment, MemberView, OrganizationView},
    http::Problem,
    organizations::{self, By},
    realm::Snapshot,
};

/// Organizations of a realm.
#[derive(Args)]
pub(super) struct OrgCommand {
    /// The realm; the default realm unless given
    #[arg(long, value_name = "NAME", global = true)]
    realm: Option<RealmName>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the organizations, in the order they were made
    List {
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Show an organization
    Show {
        /// Id or slug
        org: String,
    },
    /// Make an organization
    Create {
        /// The name in addresses: 2 to 63 of a-z, 0-9 and -
        slug: String,
        /// The name to show; the slug unless given
        #[arg(long)]
        name: Option<String>,
        /// Whom it belongs to: id, e-mail address or user name; to nobody unless given
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
    },
    /// Give an organization another name or slug, or say what it asks of its members
    Update {
        /// Id or slug
        org: String,
        /// The name to show
        #[arg(long)]
        name: Option<String>,
        /// The name in addresses: 2 to 63 of a-z, 0-9 and -
        #[arg(long)]
        slug: Option<String>,
        /// required: whoever acts in it must have shown a second factor; inherit: it is as the realm says
        #[arg(long, value_name = "WORD")]
        mfa: Option<OrganizationMfa>,
    },
    /// Remove an organization with its members, teams, invitations and API keys; accounts stay
    Delete {
        /// Id or slug
        org: String,
        /// Yes, with its members, invitations and API keys
        #[arg(long)]
        yes: bool,
    },
    /// List the members of an organization
    Members {
        /// Id or slug
        org: String,
        /// How many at the most
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Only those who have no second factor, or only those who have one
        #[arg(long, value_enum, value_name = "WHICH")]
        mfa: Option<Enrolment>,
    },
    /// Make a user a member, or give a member other roles
    SetMember {
        /// Id or slug
        org: String,
        /// Id, e-mail address or user name
        user: String,
        /// A role; may be given several times. Those of the realm, and owner
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
    },
    /// Remove a member; the account stays
    RemoveMember {
        /// Id or slug
        org: String,
        /// Id, e-mail address or user name
        user: String,
    },
}

impl OrgCommand {
    pub(super) async fn run(self, settings: Settings) -> Result<(), Refusal> {
        let app = store::open(&settings).await?;
        let realm = store::realm(&app, self.realm.as_ref()).await?;
        let output = Output::new(self.json);
        let now = app.clock().now();
        let acting = || (Who::operator(), By::Realm);
        match self.what {
            What::List { limit } => {
                let found =
                    organizations::list(&app, realm.id(), None, None, limit).await.map_err(refusal)?;
                let views: Vec<OrganizationView> = found.iter().map(OrganizationView::from).collect();
                output.show(&views, || rows(&found))
            }
            What::Show { org } => {
                let org = find(&app, &realm, &org).await?;
                output.show(&OrganizationView::from(&org), || lines(&org))
            }
            What::Create { slug, name, owner } => {
                let owner = match &owner {
                    Some(owner) => Some(store::user(&app, &realm, owner).await?.id),
                    None => None,
                };
                let name = organizations::name(name.as_deref().unwrap_or(&slug)).map_err(refusal)?;
                let called = format!("organization {slug} in {}", realm.name());
                let slug = organizations::slug(&slug).map_err(refusal)?;
                let made = organizations::create(&app, &realm, name, slug, owner, Who::operator(), now);
                let made = made.await.map_err(refusal_of(called))?;
                output.show(&OrganizationView::from(&made), || format!("made organization {}", made.id))
            }
            What::Update { org, name, slug, mfa } => {
                let org = find(&app, &realm, &org).await?;
                let name = name.as_deref().map(organizations::name).transpose().map_err(refusal)?;
                let slug = slug.as_deref().map(organizations::slug).transpose().map_err(refusal)?;
                let changes = OrganizationChanges { slug, name, mfa, ..OrganizationChanges::default() };
                if changes == OrganizationChanges::default() {
                    return Err(Refusal::new("name what to change, as in --mfa required"));
                }
                let called = format!("organization {} in {}", org.slug, realm.name());
                let changed = organizations::change(&app, &realm, org.id, changes, acting(), now).await;
                let changed = changed.map_err(refusal_of(called))?;
                output.show(&OrganizationView::from(&changed), || lines(&changed))
            }
            What::Delete { org, yes } => {
                let org = find(&app, &realm, &org).await?;
                let what = format!("organization {} with its members, invitations and API keys", org.slug);
                confirm(yes, &what)?;
                organizations::delete(&app, &realm, org.id, acting(), now).await.map_err(refusal)?;
                output.show(&OrganizationView::from(&org), || format!("deleted organization {}", org.id))
            }
            What::Members { org, limit, mfa } => {
                let org = find(&app, &realm, &org).await?;
                let which = mfa.map(Enrolment::has_factor);
                let found = organizations::list_members(&app, &realm, org.id, By::Realm, which, None, limit);
                let views: Vec<MemberView> =
                    found.await.map_err(refusal)?.iter().map(MemberView::new).collect();
                output.show(&views, || {
                    let rows: Vec<Vec<String>> = views.iter().map(MemberView::row).collect();
                    table(&["ID", "EMAIL", "USERNAME", "ROLES"], &rows)
                })
            }
            What::SetMember { org, user, roles } => {
                let org = find(&app, &realm, &org).await?;
                let user = store::user(&app, &realm, &user).await?.id;
                let roles = organizations::roles(&realm, &roles).map_err(refusal)?;
                let member = organizations::set_member(&app, &realm, (org.id, user), roles, acting(), now);
                let member = MemberView::new(&member.await.map_err(refusal)?);
                output.show(&member, || format!("{user} is a member of {}", org.slug))
            }
            What::RemoveMember { org, user } => {
                let org = find(&app, &realm, &org).await?;
                let user = store::user(&app, &realm, &user).await?.id;
                organizations::remove_member(&app, &realm, (org.id, user), acting(), now).await.map_err(
                    |problem| match problem {
                        Problem::NotFound => Refusal::new(format!("{user} is no member of {}", org.slug)),
                        other => refusal(other),
                    },
                )?;
                output.show(&OrganizationView::from(&org), || format!("removed {user} from {}", org.slug))
            }
        }
    }
}

/// The organization with this id or slug.
pub(super) async fn find(app: &App, realm: &Snapshot, text: &str) -> Result<Organization, Refusal> {
    let id = realm.id();
    let by_id = text.parse::<OrganizationId>().ok();
    let by_slug = text.parse::<Slug>().ok();
    let found = app
        .db()
        .read("find an organization", move |tx| {
            let by_slug = by_slug.clone();
            Box::pin(async move {
                match (by_id, &by_slug) {
                    (Some(organization), _) => stored::find(tx, id, organization).await,
                    (None, Some(slug)) => stored::find_by_slug(tx, id, slug).await,
                    (None, None) => Ok(None),
                }
            })
        })
        .await?;
    found.ok_or_else(|| {
        Refusal::new(format!(
            "realm {} has no organization {text}; `gatepost org list` shows all",
            realm.name()
        ))
    })
}

fn rows(found: &[Organization]) -> String {
    let rows: Vec<Vec<String>> = found
        .iter()
        .map(|one| vec![one.id.to_string(), one.slug.to_string(), one.name.as_str().to_owned()])
        .collect();
    table(&["ID", "SLUG", "NAME"], &rows)
}

fn lines(org: &Organization) -> String {
    let rows = [
        ("id", org.id.to_string()),
        ("slug", org.slug.to_string()),
        ("name", org.name.as_str().to_owned()),
        ("mfa", org.mfa().name().to_owned()),
        ("created", org.created_at.to_string()),
        ("updated", org.updated_at.to_string()),
    ];
    rows.map(|(key, value)| format!("{key:<10}{value}")).join("\n")
}
