-- The session of the administrator in which acting in the place of the user began. What began before this has none, and is over.
ALTER TABLE sessions ADD COLUMN impersonator_session_id BYTEA;
CREATE INDEX sessions_impersonator ON sessions (realm_id, impersonator_id) WHERE impersonator_id IS NOT NULL;
