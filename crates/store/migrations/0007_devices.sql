-- Devices that wait to be connected by a person at another screen (RFC 8628), and how often somebody tried something.

-- The user code is gone once it was decided on. The session is that of the browser that was asked last, and then the one that
-- decided.
CREATE TABLE device_codes (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    user_code TEXT,
    details TEXT NOT NULL,
    grant_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    poll_interval BIGINT NOT NULL,
    next_poll_at BIGINT NOT NULL,
    session_id BYTEA,
    approved BOOLEAN,
    decided_at BIGINT,
    redeemed_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, client_id) REFERENCES clients (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, session_id) REFERENCES sessions (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX device_codes_user_code ON device_codes (realm_id, user_code);
CREATE INDEX device_codes_expiry ON device_codes (realm_id, expires_at);
CREATE INDEX device_codes_client ON device_codes (realm_id, client_id);
CREATE INDEX device_codes_session ON device_codes (realm_id, session_id);

-- How often something was tried in the time that ends at `ends_at`, under the digest of what it is and whose.
CREATE TABLE attempts (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    made BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, digest)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX attempts_end ON attempts (realm_id, ends_at);
