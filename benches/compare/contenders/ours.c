/*
 * This library through its C interface. Besides the common modes: "ticks", what a tick costs while
 * so many calls wait for a server that does not answer; "idle", with nothing in flight; "epoll",
 * the system call that a tick cannot do without, alone, on a queue of as many sockets; "get",
 * ipg_json_get; "refused", a start whose currency is wrong; "wait", status calls that are submitted
 * and waited for, one at a time; "watch", see the function.
 */
#include "contender.h"
#include "count.h"
#include <iplaygames.h>
#include <sys/epoll.h>

struct state {
    struct run *run;
    ipg_client *client;
    long done;
};

static void must(ipg_code code, char *json) {
    if (code != IPG_OK) {
        die(ipg_code_name(code), json);
    }
    ipg_string_free(json);
}

static ipg_client *make_client(struct run *run) {
    char config[1024], connections[64] = "", ca[512] = "";
    ipg_client *client = NULL;
    char *json = NULL;
    if (run->connections) {
        snprintf(connections, sizeof connections, ", \"max_connections\": %ld", run->connections);
    }
    if (run->ca) {
        snprintf(ca, sizeof ca, ", \"ca_file\": \"%s\", \"ca_only\": true", run->ca);
    }
    snprintf(config, sizeof config,
             "{\"base_url\": \"%s\", \"api_key\": \"" TOKEN "\", \"max_in_flight\": 1048576, \"proxy\": \"none\"%s%s}",
             run->base_url, connections, ca);
    must(ipg_client_new(config, &client, &json), json);
    return client;
}

static void call(void *of, enum operation operation) {
    struct state *state = of;
    char *json = NULL;
    ipg_code code = operation == START    ? ipg_session_start(state->client, START_BODY, &json)
                    : operation == STATUS ? ipg_session_status(state->client, state->run->session, &json)
                                          : ipg_session_end(state->client, state->run->session, &json);
    must(code, json);
}

/* ---- many at a time ---- */

struct slot {
    struct state *state;
    uint64_t from;
    struct slot *next;
};
static struct slot *spare;

static void on_status(void *of, ipg_request *request, ipg_code code, const char *json) {
    struct slot *slot = of;
    struct run *run = slot->state->run;
    (void)request;
    if (code != IPG_OK) {
        die(ipg_code_name(code), json);
    }
    if (++slot->state->done == run->warm) {
        begin(run);
    } else if (slot->state->done > run->warm) {
        took(run, slot->from);
    }
    slot->next = spare;
    spare = slot;
}

static void submit(struct state *state, struct slot *slot) {
    char arguments[256], *json = NULL;
    snprintf(arguments, sizeof arguments, "{\"session_id\": \"%s\"}", state->run->session);
    slot->state = state;
    slot->from = now_ns();
    ipg_code code = ipg_submit(state->client, "get_session_status", arguments, NULL, on_status, slot, NULL, NULL, NULL);
    if (code != IPG_OK) {
        die(ipg_code_name(code), json);
    }
}

static struct slot *make_slots(long count) {
    struct slot *slots = calloc((size_t)count, sizeof *slots);
    for (long i = 0; i < count; i++) {
        slots[i].next = spare;
        spare = &slots[i];
    }
    return slots;
}

/*
 * A tick never sleeps, so neither does this loop: where nothing is ready it spins, and its CPU per
 * call says so. With driver=sleep it sleeps for a fifth of a millisecond after a tick that brought
 * nothing.
 */
static void flight(struct state *state) {
    struct run *run = state->run;
    long asked = 0, total = run->warm + run->calls;
    int sleeps = !strcmp(run->driver, "sleep");
    make_slots(run->flight);
    if (run->warm == 0) {
        begin(run);
    }
    while (state->done < total) {
        while (spare && asked < total) {
            struct slot *slot = spare;
            spare = slot->next;
            asked++;
            submit(state, slot);
        }
        uint32_t ended = 0;
        must(ipg_client_tick(state->client, 2000, &ended), NULL);
        if (ended == 0 && sleeps) {
            struct timespec pause = {0, 200000};
            nanosleep(&pause, NULL);
        }
    }
    finish(run);
}

static void ticks(struct state *state) {
    struct run *run = state->run;
    make_slots(run->flight);
    for (long i = 0; i < run->flight; i++) {
        struct slot *slot = spare;
        spare = slot->next;
        submit(state, slot);
    }
    while (count_of(run->base_url, "/held") < run->flight) {
        for (int i = 0; i < 50; i++) {
            must(ipg_client_tick(state->client, 1000, NULL), NULL);
        }
    }
    for (long i = 0; i < 100; i++) {
        must(ipg_client_tick(state->client, 500, NULL), NULL);
    }
    begin(run);
    for (long i = 0; i < run->calls; i++) {
        uint64_t from = now_ns();
        must(ipg_client_tick(state->client, 500, NULL), NULL);
        took(run, from);
    }
    finish(run);
}

/* The clock costs as much as what is measured here: one reading of it for all. */
static void many(struct run *run, void (*once)(struct state *), struct state *state) {
    for (long i = 0; i < run->warm; i++) {
        once(state);
    }
    begin(run);
    for (long i = 0; i < run->calls; i++) {
        once(state);
    }
    run->taken = run->calls;
    for (long i = 0; i < run->calls; i++) {
        run->times[i] = (now_ns() - run->began) / (uint64_t)run->calls;
    }
    finish(run);
}

static void idle(struct state *state) {
    ipg_client_tick(state->client, 500, NULL);
}

