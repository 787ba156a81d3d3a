//! Ctrl-C and SIGTERM: a run stops between two events and leaves nothing half written; anything else just ends.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::Failure;

static IS_HEEDED: AtomicBool = AtomicBool::new(false);
static IS_ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// The exit status of who was interrupted.
const STATUS: i32 = 130;

/// Takes the signals from now on.
pub(crate) fn install() {
    // Where signals cannot be taken, they end the program as ever.
    let _ = ctrlc::set_handler(|| {
        let is_second = IS_ASKED_FOR.swap(true, Ordering::Relaxed);
        if is_second || !IS_HEEDED.load(Ordering::Relaxed) {
            std::process::exit(STATUS);
        }
    });
}

/// While it lives, the first signal only asks; who holds it must [`check`] often.
pub(crate) struct Heeded;

impl Heeded {
    pub(crate) fn new() -> Self {
        IS_HEEDED.store(true, Ordering::Relaxed);
        Self
    }
}

impl Drop for Heeded {
    fn drop(&mut self) {
        IS_HEEDED.store(false, Ordering::Relaxed);
    }
}

/// Fails if somebody has asked to stop.
pub(crate) fn check() -> Result<(), Failure> {
    if IS_ASKED_FOR.load(Ordering::Relaxed) { Err(Failure::Interrupted) } else { Ok(()) }
}
