/* Random layers, curves and quotients through the C kernel, meant to be built with the address and undefined-behaviour sanitizers: every array is just
   as long as its shape says, on the heap, so that a step outside ends the program. Knots are ascending, uneven, repeated, all
   equal, or nonsense; x holds what is no number and what is infinite. Arrays that are too short must be refused untouched.
   usage: kernel_fuzz COUNT [instructions] */

#include <stdio.h>

#include "curves.h"

static uint64_t state = 88172645463325252u;
static uint64_t next(void) { /* xorshift64; Marsaglia 2003 */
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}
static int below(int n) { return (int)(next() % (uint64_t)n); }
static double real(void) { return (double)(next() >> 11) / 9007199254740992.0 * 2 - 1; }

static const double odd[] = {NAN, INFINITY, -INFINITY, 3e38, -3e38, 1e-45, 0.0, -0.0};

static void *numbers(size_t count, int wide, int oddly) {
    char *at = malloc(count * (wide ? 8 : 4));
    for (size_t n = 0; n < count; n++) {
        const double v = oddly && !below(9) ? odd[below(8)] : 1.5 * real();
        if (wide) ((double *)at)[n] = v;
        else ((float *)at)[n] = (float)v;
    }
    return at;
}
static void put(void *at, size_t n, int wide, double v) {
    if (wide) ((double *)at)[n] = v;
    else ((float *)at)[n] = (float)v;
}

static void *knots(int sources, int count, int wide) {
    void *at = numbers((size_t)sources * count, wide, 1); /* nonsense, unless it is written over */
    for (int i = 0; i < sources; i++) {
        const int how = below(5);
        double t = -1;
        for (int c = 0; how && c < count; c++) {
            put(at, (size_t)i * count + c, wide, t);
            t += how == 1 ? 2.0 / count : how == 2 ? 0.1 + real() * 0.1 : how == 3 ? below(3) * 0.3 : 0;
        }
    }
    return at;
}

/* Frees an array and puts a shorter one in its place, or none at all: what is there no longer holds what the shape says. */
static void shorten(void **at, size_t *bytes) {
    *bytes = below((int)(*bytes > 1000 ? 1000 : *bytes));
    free(*at);
    *at = malloc(*bytes ? *bytes : 1);
}

/* Whether random curves were computed, or refused where an array lies. */
static int some_curves(int n) {
    Units job;
    memset(&job, 0, sizeof job);
    const int wide = below(2), backward = below(2), oddly = below(3) == 0;
    job.order = 1 + below(5);
    job.basis = job.order + 1 + below(below(4) ? 40 : 300);
    job.curves = 1 + below(below(4) ? 9 : 70);
    job.units = job.curves * (below(2) ? 1 : 1 + below(40));
    job.rows = 1 + (size_t)below(below(6) ? 40 : 1500);
    job.x_by_row = below(2), job.y_by_row = backward ? below(2) : job.x_by_row, job.threads = 1 + below(4);
    const size_t size = wide ? 8 : 4, xs = job.rows * job.units, points = (size_t)job.curves * job.basis;
    const size_t count[] = {xs, (size_t)job.basis + job.order + 1, points, xs, xs, points};
    void *at[6];
    size_t bytes[6];
    for (int a = 0; a < 6; a++) {
        const int there = a < 4 || (backward && below(2));
        at[a] = !there ? 0 : a == 1 ? knots(1, (int)count[1], wide) : numbers(count[a], wide, oddly);
        bytes[a] = there ? count[a] * size : 0;
    }
    int lies = -1;
    if (!below(4)) {
        do lies = below(6);
        while (!at[lies]);
        shorten(&at[lies], &bytes[lies]);
    }
    job.x = at[0], job.knot = at[1], job.coef = at[2], job.y = at[3], job.y_grad = at[3], job.x_grad = at[4], job.coef_grad = at[5];
    job.bytes.x = bytes[0], job.bytes.knot = bytes[1], job.bytes.coef = bytes[2], job.bytes.y = bytes[3];
    job.bytes.x_grad = bytes[4], job.bytes.coef_grad = bytes[5];
    const char *wrong = curves(&job, backward, wide);
    const int right = wrong != SHORT_OF_MEMORY && !wrong == (lies < 0);
    if (!right) printf("curves %d: array %d lies, and the kernel says %s\n", n, lies, wrong == SHORT_OF_MEMORY ? "memory" : wrong ? wrong : "nothing");
    for (int a = 0; a < 6; a++) free(at[a]);
    return right;
}

