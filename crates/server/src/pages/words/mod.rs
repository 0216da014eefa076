//! What the pages say: a catalogue a language. A language that lacks a sentence does not compile.
//!
//! Sentences are whole. `{name}` is filled with a value, `<b>`, `<code>` and `<a>` are ours; see [`say`](super::say).

mod ar;
mod de;
mod en;

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};

use crate::browser::{LANGUAGE, one_cookie};

macro_rules! words {
    ($($key:ident,)+) => {
        /// Every sentence of the pages, in one language.
        #[derive(Debug)]
        pub struct Words {
            /// The names of the months.
            pub months: [&'static str; 12],
            $(
                #[allow(missing_docs, clippy::allow_attributes, reason = "the English text says what it is for")]
                pub $key: &'static str,
            )+
        }

        impl Words {
            /// Every sentence with its name.
            #[cfg(test)]
            pub fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($key), self.$key)),+]
            }
        }
    };
}

words! {
    moment,
    skip,
    language,
    error_prefix,
    your_account,
    account_nav,
    go_on,
    show_password,
    email,
    username,
    name,
    password,
    stale,
    sign_in,
    to_continue,
    again_title,
    again_lead,
    email_or_username,
    keep_me,
    sign_in_refused,
    type_username,
    type_password,
    type_password_again,
    new_here,
    choose_title,
    other_account,
    switch,
    sign_up_title,
    sign_up_lead,
    name_hint,
    password_hint,
    create_account,
    have_account,
    type_name,
    name_refused,
    type_email,
    email_incomplete,
    email_taken,
    password_short,
    password_long,
    password_common,
    password_breached,
    password_repetitive,
    password_personal,
    closed_title,
    closed_what,
    sign_out,
    sign_out_title,
    everywhere,
    stay,
    signed_out_title,
    signed_out_what,
    refused_title,
    refused_client,
    not_found_title,
    not_found_what,
    busy_title,
    busy_what,
    often_title,
    often_soon,
    often_later,
    tried_often_soon,
    tried_often_later,
    broken_title,
    broken_what,
    flow_title,
    flow_what,
    details,
    detail_code,
    detail_rule,
    detail_request,
    detail_time,
    consent_title,
    consent_return,
    consent_open,
    consent_document,
    consent_asks,
    consent_new,
    consent_deny,
    consent_allow,
    consent_note,
    scope_openid,
    scope_openid_more,
    scope_profile,
    scope_profile_more,
    scope_email,
    scope_email_more,
    scope_phone,
    scope_address,
    scope_offline,
    scope_offline_more,
    scope_account,
    scope_account_more,
    scope_roles,
    scope_roles_more,
    scope_other,
    scope_other_more,
    device_title,
    device_lead,
    device_code,
    device_hint,
    device_warning,
    device_refused,
    device_confirm_title,
    device_confirm_lead,
    device_connect,
    device_deny,
    device_done_title,
    device_done_what,
    device_denied_title,
    device_denied_what,
    profile,
    profile_lead,
    not_verified,
    verified,
    account_since,
    save,
    name_saved,
    password_lead,
    current_password,
    new_password,
    change_password,
    password_wrong,
    password_changed,
    sessions,
    sessions_lead,
    this_device,
    browser_on,
    unknown_device,
    signed_in_at,
    last_seen_at,
    active_now,
    sign_out_device,
    sign_out_others,
    session_ended,
    others_ended,
    older_sessions,
    activity,
    activity_lead,
    activity_older,
    act_made,
    act_updated,
    act_disabled,
    act_enabled,
    act_roles,
    act_email_confirmed,
    act_email_asked,
    act_email_changed,
    act_email_undone,
    act_recovery_asked,
    act_recovered,
    act_taken_over,
    act_mail_asked,
    act_signed_in,
    act_signed_in_second,
    act_signed_in_mail,
    act_signed_in_mail_second,
    act_signed_in_passkey,
    act_signed_in_provider,
    act_signed_in_provider_second,
    act_refused,
    act_often,
    act_signed_out,
    act_signed_out_everywhere,
    act_session_ended,
    act_password,
    act_password_refused,
    act_factor_added,
    act_factor_removed,
    act_passkey_added,
    act_passkey_removed,
    act_passkey_copied,
    act_factor_refused,
    act_code_used,
    act_codes_made,
    act_trusted,
    act_trust_ended,
    act_on_trusted,
    act_connected,
    act_disconnected,
    act_reused,
    act_application,
    act_application_removed,
    act_device,
    act_key_made,
    act_key_revoked,
    act_by_administrator,
    act_by_application,
    applications,
    applications_lead,
    no_applications_title,
    no_applications,
    allowed_at,
    remove,
    remove_client,
    client_removed,
    refused_request,
    signed_up_title,
    signed_up_what,
    forgot,
    recover_title,
    recover_lead,
    send_link,
    remembered,
    sent_title,
    sent_what,
    sent_nothing,
    send_again,
    sent_again,
    other_address,
    confirmed_already,
    by_mail,
    by_mail_title,
    by_mail_lead,
    by_mail_go,
    by_password,
    by_mail_sent,
    mail_code,
    mail_code_hint,
    mail_code_empty,
    mail_code_wrong,
    mail_code_over,
    by_mail_open_title,
    by_mail_open_lead,
    elsewhere_title,
    elsewhere_what,
    link_title,
    link_what,
    link_taken,
    verify_title,
    verify_lead,
    verify_go,
    verified_title,
    verified_what,
    choose_password_title,
    choose_password_lead,
    recovered_title,
    recovered_what,
    undo_title,
    undo_lead,
    undo_go,
    undone_title,
    undone_what,
    change,
    change_email_title,
    change_email_lead,
    new_email,
    email_same,
    email_often,
    email_awaited,
    link_sent,
    email_confirmed,
    join_title,
    join_lead,
    join,
    joined_title,
    joined_what,
    joined_second,
    member_already,
    invitation_title,
    invitation_what,
    invitation_verify,
    security,
    security_lead,
    second_heading,
    password_row,
    totp,
    totp_on,
    totp_since,
    totp_why,
    manage,
    manage_totp,
    set_up,
    set_up_totp,
    recovery_codes,
    codes_left,
    make_new,
    make_new_codes,
    few_codes,
    second_title,
    second_lead,
    code_label,
    code_hint,
    not_you,
    cannot_use_app,
    use_recovery,
    cannot_use_codes,
    use_app,
    recovery_title,
    recovery_lead,
    recovery_label,
    recovery_hint,
    code_wrong,
    code_empty,
    recovery_wrong,
    recovery_empty,
    second_often,
    second_over,
    second_required,
    second_new_title,
    second_soon,
    second_of_organization,
    second_later,
    second_due,
    second_due_organization,
    trust_device,
    trusted_heading,
    trusted_count,
    trusted_why,
    trusted_forget,
    trust_ended,
    totp_title,
    totp_lead,
    totp_scan,
    totp_picture,
    totp_cannot,
    totp_key,
    totp_account,
    totp_kind,
    totp_kind_is,
    totp_type_code,
    turn_on,
    not_now,
    totp_over,
    totp_manage_lead,
    totp_move,
    totp_move_why,
    turn_off,
    turn_off_why,
    turn_off_required,
    totp_turned_on,
    totp_turned_off,
    passkey_sign_in,
    passkey_none,
    passkey_refused,
    passkey_missing,
    passkey_title,
    passkey_lead,
    use_passkey,
    other_ways,
    passkeys,
    passkeys_why,
    add_passkey,
    passkey_added,
    passkey_used,
    manage_passkey,
    passkey_new_lead,
    passkey_create,
    passkey_known,
    passkey_not_made,
    passkey_cannot,
    passkey_name_hint,
    remove_passkey,
    remove_one,
    remove_passkey_why,
    passkey_stays,
    passkey_is_added,
    passkey_is_renamed,
    passkey_is_removed,
    last_way_in,
    codes_title,
    codes_lead,
    codes_made,
    codes_made_at,
    codes_once,
    codes_saved,
    codes_new_lead,
    codes_new_why,
    codes_file,
    done,
    download,
    print,
    copy,
    or_else,
    continue_with,
    provider_refused,
    provider_taken,
    provider_closed,
    provider_no_email,
    provider_elsewhere,
    connected_heading,
    connected_lead,
    connected_since,
    connect,
    connect_one,
    connect_why,
    disconnect,
    disconnect_one,
    connected,
    disconnected,
    connect_refused_title,
    connect_refused,
    connect_taken,
    connect_elsewhere,
    no_password_row,
    set_password,
}

