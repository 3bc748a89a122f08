//! The command `sandbox`.

use lexopt::Parser;

use super::error::CliError;
use super::options::GlobalOptions;

/// Runs `sandbox`: starts a sandbox, prints its client configuration and never returns.
#[cfg(feature = "sandbox")]
pub(super) fn run(options: &mut GlobalOptions, parser: &mut Parser) -> Result<(), CliError> {
    use std::io::Write as _;

    use lexopt::prelude::{Long, Short};
    use serde_json::{Map, Value};

    use super::help::HELP;
    use super::io::{parse_number, parse_object, parse_utf8, print, read_value};
    use crate::sandbox::Sandbox;

    let mut config = Map::new();
    let mut port = None;
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return print(HELP),
            Short('v') => options.verbosity += 1,
            Long("port") => port = Some(parse_number::<u16>("port", &parse_utf8(parser.value()?)?)?),
            Long("sandbox-config") => {
                let text = read_value(&parse_utf8(parser.value()?)?)?;
                config = parse_object(&text, "The sandbox's configuration")?;
            }
            other => return Err(other.unexpected().into()),
        }
    }
    if let Some(port) = port {
        config.insert("port".into(), port.into());
    }
    let sandbox = Sandbox::start(&Value::Object(config).to_string())?;
    print(&format!("{}\n", sandbox.client_config()))?;
    let _ = writeln!(
        std::io::stderr(),
        "The sandbox listens on {}. Press Ctrl-C to stop it.",
        sandbox.base_url()
    );
    // Ctrl-C ends the process, on Windows too: the sandbox keeps nothing that outlives it.
    loop {
        std::thread::park();
    }
}

/// Reports that this build has no sandbox.
#[cfg(not(feature = "sandbox"))]
pub(super) fn run(_options: &mut GlobalOptions, _parser: &mut Parser) -> Result<(), CliError> {
    let message = "This build has no sandbox: it was built without the feature `sandbox`.";
    Err(CliError::Io(message.into()))
}
