use std::time::Duration;

use serde_json::{Value, json};

use super::{Client, accept, active, found, invite, join, own_id, signed_in, world};
use crate::mfa::trail;

/// LG-15
#[tokio::test]
async fn somebody_is_invited_and_accepts() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let body = json!({"email": "Bob@Example.com", "role": "editor"});
    let invited = ada.post("/organization/invite-member", body).await;
    let id = invited.text("id");
    let expected = json!({
        "id": id, "organizationId": acme, "email": "bob@example.com", "role": "editor", "status": "pending",
        "inviterId": own_id(&ada).await, "createdAt": "2027-01-15T08:00:00.000Z", "expiresAt": "2027-01-22T08:00:00.000Z",
    });
    assert_eq!(invited.json(), expected, "and the secret of the letter is in no answer");
    let bob = signed_in(&app, "bob").await;
    let mut listed = expected.clone();
    listed["organizationName"] = json!("acme");
    assert_eq!(bob.get("/organization/list-user-invitations").await.json(), json!([listed]));
    let mut whole = listed.clone();
    whole["organizationSlug"] = json!("acme");
    whole["inviterEmail"] = json!("ada@example.com");
    assert_eq!(bob.get(&format!("/organization/get-invitation?id={id}")).await.json(), whole);

    // Whose it is not is told what is told of one that is not there.
    let eve = signed_in(&app, "eve").await;
    let missing = accept(&eve, "inv_00000000000000000000000000").await;
    assert_eq!(missing.brief(), "400 INVITATION_NOT_FOUND");
    for text in [id.as_str(), "x", "", "gp_inv_x"] {
        assert_eq!(accept(&eve, text).await.body, missing.body, "{text}");
    }
    assert_eq!(eve.get(&format!("/organization/get-invitation?id={id}")).await.body, missing.body);
    assert_eq!(eve.get("/organization/list-user-invitations").await.json(), json!([]));

    let joined = bob.post("/organization/accept-invitation", json!({"invitationId": id})).await.json();
    let mut accepted = expected;
    accepted["status"] = json!("accepted");
    assert_eq!(joined["invitation"], accepted);
    assert_eq!(
        (&joined["member"]["role"], &joined["member"]["organizationId"]),
        (&json!("editor"), &json!(acme))
    );
    assert_eq!(active(&bob).await, json!(acme));
    assert_eq!(accept(&bob, &id).await.body, missing.body, "once");
    assert_eq!(bob.get("/organization/list-user-invitations").await.json(), json!([]));
    assert_eq!(bob.get(&format!("/organization/get-invitation?id={id}")).await.body, missing.body);
    assert_eq!(bob.get("/organization/get-invitation").await.brief(), "400 VALIDATION_ERROR");
    let answer = bob.get("/organization/list-user-invitations?email=eve@example.com").await;
    assert_eq!(answer.status, 400, "nobody's but one's own");
}

/// LG-15: an address that is not proven is nobody's.
#[tokio::test]
async fn lg_15_whoever_has_not_proven_the_address_is_told_nothing_of_an_invitation() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let id = invite(&ada, &acme, "new", "member").await.text("id");
    let squatter = Client::new(&app);
    squatter.sign_up("new@example.com").await;
    let first = "403 EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION";
    assert_eq!(squatter.get("/organization/list-user-invitations").await.brief(), first);
    assert_eq!(squatter.get(&format!("/organization/get-invitation?id={id}")).await.brief(), first);
    for (path, id) in [("accept", id.as_str()), ("accept", "x"), ("reject", id.as_str())] {
        let answer =
            squatter.post(&format!("/organization/{path}-invitation"), json!({"invitationId": id})).await;
        assert_eq!(
            answer.brief(),
            "403 EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION"
        );
    }
    app.execute("UPDATE users SET email_verified = TRUE WHERE email_key = 'new@example.com'").await;
    assert_eq!(accept(&squatter, &id).await.status, 200);
}

