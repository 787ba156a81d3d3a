//! How kubectl writes objects: `-o json`, `-o yaml`, and the compact JSON of its annotation.

pub mod json;
pub mod yaml;
