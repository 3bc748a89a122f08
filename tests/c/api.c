/* Game sessions and other operations against the sandbox. */
#include "check.h"
#include <iplaygames_sandbox.h>

static ipg_sandbox *sandbox;
static ipg_client *client;

static const char START_ARGS[] = "{\"game_id\": 42, \"player_id\": \"player-7\", \"currency\": \"EUR\","
                                 " \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}";

/* Starts a session and returns its id, which the caller frees. */
static char *start(void) {
    char *json = NULL, *id = NULL;
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
    ipg_string_free(json);
    return id;
}

static void a_session_starts_is_active_ends_and_is_closed(void) {
    char *json = NULL, *value = NULL, *id = NULL;
    int32_t type = 0;
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_OK, json);
    CHECK_VALUE(json, "/success", "true");
    CHECK_CODE(ipg_json_get(json, "/data/game_url", &type, &value, NULL), IPG_OK, json);
    CHECK(type == IPG_JSON_STRING && value && strncmp(value, "http", 4) == 0);
    FREE_STRING(value);
    CHECK_CODE(ipg_json_get(json, "/data/session_token", NULL, NULL, NULL), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
    FREE_STRING(json);

    CHECK_CODE(ipg_session_status(client, id, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/status", "active");
    CHECK_VALUE(json, "/data/player_id", "player-7");
    FREE_STRING(json);
    CHECK_CODE(ipg_session_end(client, id, &json), IPG_OK, json);
    CHECK_VALUE(json, "/success", "true");
    FREE_STRING(json);
    CHECK_CODE(ipg_session_status(client, id, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/status", "closed");
    FREE_STRING(json);
    ipg_string_free(id);
}

static void a_wrong_argument_is_refused_and_named_before_anything_is_sent(void) {
    struct {
        const char *request, *field;
    } rows[] = {
        {"{\"game_id\": 42, \"player_id\": \"p\", \"currency\": \"E\", \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
         "/currency"},
        {"{\"game_id\": 42, \"player_id\": \"p\", \"currency\": \"EUR\", \"country_code\": \"DEU\", \"ip_address\": \"203.0.113.9\"}",
         "/country_code"},
        {"{\"game_id\": 42, \"player_id\": \"p\", \"currency\": \"EUR\", \"country_code\": \"DE\", \"ip_address\": \"203.0.113\"}",
         "/ip_address"},
        {"{\"game_id\": \"x\", \"player_id\": \"p\", \"currency\": \"EUR\", \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
         "/game_id"},
        {"{\"game_id\": 42, \"currency\": \"EUR\", \"country_code\": \"DE\", \"ip_address\": \"203.0.113.9\"}",
         "/player_id"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        char *json = NULL;
        CHECK_CODE(ipg_session_start(client, rows[row].request, &json), IPG_ERR_INVALID_ARGUMENT, json);
        CHECK_VALUE(json, "/error/field", rows[row].field);
        CHECK_VALUE(json, "/error/outcome", "not_sent");
        CHECK_VALUE(json, "/error/attempts", "0");
        CHECK_VALUE(json, "/error/operation", "start_a_game_session");
        FREE_STRING(json);
    }
}

static void an_invalid_session_id_is_refused_with_its_field(void) {
    const char *ids[] = {NULL, "", ".", "..", "ab\xff"};
    for (size_t row = 0; row < sizeof ids / sizeof *ids; row++) {
        char *json = NULL;
        CHECK_CODE(ipg_session_status(client, ids[row], &json), IPG_ERR_INVALID_ARGUMENT, json);
        CHECK_VALUE(json, "/error/field", "/session_id");
        CHECK_VALUE(json, "/error/operation", "get_session_status");
        FREE_STRING(json);
        CHECK_CODE(ipg_session_end(client, ids[row], &json), IPG_ERR_INVALID_ARGUMENT, json);
        CHECK_VALUE(json, "/error/field", "/session_id");
        FREE_STRING(json);
    }
}

static void a_refusal_by_the_api_is_returned_with_its_body(void) {
    char *json = NULL;
    CHECK_CODE(
        ipg_session_start(client,
                          "{\"game_id\": 999999, \"player_id\": \"p\", \"currency\": \"EUR\", \"country_code\": \"DE\","
                          " \"ip_address\": \"203.0.113.9\"}",
                          &json),
        IPG_ERR_NOT_FOUND, json);
    CHECK_VALUE(json, "/error/http_status", "404");
    CHECK_VALUE(json, "/error/outcome", "rejected");
    CHECK_VALUE(json, "/error/retryable", "false");
    CHECK_VALUE(json, "/error/body/success", "false");
    FREE_STRING(json);
    CHECK_CODE(ipg_session_status(client, "no such session/?#\"%", &json), IPG_ERR_NOT_FOUND, json);
    CHECK_VALUE(json, "/error/name", "IPG_ERR_NOT_FOUND");
    FREE_STRING(json);
}

static void any_operation_can_be_called_with_options(void) {
    char *json = NULL, *id = start(), *quoted = NULL;
    char arguments[256];
    CHECK_CODE(ipg_json_quote(id, (size_t)-1, &quoted), IPG_OK, quoted);
    snprintf(arguments, sizeof arguments, "{\"session_id\": %s}", quoted ? quoted : "");
    CHECK_CODE(ipg_call(client, "get_session_status", arguments, NULL, &json), IPG_OK, json);
    CHECK_VALUE(json, "/data/status", "active");
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "end_a_game_session", arguments, "{\"timeout_ms\": 5000, \"max_retries\": 0}", &json),
               IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "get_session_status", "{\"session_id\": \"none\"}", "{\"call_id\": \"mine-1\"}", &json),
               IPG_ERR_NOT_FOUND, json);
    CHECK_VALUE(json, "/error/call_id", "mine-1");
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "get_session_status", "{\"session_id\": \"x\"}", "{\"timeout\": 1}", &json),
               IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "no_such_operation", NULL, NULL, &json), IPG_ERR_UNKNOWN_OPERATION, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "get_session_status", NULL, NULL, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/session_id");
    FREE_STRING(json);
    ipg_string_free(quoted);
    ipg_string_free(id);
}

