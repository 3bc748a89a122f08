"""The official Python client, iplaygames-api. Concurrent calls use one thread each."""

from contender import END, PLAYER, START, TOKEN, run, sys


def connect(base_url, ca):
    from iplaygames_api import ApiClient, Configuration
    from iplaygames_api.api.game_sessions_api import GameSessionsApi
    from iplaygames_api.models.start_a_game_session_request import StartAGameSessionRequest

    configuration = Configuration(host=base_url, access_token=TOKEN, ssl_ca_cert=ca)
    # The default pool has five connections per core and discards further connections.
    configuration.connection_pool_maxsize = 32
    sessions = GameSessionsApi(ApiClient(configuration))

    def call(operation, session):
        if operation == START:
            answer = sessions.start_a_game_session(StartAGameSessionRequest(**PLAYER))
        elif operation == END:
            answer = sessions.end_a_game_session(session)
        else:
            answer = sessions.get_session_status(session)
        if answer.success is not True:
            sys.exit(f"operation {operation}: {answer}")

    return call


run(connect)
