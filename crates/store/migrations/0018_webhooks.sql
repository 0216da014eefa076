-- Who is told of what happens in a realm, and every message for them: what waits, and for a month what became of it.

-- `events` is '*', or names with a space before and after each. `previous_secret` signs too until its time is over.
CREATE TABLE webhooks (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id BYTEA NOT NULL,
    name TEXT,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    state TEXT NOT NULL,
    sealed_secret BYTEA NOT NULL,
    previous_secret BYTEA,
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;
-- What waits is found without its realm.
CREATE INDEX webhooks_id ON webhooks (id);

-- `due_at` is null once a message is not tried any more: what waits is a small part of a table that keeps what was sent.
-- No foreign key: the row of a webhook is not locked by every act that it is told of.
CREATE TABLE webhook_deliveries (
    realm_id BYTEA NOT NULL,
    webhook_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    event TEXT NOT NULL,
    subject BYTEA NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT,
    attempts BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    tried_at BIGINT,
    answer TEXT,
    PRIMARY KEY (realm_id, webhook_id, id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, created_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (realm_id, id);
