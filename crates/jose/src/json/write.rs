//! JSON texts of values, as `serde_json` writes them and for about a third of the work.
//!
//! A generic serializer is compiled anew in every crate that uses it, as that crate is compiled: the server's is made small. What is
//! written here of each member is compiled in this crate, and once. Letters that have to be escaped and numbers are left to `serde_json`.

use serde::ser::{self, Error as _, Serialize};
use serde_json::Error;

/// The JSON text of a value. Fails where `serde_json` would: a map with keys that are no texts, or a failing `Serialize`.
pub fn to_vec(value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, Error> {
    // Most answers fit, a token among them.
    let mut out = Vec::with_capacity(1024);
    write(&mut out, value)?;
    Ok(out)
}

/// The same, behind what is there already.
pub fn write(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Result<(), Error> {
    value.serialize(Writer(out))
}

struct Writer<'o>(&'o mut Vec<u8>);

/// What `serde_json` writes of a value that has no others in it.
fn leaf(out: &mut Vec<u8>, value: impl Serialize) -> Result<(), Error> {
    serde_json::to_writer(out, &value)
}

/// Whether eight bytes are letters that stand in a text as they are. It may say no where they are; then `serde_json` looks again.
///
/// A lane of `x - 0x01…` borrows where it is zero, and one of `x - 0x20…` where it is a control character; a lane above 0x7f is neither.
fn are_plain(bytes: [u8; 8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let bytes = u64::from_ne_bytes(bytes);
    let (quote, backslash) = (bytes ^ (0x22 * ONES), bytes ^ (0x5c * ONES));
    let control = bytes.wrapping_sub(0x20 * ONES) & !bytes;
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    (control | quote | backslash) & HIGH == 0
}

fn is_plain(text: &[u8]) -> bool {
    let (eights, rest) = text.as_chunks::<8>();
    if !eights.iter().all(|eight| are_plain(*eight)) {
        return false;
    }
    match (text.last_chunk::<8>(), rest.is_empty()) {
        (_, true) => true,
        // Some of it a second time.
        (Some(last), false) => are_plain(*last),
        (None, false) => {
            let mut all = [b' '; 8];
            all.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            are_plain(all)
        }
    }
}

fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    if !is_plain(text.as_bytes()) {
        return leaf(out, text);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
    Ok(())
}

/// The name of a variant, before what is in it.
fn variant(out: &mut Vec<u8>, name: &str, opening: u8) -> Result<(), Error> {
    out.push(b'{');
    text(out, name)?;
    out.extend_from_slice(&[b':', opening]);
    Ok(())
}

macro_rules! leaves {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, value: $type) -> Result<(), Error> {
            leaf(self.0, value)
        })*
    };
}

impl<'o> ser::Serializer for Writer<'o> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Within<'o>;
    type SerializeTuple = Within<'o>;
    type SerializeTupleStruct = Within<'o>;
    type SerializeTupleVariant = Within<'o>;
    type SerializeMap = Within<'o>;
    type SerializeStruct = Within<'o>;
    type SerializeStructVariant = Within<'o>;

    leaves! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128,
        serialize_f32: f32, serialize_f64: f64, serialize_char: char, serialize_bytes: &[u8],
    }

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        text(self.0, value)
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.0.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Error> {
        text(self.0, name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.0.push(b'{');
        text(self.0, name)?;
        self.0.push(b':');
        value.serialize(Writer(self.0))?;
        self.0.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Within<'o>, Error> {
        self.0.push(b'[');
        Ok(Within::new(self.0, b"]"))
    }

    fn serialize_tuple(self, length: usize) -> Result<Within<'o>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Within<'o>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Within<'o>, Error> {
        variant(self.0, name, b'[')?;
        Ok(Within::new(self.0, b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Within<'o>, Error> {
        self.0.push(b'{');
        Ok(Within::new(self.0, b"}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Within<'o>, Error> {
        // So serde_json tells itself of a raw text, and of a number of any length: one text, which is to stand here as it is.
        if name.starts_with("$serde_json::private::") {
            return Ok(Within { is_raw: true, ..Within::new(self.0, b"") });
        }
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Within<'o>, Error> {
        variant(self.0, name, b'{')?;
        Ok(Within::new(self.0, b"}}"))
    }
}

/// A list or an object that is being written.
struct Within<'o> {
    out: &'o mut Vec<u8>,
    has_some: bool,
    end: &'static [u8],
    is_raw: bool,
}

impl<'o> Within<'o> {
    fn new(out: &'o mut Vec<u8>, end: &'static [u8]) -> Self {
        Self { out, has_some: false, end, is_raw: false }
    }

    fn next(&mut self) {
        if self.has_some {
            self.out.push(b',');
        }
        self.has_some = true;
    }

    fn name(&mut self, name: &str) -> Result<(), Error> {
        self.next();
        text(self.out, name)?;
        self.out.push(b':');
        Ok(())
    }

    /// A key that is a number or a truth is written as a text, and what else is no text is refused.
    fn key_ends(&mut self, start: usize) -> Result<(), Error> {
        match self.out.get(start) {
            Some(b'"') => {}
            Some(b'0'..=b'9' | b'-' | b't' | b'f') => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
            }
            _ => return Err(Error::custom("key must be a string")),
        }
        self.out.push(b':');
        Ok(())
    }

    /// What a text says, without its quotes.
    fn raw(&mut self, text: &[u8]) -> Result<(), Error> {
        self.out.extend_from_slice(serde_json::from_slice::<String>(text)?.as_bytes());
        Ok(())
    }

    fn ended(self) {
        self.out.extend_from_slice(self.end);
    }
}

macro_rules! lists {
    ($($trait:ident: $method:ident),* $(,)?) => {
        $(impl ser::$trait for Within<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.next();
                value.serialize(Writer(self.out))
            }

            fn end(self) -> Result<(), Error> {
                self.ended();
                Ok(())
            }
        })*
    };
}

lists! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! objects {
    ($($trait:ident),* $(,)?) => {
        $(impl ser::$trait for Within<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
                if self.is_raw {
                    return self.raw(&to_vec(value)?);
                }
                self.name(name)?;
                value.serialize(Writer(self.out))
            }

            fn end(self) -> Result<(), Error> {
                self.ended();
                Ok(())
            }
        })*
    };
}

objects! { SerializeStruct, SerializeStructVariant }

impl ser::SerializeMap for Within<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        let start = self.out.len();
        key.serialize(Writer(self.out))?;
        self.key_ends(start)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Result<(), Error> {
        self.ended();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
