/* Statistics and histograms of frame durations; see frames.h. */
#define _POSIX_C_SOURCE 200809L /* for CLOCK_THREAD_CPUTIME_ID */

#include "frames.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- statistics
   ---------------------------------------------------------------------------------- */

void frames_add(struct frames *frames, double ms) {
    if (frames->count < FRAMES_MAX) frames->ms[frames->count++] = ms;
}

static int compare_doubles(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

struct summary {
    double p50, p99, worst;
};

static struct summary compute_summary(const struct frames *frames) {
    static double sorted[FRAMES_MAX];
    struct summary summary = {0, 0, 0};
    size_t n = frames->count;
    if (n == 0) return summary;
    memcpy(sorted, frames->ms, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_doubles);
    summary.p50 = sorted[n / 2];
    summary.p99 = sorted[n * 99 / 100];
    summary.worst = sorted[n - 1];
    return summary;
}

void frames_print(const char *label, const struct frames *frames) {
    struct summary s = compute_summary(frames);
    printf("%-22s %5lu frames   p50 %7.3f ms   p99 %7.3f ms   worst %7.3f ms\n", label, (unsigned long)frames->count,
           s.p50, s.p99, s.worst);
}

double frames_cpu_ms(void) {
#ifdef CLOCK_THREAD_CPUTIME_ID
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0) return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
#endif
    return 0;
}

size_t frames_count_over(const struct frames *frames, double limit_ms) {
    size_t over = 0;
    for (size_t i = 0; i < frames->count; i++) over += frames->ms[i] > limit_ms;
    return over;
}

/* ---- a canvas
   ------------------------------------------------------------------------------------ */

enum { WIDTH = 1080, HEIGHT = 900 };
enum colour { PAPER, INK, PALE, GRID, BLUE, ORANGE, GREEN, RED, COLOURS };
static const uint8_t PALETTE[COLOURS][3] = {{255, 255, 255}, {38, 43, 51},   {112, 120, 132}, {230, 233, 238},
                                            {64, 120, 192},  {230, 138, 46}, {62, 150, 98},   {200, 40, 52}};
static uint8_t canvas[HEIGHT][WIDTH];

static void draw_box(int x, int y, int w, int h, enum colour colour) {
    for (int row = y; row < y + h; row++)
        for (int column = x; column < x + w; column++)
            if (row >= 0 && row < HEIGHT && column >= 0 && column < WIDTH) canvas[row][column] = (uint8_t)colour;
}

/* A 5 x 7 font. Each byte is a row; bit 4 is the leftmost pixel. */
static const char FONT_CHARACTERS[] = "0123456789.,:-%/+ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const uint8_t FONT_ROWS[][7] = {
    {14, 17, 19, 21, 25, 17, 14}, {4, 12, 4, 4, 4, 4, 14},      {14, 17, 1, 6, 8, 16, 31},
    {30, 1, 1, 14, 1, 1, 30},     {2, 6, 10, 18, 31, 2, 2},     {31, 16, 30, 1, 1, 17, 14},
    {6, 8, 16, 30, 17, 17, 14},   {31, 1, 2, 4, 8, 8, 8},       {14, 17, 17, 14, 17, 17, 14},
    {14, 17, 17, 15, 1, 2, 12},   {0, 0, 0, 0, 0, 12, 12},      {0, 0, 0, 0, 4, 4, 8},
    {0, 4, 0, 0, 4, 0, 0},        {0, 0, 0, 14, 0, 0, 0},       {24, 25, 2, 4, 8, 19, 3},
    {1, 1, 2, 4, 8, 16, 16},      {0, 4, 4, 31, 4, 4, 0},       {14, 17, 17, 31, 17, 17, 17},
    {30, 17, 17, 30, 17, 17, 30}, {14, 17, 16, 16, 16, 17, 14}, {30, 17, 17, 17, 17, 17, 30},
    {31, 16, 16, 30, 16, 16, 31}, {31, 16, 16, 30, 16, 16, 16}, {14, 17, 16, 23, 17, 17, 15},
    {17, 17, 17, 31, 17, 17, 17}, {14, 4, 4, 4, 4, 4, 14},      {7, 2, 2, 2, 2, 18, 12},
    {17, 18, 20, 24, 20, 18, 17}, {16, 16, 16, 16, 16, 16, 31}, {17, 27, 21, 21, 17, 17, 17},
    {17, 25, 21, 19, 17, 17, 17}, {14, 17, 17, 17, 17, 17, 14}, {30, 17, 17, 30, 16, 16, 16},
    {14, 17, 17, 17, 21, 18, 13}, {30, 17, 17, 30, 20, 18, 17}, {15, 16, 16, 14, 1, 1, 30},
    {31, 4, 4, 4, 4, 4, 4},       {17, 17, 17, 17, 17, 17, 14}, {17, 17, 17, 17, 17, 10, 4},
    {17, 17, 17, 21, 21, 27, 17}, {17, 17, 10, 4, 10, 17, 17},  {17, 17, 10, 4, 4, 4, 4},
    {31, 1, 2, 4, 8, 16, 31},
};

