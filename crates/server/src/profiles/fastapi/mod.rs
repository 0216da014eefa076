//! What an application of FastAPI answers, as its clients see it: errors, lists of what is wrong with a request, forms, queries and
//! tokens. The two profiles that were written with it share this.

mod bearer;
mod body;
mod credentials;
mod decode;
pub mod email;
mod endpoint;
mod form;
mod google;
mod in_path;
mod invalid;
mod ordered;
mod query;
mod refusal;
mod token;
mod uuid;

pub use bearer::bearer;
pub use body::Body;
pub use credentials::{Key, Login, api_key, identifier};
pub use endpoint::{Endpoint, table};
pub use form::PasswordForm;
pub use google::{Door, back, go};
pub use in_path::InPath;
pub use invalid::{Invalid, Invalids};
pub use query::{Params, int};
pub use refusal::{Refusal, answer, not_allowed, not_found};
pub use token::{Access, Pair, Said, Shell, numbered_session_of, open_access, open_shell, pair, session_of};
pub use uuid::parse as parse_uuid;
