-- A telephone number as second factor, and the codes that were sent and not used yet.

-- Readable: whoever delivers messages is given it.
CREATE TABLE phone_numbers (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    number TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (realm_id, user_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;

-- One for each thing that it was sent for. `number` is where it was sent: of one that is set up it is written down nowhere else.
CREATE TABLE sms_codes (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    sent_for BYTEA NOT NULL,
    digest BYTEA NOT NULL,
    number TEXT NOT NULL,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, user_id, sent_for),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;

CREATE INDEX sms_codes_by_expiry ON sms_codes (realm_id, expires_at);

-- What requests to the sender of a realm are signed with. `previous_secret` signs too until its time is over.
CREATE TABLE sms_secrets (
    realm_id BYTEA NOT NULL PRIMARY KEY REFERENCES realms (id) ON DELETE CASCADE,
    sealed_secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until BIGINT,
    updated_at BIGINT NOT NULL
) /*sqlite: WITHOUT ROWID*/;