static int text_width(const char *text, int scale) {
    return (int)strlen(text) * 6 * scale - scale;
}

static void draw_text(int x, int y, int scale, enum colour colour, const char *text) {
    for (; *text; text++, x += 6 * scale) {
        const char *letter = strchr(FONT_CHARACTERS, *text);
        if (!letter) continue;
        for (int row = 0; row < 7; row++)
            for (int column = 0; column < 5; column++)
                if (FONT_ROWS[letter - FONT_CHARACTERS][row] >> (4 - column) & 1)
                    draw_box(x + column * scale, y + row * scale, scale, scale, colour);
    }
}

/* ---- the PNG file
   -------------------------------------------------------------------------------- */

/* A deflate stream with fixed Huffman codes. It contains literals and repetitions of the previous
   byte, which compress a picture of boxes well. */
struct deflate {
    uint8_t *out;
    size_t len;
    uint32_t bits;
    int bit_count;
};

static void put_bits(struct deflate *z, uint32_t value, int count) {
    z->bits |= value << z->bit_count;
    z->bit_count += count;
    for (; z->bit_count >= 8; z->bit_count -= 8, z->bits >>= 8) z->out[z->len++] = (uint8_t)z->bits;
}

/* Deflate writes Huffman codes with the highest bit first. */
static void put_code(struct deflate *z, uint32_t code, int count) {
    while (count--) put_bits(z, code >> count & 1, 1);
}

static size_t deflate_runs(uint8_t *out, const uint8_t *in, size_t len) {
    /* Lengths whose extra bits are zero: the maximum length, and the lowest length of some
       codes. */
    static const struct {
        size_t length;
        uint32_t code;
        int bits, extra;
    } RUNS[] = {{258, 197, 8, 0}, {131, 193, 8, 5}, {67, 21, 7, 4}, {35, 17, 7, 3}, {11, 9, 7, 1}, {4, 2, 7, 0}};
    struct deflate z = {out, 0, 0, 0};
    put_bits(&z, 3, 3); /* the last block, with fixed codes */
    for (size_t i = 0; i < len;) {
        size_t run = 0, k = 0;
        while (i > 0 && run < 258 && i + run < len && in[i + run] == in[i - 1]) run++;
        while (k < 6 && run < RUNS[k].length) k++;
        if (k < 6) {
            put_code(&z, RUNS[k].code, RUNS[k].bits);
            put_bits(&z, 0, RUNS[k].extra + 5); /* zero extra bits, and the distance 1, whose code is five zeros */
            i += RUNS[k].length;
        } else {
            if (in[i] < 144) put_code(&z, 48u + in[i], 8);
            else put_code(&z, 400u + in[i] - 144u, 9);
            i++;
        }
    }
    put_code(&z, 0, 7); /* the end of the block */
    put_bits(&z, 0, 7); /* flushes the last bits */
    return z.len;
}

