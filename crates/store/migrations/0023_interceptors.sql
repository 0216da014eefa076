-- What requests to the interceptors of a realm are signed with. `previous_secret` signs too until its time is over.
CREATE TABLE interceptor_secrets (
    realm_id BYTEA NOT NULL PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    sealed_secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until BIGINT,
    updated_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;