/// The link of the letter leads to the page of every door; its secret is good here, too.
#[tokio::test]
async fn an_invitation_is_mailed_and_sent_again_with_resend() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let first = invite(&ada, &acme, "bob", "member").await.text("id");
    let letter = app.token("bob@example.com").await;
    assert_eq!(
        invite(&ada, &acme, "bob", "member").await.brief(),
        "400 USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION"
    );
    let body = json!({"email": "bob@example.com", "role": "editor", "resend": true});
    let again = ada.post("/organization/invite-member", body).await.json();
    assert_eq!(
        (&again["role"], again["id"] == json!(first)),
        (&json!("editor"), false),
        "another invitation"
    );
    let bob = signed_in(&app, "bob").await;
    for old in [first.as_str(), &letter] {
        assert_eq!(accept(&bob, old).await.brief(), "400 INVITATION_NOT_FOUND", "a newer one ends the older");
    }
    let letter = app.token("bob@example.com").await;
    assert_eq!(bob.get(&format!("/organization/get-invitation?id={letter}")).await.json()["id"], again["id"]);
    assert_eq!(accept(&bob, &letter).await.json()["member"]["role"], "editor");
    let again = ada
        .post(
            "/organization/invite-member",
            json!({"email": "bob@example.com", "role": "member", "resend": true}),
        )
        .await;
    assert_eq!(again.brief(), "400 USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION");
}

#[tokio::test]
async fn nobody_invites_beyond_their_own_rights() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let (admin, editor) =
        (join(&ada, &acme, "bob", "admin").await, join(&ada, &acme, "cleo", "editor").await);
    let eve = signed_in(&app, "eve").await;
    assert_eq!(
        invite(&admin, &acme, "eve", "owner").await.brief(),
        "403 YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"
    );
    assert_eq!(
        invite(&editor, &acme, "eve", "member").await.brief(),
        "403 YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION"
    );
    assert_eq!(invite(&eve, &acme, "dora", "member").await.brief(), "400 MEMBER_NOT_FOUND");
    assert_eq!(
        invite(&eve, "org_00000000000000000000000000", "dora", "member").await.brief(),
        "400 MEMBER_NOT_FOUND"
    );
    let ask = async |client: &Client<'_>, body: Value| {
        client.post("/organization/invite-member", body).await.brief()
    };
    for (body, refused) in [
        (json!({"email": "x@example.com", "role": "nope"}), "400 ROLE_NOT_FOUND"),
        (json!({"email": "x@example.com", "role": "auditor"}), "400 ROLE_NOT_FOUND"),
        (json!({"email": "x@example.com", "role": ","}), "400 ROLE_NOT_FOUND"),
        (json!({"email": "nope", "role": "member"}), "400 INVALID_EMAIL"),
        (json!({"email": "x@example.com"}), "400 VALIDATION_ERROR"),
        (json!({"email": "x@example.com", "role": "member", "teamId": "t"}), "400 VALIDATION_ERROR"),
        (json!({"email": "x@example.com", "role": "member", "resend": "yes"}), "400 VALIDATION_ERROR"),
    ] {
        assert_eq!(ask(&ada, body.clone()).await, refused, "{body}");
    }
    assert_eq!(
        ask(&eve, json!({"email": "x@example.com", "role": "member"})).await,
        "400 ORGANIZATION_NOT_FOUND"
    );
    // AD-01: one that makes an owner is replaced by nobody else.
    invite(&ada, &acme, "dora", "owner").await;
    let body = json!({"email": "dora@example.com", "role": "member", "resend": true, "organizationId": acme});
    assert_eq!(ask(&admin, body).await, "403 YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE");
    let refused = trail(&app, &app.admin().await, "member-change-refused").await;
    assert!(refused.len() >= 2, "{refused:?}");
}

/// What is mailed is counted as at every door.
#[tokio::test]
async fn rl_invitations_are_counted_with_those_of_the_native_api() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let mut last = String::new();
    for _ in 0..20 {
        let body =
            json!({"email": "bob@example.com", "role": "member", "resend": true, "organizationId": acme});
        last = ada.post("/organization/invite-member", body).await.brief();
        if last != "200" {
            break;
        }
    }
    assert_eq!(last, "429");
    let bob = signed_in(&app, "bob").await;
    let listed = bob.get("/organization/list-user-invitations").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "a refused letter leaves the invitation before it");
}

