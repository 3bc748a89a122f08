/* A transport of the host: requests go through functions of this program. What the library reports
   is compared with what the functions received, and the finalizer runs exactly once. */
#include "platform.h"

#include "fixture.h"

/* What the functions of the host saw. */
static int sent, canceled, finalized;
static ipg_exchange *last;
/* The number of the answer that `answer` gives. */
static int mode;

enum { RESPOND, RESPOND_INVALID, FAIL_NOT_SENT, FAIL_SENT, FAIL_CONTRADICTORY, KEEP };

static const char GAMES[] = "{\"success\": true, \"data\": []}";

static void answer(void *user_data, ipg_exchange *exchange, const char *method, const char *url, const char *headers,
                   const void *body, size_t body_len) {
    (void)url, (void)body, (void)body_len;
    CHECK(user_data == &sent);
    CHECK(strcmp(method, "GET") == 0 || strcmp(method, "POST") == 0);
    CHECK(strstr(headers, "authorization: Bearer host-key\r\n") != NULL);
    CHECK(strstr(headers, "x-request-id: ") != NULL);
    ADD(sent, 1);
    STORE(last, exchange);
    switch (mode) {
    case RESPOND_INVALID:
        CHECK_CODE(ipg_exchange_respond(exchange, 199, NULL, NULL, 0), IPG_ERR_INVALID_ARGUMENT, NULL);
        CHECK_CODE(ipg_exchange_respond(exchange, 70000, NULL, NULL, 0), IPG_ERR_INVALID_ARGUMENT, NULL);
        CHECK_CODE(ipg_exchange_respond(exchange, 200, "no colon", NULL, 0), IPG_ERR_INVALID_ARGUMENT, NULL);
        CHECK_CODE(ipg_exchange_respond(exchange, 200, NULL, NULL, 5), IPG_ERR_INVALID_ARGUMENT, NULL);
        CHECK_CODE(ipg_exchange_fail(exchange, IPG_ERR_BUSY, 0, NULL), IPG_ERR_INVALID_ARGUMENT, NULL);
        CHECK_CODE(ipg_exchange_fail(exchange, IPG_ERR_TLS, 0, "\xff"), IPG_ERR_INVALID_ARGUMENT, NULL);
        /* fall through */
    case RESPOND:
        CHECK_CODE(ipg_exchange_respond(exchange, 200, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
                                        GAMES, strlen(GAMES)),
                   IPG_OK, NULL);
        CHECK_CODE(ipg_exchange_fail(exchange, IPG_ERR_TLS, 0, NULL), IPG_ERR_INVALID_HANDLE, NULL);
        break;
    case FAIL_NOT_SENT: CHECK_CODE(ipg_exchange_fail(exchange, IPG_ERR_CONNECT, 0, "no network"), IPG_OK, NULL); break;
    case FAIL_SENT: CHECK_CODE(ipg_exchange_fail(exchange, IPG_ERR_CONNECTION_LOST, 1, NULL), IPG_OK, NULL); break;
    case FAIL_CONTRADICTORY: CHECK_CODE(ipg_exchange_fail(exchange, IPG_ERR_CONNECT, 1, NULL), IPG_OK, NULL); break;
    default: break;
    }
}

static void cancel(void *user_data, ipg_exchange *exchange) {
    CHECK(user_data == &sent && exchange == LOAD(last));
    CHECK_CODE(ipg_exchange_respond(exchange, 200, NULL, NULL, 0), IPG_ERR_INVALID_HANDLE, NULL);
    ADD(canceled, 1);
}

static void finalize(void *user_data) {
    CHECK(user_data == &sent);
    ADD(finalized, 1);
}

static ipg_transport table(void) {
    ipg_transport transport = {sizeof(ipg_transport), &sent, finalize, answer, cancel};
    return transport;
}

