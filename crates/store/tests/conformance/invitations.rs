use gatepost_domain::{
    Invitation, InvitationId, Organization, OrganizationId, RealmId, RoleName, TeamId, Timestamp, UserId,
    invitation,
};
use gatepost_store::{Constraint, Error, invitations};

use crate::support::{NOW, Store, at_once, error_of, later};

on_every_backend!(
    an_invitation_is_found_by_its_id_in_its_realm_only,
    an_address_has_one_open_invitation_into_an_organization,
    open_invitations_are_listed_in_pages_and_counted,
    what_an_address_is_invited_to_is_found_however_it_is_spelt,
    an_invitation_is_accepted_by_one_of_many_at_once,
    an_invitation_that_was_taken_back_or_expired_is_not_accepted,
    an_open_invitation_is_given_another_secret,
    what_one_user_invited_is_taken_back_together,
    a_role_that_an_open_invitation_gives_is_in_use,
    closed_invitations_are_deleted_by_batches,
);

fn invitation(store: &Store, to: &Organization, email: &str, now: Timestamp) -> Invitation {
    let id = InvitationId::new(now, &store.dice);
    Invitation {
        id,
        realm: store.realm,
        organization: to.id,
        email: email.parse().unwrap(),
        roles: vec!["editor".parse().unwrap(), "a_b".parse().unwrap()],
        digest: invitation::generate(id, &store.dice).digest(),
        invited_by: Some(UserId::MAX),
        created_at: now,
        expires_at: now.plus(invitation::LIFETIME),
        accepted_at: None,
        revoked_at: None,
        teams: vec![TeamId::MIN, TeamId::MAX],
    }
}

async fn stored(store: &Store, to: &Organization, email: &str) -> Invitation {
    let invitation = invitation(store, to, email, NOW);
    write!(store, [invitation] tx => invitations::create(tx, &invitation).await).unwrap();
    invitation
}

async fn found(store: &Store, invitation: &Invitation) -> Option<Invitation> {
    let (realm, id) = (store.realm, invitation.id);
    read!(store, [] tx => invitations::find(tx, realm, id).await).unwrap()
}

async fn accept(store: &Store, invitation: &Invitation, now: Timestamp) -> bool {
    let (realm, id) = (store.realm, invitation.id);
    write!(store, [] tx => invitations::accept(tx, realm, id, now).await).unwrap()
}

async fn an_invitation_is_found_by_its_id_in_its_realm_only(store: Store) {
    let acme = store.organization("acme").await;
    let invited = stored(&store, &acme, "Ada@Example.com").await;
    assert_eq!(found(&store, &invited).await, Some(invited.clone()));
    let id = invited.id;
    assert_eq!(read!(store, [] tx => invitations::find(tx, RealmId::MAX, id).await), Ok(None));
    let orphan =
        Invitation { id: InvitationId::new(NOW, &store.dice), organization: OrganizationId::MAX, ..invited };
    let refused = write!(store, [orphan] tx => invitations::create(tx, &orphan).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::Parent));
}

async fn an_address_has_one_open_invitation_into_an_organization(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let first = stored(&store, &acme, "ada@example.com").await;
    stored(&store, &beta, "ada@example.com").await;
    let again = invitation(&store, &acme, "ADA@example.com", later(60));
    let refused = write!(store, [again] tx => invitations::create(tx, &again).await);
    assert_eq!(error_of(refused), Error::Conflict(Constraint::OpenInvitation));
    let (realm, organization, id) = (store.realm, acme.id, first.id);
    assert!(write!(store, [] tx => invitations::revoke(tx, realm, organization, id, NOW).await).unwrap());
    let second = stored(&store, &acme, "ada@example.com").await;
    assert!(accept(&store, &second, NOW).await);
    stored(&store, &acme, "ada@example.com").await;
    // One that has expired stands in nobody's way.
    let late = invitation(&store, &acme, "ada@example.com", NOW.plus(invitation::LIFETIME));
    write!(store, [late] tx => invitations::create(tx, &late).await).unwrap();
    assert_eq!(found(&store, &late).await, Some(late));
}

