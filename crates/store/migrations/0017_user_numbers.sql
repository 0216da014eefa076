-- What a profile calls a user that knows numbers and no ids: given when it is first said, in their order, and never to anybody else.
-- So no foreign key: the number outlives the account.
CREATE TABLE user_numbers (
    realm_id BYTEA NOT NULL REFERENCES realms (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    user_id BYTEA NOT NULL,
    PRIMARY KEY (realm_id, number)
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX user_numbers_user ON user_numbers (realm_id, user_id);