static void put_big_endian(uint8_t *out, uint32_t value) {
    for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t update_crc(uint32_t sum, const uint8_t *data, size_t len) {
    while (len--) {
        sum ^= *data++;
        for (int bit = 0; bit < 8; bit++) sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return sum;
}

static void write_chunk(FILE *file, const char *name, const uint8_t *data, size_t len) {
    uint8_t number[4];
    uint32_t sum = update_crc(update_crc(0xffffffffu, (const uint8_t *)name, 4), data, len) ^ 0xffffffffu;
    put_big_endian(number, (uint32_t)len);
    fwrite(number, 1, 4, file);
    fwrite(name, 1, 4, file);
    fwrite(data, 1, len, file);
    put_big_endian(number, sum);
    fwrite(number, 1, 4, file);
}

/* Writes the canvas with four bits per pixel and a palette. */
static int write_png(const char *name) {
    enum { ROW = 1 + WIDTH / 2, SIZE = HEIGHT * ROW };
    uint8_t head[13], *rows = malloc(SIZE), *zip = malloc(SIZE * 2 + 16);
    FILE *file = rows && zip ? fopen(name, "wb") : NULL;
    if (!file) {
        free(rows);
        free(zip);
        return -1;
    }

    uint32_t a = 1, b = 0; /* Adler-32 */
    for (int y = 0; y < HEIGHT; y++) {
        uint8_t *row = rows + y * ROW;
        row[0] = 0; /* no filter */
        for (int x = 0; x < WIDTH; x += 2) row[1 + x / 2] = (uint8_t)(canvas[y][x] << 4 | canvas[y][x + 1]);
    }
    for (size_t i = 0; i < SIZE; i++) {
        a = (a + rows[i]) % 65521;
        b = (b + a) % 65521;
    }
    zip[0] = 0x78;
    zip[1] = 0x01;
    size_t len = 2 + deflate_runs(zip + 2, rows, SIZE);
    put_big_endian(zip + len, b << 16 | a);

    put_big_endian(head, WIDTH);
    put_big_endian(head + 4, HEIGHT);
    memcpy(head + 8, "\4\3\0\0\0", 5); /* bit depth 4, palette, default compression and filter methods, no interlace */
    fwrite("\x89PNG\r\n\x1a\n", 1, 8, file);
    write_chunk(file, "IHDR", head, sizeof head);
    write_chunk(file, "PLTE", PALETTE[0], sizeof PALETTE);
    write_chunk(file, "IDAT", zip, len + 4);
    write_chunk(file, "IEND", NULL, 0);
    free(rows);
    free(zip);
    int failed = ferror(file);
    return fclose(file) != 0 || failed ? -1 : 0;
}

/* ---- the histograms
   ------------------------------------------------------------------------------ */

/* The axis is logarithmic: counts range from one to thousands, and a single slow frame must be
   visible. */
static int bar_height(size_t count, double decades, int height) {
    return count == 0 ? 0 : (int)((log10((double)count) + 0.3) / (decades + 0.3) * height);
}

static void draw_histogram(int top, int height, const char *title, const struct frames *frames, double last_ms,
                           double step_ms, double limit_ms, const char *limit_name, enum colour colour) {
    enum { LEFT = 90, BARS = 120, BAR = 8, PLOT = BARS * BAR };
    size_t counts[BARS] = {0}, max_count = 1;
    for (size_t i = 0; i < frames->count; i++) {
        double position = frames->ms[i] / last_ms * BARS;
        int bar = position >= BARS - 1 ? BARS - 1 : (int)position; /* the last bar contains all longer durations */
        if (++counts[bar] > max_count) max_count = counts[bar];
    }
    double decades = ceil(log10((double)max_count));
    if (decades < 1) decades = 1;

    char text[96];
    struct summary s = compute_summary(frames);
    draw_text(LEFT, top - 42, 2, INK, title);
    snprintf(text, sizeof text, "P50 %.3f   P99 %.3f   WORST %.3f MS", s.p50, s.p99, s.worst);
    draw_text(LEFT + PLOT - text_width(text, 2), top - 42, 2, colour, text);

    for (double decade = 0; decade <= decades; decade++) {
        int y = top + height - bar_height((size_t)pow(10, decade), decades, height);
        draw_box(LEFT, y, PLOT, 1, GRID);
        snprintf(text, sizeof text, "%.0f", pow(10, decade));
        draw_text(LEFT - 14 - text_width(text, 2), y - 7, 2, PALE, text);
    }
    for (int bar = 0; bar < BARS; bar++) {
        int tall = bar_height(counts[bar], decades, height);
        draw_box(LEFT + bar * BAR, top + height - tall, BAR - 1, tall, colour);
    }
    draw_box(LEFT, top + height, PLOT, 2, INK);
    for (int tick = 0; tick * step_ms <= last_ms + 1e-9; tick++) {
        int x = LEFT + (int)(tick * step_ms / last_ms * PLOT);
        draw_box(x, top + height, 2, 8, INK);
        bool last = (tick + 1) * step_ms > last_ms + 1e-9;
        snprintf(text, sizeof text, "%.*f%s", step_ms < 1 ? 1 : 0, tick * step_ms, last ? "+" : "");
        draw_text(x + 1 - text_width(text, 2) / 2, top + height + 14, 2, INK, text);
    }
    draw_text(LEFT + PLOT / 2 - text_width("MS", 2) / 2, top + height + 36, 2, PALE, "MS");

    int x = LEFT + (int)(limit_ms / last_ms * PLOT);
    for (int y = top - 14; y < top + height; y += 10) draw_box(x - 1, y, 2, 6, RED);
    draw_text(x - 10 - text_width(limit_name, 2), top - 12, 2, RED, limit_name);
}

int frames_write_png(const char *file, const char *note, const struct frames *whole, const struct frames *tick,
                     const struct frames *cpu, double tick_budget_ms) {
    draw_box(0, 0, WIDTH, HEIGHT, PAPER);
    draw_text(90, 24, 3, INK, "FRAMES AT 60 HZ");
    draw_text(90, 56, 2, PALE, note);
    draw_histogram(140, 150, "WHOLE FRAME", whole, 20, 2, 1000.0 / 60, "BUDGET 16.67 MS", BLUE);
    draw_histogram(405, 150, "IPG TICK IN IT", tick, tick_budget_ms * 5, tick_budget_ms / 2, tick_budget_ms,
                   "TICK BUDGET", ORANGE);
    draw_histogram(670, 150, "ITS PROCESSOR TIME", cpu, tick_budget_ms * 5, tick_budget_ms / 2, tick_budget_ms,
                   "TICK BUDGET", GREEN);
    return write_png(file);
}
