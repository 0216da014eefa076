//! `/account/sms`: the telephone number that codes are sent to is set up, changed and removed, by whoever signed in a moment ago.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use gatepost_domain::{
    Mfa,
    mfa::{Factor, PhoneNumber},
};

use super::{Form, Frame, asking, or_prove_anew, see};
use crate::{
    App,
    browser::BrowserSession,
    http::{Problem, Where},
    mfa::{self, Overview},
    pages::{
        frame::{Person, View},
        html::{Html, address, moment, say},
        notice::Notice,
        query, recovery_codes,
        sms::{Trouble, shown},
        words::Words,
    },
    realm::Snapshot,
    sms,
};

const HERE: &str = "/account/sms";
const SECURITY: &str = "/account/security";

/// The number in the list of second steps.
pub(super) struct SmsRow {
    /// What is said of it.
    pub(super) about: Html,
    /// Whether there is one.
    pub(super) is_on: bool,
}

impl SmsRow {
    /// `None`: there is none, and none can be set up.
    pub(super) fn of(realm: &Snapshot, w: &'static Words, overview: &Overview) -> Option<Self> {
        let sends = sms::sender(realm).is_ok();
        match (overview.sms(), &overview.phone_number) {
            (Some(factor), Some(number)) => {
                let about = if sends {
                    say(w.sms_since).put("time", moment(w, factor.added_at))
                } else {
                    say(w.sms_idle)
                };
                Some(Self { about: about.put_html("phone", &shown(number)).html(), is_on: true })
            }
            _ => may_be_set_up(realm, overview).then(|| Self { about: say(w.sms_why).html(), is_on: false }),
        }
    }
}

/// Whether a number can be, by the settings of the realm.
fn may_be_set_up(realm: &Snapshot, overview: &Overview) -> bool {
    sms::sender(realm).is_ok() && (realm.settings().mfa != Mfa::Off || overview.has_factor())
}

#[derive(Template)]
#[template(path = "pages/account/sms_number.html")]
struct NumberPage<'a> {
    v: View,
    tab: &'static str,
    person: Person,
    problem: Option<Html>,
    risk: Html,
    typed: &'a str,
    error: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "pages/account/sms_code.html")]
struct CodePage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<Html>,
    told: Option<&'static str>,
    wrong: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "pages/account/sms.html")]
struct SmsPage {
    v: View,
    tab: &'static str,
    person: Person,
    lead: Html,
    problem: Option<Html>,
    since: Html,
    /// Whether another can take its place.
    moves: bool,
    required: bool,
    stays: Html,
    turn_off_why: &'static str,
}

/// What is wrong with what was sent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Wrong {
    #[default]
    Nothing,
    Stale,
    Field(&'static str),
    Sms(Trouble),
}

impl Wrong {
    fn status(self) -> StatusCode {
        match self {
            Self::Nothing => StatusCode::OK,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Field(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Sms(trouble) => trouble.status(),
        }
    }

    fn problem(self, w: &'static Words) -> Option<Html> {
        match self {
            Self::Nothing | Self::Field(_) => None,
            Self::Stale => Some(say(w.stale).html()),
            Self::Sms(trouble) => Some(trouble.words(w)),
        }
    }

    fn field(self) -> Option<&'static str> {
        if let Self::Field(text) = self { Some(text) } else { None }
    }
}

/// What the page is asked for: another number, as far as it was typed, or whatever is next.
#[derive(Clone, Copy)]
enum Asked<'a> {
    Number(&'a str),
    Next,
}

/// The page for what is next: the code of a number that is being set up, the number, or what there is.
async fn page(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    asked: Asked<'_>,
    wrong: Wrong,
) -> Result<Response, Problem> {
    let (user, realm) = (&signed_in.user, &frame.realm);
    let overview = mfa::overview(app, user.realm, user.id).await?;
    let may_be = may_be_set_up(realm, &overview);
    let typed = match asked {
        Asked::Number(typed) => Some(typed),
        Asked::Next => None,
    };
    let mut response = if may_be
        && typed.is_none()
        && let Some(number) = mfa::pending_sms(app, &signed_in.caller(), frame.now).await?
    {
        code(frame, signed_in, &number, wrong)
    } else {
        match (overview.sms(), typed) {
            (Some(factor), typed) if typed.is_none() || !may_be => {
                manage(app, frame, signed_in, (&overview, factor), wrong).await?
            }
            (factor, typed) if may_be => {
                number(frame, signed_in, (typed.unwrap_or_default(), factor.is_some()), wrong)
            }
            _ => return Ok(see(&frame.browser, SECURITY)),
        }
    };
    if let Wrong::Sms(trouble) = wrong {
        trouble.tell(response.headers_mut());
    }
    Ok(response)
}

fn view(frame: &Frame, title: &'static str, wrong: Wrong) -> View {
    let mut view = frame.view(title);
    view.wrong = wrong != Wrong::Nothing;
    view
}

fn number(
    frame: &Frame,
    signed_in: &BrowserSession,
    (typed, replaces): (&str, bool),
    wrong: Wrong,
) -> Response {
    let w = frame.words();
    let page = NumberPage {
        v: view(frame, if replaces { w.sms_move } else { w.set_up_sms }, wrong),
        tab: "security",
        person: Person::of(&signed_in.user),
        problem: wrong.problem(w),
        risk: say(w.sms_risk).html(),
        typed,
        error: wrong.field(),
    };
    frame.answer(wrong.status(), &page, None)
}

