-- Passkeys: public keys of what people sign in with in place of a password, or beside it.

-- What authenticators call the owner of an account: random, so that nothing of the account is on them.
CREATE TABLE passkey_owners (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    handle BYTEA NOT NULL,
    PRIMARY KEY (realm_id, user_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;

CREATE UNIQUE INDEX passkey_owners_handle ON passkey_owners (realm_id, handle);

-- `credential_id` is what the authenticator chose; `public_key` is a COSE key.
CREATE TABLE passkeys (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    credential_id BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    sign_count BIGINT NOT NULL,
    backup_eligible BOOLEAN NOT NULL,
    backed_up BOOLEAN NOT NULL,
    aaguid BYTEA NOT NULL,
    transports TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES passkey_owners (realm_id, user_id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX passkeys_credential ON passkeys (realm_id, credential_id);
CREATE INDEX passkeys_user ON passkeys (realm_id, user_id);
