-- Organizations with members and invitations; API keys; the organization that is active in a grant.

CREATE TABLE organizations (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id BYTEA NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, id)
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX organizations_slug ON organizations (realm_id, slug);

-- Roles are names with spaces between, as those of a user are.
CREATE TABLE memberships (
    realm_id BYTEA NOT NULL,
    organization_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    roles TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, organization_id, user_id),
    FOREIGN KEY (realm_id, organization_id) REFERENCES organizations (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX memberships_user ON memberships (realm_id, user_id, organization_id);

-- `invited_by` has no foreign key: the invitation outlives the account that made it.
CREATE TABLE invitations (
    realm_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    organization_id BYTEA NOT NULL,
    email TEXT NOT NULL,
    email_key TEXT NOT NULL,
    roles TEXT NOT NULL,
    secret_digest BYTEA NOT NULL,
    invited_by BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    accepted_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, organization_id) REFERENCES organizations (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX invitations_organization ON invitations (realm_id, organization_id, id);
CREATE UNIQUE INDEX invitations_open ON invitations (realm_id, organization_id, email_key)
    WHERE accepted_at IS NULL AND revoked_at IS NULL;

-- Exactly one of the three owners is set. `created_by` has no foreign key, as above.
CREATE TABLE api_keys (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    id BYTEA NOT NULL,
    user_id BYTEA,
    organization_id BYTEA,
    client_id TEXT,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    secret_digest BYTEA NOT NULL,
    created_by BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (realm_id, id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, organization_id) REFERENCES organizations (realm_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, client_id) REFERENCES clients (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX api_keys_user ON api_keys (realm_id, user_id, id) WHERE user_id IS NOT NULL;
CREATE INDEX api_keys_organization ON api_keys (realm_id, organization_id, id) WHERE organization_id IS NOT NULL;
CREATE INDEX api_keys_client ON api_keys (realm_id, client_id, id) WHERE client_id IS NOT NULL;

-- No foreign key: an organization that is gone, or a member who left, is noticed where it is used.
ALTER TABLE grants ADD COLUMN organization_id BYTEA;
