-- Where the picture of an organization is, and what its owners keep with it: a JSON object.
ALTER TABLE organizations ADD COLUMN logo_url TEXT;
ALTER TABLE organizations ADD COLUMN metadata TEXT;
