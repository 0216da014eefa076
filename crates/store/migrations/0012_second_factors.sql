-- Second factors: what a user shares with an authenticator app, and codes that were written down for the day it is lost.

-- One that counts and one that is being set up, at the most. `last_step` is of the last code that was accepted.
CREATE TABLE totp_seeds (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    confirmed BOOLEAN NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_step BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (realm_id, user_id, confirmed),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE recovery_codes (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (realm_id, user_id, digest),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
