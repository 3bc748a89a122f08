/*
 * A game loop with SDL2 that starts, watches and ends a game session without waiting for the
 * network. It submits calls, ipg_client_tick() drives them once a frame, and their callbacks run
 * inside it, on the game's own thread. The program uses the sandbox, which runs the API in this
 * process.
 *
 *     game                      plays the session and prints the durations of the frames
 *     game --histogram FILE     keeps 1,000 calls in flight for five seconds and draws the frames
 */
#include "frames.h"

#include <SDL.h>
#include <iplaygames.h>
#include <iplaygames_sandbox.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_MS (1000.0 / 60)
#define TICK_BUDGET_US 2000 /* of a frame's 16,667 */

/* ---- the session: copy this part into a game
   ----------------------------------------------------- */

enum phase { IDLE, STARTING, PLAYING, ENDING, OVER, FAILED };
static const char *const PHASES[] = {"idle", "starting", "playing", "ending", "over", "failed"};

struct session {
    ipg_client *client;
    ipg_request *watch; /* owned; the other calls free themselves after their callback */
    char *id, *url;     /* strings that the library allocated */
    enum phase phase;
    int updates; /* how many statuses the watch has reported */
};

static void session_failed(struct session *session, const char *action, ipg_code code, const char *json) {
    fprintf(stderr, "%s: %s\n%s\n", action, ipg_code_name(code), json ? json : "");
    session->phase = FAILED;
}

/* Callbacks run inside ipg_client_tick(), on this thread: they may change the game and call the
   library. The library owns `json`, which is valid only during the callback. */
static void on_watch(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct session *session = user_data;
    (void)request;
    char *status = NULL;
    if (code != IPG_OK && code != IPG_PENDING) {
        session_failed(session, "watch", code, json);
    } else if (ipg_json_get(json, "/data/status", NULL, &status, NULL) == IPG_OK) {
        printf("watch: the session is %s\n", status);
        session->updates++;
        if (code == IPG_OK) session->phase = OVER; /* the session is no longer active, and the watch has ended */
    }
    ipg_string_free(status);
}

static void on_started(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct session *session = user_data;
    (void)request;
    if (code != IPG_OK) {
        /* With the outcome "unknown" in the document, a session may exist. */
        session_failed(session, "start", code, json);
        return;
    }
    code = ipg_json_get(json, "/data/session_id", NULL, &session->id, NULL);
    if (code == IPG_OK) code = ipg_json_get(json, "/data/game_url", NULL, &session->url, NULL);
    if (code != IPG_OK) {
        session_failed(session, "start", code, json);
        return;
    }
    printf("start: play at %s\n", session->url);
    session->phase = PLAYING;
    char *error = NULL;
    code = ipg_session_watch(session->client, session->id, 100, on_watch, session, NULL, &session->watch, &error);
    if (code != IPG_OK) session_failed(session, "watch", code, error);
    ipg_string_free(error);
}

static void on_ended(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    (void)request;
    if (code != IPG_OK) session_failed(user_data, "end", code, json);
    else printf("end: done\n");
}

static void session_start(struct session *session, const char *player) {
    char *name = NULL, *answer = NULL, arguments[512];
    ipg_code code =
        ipg_json_quote(player, (size_t)-1, &name); /* a name may contain quotes and other special characters */
    if (code == IPG_OK) {
        snprintf(arguments, sizeof arguments,
                 "{\"game_id\": 42, \"player_id\": %s, \"currency\": \"EUR\", \"country_code\": \"DE\","
                 " \"ip_address\": \"203.0.113.9\"}",
                 name);
        code = ipg_submit(session->client, "start_a_game_session", arguments, NULL, on_started, session, NULL, NULL,
                          &answer);
    }
    if (code == IPG_OK) session->phase = STARTING;
    else session_failed(session, "start", code, answer ? answer : name);
    ipg_string_free(answer);
    ipg_string_free(name);
}

static void session_end(struct session *session) {
    char *id = NULL, *answer = NULL, arguments[512];
    ipg_code code = ipg_json_quote(session->id, (size_t)-1, &id);
    if (code == IPG_OK) {
        snprintf(arguments, sizeof arguments, "{\"session_id\": %s}", id);
        code =
            ipg_submit(session->client, "end_a_game_session", arguments, NULL, on_ended, session, NULL, NULL, &answer);
    }
    if (code == IPG_OK) session->phase = ENDING;
    else session_failed(session, "end", code, answer);
    ipg_string_free(answer);
    ipg_string_free(id);
}

/* Call this after the client is shut down: until then a callback may run. */
static void session_free(struct session *session) {
    if (session->watch) ipg_request_free(session->watch);
    ipg_string_free(session->id);
    ipg_string_free(session->url);
    memset(session, 0, sizeof *session);
}

/* ---- frames
   -------------------------------------------------------------------------------------- */

struct game {
    SDL_Window *window;
    SDL_Renderer *renderer;
    ipg_sandbox *sandbox;
    ipg_client *client;
    uint64_t start; /* the start of the first frame, in ticks of SDL's performance counter */
    long frame;
    bool quit;
};

