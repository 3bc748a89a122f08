/*
 * libcurl's multi interface: status calls, so many at a time, in one thread. driver=poll is what
 * its documentation begins with (curl_multi_perform and curl_multi_poll); driver=epoll is what it
 * recommends for many connections (curl_multi_socket_action with an event queue of the program's
 * own). MODE "ticks" measures what one round costs while that many calls wait for a server that
 * does not answer.
 */
#include "curl.h"
#include "count.h"
#include <sys/epoll.h>

struct slot {
    CURL *curl;
    struct answer answer;
    uint64_t from;
};

static int queue;
static uint64_t due = UINT64_MAX;

static int on_socket(CURL *curl, curl_socket_t socket, int what, void *of, void *known) {
    CURLM *multi = of;
    struct epoll_event event = {.data.fd = socket};
    (void)curl;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(queue, EPOLL_CTL_DEL, socket, NULL);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
    epoll_ctl(queue, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
    curl_multi_assign(multi, socket, multi);
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *of) {
    (void)multi;
    (void)of;
    due = ms < 0 ? UINT64_MAX : now_ns() + (uint64_t)ms * 1000000u;
    return 0;
}

/* One round of the event queue; `wait_ms` 0 never sleeps. */
static void epoll_round(CURLM *multi, long wait_ms) {
    struct epoll_event events[256];
    int running;
    uint64_t now = now_ns();
    if (due != UINT64_MAX) {
        long left = due <= now ? 0 : (long)((due - now + 999999u) / 1000000u);
        wait_ms = left < wait_ms ? left : wait_ms;
    }
    int ready = epoll_wait(queue, events, 256, (int)wait_ms);
    for (int i = 0; i < ready; i++) {
        int what = (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                   (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
        curl_multi_socket_action(multi, events[i].data.fd, what, &running);
    }
    if (due <= now_ns()) {
        due = UINT64_MAX;
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void round_of(CURLM *multi, int epoll, long wait_ms) {
    int running;
    if (epoll) {
        epoll_round(multi, wait_ms);
    } else {
        curl_multi_perform(multi, &running);
    }
}

static void ticks(struct run *run, CURLM *multi, int epoll) {
    while (count_of(run->base_url, "/held") < run->flight) {
        for (int i = 0; i < 50; i++) {
            round_of(multi, epoll, 1);
        }
    }
    for (long i = 0; i < 100; i++) {
        round_of(multi, epoll, 0);
    }
    begin(run);
    for (long i = 0; i < run->calls; i++) {
        uint64_t from = now_ns();
        round_of(multi, epoll, 0);
        took(run, from);
    }
    finish(run);
}

int main(int argc, char **argv) {
    struct run run = read_run(argc, argv);
    int epoll = !strcmp(run.driver, "epoll");
    curl_global_init(CURL_GLOBAL_ALL);
    CURLM *multi = curl_multi_init();
    struct headers headers = make_headers();
    struct slot *slots = calloc((size_t)run.flight, sizeof *slots);
    if (epoll) {
        queue = epoll_create1(EPOLL_CLOEXEC);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    }
    if (run.connections) {
        curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, run.connections);
    }
    for (long i = 0; i < run.flight; i++) {
        slots[i].curl = make_handle(&run, &slots[i].answer);
        curl_easy_setopt(slots[i].curl, CURLOPT_PRIVATE, &slots[i]);
        prepare(slots[i].curl, &run, headers, STATUS);
        slots[i].from = now_ns();
        curl_multi_add_handle(multi, slots[i].curl);
    }
    if (!strcmp(run.mode, "ticks")) {
        ticks(&run, multi, epoll);
        return 0;
    }
    long done = 0, asked = run.flight, total = run.warm + run.calls;
    if (run.warm == 0) {
        begin(&run);
    }
    while (done < total) {
        int left;
        round_of(multi, epoll, 1000);
        for (CURLMsg *news; (news = curl_multi_info_read(multi, &left));) {
            struct slot *slot;
            if (news->msg != CURLMSG_DONE) {
                continue;
            }
            curl_easy_getinfo(news->easy_handle, CURLINFO_PRIVATE, (char **)&slot);
            check(slot->curl, news->data.result, &slot->answer, STATUS);
            if (++done == run.warm) {
                begin(&run);
            } else if (done > run.warm) {
                took(&run, slot->from);
            }
            curl_multi_remove_handle(multi, slot->curl);
            slot->answer.length = 0;
            if (asked < total) {
                asked++;
                prepare(slot->curl, &run, headers, STATUS);
                slot->from = now_ns();
                curl_multi_add_handle(multi, slot->curl);
            }
        }
        if (!epoll && done < total) {
            curl_multi_poll(multi, NULL, 0, 1000, NULL);
        }
    }
    finish(&run);
    return 0;
}