static void every_out_parameter_may_be_null(void) {
    char *id = start();
    CHECK_CODE(ipg_session_status(client, id, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_session_end(client, id, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_session_status(client, "", NULL), IPG_ERR_INVALID_ARGUMENT, NULL);
    CHECK_CODE(ipg_client_prewarm(client, 0, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_client_stats(client, NULL), IPG_OK, NULL);
    ipg_string_free(id);
}

static void the_outcome_of_a_server_fault_says_whether_the_call_may_have_been_processed(void) {
    char *json = NULL;
    CHECK_CODE(ipg_sandbox_control(sandbox,
                                   "{\"command\": \"fault\", \"operation\": \"start_a_game_session\", \"status\": 502}",
                                   &json),
               IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_ERR_SERVER, json);
    CHECK_VALUE(json, "/error/http_status", "502");
    CHECK_VALUE(json, "/error/attempts", "1"); /* a start is never sent twice */
    FREE_STRING(json);
    CHECK_CODE(ipg_sandbox_control(sandbox, "{\"command\": \"nonsense\"}", &json), IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_sandbox_control(sandbox, NULL, &json), IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
}

static void *play_one_session(void *unused) {
    (void)unused;
    for (int round = 0; round < 5; round++) {
        char *id = start();
        CHECK_CODE(ipg_session_status(client, id, NULL), IPG_OK, NULL);
        CHECK_CODE(ipg_session_end(client, id, NULL), IPG_OK, NULL);
        ipg_string_free(id);
    }
    return NULL;
}

static void many_threads_share_a_client(void) {
    pthread_t threads[8];
    for (int n = 0; n < 8; n++) {
        CHECK(pthread_create(&threads[n], NULL, play_one_session, NULL) == 0);
    }
    for (int n = 0; n < 8; n++) {
        pthread_join(threads[n], NULL);
    }
}

int main(void) {
    char *config = NULL;
    CHECK_CODE(ipg_sandbox_start(NULL, &sandbox, &config), IPG_OK, config);
    CHECK_CODE(ipg_client_new(config, &client, NULL), IPG_OK, config);
    FREE_STRING(config);

    a_session_starts_is_active_ends_and_is_closed();
    a_wrong_argument_is_refused_and_named_before_anything_is_sent();
    an_invalid_session_id_is_refused_with_its_field();
    a_refusal_by_the_api_is_returned_with_its_body();
    any_operation_can_be_called_with_options();
    every_out_parameter_may_be_null();
    the_outcome_of_a_server_fault_says_whether_the_call_may_have_been_processed();
    many_threads_share_a_client();

    CHECK(ipg_client_free(client) == IPG_OK);
    CHECK(ipg_sandbox_stop(sandbox) == IPG_OK);
    return check_end();
}
