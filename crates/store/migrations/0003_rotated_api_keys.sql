-- A key is rotated once: this is what took its place. No foreign key: the successor may be gone before it.
ALTER TABLE api_keys ADD COLUMN successor BYTEA;
