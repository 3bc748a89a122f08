/* libcurl's easy interface with one handle that is used again: what most programs in C do. */
#include "curl.h"

struct state {
    struct run *run;
    CURL *curl;
    struct headers headers;
    struct answer answer;
};

static void call(void *of, enum operation operation) {
    struct state *state = of;
    state->answer.length = 0;
    prepare(state->curl, state->run, state->headers, operation);
    check(state->curl, curl_easy_perform(state->curl), &state->answer, operation);
}

int main(int argc, char **argv) {
    struct run run = read_run(argc, argv);
    struct state state = {&run, NULL, {NULL, NULL}, {NULL, 0, 0}};
    curl_global_init(CURL_GLOBAL_ALL);
    state.curl = make_handle(&run, &state.answer);
    state.headers = make_headers();
    one_at_a_time(&run, call, &state);
    return 0;
}
