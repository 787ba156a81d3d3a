//! What goes to the terminal: results to standard output, everything else to standard error.
//!
//! Colours are stripped where that is no terminal, or `NO_COLOR` is set (by `anstream`).

use std::io::{ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use units::{SimDuration, SimTime, format_go_duration};

use crate::failure::{Failure, in_words};

/// Prints a result. Whoever closes the pipe (`| head`) has seen enough: that is no failure.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Write(format!("cannot write to standard output: {}", in_words(&error))))
        }
        _ => Ok(()),
    }
}

/// Tells something beside the result. There is nobody to tell if that fails.
pub(crate) fn tell(text: &str) {
    let mut stderr = anstream::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// `error: …` or `warning: …`, and `help: …` on a line of its own.
pub(crate) fn complain(level: Level, message: &str, help: Option<&str>) {
    use anstyle::{AnsiColor, Style};
    let bold = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    let (style, word) = match level {
        Level::Error => (bold(AnsiColor::BrightRed), "error"),
        Level::Warning => (bold(AnsiColor::Yellow), "warning"),
    };
    let help = help.map(|help| {
        let style = bold(AnsiColor::BrightCyan);
        format!("{style}help{style:#}: {help}\n")
    });
    tell(&format!("{style}{word}{style:#}: {message}\n{}", help.unwrap_or_default()));
}

/// How bad a complaint is.
#[derive(Clone, Copy)]
pub(crate) enum Level {
    Error,
    Warning,
}

/// Shorter runs show no bar.
const PATIENCE: Duration = Duration::from_millis(700);
/// The bar is drawn no more often.
const REDRAW: Duration = Duration::from_millis(100);

/// A bar over the virtual time of a run, on standard error, if somebody sits there and the run is long.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    until: SimTime,
    next: Instant,
}

impl Progress {
    pub(crate) fn new(until: SimTime) -> Self {
        let wanted =
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
        let bar = wanted.then(ProgressBar::no_length);
        Self { bar, until, next: Instant::now() + PATIENCE }
    }

    /// Shows how far the run has come, if it is time to.
    pub(crate) fn show(&mut self, now: SimTime, events: u64) {
        let Some(bar) = &self.bar else { return };
        let moment = Instant::now();
        if moment < self.next {
            return;
        }
        self.next = moment + REDRAW;
        if bar.length().is_none() {
            bar.set_style(style());
            bar.set_length(micros(self.until).max(1));
        }
        let whole = |at: SimTime| format_go_duration(SimDuration::from_secs((at - SimTime::ZERO).as_secs()));
        bar.set_message(format!("{} of {}, {events} events", whole(now), whole(self.until)));
        bar.set_position(micros(now));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn micros(at: SimTime) -> u64 {
    u64::try_from(at.as_nanos() / 1_000).unwrap_or_default()
}

fn style() -> ProgressStyle {
    let template = "{bar:30.cyan} {percent:>3}%  {wide_msg}";
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// What was done, as cargo tells it.
pub(crate) fn status(verb: &str, what: &str) {
    let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::BrightGreen.into()));
    tell(&format!("{style}{verb:>12}{style:#} {what}\n"));
}
