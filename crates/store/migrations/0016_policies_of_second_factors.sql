-- Since when a realm or an organization asks for a second factor; absent: it does not. The grace of those who have none counts from
-- then. Of a realm that asked before this was written down it is absent, and counts from when the realm was made.
ALTER TABLE realms ADD COLUMN mfa_required_since BIGINT;
ALTER TABLE organizations ADD COLUMN mfa_required_since BIGINT;
CREATE INDEX organizations_mfa ON organizations (realm_id) WHERE mfa_required_since IS NOT NULL;
