/* Starts, checks and ends a session in a loop of 60 frames a second, with libcurl for HTTP. Runs
   against the built-in sandbox, and fails unless the sandbox's account is as expected. */
#include "curl_transport.h"
#include <iplaygames_sandbox.h>
#include <stdio.h>
#include <time.h>

struct game {
    struct curl_transport curl;
    ipg_client *client;
    ipg_code code;
    int is_done;
    char *json;
};

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct game *game = (struct game *)user_data;
    (void)request;
    free(game->json);
    game->json = (char *)malloc(strlen(json) + 1);
    if (game->json) {
        strcpy(game->json, json);
    }
    game->code = code;
    game->is_done = 1;
}

/* Runs a call through frames of the game. Returns its code. */
static ipg_code play(struct game *game, const char *operation, const char *arguments) {
    struct timespec frame = {0, 16000000};
    game->is_done = 0;
    if (ipg_submit(game->client, operation, arguments, NULL, on_end, game, NULL, NULL, NULL) != IPG_OK) {
        return IPG_ERR_INTERNAL;
    }
    while (!game->is_done) {
        curl_transport_perform(&game->curl);
        ipg_client_tick(game->client, 500, NULL);
        nanosleep(&frame, NULL);
    }
    printf("%s: %s\n", operation, ipg_code_name(game->code));
    return game->code;
}

int main(void) {
    struct game game;
    ipg_transport table;
    ipg_sandbox *sandbox = NULL;
    char *config = NULL, *id = NULL, *counts = NULL, *closed = NULL, arguments[300] = "";
    int good;
    memset(&game, 0, sizeof game);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    good = curl_transport_begin(&game.curl, &table) && ipg_sandbox_start(NULL, &sandbox, &config) == IPG_OK &&
           ipg_client_new_with_transport(config, &table, &game.client, NULL) == IPG_OK;
    good = good &&
           play(&game, "start_a_game_session",
                "{\"game_id\": 42, \"player_id\": \"p\", \"currency\": \"EUR\", \"country_code\": \"DE\","
                " \"ip_address\": \"203.0.113.9\"}") == IPG_OK &&
           ipg_json_get(game.json, "/data/session_id", NULL, &id, NULL) == IPG_OK;
    if (good) {
        snprintf(arguments, sizeof arguments, "{\"session_id\": \"%s\"}", id);
    }
    good = good && play(&game, "get_session_status", arguments) == IPG_OK &&
           play(&game, "end_a_game_session", arguments) == IPG_OK &&
           play(&game, "get_session_status", "{\"session_id\": \"none\"}") == IPG_ERR_NOT_FOUND;
    good = good && ipg_sandbox_control(sandbox, "{\"command\": \"counts\"}", &counts) == IPG_OK &&
           ipg_json_get(counts, "/sessions/closed", NULL, &closed, NULL) == IPG_OK && strcmp(closed, "1") == 0;

    /* Nothing listens any more: libcurl sends nothing, and the outcome says so. */
    ipg_sandbox_stop(sandbox);
    good = good && play(&game, "start_a_game_session",
                        "{\"game_id\": 42, \"player_id\": \"p\", \"currency\": \"EUR\", \"country_code\": \"DE\","
                        " \"ip_address\": \"203.0.113.9\"}") != IPG_OK;
    good = good && strstr(game.json, "\"outcome\":\"not_sent\"") != NULL;
    puts(game.json ? game.json : "no document");

    /* A call in flight is canceled, and the finalizer ends libcurl. */
    good = good && ipg_submit(game.client, "list_games", NULL, NULL, on_end, &game, NULL, NULL, NULL) == IPG_OK &&
           ipg_client_tick(game.client, 500, NULL) == IPG_OK;
    ipg_client_free(game.client);
    good = good && game.curl.multi == NULL;
    curl_global_cleanup();
    ipg_string_free(closed);
    ipg_string_free(counts);
    ipg_string_free(id);
    ipg_string_free(config);
    free(game.json);
    puts(good ? "1 passed, 0 failed" : "0 passed, 1 failed");
    return good ? 0 : 1;
}
