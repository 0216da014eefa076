//! Reading a file user by user, whatever it is: lines of JSON, an array, an array in a document, or CSV.

use std::{
    fmt,
    io::{BufRead, BufReader, Read},
    sync::Arc,
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use tokio::sync::mpsc::Sender;

use super::{
    BATCH, Format, ImportError, Options, Row,
    meter::{MAX_ROW, Meter, Metered, Place, too_long},
    shapes::{self, Fields},
};
use crate::{App, realm::Snapshot};

/// Reads the whole file, or until nobody listens.
pub(super) fn read(
    app: &App,
    realm: &Snapshot,
    source: impl Read,
    meter: &Arc<Meter>,
    options: &Options,
    send: &Sender<Vec<Row>>,
) -> Result<(), ImportError> {
    let (metered, place) = Metered::new(source, Arc::clone(meter));
    let mut reader = BufReader::with_capacity(64 * 1024, metered);
    let mut rows = Rows { app, realm, options, send, batch: Vec::with_capacity(BATCH) };
    let failed = |line, reason: String| Err(ImportError::File { line, reason });
    let begins = match first_byte(&mut reader) {
        Ok(begins) => begins,
        Err(error) => return failed(0, error.to_string()),
    };
    let done = match begins {
        None => Ok(()),
        // A head line of names has neither.
        Some(b'[' | b'{') if options.format == Format::Csv => {
            return failed(0, "the file is no CSV; --format ndjson reads JSON, an object a line".to_owned());
        }
        Some(b'[') => array(reader, None, &mut rows),
        Some(b'{') => match options.format.array_in_document() {
            Some(member) => array(reader, Some(member), &mut rows),
            None => lines(reader, &mut rows),
        },
        Some(_) if options.format.may_be_csv() => cells(reader, &place, &mut rows),
        // Before each of a million lines says that it is no JSON.
        Some(_) => return failed(0, options.format.is_no_json()),
    };
    // Where nobody listens any more, whoever stopped listening knows why.
    let _ = rows.flush();
    match done {
        Err((line, reason)) => failed(line, reason),
        Ok(()) => Ok(()),
    }
}

/// The first byte that is no blank, which stays. A byte order mark goes.
fn first_byte(reader: &mut impl BufRead) -> std::io::Result<Option<u8>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    loop {
        let there = reader.fill_buf()?;
        let (skip, found) = match there {
            [] => return Ok(None),
            _ if there.starts_with(MARK) => (MARK.len(), None),
            // Blank lines count as lines, so they stay for whoever counts.
            _ => (0, there.iter().copied().find(|byte| !byte.is_ascii_whitespace())),
        };
        let len = there.len();
        reader.consume(skip);
        if found.is_some() || (skip == 0 && len > 0) {
            return Ok(found);
        }
    }
}

/// Rows on their way.
struct Rows<'a> {
    app: &'a App,
    realm: &'a Snapshot,
    options: &'a Options,
    send: &'a Sender<Vec<Row>>,
    batch: Vec<Row>,
}

/// Nobody wants more.
struct Enough;

impl Rows<'_> {
    fn json(&mut self, line: u64, text: &str) -> Result<(), Enough> {
        let draft = Fields::of_json(text).and_then(|fields| shapes::draft(self.options, fields));
        self.push(line, draft)
    }

    fn push(&mut self, line: u64, draft: Result<super::draft::Draft, String>) -> Result<(), Enough> {
        let found = draft.and_then(|mut draft| {
            draft.email_verified |= self.options.emails_are_verified;
            let hash_field = self.options.format.hash_field();
            draft.check(self.app, self.realm, hash_field, self.app.clock().now())
        });
        self.batch.push(Row { line, found });
        if self.batch.len() == BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Enough> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.send.blocking_send(batch).map_err(|_| Enough)
    }
}

/// Or where it ended and why.
type Done = Result<(), (u64, String)>;

