/* A process that forks while other threads are inside the library. The child never hangs, and the
   handles and strings that it inherited are valid. */
#include "check.h"
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 50

static ipg_client *client;
/* Two requests are in flight in the parent: `kept` has a handle, the other frees itself. `called`
   counts callbacks. */
static ipg_request *kept;
static int called;
static volatile int done;

static int finalized;

static void on_finalized(void *user_data) {
    (void)user_data;
    finalized++;
}

static void on_end(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)user_data, (void)request, (void)code, (void)json;
    called++;
}

static void *use_the_library(void *unused) {
    (void)unused;
    while (!done) {
        char *json = NULL, *value = NULL;
        ipg_client *other = NULL;
        CHECK_CODE(ipg_client_stats(client, &json), IPG_OK, json);
        CHECK_CODE(ipg_json_get(json, "", NULL, &value, NULL), IPG_OK, json);
        CHECK_CODE(ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &other, NULL), IPG_OK,
                   NULL);
        ipg_string_free(value);
        ipg_string_free(json);
        ipg_client_free(other);
    }
    return NULL;
}

/* Runs in the child and returns its exit status. It uses no lock of the test. */
static int run_child(char *inherited) {
    char *json = NULL, *value = NULL;
    ipg_client *mine = NULL;
    alarm(20); /* a child that hangs fails */
    ipg_string_free(inherited);
    if (ipg_client_stats(client, &json) != IPG_OK) {
        return 1;
    }
    if (ipg_json_get(json, "", NULL, &value, NULL) != IPG_OK) {
        return 2;
    }
    ipg_string_free(value);
    ipg_string_free(json);
    if (ipg_client_new("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\"}", &mine, NULL) != IPG_OK) {
        return 3;
    }
    if (ipg_client_free(mine) != IPG_OK || ipg_client_free(mine) != IPG_ERR_INVALID_HANDLE) {
        return 4;
    }
    /* The parent's requests are not in flight here, and their callbacks never run. */
    if (ipg_request_poll(kept, &json) != IPG_ERR_INVALID_HANDLE || !json) {
        return 5;
    }
    ipg_string_free(json);
    if (ipg_request_wait(kept, 1000, NULL) != IPG_ERR_INVALID_HANDLE ||
        ipg_request_cancel(kept) != IPG_ERR_INVALID_HANDLE || ipg_request_free(kept) != IPG_ERR_INVALID_HANDLE ||
        ipg_request_free(kept) != IPG_ERR_INVALID_HANDLE) {
        return 6;
    }
    for (int n = 0; n < 10; n++) {
        if (ipg_client_tick(client, 500, NULL) != IPG_OK || called) {
            return 7;
        }
    }
    /* The child submits its own requests, on its own connection. */
    if (ipg_submit(client, "list_games", NULL, NULL, on_end, NULL, NULL, NULL, NULL) != IPG_OK ||
        ipg_submit(client, "list_games", NULL, NULL, NULL, NULL, NULL, &kept, NULL) != IPG_OK ||
        ipg_request_wait(kept, 20000, NULL) == IPG_PENDING || ipg_request_free(kept) != IPG_OK) {
        return 8;
    }
    while (!called) {
        ipg_client_tick(client, 500, NULL);
    }
    if (getpid() % 2 && (ipg_client_shutdown(client, 1000) != IPG_OK || called != 1)) {
        return 9;
    }
    if (ipg_client_free(client) != IPG_OK) {
        return 10;
    }
    /* The parent passed finalizers, and the child passed none. */
    return finalized == 0 ? 0 : 11;
}

/* A callback that forks. The child returns from it too, and has no request of the parent. */
static void fork_in_callback(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)request, (void)code, (void)json;
    *(pid_t *)user_data = fork();
    if (*(pid_t *)user_data == 0) {
        alarm(20);
    }
}

static void a_callback_may_fork(const char *config) {
    ipg_client *mine = NULL;
    uint32_t completed = 0;
    pid_t process = -1;
    int status = -1;
    CHECK_CODE(ipg_client_new(config, &mine, NULL), IPG_OK, NULL);
    ipg_request *first = NULL, *second = NULL;
    CHECK_CODE(ipg_submit(mine, "list_games", NULL, NULL, fork_in_callback, &process, on_finalized, &first, NULL),
               IPG_OK, NULL);
    CHECK_CODE(ipg_submit(mine, "list_games", NULL, NULL, on_end, NULL, on_finalized, &second, NULL), IPG_OK, NULL);
    called = finalized = 0;
    CHECK(ipg_request_cancel(first) == IPG_OK && ipg_request_cancel(second) == IPG_OK);
    CHECK(ipg_client_tick(mine, 1000000, &completed) == IPG_OK);
    if (process == 0) {
        int good = called == 0 && ipg_client_tick(mine, 500, NULL) == IPG_OK && called == 0 &&
                   ipg_request_free(first) == IPG_ERR_INVALID_HANDLE &&
                   ipg_submit(mine, "list_games", NULL, NULL, on_end, NULL, NULL, NULL, NULL) == IPG_OK;
        while (good && !called) {
            ipg_client_tick(mine, 500, NULL);
        }
        _exit(good && ipg_client_free(mine) == IPG_OK && finalized == 0 ? 0 : 1);
    }
    CHECK(completed == 2 && called == 1 && finalized == 2);
    CHECK(process > 0 && waitpid(process, &status, 0) == process);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(ipg_request_free(first) == IPG_OK && ipg_request_free(second) == IPG_OK);
    CHECK(ipg_client_free(mine) == IPG_OK);
}

