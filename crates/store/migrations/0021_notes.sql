-- What applications keep with users and organizations: what they are called elsewhere, and words by name. And with roles and permissions:
-- how they are shown, and what they are for.

CREATE TABLE user_notes (
    realm_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    external_id TEXT,
    metadata TEXT NOT NULL,
    PRIMARY KEY (realm_id, user_id),
    FOREIGN KEY (realm_id, user_id) REFERENCES users (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX user_notes_external_id ON user_notes (realm_id, external_id);

CREATE TABLE organization_notes (
    realm_id BYTEA NOT NULL,
    organization_id BYTEA NOT NULL,
    external_id TEXT,
    metadata TEXT NOT NULL,
    PRIMARY KEY (realm_id, organization_id),
    FOREIGN KEY (realm_id, organization_id) REFERENCES organizations (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX organization_notes_external_id ON organization_notes (realm_id, external_id);

-- Roles are replaced as a whole: no foreign key to them.
CREATE TABLE role_notes (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    display_name TEXT,
    description TEXT,
    PRIMARY KEY (realm_id, role)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE permission_notes (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    description TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, permission)
) /*sqlite: WITHOUT ROWID*/;