async fn open_invitations_are_listed_in_pages_and_counted(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let mut all = Vec::new();
    for name in ["ada", "bob", "cleo"] {
        all.push(stored(&store, &acme, &format!("{name}@example.com")).await);
    }
    stored(&store, &beta, "eve@example.com").await;
    all.sort_by_key(|invitation| invitation.id);
    let (realm, organization) = (store.realm, acme.id);
    let page = |now: Timestamp, after: Option<InvitationId>, limit| {
        let store = store.clone();
        async move {
            read!(store, [] tx => invitations::list(tx, realm, organization, now, after, limit).await)
                .unwrap()
        }
    };
    assert_eq!(page(NOW, None, 2).await, all[..2]);
    assert_eq!(page(NOW, Some(all[1].id), 2).await, all[2..]);
    assert!(accept(&store, &all[0], NOW).await);
    assert_eq!(page(NOW, None, 9).await, all[1..]);
    let count =
        async |now| read!(store, [] tx => invitations::count(tx, realm, organization, now).await).unwrap();
    let over = NOW.plus(invitation::LIFETIME);
    assert_eq!((count(NOW).await, count(over).await, page(over, None, 9).await), (2, 0, vec![]));
}

async fn what_an_address_is_invited_to_is_found_however_it_is_spelt(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let mut to_ada = vec![
        (stored(&store, &acme, "Ada@Example.com").await, acme.clone()),
        (stored(&store, &beta, "ada@example.com").await, beta.clone()),
    ];
    stored(&store, &beta, "bob@example.com").await;
    to_ada.sort_by_key(|(invitation, _)| invitation.id);
    let (realm, over) = (store.realm, NOW.plus(invitation::LIFETIME));
    let email: gatepost_domain::EmailAddress = "ADA@example.com".parse().unwrap();
    let listed = async |realm, now, after, limit| {
        let email = email.clone();
        read!(store, [email] tx => invitations::list_to(tx, realm, &email, now, after, limit).await).unwrap()
    };
    assert_eq!(listed(realm, NOW, None, 9).await, to_ada);
    assert_eq!(listed(realm, NOW, None, 1).await, to_ada[..1]);
    assert_eq!(listed(realm, NOW, Some(to_ada[0].0.id), 9).await, to_ada[1..]);
    assert_eq!(
        (listed(realm, over, None, 9).await, listed(RealmId::MAX, NOW, None, 9).await),
        (vec![], vec![])
    );
    let open = async |organization, now| {
        let email = email.clone();
        read!(store, [email] tx => invitations::find_open(tx, realm, organization, &email, now).await)
            .unwrap()
    };
    let into_acme = to_ada.iter().find(|(_, to)| *to == acme).unwrap().0.clone();
    assert_eq!(open(acme.id, NOW).await, Some(into_acme.clone()));
    assert_eq!((open(acme.id, over).await, open(OrganizationId::MAX, NOW).await), (None, None));
    assert!(accept(&store, &into_acme, NOW).await);
    assert_eq!(open(acme.id, NOW).await, None);
    assert_eq!(listed(realm, NOW, None, 9).await.len(), 1);
}

async fn an_invitation_is_accepted_by_one_of_many_at_once(store: Store) {
    let acme = store.organization("acme").await;
    for round in 0..5 {
        let invited = stored(&store, &acme, &format!("ada{round}@example.com")).await;
        let accepted = at_once(8, |_| {
            let (store, invited) = (store.clone(), invited.clone());
            async move { accept(&store, &invited, later(5)).await }
        })
        .await;
        assert_eq!(accepted.iter().filter(|accepted| **accepted).count(), 1);
        assert_eq!(found(&store, &invited).await.unwrap().accepted_at, Some(later(5)));
    }
}

async fn an_invitation_that_was_taken_back_or_expired_is_not_accepted(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let (realm, organization, other) = (store.realm, acme.id, beta.id);
    let invited = stored(&store, &acme, "ada@example.com").await;
    let id = invited.id;
    assert!(!write!(store, [] tx => invitations::revoke(tx, realm, other, id, NOW).await).unwrap());
    let revoke = async || {
        write!(store, [] tx => invitations::revoke(tx, realm, organization, id, later(5)).await).unwrap()
    };
    assert_eq!((revoke().await, revoke().await), (true, false));
    assert_eq!(found(&store, &invited).await.unwrap().revoked_at, Some(later(5)));
    assert!(!accept(&store, &invited, later(6)).await);
    let expired = stored(&store, &acme, "bob@example.com").await;
    assert!(!accept(&store, &expired, expired.expires_at).await);
    let id = expired.id;
    let late = expired.expires_at;
    assert!(!write!(store, [] tx => invitations::revoke(tx, realm, organization, id, late).await).unwrap());
}