static void get(struct state *state) {
    static const char answer[] =
        "{\"success\": true, \"data\": {\"session_id\": \"abc123\", \"status\": \"active\", \"player_id\": \"player_456\", "
        "\"game\": {\"id\": 123, \"title\": \"Book of Dead\"}, \"started_at\": \"2024-01-01T10:00:00Z\"}}";
    char *status = NULL;
    (void)state;
    must(ipg_json_get(answer, "/data/status", NULL, &status, NULL), NULL);
    ipg_string_free(status);
}

static void refused(struct state *state) {
    char *json = NULL;
    if (ipg_session_start(state->client,
                          "{\"game_id\": 123, \"player_id\": \"p\", \"currency\": \"?\", \"country_code\": \"US\", "
                          "\"ip_address\": \"192.0.2.1\"}",
                          &json) != IPG_ERR_INVALID_ARGUMENT) {
        die("a wrong currency was not refused", json);
    }
    ipg_string_free(json);
}

static void submit_and_wait(struct state *state) {
    ipg_request *request = NULL;
    char *json = NULL;
    must(ipg_submit(state->client, "get_session_status", "{\"session_id\": \"abc123\"}", NULL, NULL, NULL, NULL,
                    &request, NULL),
         NULL);
    must(ipg_request_wait(request, 30000, &json), json);
    ipg_request_free(request);
}

static void epoll(struct run *run) {
    int queue = epoll_create1(0);
    struct epoll_event events[1024], event = {.events = EPOLLIN | EPOLLET};
    for (long i = 0; i < run->flight; i++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || epoll_ctl(queue, EPOLL_CTL_ADD, ends[0], &event)) {
            die("epoll", "cannot watch a socket");
        }
    }
    begin(run);
    for (long i = 0; i < run->calls; i++) {
        uint64_t from = now_ns();
        if (epoll_wait(queue, events, 1024, 0) != 0) {
            die("epoll", "something was ready");
        }
        took(run, from);
    }
    finish(run);
}

/* ---- watching ---- */

static void on_news(void *of, ipg_request *request, ipg_code code, const char *json) {
    struct state *state = of;
    (void)request;
    if (code != IPG_PENDING) {
        die(ipg_code_name(code), json);
    }
    state->done++;
}

/*
 * flight watches, one reading each `warm` milliseconds, in a loop of 250 ticks a second, for
 * `calls` milliseconds after each has been read once. Prints what a watch and a reading cost. The
 * server is server.c, which counts the readings: a watch tells changes alone.
 */
static void watch(struct state *state) {
    struct run *run = state->run;
    long before_kb = own_status("VmRSS:");
    uint64_t from = now_ns();
    for (long i = 0; i < run->flight; i++) {
        must(ipg_session_watch(state->client, run->session, (uint32_t)run->warm, on_news, state, NULL, NULL, NULL),
             NULL);
    }
    uint64_t made = now_ns() - from;
    long asked_kb = own_status("VmRSS:");
    from = now_ns();
    while (state->done < run->flight) {
        must(ipg_client_tick(state->client, 5000, NULL), NULL);
    }
    uint64_t first = now_ns() - from;
    long after_kb = own_status("VmRSS:");
    /* Second readings fell due while the first round still stood in line: they are let go by as
       well. */
    for (uint64_t settled = now_ns() + first + 500000000u; now_ns() < settled;) {
        must(ipg_client_tick(state->client, 2000, NULL), NULL);
    }
    long read_before = count_of(run->base_url, "/answered");
    uint64_t worst = 0, spent = 0;
    long rounds = 0;
    begin(run);
    while (now_ns() - run->began < (uint64_t)run->calls * 1000000u) {
        struct timespec pause = {0, 4000000};
        uint64_t tick = now_ns();
        must(ipg_client_tick(state->client, 2000, NULL), NULL);
        tick = now_ns() - tick;
        worst = tick > worst ? tick : worst;
        spent += tick;
        rounds++;
        nanosleep(&pause, NULL);
    }
    double elapsed = (double)(now_ns() - run->began) / 1e9;
    struct rusage after;
    getrusage(RUSAGE_SELF, &after);
    long readings = count_of(run->base_url, "/answered") - read_before;
    printf("{\"watches\": %ld, \"interval_ms\": %ld, \"seconds\": %.3f, \"make_ns\": %.0f, \"first_round_s\": %.3f, "
           "\"rss_before_kb\": %ld, \"rss_asked_kb\": %ld, \"rss_kb\": %ld, \"readings\": %ld, \"wanted\": %.0f, "
           "\"cpu_s\": %.6f, \"ticks\": %ld, \"tick_mean_ns\": %.0f, \"tick_worst_ns\": %.0f, \"threads\": %ld}\n",
           run->flight, run->warm, elapsed, (double)made / (double)run->flight, (double)first / 1e9, before_kb,
           asked_kb, after_kb, readings, (double)run->flight * elapsed * 1000.0 / (double)run->warm,
           seconds(after.ru_utime, run->before.ru_utime) + seconds(after.ru_stime, run->before.ru_stime), rounds,
           (double)spent / (double)rounds, (double)worst, own_status("Threads:"));
}

int main(int argc, char **argv) {
    struct run run = read_run(argc, argv);
    struct state state = {.run = &run};
    if (!strcmp(run.mode, "epoll")) {
        epoll(&run);
        return 0;
    }
    state.client = make_client(&run);
    if (!strcmp(run.mode, "flight")) flight(&state);
    else if (!strcmp(run.mode, "ticks")) ticks(&state);
    else if (!strcmp(run.mode, "idle")) many(&run, idle, &state);
    else if (!strcmp(run.mode, "get")) many(&run, get, &state);
    else if (!strcmp(run.mode, "refused")) many(&run, refused, &state);
    else if (!strcmp(run.mode, "wait")) many(&run, submit_and_wait, &state);
    else if (!strcmp(run.mode, "watch")) watch(&state);
    else one_at_a_time(&run, call, &state);
    ipg_client_free(state.client);
    return 0;
}
