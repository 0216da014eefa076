//! Front doors, as the applications call them that were written for other servers.

mod zalt;