async fn an_open_invitation_is_given_another_secret(store: Store) {
    let (acme, beta) = (store.organization("acme").await, store.organization("beta").await);
    let invited = stored(&store, &acme, "ada@example.com").await;
    let renew = async |renewed: &Invitation, now| {
        let renewed = renewed.clone();
        write!(store, [renewed] tx => invitations::renew(tx, &renewed, now).await).unwrap()
    };
    let renewed = Invitation {
        digest: invitation::generate(invited.id, &store.dice).digest(),
        invited_by: Some(UserId::MIN),
        expires_at: later(60).plus(invitation::LIFETIME),
        ..invited.clone()
    };
    assert_ne!(renewed.digest, invited.digest);
    assert_eq!(renew(&Invitation { organization: beta.id, ..renewed.clone() }, later(60)).await, None);
    assert_eq!(renew(&renewed, later(60)).await, Some(renewed.clone()));
    assert_eq!(found(&store, &invited).await, Some(renewed.clone()));
    assert_eq!(renew(&renewed, renewed.expires_at).await, None, "it has expired");
    assert!(accept(&store, &renewed, later(61)).await);
    assert_eq!(renew(&renewed, later(62)).await, None, "it was accepted");
    let revoked = stored(&store, &acme, "bob@example.com").await;
    let (realm, organization, id) = (store.realm, acme.id, revoked.id);
    assert!(write!(store, [] tx => invitations::revoke(tx, realm, organization, id, NOW).await).unwrap());
    assert_eq!(renew(&revoked, later(1)).await, None, "it was taken back");
}

async fn what_one_user_invited_is_taken_back_together(store: Store) {
    let acme = store.organization("acme").await;
    let mine = [stored(&store, &acme, "a@example.com").await, stored(&store, &acme, "b@example.com").await];
    let theirs =
        Invitation { invited_by: Some(UserId::MIN), ..invitation(&store, &acme, "c@example.com", NOW) };
    write!(store, [theirs] tx => invitations::create(tx, &theirs).await).unwrap();
    assert!(accept(&store, &mine[0], NOW).await);
    let (realm, organization) = (store.realm, acme.id);
    let taken = write!(store, [] tx =>
        invitations::revoke_from(tx, realm, organization, UserId::MAX, later(5)).await);
    assert_eq!(taken, Ok(1));
    assert_eq!(found(&store, &mine[1]).await.unwrap().revoked_at, Some(later(5)));
    assert_eq!(found(&store, &theirs).await.unwrap().revoked_at, None);
    // And what is for an address, however it is spelt.
    let email: gatepost_domain::EmailAddress = "C@example.com".parse().unwrap();
    let taken = write!(store, [email] tx =>
        invitations::revoke_to(tx, realm, organization, &email, later(6)).await);
    assert_eq!(taken, Ok(1));
    assert_eq!(found(&store, &theirs).await.unwrap().revoked_at, Some(later(6)));
}

async fn a_role_that_an_open_invitation_gives_is_in_use(store: Store) {
    let acme = store.organization("acme").await;
    let invited = stored(&store, &acme, "ada@example.com").await;
    let realm = store.realm;
    let gives = async |role: &str, now| {
        let role: RoleName = role.parse().unwrap();
        read!(store, [role] tx => invitations::any_gives_role(tx, realm, &role, now).await).unwrap()
    };
    assert!(gives("editor", NOW).await && gives("a_b", NOW).await);
    assert!(!gives("axb", NOW).await && !gives("editor", invited.expires_at).await);
    assert!(accept(&store, &invited, NOW).await && !gives("editor", NOW).await);
}

async fn closed_invitations_are_deleted_by_batches(store: Store) {
    let acme = store.organization("acme").await;
    let (accepted, revoked, open) = (
        stored(&store, &acme, "a@example.com").await,
        stored(&store, &acme, "b@example.com").await,
        stored(&store, &acme, "c@example.com").await,
    );
    assert!(accept(&store, &accepted, later(5)).await);
    let (realm, organization, id) = (store.realm, acme.id, revoked.id);
    assert!(
        write!(store, [] tx => invitations::revoke(tx, realm, organization, id, later(6)).await).unwrap()
    );
    let delete = |before, limit| {
        let store = store.clone();
        async move {
            write_one!(store, [] tx => invitations::delete_closed(tx, realm, before, limit).await).unwrap()
        }
    };
    assert_eq!(delete(later(5), 9).await, 0, "not yet");
    assert_eq!(
        write_one!(store, [] tx => invitations::delete_closed(tx, RealmId::MAX, later(99), 9).await),
        Ok(0)
    );
    assert_eq!((delete(later(9), 1).await, delete(later(9), 1).await, delete(later(9), 1).await), (1, 1, 0));
    assert_eq!((found(&store, &accepted).await, found(&store, &revoked).await), (None, None));
    assert!(found(&store, &open).await.is_some());
    assert_eq!(delete(open.expires_at.plus(std::time::Duration::from_secs(1)), 9).await, 1);
}