/// A language the pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// As in `lang` and `ui_locales` (RFC 5646).
    pub tag: &'static str,
    /// What it calls itself.
    pub name: &'static str,
    /// Which way it is written: `dir`.
    pub dir: &'static str,
}

impl Language {
    /// The languages there are; the first is spoken where none of them is asked for.
    pub const ALL: [Self; 3] = [
        Self { tag: "en", name: "English", dir: "ltr" },
        Self { tag: "de", name: "Deutsch", dir: "ltr" },
        Self { tag: "ar", name: "العربية", dir: "rtl" },
    ];

    /// The language of a tag, whatever its region: `de-AT` is German.
    pub fn named(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        Self::ALL.into_iter().find(|language| language.tag.eq_ignore_ascii_case(primary))
    }

    /// The first that we speak of a list parted by spaces (`ui_locales`, OpenID Connect Core section 3.1.2.1).
    pub fn among(tags: &str) -> Option<Self> {
        tags.split(' ').take(20).find_map(Self::named)
    }

    /// The one a browser likes best of those we speak (RFC 9110 section 12.5.4).
    pub fn accepted(header: &str) -> Option<Self> {
        let ranges = header.split(',').take(20).filter_map(|range| {
            let mut parts = range.split(';');
            let language = Self::named(parts.next()?.trim())?;
            let quality =
                parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0_f32);
            (quality > 0.0).then_some((language, quality))
        });
        // Of equals the first.
        ranges.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(language, _)| language)
    }

    /// The one a person has chosen in this browser, or that the browser likes best.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let accepted = || Self::accepted(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?);
        one_cookie(headers, LANGUAGE).and_then(Self::named).or_else(accepted)
    }

    /// What it says.
    pub fn words(self) -> &'static Words {
        match self.tag {
            "de" => &de::WORDS,
            "ar" => &ar::WORDS,
            _ => &en::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in braces and the tags of a sentence, sorted.
    fn parts(text: &str) -> Vec<&str> {
        let names = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap());
        let tags = text.split('<').skip(1).map(|rest| rest.split('>').next().unwrap());
        let mut parts: Vec<_> = names.chain(tags).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn every_language_fills_in_the_same_values_and_links_the_same() {
        for language in Language::ALL {
            for ((key, theirs), (_, english)) in language.words().all().iter().zip(en::WORDS.all()) {
                assert!(!theirs.trim().is_empty(), "{key} in {}", language.tag);
                assert_eq!(parts(theirs), parts(english), "{key} in {}", language.tag);
                assert!(
                    !theirs.contains(['!', '"', '\'']) || theirs.contains("href"),
                    "{key} in {}",
                    language.tag
                );
            }
        }
    }

    #[test]
    fn german_and_arabic_are_not_english() {
        // Names and words that are the same in German.
        let same = ["name", "detail_code", "moment", "passkeys"];
        for language in &Language::ALL[1..] {
            for ((key, theirs), (_, english)) in language.words().all().iter().zip(en::WORDS.all()) {
                assert!(*theirs != english || same.contains(key), "{key} in {}", language.tag);
            }
        }
    }

    #[test]
    fn the_language_is_the_first_that_is_spoken_here() {
        let tag = |found: Option<Language>| found.map(|language| language.tag);
        assert_eq!(tag(Language::among("fr-CA de-AT en")), Some("de"));
        assert_eq!(tag(Language::among("fr")), None);
        assert_eq!(tag(Language::accepted("fr, en;q=0.5, AR;q=0.8")), Some("ar"));
        assert_eq!(tag(Language::accepted("de;q=0, en-GB;q=0.1")), Some("en"));
        assert_eq!(tag(Language::accepted("de;q=x, *")), Some("de"));
        assert_eq!(tag(Language::accepted("")), None);
        assert_eq!(tag(Language::accepted(&"x,".repeat(100_000))), None);
    }
}