static double now_ms(const struct game *game) {
    return (double)(SDL_GetPerformanceCounter() - game->start) * 1000 / (double)SDL_GetPerformanceFrequency();
}

static void draw(const struct game *game, int colour) {
    SDL_SetRenderDrawColor(game->renderer, 20, 24, 32, 255);
    SDL_RenderClear(game->renderer);
    for (int i = 0; i < 40; i++) {
        SDL_Rect box = {(int)(game->frame * 4 + i * 53) % 640, 20 + i * 8, 48, 6};
        SDL_SetRenderDrawColor(game->renderer, (Uint8)(80 + colour * 30), (Uint8)(200 - i * 3), 160, 255);
        SDL_RenderFillRect(game->renderer, &box);
    }
    SDL_RenderPresent(game->renderer);
}

/* Durations of a series of frames: the whole frame, the tick in it, and the CPU time of that tick.
   On a busy machine the last two differ. */
struct times {
    struct frames whole, tick, cpu;
};

static void print_times(const char *label, const struct times *times) {
    printf("%s\n", label);
    frames_print("  frame", &times->whole);
    frames_print("  tick", &times->tick);
    frames_print("  tick, CPU time", &times->cpu);
}

/* Runs one frame: input, network, drawing, and a sleep until the next frame is due. */
static void run_frame(struct game *game, int colour, struct times *times) {
    double start = now_ms(game);
    SDL_Event event;
    while (SDL_PollEvent(&event)) game->quit |= event.type == SDL_QUIT;

    double before = now_ms(game), cpu_before = frames_cpu_ms();
    ipg_client_tick(game->client, TICK_BUDGET_US, NULL);
    double after = now_ms(game), cpu_after = frames_cpu_ms();

    draw(game, colour);
    double end = now_ms(game);
    frames_add(&times->whole, end - start);
    frames_add(&times->tick, after - before);
    frames_add(&times->cpu, cpu_after - cpu_before);

    /* Deadlines are multiples of the frame time, so that rounding to milliseconds does not add up.
       After a late frame the missed frames are skipped. */
    double remaining = (double)++game->frame * FRAME_MS - end;
    if (remaining > 0) SDL_Delay((Uint32)(remaining + 0.5));
    else game->frame = (long)(end / FRAME_MS) + 1;
}

static bool game_open(struct game *game, const char *more_config) {
    if (SDL_Init(SDL_INIT_VIDEO) != 0) {
        fprintf(stderr, "SDL: %s\n", SDL_GetError());
        return false;
    }
    game->window = SDL_CreateWindow("iplaygames", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, 640, 360, 0);
    game->renderer = game->window ? SDL_CreateRenderer(game->window, -1, SDL_RENDERER_SOFTWARE) : NULL;
    if (!game->renderer) {
        fprintf(stderr, "SDL: %s\n", SDL_GetError());
        return false;
    }
    printf("SDL's video driver is %s\n", SDL_GetCurrentVideoDriver());

    /* The sandbox returns the configuration of a client. A real game uses the address of a relay
       that adds the operator's key: {"base_url": "https://relay.example"}. */
    char *json = NULL, *url = NULL, *key = NULL, config[1024];
    ipg_code code = ipg_sandbox_start(NULL, &game->sandbox, &json);
    if (code == IPG_OK) code = ipg_json_get(json, "/base_url", NULL, &url, NULL);
    if (code == IPG_OK) code = ipg_json_get(json, "/api_key", NULL, &key, NULL);
    if (code == IPG_OK) {
        snprintf(config, sizeof config, "{\"base_url\": \"%s\", \"api_key\": \"%s\"%s}", url, key, more_config);
        ipg_string_free(json);
        code = ipg_client_new(config, &game->client, &json);
    }
    if (code != IPG_OK) fprintf(stderr, "%s: %s\n", ipg_code_name(code), json ? json : "");
    ipg_string_free(key);
    ipg_string_free(url);
    ipg_string_free(json);

    /* Connects before the first call. A game does this on its loading screen. */
    if (code == IPG_OK) code = ipg_client_prewarm(game->client, 2000, NULL);
    game->start = SDL_GetPerformanceCounter();
    return code == IPG_OK;
}

static void game_close(struct game *game) {
    if (game->client) {
        ipg_client_shutdown(game->client, 1000); /* runs the last callbacks */
        ipg_client_free(game->client);
    }
    if (game->sandbox) ipg_sandbox_stop(game->sandbox);
    SDL_DestroyRenderer(game->renderer);
    SDL_DestroyWindow(game->window);
    SDL_Quit();
}

/* ---- playing the session
   ------------------------------------------------------------------------- */

