//! Named, counter-based streams of one seed, and portable distributions.
//!
//! A draw is a function of (seed, name of the stream, counter), so leaving one out moves no other. Name a stream by
//! what the luck belongs to (this pod's second container start, this client's flows), never by where it ran:
//!
//! ```
//! use random::Seed;
//! use units::SimDuration;
//!
//! let starts = Seed(7).stream("container-start", "default/web-0/nginx");
//! let second = starts.at(2).log_normal(SimDuration::from_millis(60), 0.4);
//! assert_eq!(second, starts.at(2).log_normal(SimDuration::from_millis(60), 0.4));
//! ```
//!
//! The bits are the same on every platform and in every build: ChaCha8 under a key made with XXH3-128, own conversions
//! to ranges and doubles, and `ln`, `exp`, `cos` from `libm`.

mod draw;
mod latency;
mod periodic;
mod stream;

pub use draw::Draw;
pub use latency::Latency;
pub use periodic::Periodic;
pub use stream::{Counter, Seed, Stream};
