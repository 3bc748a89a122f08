/* Loads a plugin, uses it on a thread that outlives dlclose, and loads it again. argv[1] is its
   path. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static pthread_barrier_t barrier;

static void *use_and_outlive(void *symbol) {
    union {
        void *symbol;
        int (*call)(void);
    } run;
    run.symbol = symbol;
    int answer = run.call();
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return answer == 0 ? symbol : NULL;
}

int main(int argc, char **argv) {
    int round;
    pthread_barrier_init(&barrier, NULL, 2);
    for (round = 0; round < 2 && argc == 2; round++) {
        void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL), *good = NULL;
        pthread_t thread;
        if (!plugin) {
            fprintf(stderr, "%s\n", dlerror());
            return 1;
        }
        if (pthread_create(&thread, NULL, use_and_outlive, dlsym(plugin, "run_plugin")) != 0) return 1;
        pthread_barrier_wait(&barrier);
        if (dlclose(plugin) != 0) return 1;
        pthread_barrier_wait(&barrier);
        pthread_join(thread, &good);
        if (!good) return 1;
    }
    return round == 2 ? 0 : 1;
}
