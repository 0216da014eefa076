-- Parts of organizations. Whoever leaves the organization leaves its teams with it.
CREATE TABLE teams (
    realm_id BYTEA NOT NULL,
    organization_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (realm_id, organization_id, id),
    FOREIGN KEY (realm_id, organization_id) REFERENCES organizations (realm_id, id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX teams_id ON teams (realm_id, id);

CREATE TABLE team_members (
    realm_id BYTEA NOT NULL,
    organization_id BYTEA NOT NULL,
    team_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (realm_id, organization_id, team_id, user_id),
    FOREIGN KEY (realm_id, organization_id, team_id) REFERENCES teams (realm_id, organization_id, id) ON DELETE CASCADE,
    FOREIGN KEY (realm_id, organization_id, user_id)
        REFERENCES memberships (realm_id, organization_id, user_id) ON DELETE CASCADE
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX team_members_user ON team_members (realm_id, user_id, team_id);
-- For whoever leaves the organization.
CREATE INDEX team_members_member ON team_members (realm_id, organization_id, user_id);

-- Into which teams somebody is invited, beside: ids with spaces between. A team that is deleted is taken out of those that are open.
ALTER TABLE invitations ADD COLUMN teams TEXT NOT NULL DEFAULT '';

-- The team that is active beside the organization. No foreign key, as there.
ALTER TABLE sessions ADD COLUMN team_id BYTEA;
