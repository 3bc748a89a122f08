//! The help text of the command-line tool.

pub(super) const HELP: &str = "\
Start, check and end game sessions through the IPlayGames API.

Usage: iplaygames [OPTIONS] COMMAND

Commands:
  start --game-id N --player-id ID --currency C --country-code CC --ip-address IP
        [--FIELD VALUE …] start a session; prints its id and the game's URL
  status SESSION_ID       check a session
  end SESSION_ID          end a session
  call OPERATION [--arg NAME=VALUE …] [--args JSON]
                          call an operation of the API
  journal list [--state STATE …] [--player-id ID]
                          the sessions of a journal that may exist, or those with these states
  journal end [--player-id ID]
                          check the sessions of a journal that are open, and end them
  journal export          every entry of a journal, as lines of JSON
  journal resolve ID NOTE | compact DAYS | recover DAMAGED NEW
                          mark an entry as resolved; remove entries that were closed so many days
                          ago; save the entries of a damaged journal to a new file
  operations [OPERATION]  list the operations, or the fields of one
  sandbox [--port N] [--sandbox-config JSON]
                          run a server of the API on this machine, for tests; the first line of
                          standard output is {\"base_url\": …, \"api_key\": …}

Options:
  --api-key-file FILE     read the API key from a file that only you can read (chmod 600), or from
                          standard input (\"-\"); the default is the environment variable
                          IPLAYGAMES_API_KEY
  --base-url URL          the API's address; the default is IPLAYGAMES_BASE_URL, or the public API
  --config FILE           a JSON file of configuration keys (as in iplaygames.h)
  --timeout SECONDS       the time limit of the whole call
  --retries N             how often to repeat a failed call
  --transport NAME        the HTTP library: native (the default) or reqwest
  --journal FILE          record each session in this file before its start is sent
  --error-json            print an error as a JSON document
  -v, --verbose           print log lines to standard error (twice: in more detail)
  -h, --help              print this text
  -V, --version           print the version

The VALUE of a text field is text; the VALUE of any other field is JSON. @FILE is the content of a
file, @- is standard input. Write @@ for a text that begins with @. 'iplaygames operations
OPERATION' lists the fields.

Exit codes:
  0  success
  1  the call could not be tried, or the result could not be printed (I/O)
  2  wrong usage, or a wrong argument
  3  the API rejected the call
  4  the call was not sent (no connection)
  5  unknown: the API may have processed the call, or a read got no usable response
";
