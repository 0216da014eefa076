use gatepost_domain::{
    Invitation, InvitationId, Membership, RealmId, SecretDigest, Team, TeamMember, User, UserId,
};
use gatepost_store::{Constraint, Error, Location, invitations, memberships, team_members, teams, users};

use crate::support::{NOW, Store, at_once, error_of, later, server};
use crate::teams::team;

on_every_backend!(
    a_member_of_the_organization_is_put_into_a_team_once,
    nobody_is_in_a_team_of_an_organization_they_do_not_belong_to,
    those_who_are_in_a_team_are_listed_with_their_accounts_and_counted,
    whoever_leaves_the_organization_leaves_its_teams,
    whoever_joins_while_the_team_is_deleted_joins_without,
);

async fn find(store: &Store, member: &TeamMember) -> Option<TeamMember> {
    let (realm, team, user) = (store.realm, (member.organization, member.team), member.user);
    read!(store, [] tx => team_members::find(tx, realm, team, user).await).unwrap()
}

async fn add(store: &Store, member: &TeamMember) -> Result<bool, Error> {
    let member = member.clone();
    write!(store, [member] tx => team_members::add(tx, &member).await)
}

async fn a_member_of_the_organization_is_put_into_a_team_once(store: Store) {
    let (acme, ada) = (store.organization("acme").await, store.user("ada").await);
    store.join(&acme, &ada, "").await;
    let member = team(&store, &acme, "Engines").await.with(ada.id, NOW);
    let added = at_once(4, |_| {
        let (store, member) = (store.clone(), member.clone());
        async move { add(&store, &member).await.unwrap() }
    })
    .await;
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(add(&store, &TeamMember { created_at: later(9), ..member.clone() }).await, Ok(false));
    assert_eq!(find(&store, &member).await, Some(member.clone()), "since when stays");
    let (team, user) = ((member.organization, member.team), member.user);
    let elsewhere = read!(store, [] tx => team_members::find(tx, RealmId::MAX, team, user).await);
    assert_eq!(elsewhere, Ok(None));
    let realm = store.realm;
    let remove = async || write!(store, [] tx => team_members::remove(tx, realm, team, user).await).unwrap();
    assert_eq!((remove().await, remove().await), (true, false));
    assert_eq!(find(&store, &member).await, None);
    assert!(store.find_member(&acme, &ada).await.is_some());
}

async fn nobody_is_in_a_team_of_an_organization_they_do_not_belong_to(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let ada = store.user("ada").await;
    store.join(&beta, &ada, "owner").await;
    let team = team(&store, &acme, "Engines").await;
    for refused in [
        team.with(ada.id, NOW),
        TeamMember { organization: beta.id, ..team.with(ada.id, NOW) },
        team.with(UserId::MAX, NOW),
    ] {
        assert_eq!(error_of(add(&store, &refused).await), Error::Conflict(Constraint::Parent));
    }
}

async fn those_who_are_in_a_team_are_listed_with_their_accounts_and_counted(store: Store) {
    let acme = store.organization("acme").await;
    let (engines, looms) = (team(&store, &acme, "Engines").await, team(&store, &acme, "Looms").await);
    let mut members = Vec::new();
    for name in ["ada", "bob", "cleo"] {
        let user = store.user(name).await;
        store.join(&acme, &user, "").await;
        let member = engines.with(user.id, NOW);
        assert_eq!(add(&store, &member).await, Ok(true));
        members.push((member, user));
    }
    members.sort_by_key(|(member, _)| member.user);
    let (realm, organization) = (store.realm, acme.id);
    let page = async |team, after, limit| {
        read!(store, [] tx => team_members::list(tx, realm, (organization, team), after, limit).await)
            .unwrap()
    };
    assert_eq!(page(engines.id, None, 2).await, members[..2]);
    assert_eq!(page(engines.id, Some(members[1].0.user), 2).await, members[2..]);
    assert_eq!(page(looms.id, None, 9).await, []);
    let count = async |team| {
        read!(store, [] tx => team_members::count(tx, realm, (organization, team)).await).unwrap()
    };
    assert_eq!((count(engines.id).await, count(looms.id).await), (3, 0));
}

