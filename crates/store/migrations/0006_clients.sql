-- How clients prove who they are: two secrets while one replaces the other, a secret that must be known to check what was signed
-- with it (sealed), and what is good once.

ALTER TABLE clients ADD COLUMN previous_secret_digest BYTEA;
ALTER TABLE clients ADD COLUMN previous_secret_until BIGINT;
ALTER TABLE clients ADD COLUMN sealed_secret BYTEA;

-- What must not be used twice until it has expired: the `jti` of assertions and proofs, by its digest.
CREATE TABLE used_ids (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, digest)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX used_ids_expiry ON used_ids (realm_id, expires_at);

-- Authorization requests that clients sent ahead (RFC 9126), under the digest of what names them. Used up when a code is given.
CREATE TABLE pushed_requests (
    realm_id BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (realm_id, digest),
    FOREIGN KEY (realm_id, client_id) REFERENCES clients (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX pushed_requests_expiry ON pushed_requests (realm_id, expires_at);
CREATE INDEX pushed_requests_client ON pushed_requests (realm_id, client_id);