#[tokio::test]
async fn an_invitation_is_declined() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let id = invite(&ada, &acme, "bob", "member").await.text("id");
    let (bob, eve) = (signed_in(&app, "bob").await, signed_in(&app, "eve").await);
    let reject = async |client: &Client<'_>| {
        client.post("/organization/reject-invitation", json!({"invitationId": id})).await
    };
    assert_eq!(reject(&eve).await.brief(), "400 INVITATION_NOT_FOUND");
    let declined = reject(&bob).await.json();
    assert_eq!(
        (&declined["invitation"]["status"], &declined["invitation"]["id"], &declined["member"]),
        (&json!("rejected"), &json!(id), &Value::Null)
    );
    assert_eq!(
        (reject(&bob).await.brief(), accept(&bob, &id).await.brief()),
        ("400 INVITATION_NOT_FOUND".into(), "400 INVITATION_NOT_FOUND".into())
    );
    assert_eq!(ada.get("/organization/list-invitations").await.json(), json!([]));
    let told = trail(&app, &app.admin().await, "invitation-revoked").await;
    assert_eq!((told.len(), &told[0]["user"]), (1, &json!(own_id(&bob).await)));
    assert_eq!(invite(&ada, &acme, "bob", "member").await.status, 200, "and is invited anew");
}

#[tokio::test]
async fn an_invitation_is_taken_back() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let (admin, editor) =
        (join(&ada, &acme, "bob", "admin").await, join(&ada, &acme, "cleo", "editor").await);
    let owner = invite(&ada, &acme, "dora", "owner").await.text("id");
    app.advance(Duration::from_secs(1));
    let member = invite(&ada, &acme, "eve", "member").await.text("id");
    let list = async |client: &Client<'_>, query: &str| {
        client.get(&format!("/organization/list-invitations{query}")).await
    };
    let ids = async |client: &Client<'_>| {
        let listed = list(client, "").await.json();
        listed
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(&ada).await, ids(&admin).await),
        (vec![owner.clone(), member.clone()], vec![member.clone()])
    );
    assert_eq!(list(&editor, "").await.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_LIST_INVITATIONS");
    let eve = signed_in(&app, "eve").await;
    assert_eq!(list(&eve, "").await.brief(), "400");
    let foreign = list(&eve, &format!("?organizationId={acme}")).await;
    assert_eq!(foreign.brief(), "403 YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION");
    assert_eq!(list(&eve, "?organizationId=x").await.body, foreign.body);

    let cancel = async |client: &Client<'_>, id: &str| {
        client.post("/organization/cancel-invitation", json!({"invitationId": id})).await
    };
    assert_eq!(cancel(&editor, &member).await.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION");
    assert_eq!(cancel(&admin, &owner).await.brief(), "403 YOU_ARE_NOT_ALLOWED_TO_CANCEL_THIS_INVITATION");
    let missing = cancel(&eve, "inv_00000000000000000000000000").await;
    assert_eq!(missing.brief(), "400 INVITATION_NOT_FOUND");
    for (client, id) in [(&eve, member.as_str()), (&eve, "x"), (&ada, "x")] {
        assert_eq!(cancel(client, id).await.body, missing.body);
    }
    let canceled = cancel(&admin, &member).await.json();
    assert_eq!((&canceled["id"], &canceled["status"]), (&json!(member), &json!("canceled")));
    assert_eq!(cancel(&admin, &member).await.body, missing.body);
    assert_eq!(accept(&eve, &member).await.body, missing.body);
    app.advance(Duration::from_hours(24 * 7));
    let ada = signed_in(&app, "ada").await;
    let over = list(&ada, &format!("?organizationId={acme}")).await;
    assert_eq!(over.json(), json!([]), "what is over is not open");
}

/// AD-01: what somebody may not give any more, their older invitations do not give either.
#[tokio::test]
async fn ad_01_an_invitation_ends_with_who_made_it() {
    let app = world().await;
    let ada = signed_in(&app, "ada").await;
    let acme = found(&ada, "acme").await;
    let admin = join(&ada, &acme, "bob", "admin").await;
    let id = invite(&admin, &acme, "eve", "member").await.text("id");
    let eve = signed_in(&app, "eve").await;
    app.execute("DELETE FROM memberships WHERE roles = 'admin'").await;
    let gone = eve.get(&format!("/organization/get-invitation?id={id}")).await;
    assert_eq!(gone.brief(), "400 INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION");
    assert_eq!(accept(&eve, &id).await.brief(), "400 INVITATION_NOT_FOUND");
}
