-- What users authorize clients to do: codes and consents; what a browser's cookie and a re-authentication need of a session.

-- NULL: when it was made. `cookie` says which of the cookies that a session was given is good: the newest.
ALTER TABLE sessions ADD COLUMN authenticated_at BIGINT;
ALTER TABLE sessions ADD COLUMN cookie BIGINT NOT NULL DEFAULT 0;

-- What else was agreed on when the grant was given, as JSON; empty: nothing.
ALTER TABLE grants ADD COLUMN details TEXT NOT NULL DEFAULT '';

-- The session is that of the browser. The grant is made when the code is redeemed; its id is set before, so that a second use
-- finds what to end.
CREATE TABLE authorization_codes (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    session_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    grant_id BYTEA NOT NULL,
    details TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, session_id) REFERENCES sessions (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX authorization_codes_session ON authorization_codes (realm_id, session_id, client_id);

CREATE TABLE consents (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, user_id, client_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, client_id) REFERENCES clients (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;

-- What else is known of a person under the names of OpenID Connect Core section 5.1, as JSON; empty: nothing. Apart from the
-- columns that are read at every request.
ALTER TABLE users ADD COLUMN claims TEXT NOT NULL DEFAULT '';
