//! JSON values: exact, and with each field's name written once.

use super::{Sink, Source, Wire};
use crate::error::{Read, ReadError};
use api::json::Object;
use serde_json::{Number, Value};

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const NATURAL: u8 = 3;
const NEGATIVE: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const LIST: u8 = 7;
const OBJECT: u8 = 8;

impl Wire for Value {
    fn put(&self, to: &mut Sink) {
        match self {
            Self::Null => to.byte(NULL),
            Self::Bool(false) => to.byte(FALSE),
            Self::Bool(true) => to.byte(TRUE),
            Self::Number(number) => put_number(number, to),
            Self::String(text) => {
                to.byte(TEXT);
                to.text(text);
            }
            Self::Array(items) => {
                to.byte(LIST);
                to.list(items);
            }
            Self::Object(fields) => {
                to.byte(OBJECT);
                fields.put(to);
            }
        }
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        Ok(match from.byte()? {
            NULL => Self::Null,
            FALSE => Self::Bool(false),
            TRUE => Self::Bool(true),
            NATURAL => from.varint()?.into(),
            NEGATIVE => from.signed()?.into(),
            FLOAT => take_float(from)?.into(),
            TEXT => Self::String(from.text()?.into()),
            LIST => Self::Array(from.deeper(Source::list)?),
            OBJECT => Self::Object(from.deeper(Object::take)?),
            _ => return Err(ReadError::Corrupt("no such type of JSON value")),
        })
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}

fn put_number(number: &Number, to: &mut Sink) {
    if let Some(natural) = number.as_u64() {
        to.byte(NATURAL);
        to.varint(natural);
    } else if let Some(negative) = number.as_i64() {
        to.byte(NEGATIVE);
        to.signed(negative);
    } else {
        to.byte(FLOAT);
        to.bytes(&number.as_f64().unwrap_or_default().to_bits().to_le_bytes());
    }
}

fn take_float(from: &mut Source<'_>) -> Read<Number> {
    let mut bits = [0; 8];
    bits.copy_from_slice(from.bytes(8)?);
    let number = Number::from_f64(f64::from_bits(u64::from_le_bytes(bits)));
    number.ok_or(ReadError::Corrupt("a JSON number is none"))
}

impl Wire for Object {
    fn put(&self, to: &mut Sink) {
        to.length(self.len());
        for (name, value) in self {
            to.text(name);
            value.put(to);
        }
    }
    fn take(from: &mut Source<'_>) -> Read<Self> {
        let length = from.length()?;
        (0..length).map(|_| Ok((from.text()?.into(), <Value as Wire>::take(from)?))).collect()
    }
    fn same(&self, old: &Self) -> bool {
        self == old
    }
}
