-- A link by which one signs in is good for whoever asked for it: a digest of what only that browser or program has, and what the
-- sign-in was for.
ALTER TABLE mailed_links ADD COLUMN asked_by BYTEA;
ALTER TABLE mailed_links ADD COLUMN flow TEXT;
ALTER TABLE mailed_links ADD COLUMN remembered BOOLEAN NOT NULL DEFAULT FALSE;

-- Devices on which a user is not asked for a second factor. The cookie of one names it, sealed; its row is what counts.
CREATE TABLE trusted_devices (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, user_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX trusted_devices_expiry ON trusted_devices (realm_id, expires_at);