static ipg_client *hosted(const char *more) {
    char config[512], *json = NULL;
    ipg_client *client = NULL;
    ipg_transport transport = table();
    STORE(sent, 0), STORE(canceled, 0), STORE(finalized, 0);
    snprintf(config, sizeof config, "{\"api_key\": \"host-key\", \"base_url\": \"http://127.0.0.1:1\"%s}", more);
    CHECK_CODE(ipg_client_new_with_transport(config, &transport, &client, &json), IPG_OK, json);
    CHECK(finalized == 0);
    ipg_string_free(json);
    return client;
}

static void free_hosted(ipg_client *client) {
    CHECK_CODE(ipg_client_free(client), IPG_OK, NULL);
    CHECK(finalized == 1);
}

static void test_answers(void) {
    char *json = NULL;
    ipg_client *client = hosted("");
    mode = RESPOND;
    CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, &json), IPG_OK, json);
    CHECK(json && strcmp(json, GAMES) == 0);
    FREE_STRING(json);
    mode = RESPOND_INVALID;
    CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    CHECK(sent == 2 && canceled == 0);

    /* A start that was certainly not sent is sent again; one that may have been sent is not. */
    STORE(sent, 0);
    mode = FAIL_NOT_SENT;
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_ERR_CONNECT, json);
    CHECK_VALUE(json, "/error/outcome", "not_sent");
    CHECK(sent == 3);
    FREE_STRING(json);
    for (mode = FAIL_SENT; mode <= FAIL_CONTRADICTORY; mode++) {
        STORE(sent, 0);
        CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_ERR_CONNECTION_LOST, json);
        CHECK_VALUE(json, "/error/outcome", "unknown");
        CHECK(sent == 1);
        FREE_STRING(json);
    }
    free_hosted(client);
}

