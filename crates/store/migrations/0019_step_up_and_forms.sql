-- When the user of a session last showed their password in it once more, while a second factor is missing for a fresh sign-in.
ALTER TABLE sessions ADD COLUMN password_shown_at BIGINT;

-- How a webhook is told: what its messages look like, and how they are signed.
ALTER TABLE webhooks ADD COLUMN form TEXT NOT NULL DEFAULT 'standard';

-- The administrator who acts in the place of the user.
ALTER TABLE sessions ADD COLUMN impersonator_id BYTEA;
