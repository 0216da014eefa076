-- The organization that is active in a session which an application keeps itself. No foreign key, as in `grants`: one that is gone, or a
-- member who left, is noticed where it is used.
ALTER TABLE sessions ADD COLUMN organization_id BYTEA;

-- What somebody is invited to, whatever the organization.
CREATE INDEX invitations_email ON invitations (realm_id, email_key, id) WHERE accepted_at IS NULL AND revoked_at IS NULL;
