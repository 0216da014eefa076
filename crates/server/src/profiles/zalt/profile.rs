//! What somebody says of themselves, in either spelling.

use gatepost_domain::PersonalClaims;
use serde::Deserialize;
use serde_json::Value;

use super::Refusal;
use crate::accounts::{ClaimChanges, given};

/// The members of a profile. One that is left out stays as it is; `null` clears it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct ProfileSent {
    #[serde(deserialize_with = "given")]
    first_name: Option<Option<String>>,
    #[serde(rename = "firstName", deserialize_with = "given")]
    first: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    last_name: Option<Option<String>>,
    #[serde(rename = "lastName", deserialize_with = "given")]
    last: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    avatar_url: Option<Option<String>>,
    #[serde(rename = "avatarUrl", deserialize_with = "given")]
    avatar: Option<Option<String>>,
    #[serde(deserialize_with = "given")]
    phone_number: Option<Option<String>>,
    #[serde(rename = "phoneNumber", deserialize_with = "given")]
    phone: Option<Option<String>>,
    metadata: Option<Value>,
}

impl ProfileSent {
    /// What is to change. Metadata is kept nowhere, which whoever sends some is told.
    pub fn changes(self) -> Result<ClaimChanges, Refusal> {
        if self.metadata.is_some_and(|metadata| !is_empty(&metadata)) {
            let message = "`metadata` is not kept here: keep it in your application, by the id of the user.";
            return Err(Refusal::invalid(message));
        }
        // An empty name is none.
        let one = |snake: Option<Option<String>>, camel: Option<Option<String>>| {
            snake.or(camel).map(|value| value.filter(|text| !text.trim().is_empty()))
        };
        Ok(ClaimChanges {
            given_name: one(self.first_name, self.first),
            family_name: one(self.last_name, self.last),
            picture: one(self.avatar_url, self.avatar),
            phone_number: one(self.phone_number, self.phone),
            ..ClaimChanges::default()
        })
    }
}

fn is_empty(metadata: &Value) -> bool {
    metadata.is_null() || metadata.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The name to show of somebody who is called so.
pub fn shown_name(claims: &PersonalClaims) -> Option<String> {
    let names: Vec<&str> =
        [&claims.given_name, &claims.family_name].into_iter().flatten().map(|name| name.trim()).collect();
    (!names.is_empty()).then(|| names.join(" "))
}
