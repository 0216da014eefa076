use gatepost_domain::{
    DisplayName, EmailAddress, Invitation, InvitationId, Organization, OrganizationId, RealmId, SecretDigest,
    Team, TeamId,
};
use gatepost_store::{Constraint, Error, invitations, team_members, teams};

use crate::support::{NOW, Store, error_of, later};

on_every_backend!(
    a_team_is_found_in_its_realm_and_goes_with_its_organization,
    teams_are_listed_in_the_order_they_were_made,
    a_team_is_given_another_name,
    a_team_that_is_deleted_takes_nobody_out_of_the_organization,
    nobody_is_invited_into_a_team_that_is_gone,
);

/// A team that is stored.
pub(crate) async fn team(store: &Store, of: &Organization, name: &str) -> Team {
    let team = Team::begin(TeamId::new(NOW, &store.dice), store.realm, of.id, name.parse().unwrap(), NOW);
    write!(store, [team] tx => teams::create(tx, &team).await).unwrap();
    team
}

async fn found(store: &Store, team: &Team) -> Option<Team> {
    let (realm, id) = (store.realm, team.id);
    read!(store, [] tx => teams::find(tx, realm, id).await).unwrap()
}

async fn delete(store: &Store, organization: OrganizationId, id: TeamId) -> bool {
    let realm = store.realm;
    write!(store, [] tx => teams::delete(tx, realm, (organization, id)).await).unwrap()
}

async fn a_team_is_found_in_its_realm_and_goes_with_its_organization(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let (one, other) = (team(&store, &acme, "Engines").await, team(&store, &beta, "Engines").await);
    assert_eq!(found(&store, &one).await, Some(one.clone()));
    let (id, message) = (one.id, store.message());
    assert_eq!(read!(store, [] tx => teams::find(tx, RealmId::MAX, id).await), Ok(None));
    let orphan = Team { id: TeamId::MAX, organization: OrganizationId::MAX, ..one.clone() };
    let refused = write!(store, [orphan] tx => teams::create(tx, &orphan).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
    let (realm, organization) = (store.realm, acme.id);
    write!(store, [] tx =>
        gatepost_store::organizations::delete(tx, realm, organization, NOW, message).await)
    .unwrap();
    assert_eq!((found(&store, &one).await, found(&store, &other).await), (None, Some(other.clone())));
}

async fn teams_are_listed_in_the_order_they_were_made(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let (ada, bob) = (store.user("ada").await, store.user("bob").await);
    let mut all = Vec::new();
    for name in ["One", "Two", "Three"] {
        all.push(team(&store, &acme, name).await);
    }
    all.sort_by_key(|team| team.id);
    let other = team(&store, &beta, "Other").await;
    let (realm, organization) = (store.realm, acme.id);
    let page = async |after, limit| {
        read!(store, [] tx => teams::list(tx, realm, organization, after, limit).await).unwrap()
    };
    assert_eq!(page(None, 2).await, all[..2]);
    assert_eq!(page(Some(all[1].id), 2).await, all[2..]);
    assert_eq!(read!(store, [] tx => teams::count(tx, realm, organization).await), Ok(3));
    assert_eq!(read!(store, [] tx => teams::count(tx, RealmId::MAX, organization).await), Ok(0));

    for organization in [&acme, &beta] {
        store.join(organization, &ada, "").await;
    }
    for team in [&all[0], &all[2], &other] {
        let member = team.with(ada.id, NOW);
        assert!(write!(store, [member] tx => team_members::add(tx, &member).await).unwrap());
    }
    let of = async |user, organization, after, limit| {
        read!(store, [] tx => teams::list_of(tx, realm, user, organization, after, limit).await).unwrap()
    };
    let mut hers = vec![all[0].clone(), all[2].clone(), other];
    hers.sort_by_key(|team| team.id);
    assert_eq!(of(ada.id, None, None, 9).await, hers);
    assert_eq!(of(ada.id, None, Some(hers[0].id), 1).await, hers[1..2]);
    assert_eq!(of(ada.id, Some(acme.id), None, 9).await, [all[0].clone(), all[2].clone()]);
    assert_eq!(of(bob.id, None, None, 9).await, []);
}

async fn a_team_is_given_another_name(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let made = team(&store, &acme, "Engines").await;
    let (realm, id) = (store.realm, made.id);
    let rename = async |organization| {
        let name: DisplayName = "Looms".parse().unwrap();
        write!(store, [name] tx => teams::rename(tx, realm, (organization, id), &name, later(5)).await)
            .unwrap()
    };
    assert_eq!(rename(beta.id).await, None);
    let expected = Team { name: "Looms".parse().unwrap(), updated_at: later(5), version: 2, ..made };
    assert_eq!(rename(acme.id).await, Some(expected.clone()));
    assert_eq!(found(&store, &expected).await, Some(expected));
}

async fn a_team_that_is_deleted_takes_nobody_out_of_the_organization(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let ada = store.user("ada").await;
    let made = team(&store, &acme, "Engines").await;
    let joined = store.join(&acme, &ada, "").await;
    let member = made.with(ada.id, NOW);
    write!(store, [member] tx => team_members::add(tx, &member).await).unwrap();
    assert!(!delete(&store, beta.id, made.id).await);
    assert!(delete(&store, acme.id, made.id).await);
    assert!(!delete(&store, acme.id, made.id).await);
    assert_eq!((found(&store, &made).await, store.find_member(&acme, &ada).await), (None, Some(joined)));
}

async fn nobody_is_invited_into_a_team_that_is_gone(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let mut made = Vec::new();
    for name in ["One", "Two", "Three"] {
        made.push(team(&store, &acme, name).await.id);
    }
    let invite = async |to: &Organization, teams: Vec<TeamId>| {
        let id = InvitationId::new(NOW, &store.dice);
        let email: EmailAddress = format!("{id}@example.com").parse().unwrap();
        let invitation = Invitation {
            id,
            realm: store.realm,
            organization: to.id,
            email,
            roles: vec![],
            teams,
            digest: SecretDigest::of(b"secret"),
            invited_by: None,
            created_at: NOW,
            expires_at: later(60),
            accepted_at: None,
            revoked_at: None,
        };
        write!(store, [invitation] tx => invitations::create(tx, &invitation).await).unwrap();
        invitation.id
    };
    let into = async |id| {
        let realm = store.realm;
        read!(store, [] tx => invitations::find(tx, realm, id).await).unwrap().unwrap().teams
    };
    let (a, b, c) = (made[0], made[1], made[2]);
    let all = invite(&acme, vec![c, a, b]).await;
    let one = invite(&acme, vec![a]).await;
    let none = invite(&acme, vec![]).await;
    let elsewhere = invite(&beta, vec![a]).await;
    assert_eq!(into(all).await, [c, a, b], "in the order that was asked for");
    assert!(delete(&store, acme.id, a).await);
    assert_eq!((into(all).await, into(one).await, into(none).await), (vec![c, b], vec![], vec![]));
    assert_eq!(into(elsewhere).await, [a], "another organization's");
}
