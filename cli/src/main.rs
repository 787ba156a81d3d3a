//! The binary `wavetank`.

use std::process::ExitCode;

fn main() -> ExitCode {
    wavetank::main()
}
