/* The journal: sessions that are recorded in a file, listed and ended by another client. */
#include "platform.h"

#include "fixture.h"

struct progress {
    int called, finalized, stop_at;
    char last[1024];
};

static int32_t on_progress(void *user_data, const char *json) {
    struct progress *progress = (struct progress *)user_data;
    CHECK(!progress->finalized);
    snprintf(progress->last, sizeof progress->last, "%s", json);
    return ++progress->called == progress->stop_at;
}

static void on_finalized(void *user_data) {
    ((struct progress *)user_data)->finalized++;
}

static void start(ipg_client *client, ipg_code expected) {
    char *json = NULL;
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), expected, json);
    if (expected != IPG_OK) {
        CHECK_VALUE(json, "/error/outcome", "not_sent");
    }
    ipg_string_free(json);
}

static void check_open(ipg_client *client, const char *expected) {
    char *json = NULL, *length = NULL;
    CHECK_CODE(ipg_journal_open(client, NULL, &json), IPG_OK, json);
    CHECK(ipg_json_get(json, expected, NULL, &length, NULL) == IPG_OK);
    ipg_string_free(length);
    ipg_string_free(json);
}

static void end_all(ipg_client *client, struct progress *progress, const char *pointer, const char *expected) {
    char *json = NULL;
    CHECK_CODE(ipg_journal_end_all(client, NULL, on_progress, progress, on_finalized, &json), IPG_OK, json);
    CHECK_VALUE(json, pointer, expected);
    CHECK(progress->finalized == 1);
    ipg_string_free(json);
}

int main(void) {
    char folder[300], more[400], path[320], *json = NULL;
    CHECK(make_temporary_folder(folder, sizeof folder));
    snprintf(path, sizeof path, "%s/journal", folder);
    snprintf(more, sizeof more, ", \"journal\": \"%s\"", path);
    struct fixture fixture = start_fixture(more);

    for (int n = 0; n < 3; n++) {
        start(fixture.client, IPG_OK);
    }
    check_open(fixture.client, "/sessions/2/session_id");

    struct progress stopped = {0, 0, 1, ""}, whole = {0, 0, 0, ""};
    end_all(fixture.client, &stopped, "/ended", "1");
    CHECK(stopped.called == 1);
    CHECK_VALUE(stopped.last, "/result", "ended");
    CHECK_VALUE(stopped.last, "/session/state", "open");
    CHECK_CODE(ipg_journal_resolve(fixture.client, 2, "by hand", &json), IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_journal_resolve(fixture.client, 2, "again", &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK_VALUE(json, "/error/field", "/id");
    FREE_STRING(json);
    end_all(fixture.client, &whole, "/ended", "1");
    CHECK_CODE(ipg_journal_open(fixture.client, "{\"states\": [\"resolved\"]}", &json), IPG_OK, json);
    CHECK_VALUE(json, "/sessions/0/note", "by hand");
    FREE_STRING(json);
    CHECK_CODE(ipg_journal_compact(fixture.client, 0, &json), IPG_OK, json);
    CHECK_VALUE(json, "/removed", "3");
    FREE_STRING(json);
    CHECK_CODE(ipg_client_stats(fixture.client, &json), IPG_OK, json);
    CHECK_VALUE(json, "/journal/failed", "0");
    FREE_STRING(json);

    /* Without a progress function the finalizer still runs. */
    struct progress unused = {0, 0, 0, ""};
    CHECK(ipg_journal_end_all(fixture.client, NULL, NULL, &unused, on_finalized, NULL) == IPG_OK);
    CHECK(unused.finalized == 1 && unused.called == 0);
    CHECK(ipg_journal_end_all(fixture.client, "{\"filter\": {\"states\": 7}}", on_progress, &unused, on_finalized,
                              &json) == IPG_ERR_INVALID_ARGUMENT);
    CHECK_VALUE(json, "/error/field", "/filter/states");
    FREE_STRING(json);
    CHECK(unused.finalized == 2);

    /* A client without a journal, and one whose journal cannot be written. */
    char *config = NULL;
    ipg_sandbox *sandbox = NULL;
    CHECK_CODE(ipg_sandbox_start(NULL, &sandbox, &config), IPG_OK, config);
    ipg_client *plain = client_of(config, ""), *broken = client_of(config, ", \"journal\": \"/dev/null/journal\"");
    CHECK(ipg_journal_open(plain, NULL, NULL) == IPG_ERR_UNSUPPORTED);
    start(broken, IPG_ERR_JOURNAL);
    ipg_string_free(config);
    ipg_client_free(plain);
    ipg_client_free(broken);
    ipg_sandbox_stop(sandbox);

    ipg_client_free(fixture.client);
    ipg_sandbox_stop(fixture.sandbox);
    /* The thread of the journal may still be closing its file. */
    for (int n = 0; n < 100 && rmdir(folder) != 0; n++) {
        char other[330];
        snprintf(other, sizeof other, "%s-wal", path);
        unlink(other);
        snprintf(other, sizeof other, "%s-shm", path);
        unlink(other);
        unlink(path);
        sleep_ms(50);
    }
    return check_end();
}
