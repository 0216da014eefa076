-- One text for both databases. `/*sqlite: … */` is uncovered on SQLite, `/*postgres: … */` on PostgreSQL.
-- Ids are 16 bytes, moments are microseconds since the Unix epoch, documents are JSON as text.

CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    held_until BIGINT NOT NULL
);

CREATE TABLE realms (
    id BYTEA NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX realms_name ON realms (name);
CREATE UNIQUE INDEX realms_default ON realms (is_default) WHERE is_default;

CREATE TABLE realm_hosts (
    host TEXT NOT NULL PRIMARY KEY,
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE
);
CREATE INDEX realm_hosts_realm ON realm_hosts (realm_id);

CREATE TABLE roles (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    inherits TEXT NOT NULL,
    PRIMARY KEY (realm_id, name)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE clients (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    secret_digest BYTEA,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE signing_keys (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    kid TEXT NOT NULL,
    alg TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    public_jwk TEXT,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    withdrawn_at BIGINT,
    PRIMARY KEY (realm_id, kid)
);
CREATE UNIQUE INDEX signing_keys_sequence ON signing_keys (realm_id, alg, sequence);

CREATE TABLE users (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id BYTEA NOT NULL,
    email TEXT,
    email_key TEXT,
    email_verified BOOLEAN NOT NULL,
    username TEXT,
    username_key TEXT,
    name TEXT,
    roles TEXT NOT NULL,
    disabled_at BIGINT,
    not_before BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX users_email ON users (realm_id, email_key);
CREATE UNIQUE INDEX users_username ON users (realm_id, username_key);
-- The few who may do more than others, to find out whether somebody is the last of them.
CREATE INDEX users_with_roles ON users (realm_id) WHERE roles <> '';

CREATE TABLE passwords (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, user_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE sessions (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    idle_expires_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    amr TEXT NOT NULL,
    address TEXT,
    user_agent TEXT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX sessions_user ON sessions (realm_id, user_id);

-- A rotation changes no indexed column, so that PostgreSQL can keep the new row on the page of the old.
CREATE TABLE grants (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    session_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    scopes TEXT NOT NULL,
    audience TEXT NOT NULL,
    generation BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    rotated_at BIGINT,
    idle_expires_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, session_id) REFERENCES sessions (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/ /*postgres: WITH (fillfactor = 70)*/;
CREATE INDEX grants_session ON grants (realm_id, session_id);

-- No foreign key: the trail outlives what it tells of, and a realm's row is not locked by every sign-in.
CREATE TABLE audit (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    actor TEXT NOT NULL,
    user_id BYTEA,
    session_id BYTEA,
    client_id TEXT,
    address TEXT,
    request_id TEXT,
    detail TEXT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX audit_user ON audit (realm_id, user_id, id);

CREATE TABLE outbox (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
);
CREATE INDEX outbox_due ON outbox (due_at);
