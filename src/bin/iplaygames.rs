//! The program `iplaygames`. Its code is in `iplaygames::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(iplaygames::cli::run(std::env::args_os().skip(1)))
}
