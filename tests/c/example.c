/*
 * A game session from start to end, in C99 and without a JSON library. It runs against the sandbox, the
 * API in this very process: no account and no network is needed.
 */
#include <iplaygames.h>
#include <iplaygames_sandbox.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes one value out of an answer. The caller frees it with ipg_string_free. */
static char *value_at(const char *json, const char *pointer) {
    char *value = NULL;
    if (ipg_json_get(json, pointer, NULL, &value, NULL) != IPG_OK) {
        fprintf(stderr, "there is nothing at %s in: %s\n", pointer, json);
        exit(EXIT_FAILURE);
    }
    return value;
}

/* Every call answers a code, and a document that says more. Here a failure ends the program. */
static void must(ipg_code code, const char *what, const char *json) {
    if (code != IPG_OK) {
        fprintf(stderr, "%s: %s\n%s\n", what, ipg_code_name(code), json ? json : "");
        exit(EXIT_FAILURE);
    }
}

static void show_status(ipg_client *client, const char *session_id) {
    char *json = NULL;
    must(ipg_session_status(client, session_id, &json), "status", json);
    char *status = value_at(json, "/data/status");
    printf("status:   %s\n", status);
    ipg_string_free(status);
    ipg_string_free(json);
}

int main(void) {
    printf("libiplaygames %s\n\n", ipg_version());

    /* A server to talk to. What it answers is a client's configuration, ready to use. With the real API
       that would be {"api_key": "..."}, or {"base_url": "..."} of a relay. */
    ipg_sandbox *sandbox = NULL;
    char *config = NULL;
    must(ipg_sandbox_start(NULL, &sandbox, &config), "sandbox", config);

    /* One client serves the whole program and all its threads. */
    ipg_client *client = NULL;
    char *json = NULL;
    must(ipg_client_new(config, &client, &json), "client", json);
    char *base_url = value_at(json, "/base_url");
    printf("server:   %s\n", base_url);
    ipg_string_free(base_url);
    ipg_string_free(json);
    ipg_string_free(config);

    /* Start: the player gets a URL to open the game at. */
    json = NULL;
    must(ipg_session_start(client,
                           "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                           " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
                           &json),
         "start", json);
    char *session_id = value_at(json, "/data/session_id");
    char *game_url = value_at(json, "/data/game_url");
    printf("session:  %s\nplay at:  %s\n", session_id, game_url);
    ipg_string_free(game_url);
    ipg_string_free(json);

    /* Ask, end, ask again. A document that is not wanted need not be asked for. */
    show_status(client, session_id);
    must(ipg_session_end(client, session_id, NULL), "end", NULL);
    printf("ended\n");
    show_status(client, session_id);
    ipg_string_free(session_id);

    /* A mistake, on purpose: a currency is three to ten letters or digits, and no sign. The code says what
       kind of failure it is, the document says the rest, and nothing was sent. */
    json = NULL;
    ipg_code code = ipg_session_start(client,
                                      "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"\xe2\x82\xac\","
                                      " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
                                      &json);
    char *field = value_at(json, "/error/field");
    char *message = value_at(json, "/error/message");
    char *outcome = value_at(json, "/error/outcome");
    printf("\na mistake, on purpose:\n  code      %d, %s\n  field     %s\n  message   %s\n  outcome   %s\n  document  %s\n",
           (int)code, ipg_code_name(code), field, message, outcome, json);
    ipg_string_free(outcome);
    ipg_string_free(message);
    ipg_string_free(field);
    ipg_string_free(json);

    /* Nothing here blocks or fails; both handles are good for nothing afterwards. */
    ipg_client_free(client);
    ipg_sandbox_stop(sandbox);
    return code == IPG_ERR_INVALID_ARGUMENT ? EXIT_SUCCESS : EXIT_FAILURE;
}
