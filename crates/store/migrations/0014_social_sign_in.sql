-- Providers that people may sign in by, and which of their accounts sign in to which of ours.

CREATE TABLE providers (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    position BIGINT NOT NULL,
    settings TEXT NOT NULL,
    sealed_secret BYTEA,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;

-- Of a provider, an issuer and a subject there is one. No foreign key to the provider: one that is declared again finds its people.
CREATE TABLE identities (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX identities_subject ON identities (realm_id, provider, issuer, subject);
CREATE INDEX identities_user ON identities (realm_id, user_id);