static int play(struct game *game) {
    static struct times idle, active;
    if (!game_open(game, "")) return EXIT_FAILURE;
    struct session session = {.client = game->client};
    enum phase shown = IDLE;
    const double start_ms = 2000, end_ms = 5000, timeout_ms = 15000;

    while (!game->quit && session.phase < OVER) {
        run_frame(game, session.phase, session.phase == IDLE ? &idle : &active);
        if (session.phase == IDLE && now_ms(game) > start_ms) session_start(&session, "player \"seven\"");
        if (session.phase == PLAYING && now_ms(game) > end_ms) session_end(&session);
        if (session.phase != shown) printf("%6.0f ms: %s\n", now_ms(game), PHASES[shown = session.phase]);
        if (now_ms(game) > timeout_ms) session_failed(&session, "the session does not end", IPG_ERR_TIMEOUT, NULL);
    }
    /* The watch reports an active session, and then its end. */
    bool passed = session.phase == OVER && session.updates == 2;
    game_close(game);
    session_free(&session);

    print_times("without traffic", &idle);
    print_times("with traffic", &active);
    puts(passed ? "the run succeeded" : "FAILED");
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- 1,000 calls in flight
   ----------------------------------------------------------------------- */

enum { CALLS = 1000, SECONDS = 5 };

struct load {
    ipg_client *client;
    int in_flight;
    long done, failed;
    bool stopped;
};

static void submit_load_call(struct load *load);

static void on_load_reply(void *user_data, ipg_request *request, ipg_code code, const char *json) {
    struct load *load = user_data;
    (void)request;
    load->in_flight--;
    load->done++;
    if (code != IPG_OK && load->failed++ == 0) fprintf(stderr, "%s: %s\n", ipg_code_name(code), json);
    if (!load->stopped) submit_load_call(load);
}

static void submit_load_call(struct load *load) {
    if (ipg_submit(load->client, "list_games", "{\"per_page\": \"1\"}", "{\"max_retries\": 0}", on_load_reply, load,
                   NULL, NULL, NULL) == IPG_OK)
        load->in_flight++;
    else load->failed++;
}

static int run_load(struct game *game, const char *file) {
    static struct times rising, steady;
    if (!game_open(game, ", \"max_in_flight\": 2000, \"max_connections\": 1000")) return EXIT_FAILURE;
    /* Each response takes half a second, so that 1,000 calls stay in flight: about 2,000 responses
       a second. */
    if (ipg_sandbox_control(game->sandbox,
                            "{\"command\": \"fault\", \"operation\": \"*\", \"delay_ms\": 500,"
                            " \"times\": 0}",
                            NULL) != IPG_OK)
        return EXIT_FAILURE;
    struct load load = {.client = game->client};
    int min_in_flight = CALLS;

    /* Submits ten calls per frame: 1,000 new connections would not fit one frame. */
    while (!game->quit && load.in_flight < CALLS && now_ms(game) < 15000) {
        for (int i = 0; i < 10 && load.in_flight < CALLS; i++) submit_load_call(&load);
        run_frame(game, 0, &rising);
    }
    double until = now_ms(game) + SECONDS * 1000;
    long before = load.done;
    while (!game->quit && now_ms(game) < until) {
        run_frame(game, 1, &steady);
        if (load.in_flight < min_in_flight) min_in_flight = load.in_flight;
    }
    long responses = load.done - before;
    load.stopped = true;
    game_close(game); /* completes the last calls */

    const double tick_ms = TICK_BUDGET_US / 1000.0;
    size_t late_by_tick = 0; /* frames that are over budget only because of the tick */
    for (size_t i = 0; i < steady.whole.count; i++)
        late_by_tick += steady.whole.ms[i] > FRAME_MS && steady.whole.ms[i] - steady.tick.ms[i] <= FRAME_MS;
    print_times("while the calls are sent", &rising);
    print_times("with 1,000 calls in flight", &steady);
    printf("%ld responses in %d s, at least %d calls in flight, %ld failed\n", responses, SECONDS, min_in_flight,
           load.failed);
    printf("frames over 16.67 ms: %lu, because of the tick: %lu\n",
           (unsigned long)frames_count_over(&steady.whole, FRAME_MS), (unsigned long)late_by_tick);
    printf("ticks over %.0f ms: %lu; over %.0f ms: %lu, by CPU time: %lu\n", tick_ms,
           (unsigned long)frames_count_over(&steady.tick, tick_ms), 2 * tick_ms,
           (unsigned long)frames_count_over(&steady.tick, 2 * tick_ms),
           (unsigned long)frames_count_over(&steady.cpu, 2 * tick_ms));

    char note[128];
    snprintf(note, sizeof note, "1,000 CALLS IN FLIGHT, %ld ANSWERS A SECOND, %lu FRAMES OVER BUDGET BY THE TICK",
             responses / SECONDS, (unsigned long)late_by_tick);
    bool passed = load.failed == 0 && load.in_flight == 0 && min_in_flight == CALLS && responses > 0;
    if (frames_write_png(file, note, &steady.whole, &steady.tick, &steady.cpu, tick_ms) != 0) {
        fprintf(stderr, "%s cannot be written\n", file);
        passed = false;
    }
    puts(passed ? "the run succeeded" : "FAILED");
    return passed ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    struct game game = {0};
    if (argc == 1) return play(&game);
    if (argc == 3 && strcmp(argv[1], "--histogram") == 0) return run_load(&game, argv[2]);
    fprintf(stderr, "usage: %s [--histogram FILE.png]\n", argv[0]);
    return EXIT_FAILURE;
}