/// An object a line.
fn lines(mut reader: impl BufRead, rows: &mut Rows<'_>) -> Done {
    let mut line = 0;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        line += 1;
        let stopped = move |error: std::io::Error| (line, error.to_string());
        let read = reader.by_ref().take(MAX_ROW + 1).read_until(b'\n', &mut buffer).map_err(stopped)?;
        if read == 0 {
            return Ok(());
        }
        let is_whole = read as u64 <= MAX_ROW || buffer.ends_with(b"\n");
        if !is_whole {
            skip_line(&mut reader).map_err(stopped)?;
        }
        let bare = buffer.trim_ascii();
        if bare.is_empty() && is_whole {
            continue;
        }
        let sent = match std::str::from_utf8(bare) {
            _ if !is_whole => rows.push(line, Err(too_long())),
            Ok(text) => rows.json(line, text),
            Err(_) => rows.push(line, Err("not UTF-8; save the file as that".to_owned())),
        };
        if sent.is_err() {
            return Ok(());
        }
    }
}

/// The rest of a line is nobody's.
fn skip_line(reader: &mut impl BufRead) -> std::io::Result<()> {
    loop {
        let there = reader.fill_buf()?;
        let (skipped, found) = match memchr::memchr(b'\n', there) {
            Some(at) => (at + 1, true),
            None => (there.len(), there.is_empty()),
        };
        reader.consume(skipped);
        if found {
            return Ok(());
        }
    }
}

/// The elements of an array: of the document, or of its member of this name.
fn array(reader: impl Read, member: Option<&'static str>, rows: &mut Rows<'_>) -> Done {
    // Counted byte by byte, so that the line is that of the element and not of what was read ahead.
    let (counted, at) = Metered::new(reader, Arc::default());
    let mut enough = false;
    let seed = Elements { member, at: &at, rows, enough: &mut enough };
    let mut deserializer = serde_json::Deserializer::from_reader(counted);
    let read = seed.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match read {
        Ok(()) => Ok(()),
        Err(_) if enough => Ok(()),
        // What serde_json says may quote the file.
        Err(error) if error.is_data() => {
            Err((at.line(), format!("not {}; see that --format names what wrote the file", expected(member))))
        }
        Err(error) if error.is_io() => Err((at.line(), std::io::Error::from(error).to_string())),
        Err(error) => {
            let (what, remedy) = if error.is_eof() {
                ("the file ends too early", "export all of it")
            } else {
                ("not JSON", "see that --format names what wrote the file")
            };
            Err((at.line(), format!("{what}, at column {}; {remedy}", error.column())))
        }
    }
}

fn expected(member: Option<&str>) -> String {
    match member {
        Some(member) => format!("an object with an array `{member}`"),
        None => "an array of users".to_owned(),
    }
}

struct Elements<'a, 'r> {
    member: Option<&'static str>,
    at: &'a Place,
    rows: &'a mut Rows<'r>,
    enough: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.member {
            Some(_) => deserializer.deserialize_map(self),
            None => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&expected(self.member))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(name) = map.next_key::<String>()? {
            if Some(&*name) == self.member {
                found = true;
                map.next_value_seed(Elements {
                    member: None,
                    at: self.at,
                    rows: self.rows,
                    enough: self.enough,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(serde::de::Error::custom("no users")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.at.begin_row();
        while let Some((line, element)) = elements.next_element_seed(Element(self.at))? {
            self.at.begin_row();
            if self.rows.json(line, element.get()).is_err() {
                *self.enough = true;
                return Err(serde::de::Error::custom("enough"));
            }
        }
        self.at.end_rows();
        Ok(())
    }
}

/// One element as it stands, and the line it begins in.
struct Element<'a>(&'a Place);

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = (u64, Box<RawValue>);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let line = self.0.line();
        serde::Deserialize::deserialize(deserializer).map(|element| (line, element))
    }
}

/// A head line with the names of the columns, and a record for each user.
fn cells(reader: impl Read, place: &Place, rows: &mut Rows<'_>) -> Done {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let columns: Vec<String> = match reader.headers() {
        Ok(head) => head.iter().map(|name| name.trim().to_owned()).collect(),
        Err(error) => return Err((1, error.to_string())),
    };
    shapes::check_columns(rows.options.format, &columns).map_err(|reason| (1, reason))?;
    let mut record = csv::ByteRecord::new();
    loop {
        place.begin_row();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err((reader.position().line(), error.to_string())),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let draft = if record.len() == columns.len() {
            Fields::of_cells(&columns, &record).and_then(|fields| shapes::draft(rows.options, fields))
        } else {
            Err(format!(
                "{} cells, and the first line names {} columns; is a cell with a comma or a line end in it without quotes?",
                record.len(),
                columns.len()
            ))
        };
        if rows.push(line, draft).is_err() {
            return Ok(());
        }
    }
}
