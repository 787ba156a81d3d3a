//! Criterion benches and side-by-side comparisons.
