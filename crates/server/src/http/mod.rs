//! What every endpoint shares: reading a request, knowing who asks, and saying no.

pub mod body;
pub mod caller;
pub mod client_address;
pub mod cross_origin;
pub mod etag;
mod figures;
pub mod gate;
pub mod now;
pub mod observe;
pub mod origin;
pub mod page;
pub mod path;
pub mod precondition;
pub mod problem;

pub use body::Json;
pub use caller::{Admin, Entitled, InPlaceOf, KeyOwner, Present, PresentKnown, SignedIn};
pub use client_address::{AddressHeader, TrustedProxies};
pub use etag::{IfMatch, PathIdIf, Shown};
pub use gate::Gate;
pub use now::Now;
pub use origin::Where;
pub use path::{PathId, PathIds, Query, ThreePathIds};
pub use problem::Problem;
