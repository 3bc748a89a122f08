/* The functions that need no server: versions, names, JSON, strings and invalid configurations. */
#include "check.h"
#include <iplaygames_sandbox.h>

static void versions_of_header_and_library_agree(void) {
    char text[64];
    CHECK(ipg_abi_version() == IPG_ABI_VERSION);
    CHECK(strcmp(ipg_version(), IPG_VERSION_STRING) == 0);
    snprintf(text, sizeof text, "%d.%d.%d", IPG_VERSION_MAJOR, IPG_VERSION_MINOR, IPG_VERSION_PATCH);
    CHECK(strcmp(ipg_version(), text) == 0);
}

static void ipg_code_name_returns_the_name_of_every_code(void) {
#define NAMED(code) CHECK(strcmp(ipg_code_name(code), #code) == 0)
    NAMED(IPG_OK);
    NAMED(IPG_PENDING);
    NAMED(IPG_ERR_INVALID_ARGUMENT);
    NAMED(IPG_ERR_INVALID_HANDLE);
    NAMED(IPG_ERR_UNKNOWN_OPERATION);
    NAMED(IPG_ERR_BUSY);
    NAMED(IPG_ERR_SHUT_DOWN);
    NAMED(IPG_ERR_UNSUPPORTED);
    NAMED(IPG_ERR_NO_SUCH_FIELD);
    NAMED(IPG_ERR_RESOURCES);
    NAMED(IPG_ERR_RESOLVE);
    NAMED(IPG_ERR_CONNECT);
    NAMED(IPG_ERR_TLS);
    NAMED(IPG_ERR_TIMEOUT);
    NAMED(IPG_ERR_CANCELED);
    NAMED(IPG_ERR_CONNECTION_LOST);
    NAMED(IPG_ERR_BAD_RESPONSE);
    NAMED(IPG_ERR_RESPONSE_TOO_LARGE);
    NAMED(IPG_ERR_REDIRECT);
    NAMED(IPG_ERR_BAD_REQUEST);
    NAMED(IPG_ERR_UNAUTHORIZED);
    NAMED(IPG_ERR_FORBIDDEN);
    NAMED(IPG_ERR_NOT_FOUND);
    NAMED(IPG_ERR_CONFLICT);
    NAMED(IPG_ERR_UNPROCESSABLE);
    NAMED(IPG_ERR_RATE_LIMITED);
    NAMED(IPG_ERR_API);
    NAMED(IPG_ERR_SERVER);
    NAMED(IPG_ERR_UNAVAILABLE);
    NAMED(IPG_ERR_INTERNAL);
    CHECK(strcmp(ipg_code_name(12345), "IPG_ERR_UNKNOWN") == 0);
    CHECK(strcmp(ipg_code_name(-1), "IPG_ERR_UNKNOWN") == 0);
}

static void a_json_value_has_a_type_a_text_and_a_length(void) {
    const char *json =
        "{\"n\": null, \"b\": false, \"m\": 10.50, \"s\": \"a\\u0000\\u00e9\", \"l\": [1, {}], \"o\": {\"x\": \"\"}}";
    struct {
        const char *pointer;
        int32_t type;
        const char *text;
        size_t len;
    } rows[] = {
        {"/n", IPG_JSON_NULL, "null", 4},
        {"/b", IPG_JSON_BOOL, "false", 5},
        {"/m", IPG_JSON_NUMBER, "10.50", 5},
        {"/s", IPG_JSON_STRING, "a\0\xc3\xa9", 4},
        {"/l", IPG_JSON_ARRAY, "[1, {}]", 7},
        {"/l/1", IPG_JSON_OBJECT, "{}", 2},
        {"/o", IPG_JSON_OBJECT, "{\"x\": \"\"}", 9},
        {"/o/x", IPG_JSON_STRING, "", 0},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        int32_t type = -1;
        char *text = NULL;
        size_t len = 99;
        CHECK_CODE(ipg_json_get(json, rows[row].pointer, &type, &text, &len), IPG_OK, rows[row].pointer);
        CHECK(type == rows[row].type);
        CHECK(len == rows[row].len);
        CHECK(text && memcmp(text, rows[row].text, rows[row].len + 1) == 0);
        ipg_string_free(text);
    }
    CHECK_CODE(ipg_json_get(json, "/m", NULL, NULL, NULL), IPG_OK, json);
}

