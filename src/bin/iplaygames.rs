//! The program `iplaygames`. Its code is in `iplaygames::cli`.

#[path = "../sys/closed_stdout.rs"]
mod closed_stdout;

use std::process::ExitCode;

fn main() -> ExitCode {
    closed_stdout::restore();
    ExitCode::from(iplaygames::cli::run(std::env::args_os().skip(1)))
}
