-- Links that were mailed. What stands in one is derived from the master key and is nowhere in here; using one deletes its row.
CREATE TABLE mailed_links (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX mailed_links_user ON mailed_links (realm_id, user_id, purpose);
-- Addresses that somebody may still take back.
CREATE INDEX mailed_links_undo ON mailed_links (realm_id, email_key) WHERE purpose = 'undo-email';
