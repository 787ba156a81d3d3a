//! The units of a simulation: virtual time, durations, timestamps of the API, CPU, memory, quantities.
//!
//! Everything is an integer. Virtual time is nanoseconds since t = 0; what the API stores is whole seconds
//! (`metav1.Time`) or microseconds (`metav1.MicroTime`) since the Unix epoch, and a [`Clock`] goes between them.

mod amount;
mod go_duration;
mod quantity;
mod time;

pub use amount::{Bytes, MilliCpu};
pub use go_duration::{DurationError, format_go_duration, parse_go_duration};
pub use quantity::{Quantity, QuantityError};
pub use time::{Clock, MicroTime, SimDuration, SimTime, Timestamp, TimestampError};