async fn whoever_leaves_the_organization_leaves_its_teams(store: Store) {
    let acme = store.organization("acme").await;
    let engines = team(&store, &acme, "Engines").await;
    let (ada, bob, cleo) = (store.user("ada").await, store.user("bob").await, store.user("cleo").await);
    for user in [&ada, &bob, &cleo] {
        store.join(&acme, user, "").await;
        assert_eq!(add(&store, &engines.with(user.id, NOW)).await, Ok(true));
    }
    let (realm, organization, user, message) = (store.realm, acme.id, ada.id, store.message());
    write!(store, [] tx => memberships::remove(tx, realm, organization, user, NOW, message).await).unwrap();
    let (user, message) = (bob.id, store.message());
    write!(store, [] tx => users::delete(tx, realm, user, NOW, message).await).unwrap();
    let found = [
        find(&store, &engines.with(ada.id, NOW)).await,
        find(&store, &engines.with(bob.id, NOW)).await,
        find(&store, &engines.with(cleo.id, NOW)).await,
    ];
    assert_eq!(found, [None, None, Some(engines.with(cleo.id, NOW))]);
}

async fn invite(store: &Store, user: &User, into: &Team) -> Invitation {
    let invitation = Invitation {
        id: InvitationId::new(NOW, &store.dice),
        realm: store.realm,
        organization: into.organization,
        email: user.email.clone().unwrap(),
        roles: vec![],
        teams: vec![into.id],
        digest: SecretDigest::of(b"secret"),
        invited_by: None,
        created_at: NOW,
        expires_at: later(60),
        accepted_at: None,
        revoked_at: None,
    };
    write!(store, [invitation] tx => invitations::create(tx, &invitation).await).unwrap();
    invitation
}

/// Of what whoever joins a team needs, what deletes it holds nothing while it waits for them. SQLite has one writer.
#[tokio::test(flavor = "multi_thread")]
async fn what_deletes_a_team_waits_for_who_joins_it_with_nothing_in_its_hands() {
    let case = "what_deletes_a_team_waits_for_who_joins_it_with_nothing_in_its_hands";
    if server(case).is_none() {
        return;
    }
    let store = Store::postgres(case).await.unwrap();
    let (acme, ada) = (store.organization("acme").await, store.user("ada").await);
    let engines = team(&store, &acme, "Engines").await;
    invite(&store, &ada, &engines).await;
    let Location::Postgres(url) = &store.location else { panic!("another database") };
    let (mut joining, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let driving = tokio::spawn(connection);
    let (watching, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    let watched = tokio::spawn(connection);
    let accepting = joining.transaction().await.unwrap();
    accepting.execute("UPDATE invitations SET accepted_at = 1", &[]).await.unwrap();
    let deleting = tokio::spawn({
        let (store, realm, which) = (store.clone(), store.realm, (acme.id, engines.id));
        async move { write!(store, [] tx => teams::delete(tx, realm, which).await) }
    });
    let waits =
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while watching.query(waits, &[]).await.unwrap().is_empty() {
        assert!(!deleting.is_finished(), "it waits for the invitation");
    }
    accepting.query("SELECT 1 FROM teams FOR KEY SHARE NOWAIT", &[]).await.unwrap();
    accepting.commit().await.unwrap();
    assert_eq!(deleting.await.unwrap(), Ok(true));
    drop((joining, watching));
    driving.await.unwrap().unwrap();
    watched.await.unwrap().unwrap();
    store.remove().await;
}

/// They take what both need in one order: neither waits for the other for ever, nor until the database notices.
async fn whoever_joins_while_the_team_is_deleted_joins_without(store: Store) {
    for round in 0..5 {
        let acme = store.organization(&format!("acme{round}")).await;
        let engines = team(&store, &acme, "Engines").await;
        let mut invited = Vec::new();
        for n in 0..4 {
            let user = store.user(&format!("user{round}-{n}")).await;
            let invitation = invite(&store, &user, &engines).await;
            invited.push((invitation.id, user.id));
        }
        let realm = store.realm;
        let done = at_once(5, |n| {
            let (store, engines, one) = (store.clone(), engines.clone(), invited.get(n).copied());
            async move {
                write!(store, [engines] tx => {
                    let whole = (engines.organization, engines.id);
                    let Some((id, user)) = one else { return teams::delete(tx, realm, whole).await };
                    let found = invitations::find(tx, realm, id).await?.unwrap();
                    let accepted = invitations::accept(tx, realm, id, NOW).await?;
                    let member = Membership::begin(realm, engines.organization, user, vec![], NOW);
                    memberships::create(tx, &member).await?;
                    for _ in found.teams {
                        team_members::add(tx, &engines.with(user, NOW)).await?;
                    }
                    Ok::<bool, Error>(accepted)
                })
            }
        })
        .await;
        assert!(done.iter().all(|done| *done == Ok(true)), "round {round}: {done:?}");
        for (_, user) in invited {
            let organization = acme.id;
            let member = read!(store, [] tx => memberships::find(tx, realm, organization, user).await);
            assert!(member.unwrap().is_some());
            assert_eq!(find(&store, &engines.with(user, NOW)).await, None);
        }
    }
}
