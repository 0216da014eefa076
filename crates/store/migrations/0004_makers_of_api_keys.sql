-- Who made the keys of organizations: they end when their maker must be stopped.
CREATE INDEX api_keys_maker ON api_keys (realm_id, created_by, id) WHERE organization_id IS NOT NULL;