fn code(frame: &Frame, signed_in: &BrowserSession, number: &PhoneNumber, wrong: Wrong) -> Response {
    let w = frame.words();
    let page = CodePage {
        v: view(frame, w.second_title, wrong),
        tab: "security",
        person: Person::of(&signed_in.user),
        // Whole, to whoever typed it in this session: a digit that is wrong is seen here, and nowhere else.
        lead: say(w.sms_sent).put_html("phone", &address(number.as_str())).html(),
        problem: wrong.problem(w),
        told: frame.told(),
        wrong: wrong.field(),
    };
    frame.answer(wrong.status(), &page, None)
}

async fn manage(
    app: &App,
    frame: &Frame,
    signed_in: &BrowserSession,
    (overview, factor): (&Overview, &Factor),
    wrong: Wrong,
) -> Result<Response, Problem> {
    let (w, is_last) = (frame.words(), overview.factors.len() == 1);
    let asking = asking(app, frame, &signed_in.user).await?;
    let phone = overview.phone_number.as_ref().map(shown).unwrap_or_default();
    let moves = sms::sender(&frame.realm).is_ok();
    let page = SmsPage {
        v: view(frame, w.sms, wrong),
        tab: "security",
        person: Person::of(&signed_in.user),
        lead: say(if moves { w.sms_manage_lead } else { w.sms_idle }).put_html("phone", &phone).html(),
        problem: wrong.problem(w),
        since: say(w.sms_since).put_html("phone", &phone).put("time", moment(w, factor.added_at)).html(),
        moves,
        required: asking.is_some() && is_last,
        stays: say(w.turn_off_required).put("realm", asking.as_deref().unwrap_or_default()).html(),
        turn_off_why: if is_last { w.turn_off_why } else { w.sms_turn_off_why },
    };
    Ok(frame.answer(wrong.status(), &page, None))
}

pub(super) async fn show(
    State(app): State<App>,
    signed_in: BrowserSession,
    uri: Uri,
    frame: Frame,
) -> Result<Response, Problem> {
    let fresh = mfa::check_may_change(&app, &signed_in.caller(), frame.now).await;
    match or_prove_anew(&frame, HERE, fresh) {
        Err(elsewhere) => return Ok(elsewhere),
        Ok(checked) => checked?,
    }
    let asked = if query(&uri).contains_key("number") { Asked::Number("") } else { Asked::Next };
    page(&app, &frame, &signed_in, asked, Wrong::Nothing).await
}

pub(super) async fn submit(
    State(app): State<App>,
    signed_in: BrowserSession,
    origin: Where,
    frame: Frame,
    form: Form,
) -> Result<Response, Problem> {
    let (w, realm, caller) = (frame.words(), Arc::clone(&frame.realm), signed_in.caller());
    let now = frame.now;
    let fresh = mfa::check_may_change(&app, &caller, now).await;
    match or_prove_anew(&frame, HERE, fresh) {
        Err(elsewhere) => return Ok(elsewhere),
        Ok(checked) => checked?,
    }
    let typed = form.get("phone");
    let asked = typed.map_or(Asked::Next, Asked::Number);
    let again = async |asked, wrong| page(&app, &frame, &signed_in, asked, wrong).await;
    if frame.browser.check_csrf(&app, &realm, form.get("csrf")).is_err() {
        return again(asked, Wrong::Stale).await;
    }
    match form.get("act") {
        Some("send" | "again") => {
            let number = match typed {
                Some(text) if text.trim().is_empty() => {
                    return again(asked, Wrong::Field(w.sms_number_empty)).await;
                }
                Some(text) => match text.parse::<PhoneNumber>() {
                    Ok(number) => number,
                    Err(_) => return again(asked, Wrong::Field(w.sms_number_refused)).await,
                },
                None => match mfa::pending_sms(&app, &caller, now).await? {
                    Some(number) => number,
                    None => return again(Asked::Number(""), Wrong::Sms(Trouble::Expired)).await,
                },
            };
            let origin = origin.reading(frame.language());
            match mfa::begin_sms(&app, &realm, &caller, &number, origin, now).await {
                Ok(_) => {
                    if typed.is_none() {
                        frame.tell(Notice::SmsSentAgain);
                    }
                    Ok(see(&frame.browser, HERE))
                }
                // Nobody was shown the button.
                Err(Problem::SmsOff | Problem::SecondFactorsOff) => Ok(see(&frame.browser, SECURITY)),
                Err(other) => again(asked, Wrong::Sms(Trouble::of(other)?)).await,
            }
        }
        Some("remove") => match mfa::remove_sms(&app, &realm, &caller, origin, now).await {
            // Removed before, in another window, is removed.
            Ok(()) | Err(Problem::NotFound) => {
                frame.tell(Notice::SmsOff);
                Ok(see(&frame.browser, SECURITY))
            }
            // Nobody was shown the button.
            Err(Problem::LastSecondFactor) => Ok(see(&frame.browser, HERE)),
            Err(other) => Err(other),
        },
        _ => {
            let code = form.text("sms_code");
            if code.is_empty() {
                return again(Asked::Next, Wrong::Field(w.code_empty)).await;
            }
            match mfa::confirm_sms(&app, &realm, &caller, code, origin, now).await {
                Ok(Some(codes)) => Ok(recovery_codes::page(frame, &signed_in.user, &codes, None)),
                Ok(None) => {
                    frame.tell(Notice::SmsOn);
                    Ok(see(&frame.browser, SECURITY))
                }
                Err(Problem::InvalidCode) => again(Asked::Next, Wrong::Field(w.mail_code_wrong)).await,
                Err(Problem::SmsOff | Problem::SecondFactorsOff) => Ok(see(&frame.browser, SECURITY)),
                Err(other) => again(Asked::Next, Wrong::Sms(Trouble::of(other)?)).await,
            }
        }
    }
}