static void test_cancellation(void) {
    char *json = NULL;
    ipg_request *request = NULL;
    ipg_client *client = hosted(", \"max_retries\": 0");
    mode = KEEP;

    /* By the time limit. */
    CHECK_CODE(ipg_call(client, "list_games", NULL, "{\"timeout_ms\": 30}", &json), IPG_ERR_TIMEOUT, json);
    FREE_STRING(json);
    CHECK(sent == 1 && canceled == 1);

    /* By the host, before and after the transport got the request. */
    CHECK_CODE(ipg_submit(client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_request_cancel(request), IPG_OK, NULL);
    CHECK_CODE(ipg_client_tick(client, 0, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_request_free(request), IPG_OK, NULL);
    CHECK(sent == 1 && canceled == 1);
    CHECK_CODE(ipg_submit(client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    TICK_UNTIL(client, sent == 2);
    CHECK_CODE(ipg_request_cancel(request), IPG_OK, NULL);
    CHECK_CODE(ipg_request_free(request), IPG_OK, NULL);
    TICK_UNTIL(client, canceled == 2);

    /* By the free of the client. */
    CHECK_CODE(ipg_submit(client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    TICK_UNTIL(client, sent == 3);
    CHECK_CODE(ipg_client_free(client), IPG_OK, NULL);
    CHECK_CODE(ipg_request_poll(request, &json), IPG_ERR_CANCELED, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_request_free(request), IPG_OK, NULL);
    CHECK(canceled == 3 && finalized == 1);
}

static void refuse(const char *config, const ipg_transport *transport, int finalizes) {
    char *json = NULL;
    ipg_client *client = (ipg_client *)&sent;
    STORE(finalized, 0);
    CHECK_CODE(ipg_client_new_with_transport(config, transport, &client, &json), IPG_ERR_INVALID_ARGUMENT, json);
    CHECK(client == NULL && json != NULL);
    CHECK(finalized == finalizes);
    ipg_string_free(json);
}

static void test_refusals(void) {
    const char *good = "{\"api_key\": \"host-key\"}";
    /* Static, because its padding must be zero, too. */
    static struct {
        ipg_transport known;
        int more;
    } larger;
    ipg_transport transport = table();
    refuse("{\"api_key\": \"host-key\", \"io_thread\": true}", &transport, 1);
    refuse("{\"api_key\": 5}", &transport, 1);
    refuse(good, NULL, 0);
    transport.send = NULL;
    refuse(good, &transport, 1);
    /* A table of an unknown size is not read, so its finalizer is not known either. */
    transport = table();
    transport.size = sizeof transport - 1;
    refuse(good, &transport, 0);
    transport.size = 0;
    refuse(good, &transport, 0);
    larger.known = table();
    larger.known.size = sizeof larger;
    larger.more = 1;
    refuse(good, &larger.known, 1);
    /* Only a check of the configuration. */
    STORE(finalized, 0);
    larger.more = 0;
    CHECK_CODE(ipg_client_new_with_transport(good, &larger.known, NULL, NULL), IPG_OK, NULL);
    CHECK(finalized == 1);
}

/* Answers a kept exchange with these headers. */
static void answer_with_headers(const char *headers, ipg_code expected) {
    char *json = NULL;
    ipg_request *request = NULL;
    ipg_client *client = hosted(", \"max_retries\": 0");
    mode = KEEP;
    CHECK_CODE(ipg_submit(client, "list_games", NULL, NULL, NULL, NULL, NULL, &request, NULL), IPG_OK, NULL);
    TICK_UNTIL(client, sent == 1);
    CHECK_CODE(ipg_exchange_respond(last, 200, headers, GAMES, strlen(GAMES)), IPG_OK, NULL);
    CHECK_CODE(ipg_request_wait(request, TIMEOUT_MS, &json), expected, json);
    if (expected != IPG_OK) {
        CHECK_VALUE(json, "/error/outcome", "unknown");
        CHECK(strstr(json, "secret-value") == NULL);
    }
    FREE_STRING(json);
    CHECK_CODE(ipg_request_free(request), IPG_OK, NULL);
    free_hosted(client);
}

static void test_headers(void) {
    const size_t limit = 64 * 1024;
    char *headers = (char *)malloc(2 * limit + 1);
    answer_with_headers(":\n: no name\n\r\n", IPG_OK);
    answer_with_headers("x-tab: a\tb\n", IPG_OK);
    answer_with_headers("x-request-id: secret-value\x1b[31m\n", IPG_ERR_BAD_RESPONSE);
    answer_with_headers("x\x01y: secret-value\n", IPG_ERR_BAD_RESPONSE);
    /* One header of the greatest size, with CR and LF, and one byte more. */
    memset(headers, 'a', limit);
    memcpy(headers, "x: ", 3);
    headers[limit - 2] = '\0';
    answer_with_headers(headers, IPG_OK);
    headers[limit - 2] = 'a', headers[limit - 1] = '\0';
    answer_with_headers(headers, IPG_ERR_BAD_RESPONSE);
    /* Many headers. */
    for (size_t at = 0; at + 5 <= 2 * limit; at += 5) {
        memcpy(headers + at, "a: b\n", 6);
    }
    answer_with_headers(headers, IPG_ERR_BAD_RESPONSE);
    free(headers);
}

/* Functions that drive, inside `send`. */
static void drive_inside(void *user_data, ipg_exchange *exchange, const char *method, const char *url,
                         const char *headers, const void *body, size_t body_len) {
    ipg_client *client = *(ipg_client **)user_data;
    (void)method, (void)url, (void)headers, (void)body, (void)body_len;
    CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, NULL), IPG_ERR_UNSUPPORTED, NULL);
    CHECK_CODE(ipg_client_tick(client, 1000, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_client_shutdown(client, 1000), IPG_ERR_UNSUPPORTED, NULL);
    ipg_exchange_respond(exchange, 200, NULL, GAMES, strlen(GAMES));
    CHECK_CODE(ipg_exchange_respond(exchange, 200, NULL, NULL, 0), IPG_ERR_INVALID_HANDLE, NULL);
}

static void test_driving_inside_send(void) {
    ipg_client *client = NULL;
    char *json = NULL;
    ipg_transport transport = {sizeof transport, &client, NULL, drive_inside, NULL};
    CHECK_CODE(ipg_client_new_with_transport("{\"api_key\": \"k\"}", &transport, &client, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, &json), IPG_ERR_CANCELED, json);
    CHECK_VALUE(json, "/error/outcome", "unknown");
    FREE_STRING(json);
    CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, NULL), IPG_ERR_SHUT_DOWN, NULL);
    CHECK_CODE(ipg_client_free(client), IPG_OK, NULL);
}

static void test_misuse(void) {
    ipg_client *client = hosted("");
    ipg_exchange *number = (ipg_exchange *)(size_t)0x1234567;
    CHECK_CODE(ipg_exchange_respond(NULL, 200, NULL, NULL, 0), IPG_ERR_INVALID_HANDLE, NULL);
    CHECK_CODE(ipg_exchange_respond(number, 200, NULL, NULL, 0), IPG_ERR_INVALID_HANDLE, NULL);
    CHECK_CODE(ipg_exchange_fail(NULL, IPG_ERR_TLS, 0, NULL), IPG_ERR_INVALID_HANDLE, NULL);
    CHECK_CODE(ipg_exchange_fail((ipg_exchange *)client, IPG_ERR_TLS, 0, NULL), IPG_ERR_INVALID_HANDLE, NULL);
    CHECK_CODE(ipg_client_free((ipg_client *)number), IPG_ERR_INVALID_HANDLE, NULL);
    free_hosted(client);
}

/* Threads that answer the same exchanges at the same time: one of them succeeds. */
#define ANSWERERS 8
static ipg_exchange *shared;
static int successes, stop;

static void *answer_shared(void *unused) {
    (void)unused;
    while (!LOAD(stop)) {
        ipg_exchange *exchange = LOAD(shared);
        ipg_code code =
            exchange ? ipg_exchange_respond(exchange, 200, "Content-Type: application/json\n", GAMES, strlen(GAMES))
                     : IPG_ERR_INVALID_HANDLE;
        if (code == IPG_OK) {
            ADD(successes, 1);
        } else {
            CHECK(code == IPG_ERR_INVALID_HANDLE);
            sched_yield();
        }
    }
    return NULL;
}

static void share(void *user_data, ipg_exchange *exchange, const char *method, const char *url, const char *headers,
                  const void *body, size_t body_len) {
    (void)user_data, (void)method, (void)url, (void)headers, (void)body, (void)body_len;
    STORE(shared, exchange);
}

static void test_threads(void) {
    pthread_t threads[ANSWERERS];
    ipg_transport transport = {sizeof transport, &sent, finalize, share, NULL};
    ipg_client *client = NULL;
    int i;
    STORE(finalized, 0);
    CHECK_CODE(ipg_client_new_with_transport("{\"api_key\": \"k\"}", &transport, &client, NULL), IPG_OK, NULL);
    for (i = 0; i < ANSWERERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, answer_shared, NULL) == 0);
    }
    for (i = 0; i < 200; i++) {
        CHECK_CODE(ipg_call(client, "list_games", NULL, NULL, NULL), IPG_OK, NULL);
    }
    STORE(stop, 1);
    for (i = 0; i < ANSWERERS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(successes == 200);
    free_hosted(client);
}

/* A library of the host in small: HTTP/1.1 over a socket, on a thread of its own. */
struct exchange_job {
    ipg_exchange *exchange;
    unsigned short port;
    char *bytes;
    size_t length;
};

static void *perform(void *data) {
    struct exchange_job *job = (struct exchange_job *)data;
    struct sockaddr_in address;
    char *received = (char *)malloc(1 << 16), *body = NULL, *line = NULL;
    size_t length = 0, written = 0;
    socket_t fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(job->port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(received != NULL && is_socket(fd));
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    while (written < job->length) {
        ssize_t count = send(fd, job->bytes + written, job->length - written, MSG_NOSIGNAL);
        if (count <= 0) {
            break;
        }
        written += (size_t)count;
    }
    for (;;) {
        ssize_t count = recv(fd, received + length, (1 << 16) - 1 - length, 0);
        if (count <= 0) {
            break;
        }
        length += (size_t)count;
    }
    received[length] = '\0';
    body = strstr(received, "\r\n\r\n");
    line = strchr(received, ' ');
    if (body && line) {
        *body = '\0', body += 4;
        CHECK_CODE(ipg_exchange_respond(job->exchange, (uint32_t)atoi(line), received, body,
                                        length - (size_t)(body - received)),
                   IPG_OK, NULL);
    } else {
        CHECK_CODE(ipg_exchange_fail(job->exchange, IPG_ERR_CONNECTION_LOST, 1, "no response"), IPG_OK, NULL);
    }
    close_socket(fd);
    free(received);
    free(job->bytes);
    free(job);
    return NULL;
}

static void send_over_socket(void *user_data, ipg_exchange *exchange, const char *method, const char *url,
                             const char *headers, const void *body, size_t body_len) {
    struct exchange_job *job = (struct exchange_job *)malloc(sizeof *job);
    const char *port = strchr(url + strlen("http://"), ':') + 1;
    const char *target = strchr(port, '/');
    size_t room = strlen(url) + strlen(headers) + body_len + 200;
    pthread_t thread;
    ADD(*(int *)user_data, 1);
    job->exchange = exchange;
    job->port = (unsigned short)atoi(port);
    job->bytes = (char *)malloc(room);
    job->length = (size_t)snprintf(job->bytes, room,
                                   "%s %s HTTP/1.1\r\nhost: localhost:%u\r\nconnection: close\r\n"
                                   "content-length: %lu\r\n%s\r\n",
                                   method, target, job->port, (unsigned long)body_len, headers);
    if (body_len) {
        memcpy(job->bytes + job->length, body, body_len);
        job->length += body_len;
    }
    CHECK(pthread_create(&thread, NULL, perform, job) == 0);
    pthread_detach(thread);
}

static void test_session(void) {
    ipg_sandbox *sandbox = NULL;
    ipg_client *client = NULL;
    char *config = NULL, *json = NULL, *id = NULL;
    int requests = 0;
    ipg_transport transport = {sizeof transport, &requests, NULL, send_over_socket, NULL};
    CHECK_CODE(ipg_sandbox_start(NULL, &sandbox, &config), IPG_OK, config);
    CHECK_CODE(ipg_client_new_with_transport(config, &transport, &client, NULL), IPG_OK, NULL);
    CHECK_CODE(ipg_session_start(client, START_ARGS, &json), IPG_OK, json);
    CHECK_CODE(ipg_json_get(json, "/data/session_id", NULL, &id, NULL), IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_session_status(client, id, &json), IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_session_end(client, id, &json), IPG_OK, json);
    FREE_STRING(json);
    CHECK_CODE(ipg_session_end(client, "no-such-session", &json), IPG_ERR_NOT_FOUND, json);
    FREE_STRING(json);
    CHECK(LOAD(requests) == 4);
    CHECK_CODE(ipg_sandbox_control(sandbox, "{\"command\": \"counts\"}", &json), IPG_OK, json);
    CHECK_VALUE(json, "/requests/total", "4");
    CHECK_VALUE(json, "/sessions/closed", "1");
    ipg_string_free(json);
    ipg_string_free(id);
    ipg_string_free(config);
    CHECK_CODE(ipg_client_free(client), IPG_OK, NULL);
    CHECK_CODE(ipg_sandbox_stop(sandbox), IPG_OK, NULL);
}

int main(void) {
    CHECK(start_sockets());
    test_answers();
    test_cancellation();
    test_refusals();
    test_headers();
    test_driving_inside_send();
    test_misuse();
    test_threads();
    test_session();
    return check_end();
}
