-- Each filter of the audit trail reads by an index, the newest event first. That of the outcome has to be written as it is asked.
CREATE INDEX audit_actor ON audit (realm_id, actor, id);
CREATE INDEX audit_event ON audit (realm_id, event, id);
CREATE INDEX audit_outcome ON audit (realm_id, (event LIKE '%-refused' OR event LIKE '%-reused'), id);

-- SQLite knows nothing of how the rows are spread, and would read the whole span of the realm by the primary key, also for one user
-- (audit_user was there, and never used). It is told what a trail of a million events looks like, as its manual proposes: "Fixed
-- results of ANALYZE". Nothing runs ANALYZE, so that the plans stay those that the tests look at. PostgreSQL counts by itself.
/*sqlite:
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('audit', 'audit', '1000000 100000 1'),
    ('audit', 'audit_user', '1000000 100000 100 1'),
    ('audit', 'audit_actor', '1000000 100000 100 1'),
    ('audit', 'audit_event', '1000000 100000 10000 1'),
    ('audit', 'audit_outcome', '1000000 100000 50000 1');
ANALYZE sqlite_schema;
*/
