use super::*;

#[test]
fn parameters_are_bound_by_their_number_wherever_they_stand() {
    let connection = Connection::open_in_memory().unwrap();
    let ask = |sql: &str, params: &[Param<'_>]| {
        let mut statement = bound(&connection, sql, params).unwrap();
        let mut rows = statement.raw_query();
        rows.next().unwrap().unwrap().get::<_, String>(0).unwrap()
    };
    let params = [Param::Text("a"), Param::Text("b"), Param::Text("c")];
    assert_eq!(ask("SELECT $1 || $2 || $3", &params), "abc");
    assert_eq!(ask("SELECT $3 || $1 || $2", &params), "cab");
    assert_eq!(ask("SELECT $2 || $2 || $3 || $1 || $2", &params), "bbcab");
    let many: Vec<Param<'_>> = "abcdefghijkl".split("").filter(|t| !t.is_empty()).map(Param::Text).collect();
    assert_eq!(ask("SELECT $12||$11||$10||$9||$8||$7||$6||$5||$4||$3||$2||$1", &many), "lkjihgfedcba");
}

#[test]
fn a_statement_with_other_parameters_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    for (sql, count) in [
        ("SELECT $1", 2),
        ("SELECT $1 || $2", 1),
        ("SELECT $2", 1),
        ("SELECT ?1", 1),
        ("SELECT $a", 1),
        ("SELECT $0", 1),
    ] {
        let params = vec![Param::Text("x"); count];
        assert!(matches!(bound(&connection, sql, &params).map(|_| ()), Err(Error::Broken(_))), "{sql}");
    }
}

#[test]
fn a_statement_runs_for_each_row_of_parameters() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (a TEXT PRIMARY KEY, b TEXT)").unwrap();
    let put = |sql: &str, rows: &[[Param<'_>; 2]]| run_each(&connection, sql, rows);
    let rows = [("a", "1"), ("b", "2"), ("a", "3")].map(|(a, b)| [Param::Text(b), Param::Text(a)]);
    let put_all = put("INSERT INTO t (a, b) VALUES ($2, $1) ON CONFLICT DO NOTHING", &rows);
    assert_eq!(put_all, Ok(vec![1, 1, 0]));
    let there: String =
        connection.query_row("SELECT group_concat(a || b) FROM t", [], |row| row.get(0)).unwrap();
    assert_eq!(there, "a1,b2");
    for other in ["INSERT INTO t (a) VALUES ($1)", "SELECT $1 || $3", "SELECT $1 || $0", "SELECT $1 || ?2"] {
        assert!(matches!(put(other, &rows), Err(Error::Broken(_))), "{other}");
    }
}

#[test]
fn network_file_systems_are_known_by_number() {
    assert_eq!(network_file_system(0x6969), Some("NFS"));
    assert_eq!(network_file_system(0xff53_4d42), Some("SMB"));
    assert_eq!(network_file_system(0xef53), None, "ext4");
    assert_eq!(network_file_system(0x0102_1994), None, "tmpfs");
}

#[test]
fn a_join_is_not_planned_anew_each_time() {
    const SQL: &str =
        "SELECT s.id FROM grants g JOIN sessions s ON s.realm_id = g.realm_id AND s.id = g.session_id
        WHERE g.realm_id = $1 AND g.id = $2";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("auth.db");
    let busy = Duration::from_secs(1);
    let writer = open(&path, true, busy, Timestamp::from_micros(0)).unwrap();
    for connection in [writer, reader(&path, busy).unwrap()] {
        for number in 0..5 {
            let mut statement =
                bound(&connection, SQL, &[Param::Bytes(&[number]), Param::Bytes(b"x")]).unwrap();
            assert!(statement.raw_query().next().unwrap().is_none());
            assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0, "the {number}th time");
        }
    }
}

#[test]
fn what_is_acknowledged_is_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let busy = Duration::from_secs(1);
    let connection = open(&folder.path().join("auth.db"), true, busy, Timestamp::from_micros(0)).unwrap();
    let pragma = |name: &str| {
        connection.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(pragma("synchronous"), 2_i64.into(), "FULL");
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma("foreign_keys"), 1_i64.into());
}
