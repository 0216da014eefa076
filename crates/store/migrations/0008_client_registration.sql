-- Clients that nobody of the realm's made: they registered themselves, with or without an initial access token, or a document at the
-- address that is their id describes them.

ALTER TABLE clients ADD COLUMN origin TEXT NOT NULL DEFAULT 'managed';
ALTER TABLE clients ADD COLUMN registration_token BYTEA;
ALTER TABLE clients ADD COLUMN document_read_at BIGINT;
ALTER TABLE clients ADD COLUMN document_fresh_until BIGINT;
CREATE INDEX clients_origin ON clients (realm_id, origin, created_at);
-- Whether anybody agreed to what a client asks for.
CREATE INDEX consents_client ON consents (realm_id, client_id);

CREATE TABLE initial_access_tokens (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id BYTEA NOT NULL,
    name TEXT,
    digest BYTEA NOT NULL,
    uses BIGINT NOT NULL,
    used BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX initial_access_tokens_expiry ON initial_access_tokens (realm_id, expires_at);