static void a_missing_json_value_clears_the_out_parameters(void) {
    struct {
        const char *json, *pointer;
        ipg_code code;
    } rows[] = {
        {"{}", "/x", IPG_ERR_NO_SUCH_FIELD},
        {"[1]", "/1", IPG_ERR_NO_SUCH_FIELD},
        {"{}", "x", IPG_ERR_INVALID_ARGUMENT},
        {"{", "", IPG_ERR_INVALID_ARGUMENT},
        {"", "", IPG_ERR_INVALID_ARGUMENT},
        {NULL, "", IPG_ERR_INVALID_ARGUMENT},
        {"{}", NULL, IPG_ERR_INVALID_ARGUMENT},
        {"\xff", "", IPG_ERR_INVALID_ARGUMENT},
        {"\"\\ud800\"", "", IPG_ERR_INVALID_ARGUMENT},
        {"{}", "/\xc3", IPG_ERR_INVALID_ARGUMENT},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        int32_t type = -1;
        char here, *text = &here;
        size_t len = 99;
        ipg_code code = ipg_json_get(rows[row].json, rows[row].pointer, &type, &text, &len);
        CHECK(code == rows[row].code);
        CHECK(type == 0 && text == NULL && len == 0);
    }
}

static void a_quoted_text_is_read_back_unchanged(void) {
    char *json = NULL, *text = NULL;
    size_t len = 0;
    CHECK_CODE(ipg_json_quote("say \"hi\"\n\\ \xc3\xa9", (size_t)-1, &json), IPG_OK, json);
    CHECK_VALUE(json, "", "say \"hi\"\n\\ \xc3\xa9");
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote("a\0b", 3, &json), IPG_OK, json);
    CHECK(json && strcmp(json, "\"a\\u0000b\"") == 0);
    CHECK_CODE(ipg_json_get(json, "", NULL, &text, &len), IPG_OK, json);
    CHECK(len == 3 && text && memcmp(text, "a\0b", 4) == 0);
    FREE_STRING(text);
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote("abc", 0, &json), IPG_OK, json);
    CHECK(json && strcmp(json, "\"\"") == 0);
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote(NULL, 0, &json), IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote(NULL, 1, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/message", "`text` is NULL.");
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote(NULL, (size_t)-1, &json), IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote("abc", (size_t)-2, &json), IPG_ERR_INVALID_ARGUMENT, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote("ab\xff", 3, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/message", "`text` is not UTF-8 from byte 2 on.");
    FREE_STRING(json);
    CHECK_CODE(ipg_json_quote("abc", 3, NULL), IPG_OK, NULL);
}

static void creating_a_client_returns_its_version_and_base_url(void) {
    ipg_client *client = NULL;
    char *json = NULL;
    CHECK_CODE(ipg_client_new("{\"base_url\": \"http://127.0.0.1:9/v/\", \"api_key\": \"secret\"}", &client, &json),
               IPG_OK, json);
    CHECK(client != NULL);
    CHECK_VALUE(json, "/success", "true");
    CHECK_VALUE(json, "/version", IPG_VERSION_STRING);
    CHECK_VALUE(json, "/base_url", "http://127.0.0.1:9/v");
    CHECK(json && strstr(json, "secret") == NULL);
    FREE_STRING(json);
    CHECK_CODE(ipg_client_stats(client, &json), IPG_OK, json);
    CHECK_VALUE(json, "", json ? json : "");
    FREE_STRING(json);
    CHECK(ipg_client_free(client) == IPG_OK);
    CHECK(ipg_client_free(client) == IPG_ERR_INVALID_HANDLE);
}

static void the_error_for_a_wrong_configuration_names_the_key(void) {
    struct {
        const char *config, *field;
    } rows[] = {
        {"{\"api_key\": \"k\", \"timeout\": 1}", "/timeout"},
        {"{\"api_key\": \"k\", \"timeout_ms\": \"1\"}", "/timeout_ms"},
        {"{\"api_key\": \"k\", \"base_url\": \"http://example.com\"}", "/base_url"},
        {"{\"api_key\": \"k\", \"api_key\": \"k\"}", "/api_key"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        ipg_client *client = (ipg_client *)rows;
        char *json = NULL;
        CHECK_CODE(ipg_client_new(rows[row].config, &client, &json), IPG_ERR_INVALID_ARGUMENT, json);
        CHECK(client == NULL);
        CHECK_VALUE(json, "/success", "false");
        CHECK_VALUE(json, "/error/name", "IPG_ERR_INVALID_ARGUMENT");
        CHECK_VALUE(json, "/error/outcome", "not_sent");
        CHECK_VALUE(json, "/error/field", rows[row].field);
        FREE_STRING(json);
    }
}

struct seen {
    ipg_client *client;
    int lines;
    ipg_code from_inside;
    char last[256];
};

static void on_log(void *user_data, int32_t level, const char *target, const char *message) {
    struct seen *seen = (struct seen *)user_data;
    char *json = NULL;
    seen->lines++;
    seen->from_inside = ipg_client_set_logger(seen->client, NULL, NULL, NULL, IPG_LOG_OFF);
    if (ipg_client_stats(seen->client, &json) != IPG_OK) {
        seen->from_inside = IPG_ERR_INTERNAL;
    }
    ipg_string_free(json);
    snprintf(seen->last, sizeof seen->last, "%d %s %s", (int)level, target, message);
}

static void freeing_a_pointer_that_is_not_a_live_string_only_logs_a_warning(void) {
    struct seen seen;
    char local[] = "mine", *json = NULL, *freed = NULL;
    memset(&seen, 0, sizeof seen);
    CHECK_CODE(ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &seen.client, NULL), IPG_OK,
               NULL);
    CHECK(ipg_client_set_logger(seen.client, on_log, &seen, NULL, 6) == IPG_ERR_INVALID_ARGUMENT);
    CHECK(ipg_client_set_logger(seen.client, on_log, &seen, NULL, -1) == IPG_ERR_INVALID_ARGUMENT);
    CHECK(ipg_client_set_logger(seen.client, on_log, &seen, NULL, IPG_LOG_WARN) == IPG_OK);

    ipg_string_free(NULL);
    ipg_string_free(local);
    CHECK(strcmp(local, "mine") == 0);
    CHECK(seen.lines == 0); /* no call with this client has run since */
    CHECK_CODE(ipg_client_stats(seen.client, &json), IPG_OK, json);
    CHECK(seen.lines == 1);
    CHECK(strncmp(seen.last, "2 iplaygames::ffi ipg_string_free: ", 35) == 0);
    CHECK(strstr(seen.last, "not a live text") != NULL);
    CHECK(seen.from_inside == IPG_ERR_BUSY);

    freed = json;
    ipg_string_free(json);
    ipg_string_free(freed); /* the second free */
    json = NULL;
    CHECK_CODE(ipg_client_stats(seen.client, &json), IPG_OK, json);
    CHECK(seen.lines == 2);
    CHECK(strstr(seen.last, "was freed before") != NULL);
    ipg_string_free(json + 1); /* points into a string */
    CHECK(ipg_client_set_logger(seen.client, NULL, NULL, NULL, IPG_LOG_TRACE) == IPG_OK);
    ipg_string_free(local);
    FREE_STRING(json);
    CHECK_CODE(ipg_client_stats(seen.client, &json), IPG_OK, json);
    FREE_STRING(json);
    CHECK(seen.lines <= 3); /* a line from before the logger was removed may have been delivered, none after */
    CHECK(ipg_client_free(seen.client) == IPG_OK);
}

static void a_handle_of_another_kind_is_refused(void) {
    ipg_sandbox *sandbox = NULL;
    ipg_client *client = NULL;
    char *json = NULL;
    CHECK_CODE(ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &client, NULL), IPG_OK,
               NULL);
    ipg_code code = ipg_sandbox_start(NULL, &sandbox, &json);
    FREE_STRING(json);
    if (code == IPG_ERR_UNSUPPORTED) { /* a build without the sandbox */
        CHECK(sandbox == NULL);
        CHECK(ipg_sandbox_stop((ipg_sandbox *)client) == IPG_ERR_UNSUPPORTED);
    } else {
        CHECK(code == IPG_OK);
        CHECK_CODE(ipg_client_stats((ipg_client *)sandbox, &json), IPG_ERR_INVALID_HANDLE, json);
        CHECK_VALUE(json, "/error/code", "101");
        FREE_STRING(json);
        CHECK(ipg_sandbox_stop((ipg_sandbox *)client) == IPG_ERR_INVALID_HANDLE);
        CHECK(ipg_client_free((ipg_client *)sandbox) == IPG_ERR_INVALID_HANDLE);
        CHECK(ipg_sandbox_stop(sandbox) == IPG_OK);
        CHECK(ipg_sandbox_stop(sandbox) == IPG_ERR_INVALID_HANDLE);
    }
    CHECK(ipg_client_free(client) == IPG_OK);
}

int main(void) {
    versions_of_header_and_library_agree();
    ipg_code_name_returns_the_name_of_every_code();
    a_json_value_has_a_type_a_text_and_a_length();
    a_missing_json_value_clears_the_out_parameters();
    a_quoted_text_is_read_back_unchanged();
    creating_a_client_returns_its_version_and_base_url();
    the_error_for_a_wrong_configuration_names_the_key();
    freeing_a_pointer_that_is_not_a_live_string_only_logs_a_warning();
    a_handle_of_another_kind_is_refused();
    return check_end();
}