/* The same for random quotients. */
static int some_quotients(int n) {
    Quotients job;
    memset(&job, 0, sizeof job);
    const int wide = below(2), backward = below(2), oddly = below(3) == 0;
    job.units = 1 + below(below(4) ? 40 : 400), job.rows = 1 + (size_t)below(400), job.threads = 1 + below(4);
    const size_t size = wide ? 8 : 4, xs = job.rows * job.units, points = (size_t)(ABOVE + BELOW) * job.units;
    const size_t count[] = {xs, points, xs, xs, points};
    void *at[5];
    size_t bytes[5];
    for (int a = 0; a < 5; a++) {
        const int there = a < 3 || (backward && below(2));
        at[a] = there ? numbers(count[a], wide, oddly) : 0;
        bytes[a] = there ? count[a] * size : 0;
    }
    const int lies = below(4) ? -1 : below(3);
    if (lies >= 0) shorten(&at[lies], &bytes[lies]);
    job.x = at[0], job.coef = at[1], job.y = at[2], job.y_grad = at[2], job.x_grad = at[3], job.coef_grad = at[4];
    job.bytes.x = bytes[0], job.bytes.coef = bytes[1], job.bytes.y = bytes[2], job.bytes.x_grad = bytes[3], job.bytes.coef_grad = bytes[4];
    const char *wrong = quotients(&job, backward, wide);
    if (!wrong != (lies < 0)) printf("quotients %d: array %d lies, and the kernel says %s\n", n, lies, wrong ? wrong : "nothing");
    for (int a = 0; a < 5; a++) free(at[a]);
    return !wrong == (lies < 0);
}

int main(int argc, char **argv) {
    const int layers = argc > 1 ? atoi(argv[1]) : 100;
    if (pthread_key_create(&kept_key, free)) return 2;
    choose(argc > 2 ? argv[2] : 0);
    for (int n = 0; n < layers; n++) {
        Job job;
        memset(&job, 0, sizeof job);
        const int wide = below(2), by_row = below(2), backward = below(2), oddly = below(3) == 0;
        job.order = 1 + below(5);
        job.basis = job.order + 1 + below(below(4) ? 12 : 90);
        job.sources = 1 + below(below(4) ? 9 : 70);
        job.targets = 1 + below(below(4) ? 20 : 150);
        job.points = 1 + (size_t)below(below(6) ? 40 : 1500);
        job.base = below(3), job.linear = below(2), job.threads = 1 + below(4);
        const size_t size = wide ? 8 : 4, p = job.points, s = job.sources, t = job.targets, b = job.basis;
        const size_t count[] = {p * s, s * (b + job.order + 1), s * t * b, s * t, t, p * t, p * s, s * t * b, s * t, t};
        void *at[10];
        size_t bytes[10];
        const int of_x = below(2), of_parts = below(2);
        for (int a = 0; a < 10; a++) {
            const int there = a < 4 || a == 5 || (a == 4 && !backward) || (backward && (a == 6 ? of_x : a > 6 && of_parts));
            at[a] = !there ? 0 : a == 1 ? knots(job.sources, (int)(b + job.order + 1), wide) : numbers(count[a], wide, oddly);
            bytes[a] = there ? count[a] * size : 0;
        }
        int lies = -1; /* an array that is shorter than its shape says */
        if (!below(4)) {
            do lies = below(10);
            while (!at[lies]);
            shorten(&at[lies], &bytes[lies]);
        }
        job.x = at[0], job.knot = at[1], job.coef = at[2], job.weight = at[3], job.bias = at[4], job.y = at[5], job.y_grad = at[5];
        job.x_grad = at[6], job.coef_grad = at[7], job.weight_grad = at[8], job.bias_grad = at[9];
        job.bytes = (Bytes){bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9]};
        const char *wrong = layer(&job, backward, wide, by_row);
        if (wrong == SHORT_OF_MEMORY || !wrong != (lies < 0)) {
            printf("layer %d: array %d lies, and the kernel says %s\n", n, lies, wrong == SHORT_OF_MEMORY ? "memory" : wrong ? wrong : "nothing");
            return 1;
        }
        for (int a = 0; a < 10; a++) free(at[a]);
    }
    for (int n = 0; n < layers / 3; n++)
        if (!some_curves(n) || !some_quotients(n)) return 1;
    free(pthread_getspecific(kept_key));
    pthread_setspecific(kept_key, 0);
    printf("%d layers and a third as many curves by %s\n", layers, instructions);
    return 0;
}
