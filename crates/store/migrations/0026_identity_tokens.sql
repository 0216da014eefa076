-- What a provider gave with a sign-in, where its setting is to keep that: sealed, of each identity what was given last.
CREATE TABLE identity_tokens (
    realm_id BYTEA NOT NULL,
    identity_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, identity_id),
    FOREIGN KEY (realm_id, identity_id) REFERENCES identities (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
