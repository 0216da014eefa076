-- What a client holds goes with it: a later one of the same id is another client.
CREATE INDEX grants_client ON grants (realm_id, client_id);
