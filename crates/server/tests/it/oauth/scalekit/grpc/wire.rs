//! Messages by hand: the numbers of the contract are tested, and not our own idea of them.

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Message(Vec<u8>);

/// An empty one.
pub fn message() -> Message {
    Message::default()
}

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).unwrap());
    }

    pub fn number(mut self, field: u32, number: u64) -> Self {
        self.varint(u64::from(field) << 3);
        self.varint(number);
        self
    }

    pub fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn text(self, field: u32, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    #[expect(clippy::needless_pass_by_value, reason = "messages are built in place")]
    pub fn within(self, field: u32, message: Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// One entry of a map.
    pub fn entry(self, field: u32, key: &str, value: &str) -> Self {
        self.within(field, message().text(1, key).text(2, value))
    }

    /// As it goes over the wire: not compressed, with its length.
    pub fn framed(&self) -> Vec<u8> {
        let mut all = vec![0];
        all.extend_from_slice(&u32::try_from(self.0.len()).unwrap().to_be_bytes());
        all.extend_from_slice(&self.0);
        all
    }
}

/// A message that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields(Vec<(u32, Field)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Fields {
    pub fn framed(bytes: &[u8]) -> Self {
        assert_eq!(bytes[0], 0, "not compressed");
        let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
        assert_eq!(length as usize, bytes.len() - 5, "one message");
        Self::parse(&bytes[5..])
    }

    pub fn parse(mut bytes: &[u8]) -> Self {
        let mut all = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            let field = u32::try_from(tag >> 3).unwrap();
            all.push((
                field,
                match tag & 7 {
                    0 => Field::Number(varint(&mut bytes)),
                    2 => {
                        let length = usize::try_from(varint(&mut bytes)).unwrap();
                        let (inside, rest) = bytes.split_at(length);
                        bytes = rest;
                        Field::Bytes(inside.to_vec())
                    }
                    other => panic!("wire type {other} of field {field}"),
                },
            ));
        }
        Self(all)
    }

    /// Every message of a field.
    pub fn each(&self, field: u32) -> Vec<Self> {
        self.bytes_of(field).map(Self::parse).collect()
    }

    /// Every text of a field.
    pub fn texts(&self, field: u32) -> Vec<String> {
        self.bytes_of(field).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap()).collect()
    }

    /// The text at the end of a path through the first of each; empty where there is none.
    pub fn text(&self, path: &[u32]) -> String {
        let (last, before) = path.split_last().unwrap();
        let within =
            before.iter().try_fold(self.clone(), |within, field| within.each(*field).into_iter().next());
        within.and_then(|within| within.texts(*last).into_iter().next()).unwrap_or_default()
    }

    /// The number at the end of a path; zero where there is none.
    pub fn number(&self, path: &[u32]) -> u64 {
        let (last, before) = path.split_last().unwrap();
        let within =
            before.iter().try_fold(self.clone(), |within, field| within.each(*field).into_iter().next());
        let found = within.and_then(|within| within.0.into_iter().rev().find(|(field, _)| field == last));
        match found {
            Some((_, Field::Number(number))) => number,
            _ => 0,
        }
    }

    fn bytes_of(&self, wanted: u32) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter_map(move |(field, value)| match value {
            Field::Bytes(bytes) if *field == wanted => Some(bytes.as_slice()),
            _ => None,
        })
    }
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first().expect("a whole number");
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return number;
        }
    }
    panic!("a number that does not end");
}
