/*
 * Plays a game session from start to end, in C99 and without a JSON library. The program uses the
 * sandbox, a server of the API inside this process, so it needs no account and no network.
 */
#include <iplaygames.h>
#include <iplaygames_sandbox.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns one value of a document. The caller frees it with ipg_string_free. */
static char *value_at(const char *json, const char *pointer) {
    char *value = NULL;
    if (ipg_json_get(json, pointer, NULL, &value, NULL) != IPG_OK) {
        fprintf(stderr, "no value at %s in: %s\n", pointer, json);
        exit(EXIT_FAILURE);
    }
    return value;
}

/* Every function returns a code, and most return a document. In this program a failure ends the
   program. */
static void check(ipg_code code, const char *what, const char *json) {
    if (code != IPG_OK) {
        fprintf(stderr, "%s: %s\n%s\n", what, ipg_code_name(code), json ? json : "");
        exit(EXIT_FAILURE);
    }
}

static void show_status(ipg_client *client, const char *session_id) {
    char *json = NULL;
    check(ipg_session_status(client, session_id, &json), "status", json);
    char *status = value_at(json, "/data/status");
    printf("status:   %s\n", status);
    ipg_string_free(status);
    ipg_string_free(json);
}

int main(void) {
    printf("libiplaygames %s\n\n", ipg_version());

    /* Start a server. The document is a configuration for a client. For the real API, use
       {"api_key": "..."}, or {"base_url": "..."} of a relay. */
    ipg_sandbox *sandbox = NULL;
    char *config = NULL;
    check(ipg_sandbox_start(NULL, &sandbox, &config), "sandbox", config);

    /* A program needs one client. All threads can use it. */
    ipg_client *client = NULL;
    char *json = NULL;
    check(ipg_client_new(config, &client, &json), "client", json);
    char *base_url = value_at(json, "/base_url");
    printf("server:   %s\n", base_url);
    ipg_string_free(base_url);
    ipg_string_free(json);
    ipg_string_free(config);

    /* Start a session. The player opens the game at the URL. */
    json = NULL;
    check(ipg_session_start(client,
                            "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                            " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
                            &json),
          "start", json);
    char *session_id = value_at(json, "/data/session_id");
    char *game_url = value_at(json, "/data/game_url");
    printf("session:  %s\nplay at:  %s\n", session_id, game_url);
    ipg_string_free(game_url);
    ipg_string_free(json);

    /* Read the status, end the session, and read the status again. Pass NULL if you do not need the
       document. */
    show_status(client, session_id);
    check(ipg_session_end(client, session_id, NULL), "end", NULL);
    printf("ended\n");
    show_status(client, session_id);
    ipg_string_free(session_id);

    /* A deliberate mistake: a currency has three to ten letters or digits. The code is the kind of
       the error, the document has the details, and nothing is sent. */
    json = NULL;
    ipg_code code = ipg_session_start(client,
                                      "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"\xe2\x82\xac\","
                                      " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
                                      &json);
    char *field = value_at(json, "/error/field");
    char *message = value_at(json, "/error/message");
    char *outcome = value_at(json, "/error/outcome");
    printf(
        "\na deliberate mistake:\n  code      %d, %s\n  field     %s\n  message   %s\n  outcome   %s\n  document  %s\n",
        (int)code, ipg_code_name(code), field, message, outcome, json);
    ipg_string_free(outcome);
    ipg_string_free(message);
    ipg_string_free(field);
    ipg_string_free(json);

    /* End both handles. They are invalid afterwards. */
    ipg_client_free(client);
    ipg_sandbox_stop(sandbox);
    return code == IPG_ERR_INVALID_ARGUMENT ? EXIT_SUCCESS : EXIT_FAILURE;
}