static void children_can_use_inherited_clients_and_strings(const char *config) {
    pthread_t threads[2];
    called = finalized = 0;
    done = 0;
    CHECK_CODE(ipg_client_new(config, &client, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_submit(client, "list_games", NULL, NULL, on_end, NULL, on_finalized, &kept, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_submit(client, "list_games", NULL, NULL, on_end, NULL, on_finalized, NULL, NULL), IPG_OK, NULL);
    for (int n = 0; n < 2; n++) {
        CHECK(pthread_create(&threads[n], NULL, use_the_library, NULL) == 0);
    }
    for (int n = 0; n < CHILDREN; n++) {
        char *inherited = NULL;
        int status = -1;
        CHECK_CODE(ipg_json_quote("from the parent", (size_t)-1, &inherited), IPG_OK, inherited);
        pid_t process = fork();
        if (process == 0) {
            _exit(run_child(inherited));
        }
        CHECK(process > 0 && waitpid(process, &status, 0) == process);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        CHECK(strcmp(inherited, "\"from the parent\"") == 0);
        ipg_string_free(inherited);
    }
    done = 1;
    for (int n = 0; n < 2; n++) {
        pthread_join(threads[n], NULL);
    }
    /* The forks did not change the parent's calls. */
    CHECK(ipg_request_wait(kept, 20000, NULL) != IPG_PENDING);
    CHECK(ipg_client_shutdown(client, 20000) == IPG_OK && called == 2);
    CHECK(ipg_request_free(kept) == IPG_OK);
    CHECK(ipg_client_free(client) == IPG_OK && finalized == 2);
}

static int hosted_finalized;
static ipg_exchange *kept_exchange;

static void keep_exchange(void *user_data, ipg_exchange *exchange, const char *method, const char *url,
                          const char *headers, const void *body, size_t body_len) {
    (void)user_data, (void)method, (void)url, (void)headers, (void)body, (void)body_len;
    kept_exchange = exchange;
}

static void count_finalizer(void *user_data) {
    *(int *)user_data += 1;
}

/* A child that frees an inherited client does not run the parent's finalizer. */
static void a_child_never_runs_a_finalizer_of_its_parent(void) {
    ipg_transport transport = {sizeof transport, &hosted_finalized, count_finalizer, keep_exchange, NULL};
    ipg_client *hosted = NULL;
    ipg_request *request = NULL;
    int status = -1;
    CHECK_CODE(ipg_client_new_with_transport("{\"api_key\": \"k\"}", &transport, &hosted, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_submit(hosted, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_client_tick(hosted, 500, NULL), IPG_OK, NULL);
    pid_t process = fork();
    if (process == 0) {
        alarm(20);
        int good = ipg_client_tick(hosted, 500, NULL) == IPG_OK && ipg_client_free(hosted) == IPG_OK;
        _exit(good && hosted_finalized == 0 ? 0 : 1);
    }
    CHECK(process > 0 && waitpid(process, &status, 0) == process);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(ipg_client_free(hosted) == IPG_OK && ipg_request_free(request) == IPG_OK);
    CHECK(hosted_finalized == 1);
}

/* The answer of a child would wake the parent's runtime through a descriptor of the parent. */
static void a_child_cannot_answer_an_exchange_of_its_parent(void) {
    ipg_transport transport = {sizeof transport, &hosted_finalized, NULL, keep_exchange, NULL};
    ipg_client *hosted = NULL;
    ipg_request *request = NULL;
    int status = -1;
    CHECK_CODE(ipg_client_new_with_transport("{\"api_key\": \"k\"}", &transport, &hosted, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_submit(hosted, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    kept_exchange = NULL;
    while (!kept_exchange) {
        CHECK_CODE(ipg_client_tick(hosted, 500, NULL), IPG_OK, NULL);
    }
    pid_t process = fork();
    if (process == 0) {
        alarm(20);
        int good = ipg_exchange_respond(kept_exchange, 200, NULL, "{}", 2) == IPG_ERR_INVALID_HANDLE &&
                   ipg_exchange_fail(kept_exchange, IPG_ERR_CONNECT, 0, NULL) == IPG_ERR_INVALID_HANDLE;
        _exit(good && ipg_client_free(hosted) == IPG_OK ? 0 : 1);
    }
    CHECK(process > 0 && waitpid(process, &status, 0) == process);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_CODE(ipg_request_poll(request, NULL), IPG_PENDING, NULL);
    CHECK_CODE(ipg_exchange_fail(kept_exchange, IPG_ERR_TLS, 0, NULL), IPG_OK, NULL);
    CHECK(ipg_client_free(hosted) == IPG_OK && ipg_request_free(request) == IPG_OK);
}

int main(void) {
    a_child_never_runs_a_finalizer_of_its_parent();
    a_child_cannot_answer_an_exchange_of_its_parent();
    children_can_use_inherited_clients_and_strings(
        "{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\", \"max_retries\": 0}");
    children_can_use_inherited_clients_and_strings(
        "{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\", \"max_retries\": 0, \"io_thread\": true}");
    a_callback_may_fork("{\"base_url\": \"http://127.0.0.1:9\", \"api_key\": \"k\", \"max_retries\": 0}");
    return check_end();
}
