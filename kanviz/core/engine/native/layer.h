/* The local B-spline layer in C, without Python: built for several instruction sets at once, the machine's best is taken by
   `choose`. `layer` refuses what does not fit its memory, so that no caller can make it read or write elsewhere. */

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define POINTS 512 /* points in a block: their weights stay in the second cache */
#define SOURCES 32 /* sources in a block */
#define TILE 4 /* vectors of targets side by side in the backward pass */
#define NEAR_BYTES 36864 /* of the first cache, for the rows in use */
#define FEW_CELLS 40 /* sorted by picking */
#define MOST_THREADS 64
#define KEPT (48u << 20) /* bytes of scratch that a thread keeps for its next call */

/* Bytes from each array's address on that may be read or written; 0 where there is no array. */
typedef struct {
    size_t x, knot, coef, weight, bias, y, x_grad, coef_grad, weight_grad, bias_grad;
} Bytes;

typedef struct {
    const void *x, *knot, *coef, *weight, *bias, *y_grad;
    void *y, *x_grad, *coef_grad, *weight_grad, *bias_grad;
    Bytes bytes;
    size_t points, rows;
    int sources, targets, basis, knots, order, base, linear, threads;
    int coef_target, coef_basis; /* steps between a source's coefficients: of targets, of the basis */
    int direct; /* gradients go where they belong at once, without a table between */
    int width, pad; /* targets rounded up to vectors; empty rows before and after a source's own */
} Job;

/* Learned functions of single units: x and y are (unit, row), or (row, unit) where they are by row. */
typedef struct {
    const void *x, *knot, *coef, *y_grad;
    void *y, *x_grad, *coef_grad;
    struct {
        size_t x, knot, coef, y, x_grad, coef_grad;
    } bytes;
    size_t rows;
    int units, curves, basis, order, threads, x_by_row, y_by_row;
    int share; /* neighbouring units that have one curve */
} Units;

/* Quotients of polynomials, a function for each unit; x and y are (row, unit). */
#define ABOVE 6
#define BELOW 4
typedef struct {
    const void *x, *coef, *y_grad;
    void *y, *x_grad, *coef_grad;
    struct {
        size_t x, coef, y, x_grad, coef_grad;
    } bytes;
    size_t rows;
    int units, threads;
} Quotients;

typedef struct {
    const Quotients *job;
    size_t from, to;
    int backward;
} QuotientsPart;

typedef struct {
    const Units *job;
    const void *grid;
    const double (*piece)[6];
    const void *table;
    void *turned, *sums;
    size_t from, to;
    int backward;
} UnitsPart;

typedef struct {
    const Job *job;
    const void *sources, *table, *bias;
    void *grad, *scratch;
    size_t from, to;
} Part;

/* Scratch memory, kept by each thread from call to call: to touch fresh pages costs more than the work on them. Contents
   are whatever was there. */
static pthread_key_t kept_key;
typedef struct {
    size_t bytes;
    char memory[];
} Scratch;

#if defined(__SANITIZE_ADDRESS__) /* the tests' build: between the arrays in scratch memory lies some that nobody may touch */
#include <sanitizer/asan_interface.h>
#define GAP 64
#define FORBID(at, bytes) ASAN_POISON_MEMORY_REGION(at, bytes)
#define ALLOW(at, bytes) ASAN_UNPOISON_MEMORY_REGION(at, bytes)
#else
#define GAP 0
#define FORBID(at, bytes) (void)0
#define ALLOW(at, bytes) (void)0
#endif

static Scratch *borrow(size_t bytes) {
    Scratch *kept = pthread_getspecific(kept_key);
    if (kept) ALLOW(kept->memory, kept->bytes);
    if (kept && kept->bytes >= bytes) return kept;
    free(kept);
    pthread_setspecific(kept_key, 0);
    kept = malloc(sizeof(Scratch) + bytes);
    if (!kept) return 0;
    kept->bytes = bytes;
    if (bytes <= KEPT && pthread_setspecific(kept_key, kept)) kept->bytes = KEPT + 1; /* could not be kept */
    return kept;
}
static void give_back(Scratch *scratch) {
    if (scratch->bytes > KEPT) free(scratch);
}

/* Runs the parts, records of `size` bytes each, side by side, the first one here. */
static void share(void *(*work)(void *), void *parts, size_t size, int count) {
    pthread_t helpers[MOST_THREADS];
    int started[MOST_THREADS];
    for (int p = 1; p < count; p++) started[p] = pthread_create(helpers + p, 0, work, (char *)parts + p * size) == 0;
    work(parts);
    for (int p = 1; p < count; p++)
        if (started[p]) pthread_join(helpers[p], 0);
        else work((char *)parts + p * size);
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define SHUFFLE_Q SHUFFLE
#endif
#endif
#ifndef SHUFFLE /* GCC before 12 */
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (VI){__VA_ARGS__})
#define SHUFFLE_Q(a, b, ...) __builtin_shuffle(a, b, (NAME(QI)){__VA_ARGS__}) /* of 16 bytes */
#endif
#define UNROLL _Pragma("GCC unroll 32")
#define APART __attribute__((noinline))
#define INLINE static inline __attribute__((always_inline)) TARGET
#define PASTE(a, b) a##b
#define JOIN(a, b) PASTE(a, b)

#define ISA plain
#define VB 16
#define TARGET
#include "precisions.h"
#undef ISA
#undef VB
#undef TARGET

#if defined(__x86_64__)
#define ISA avx2
#define VB 32
#define TARGET __attribute__((target("avx2,fma")))
#include "precisions.h"
#undef ISA
#undef VB
#undef TARGET

#define ISA avx512
#define VB 64
#define TARGET __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")))
#include "precisions.h"
#undef ISA
#undef VB
#undef TARGET
#endif

typedef int (*Run)(Job *, int);
typedef int (*RunCurves)(Units *, const double (*)[6], int);
static Run run_float = run_plain_float, run_double = run_plain_double;
typedef void (*RunQuotients)(const Quotients *, int, int);
static RunQuotients run_quotients_float = run_quotients_plain_float, run_quotients_double = run_quotients_plain_double;
static RunCurves run_curves_float = run_curves_plain_float, run_curves_double = run_curves_plain_double;
static const char *instructions = "plain";

static void choose(const char *at_most) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (at_most && !strcmp(at_most, "plain")) return;
    if (avx512 && !(at_most && !strcmp(at_most, "avx2"))) {
        run_float = run_avx512_float, run_double = run_avx512_double, instructions = "avx512";
        run_quotients_float = run_quotients_avx512_float, run_quotients_double = run_quotients_avx512_double;
        run_curves_float = run_curves_avx512_float, run_curves_double = run_curves_avx512_double;
    } else if (avx2) {
        run_float = run_avx2_float, run_double = run_avx2_double, instructions = "avx2";
        run_quotients_float = run_quotients_avx2_float, run_quotients_double = run_quotients_avx2_double;
        run_curves_float = run_curves_avx2_float, run_curves_double = run_curves_avx2_double;
    }
#endif
}

/* Whether an array of a x b x c numbers of `size` bytes is there and fits into `bytes`. */
static int holds(const void *at, size_t bytes, size_t a, size_t b, size_t c, size_t size) {
    size_t need = a;
    return at && !__builtin_mul_overflow(need, b, &need) && !__builtin_mul_overflow(need, c, &need) &&
           !__builtin_mul_overflow(need, size, &need) && need <= bytes;
}

#define MOST_COUNT (1 << 27) /* sources, targets, basis: what is computed from them stays within an int */

/* What does not fit, in words; 0 where all does. Arrays lie side by side, without gaps. */
static const char *refusal(const Job *job, int backward, int wide) {
    const size_t size = wide ? sizeof(double) : sizeof(float), basis = job->basis;
    const size_t points = job->points, sources = job->sources, targets = job->targets;
    const Bytes *bytes = &job->bytes;
    if (!points || points > PTRDIFF_MAX || job->sources < 1 || job->sources > MOST_COUNT || job->targets < 1 ||
        job->targets > MOST_COUNT || job->order < 1 || job->order > 5 || job->basis <= job->order || job->basis > MOST_COUNT)
        return "the kernel takes at least one point, source and target, and orders 1 to 5";
    if (job->base < 0 || job->base > 2) return "there is no such base function";
    if (!holds(job->x, bytes->x, points, sources, 1, size)) return "x is shorter than its shape says";
    if (!holds(job->knot, bytes->knot, sources, basis + job->order + 1, 1, size)) return "knots are shorter than their shape says";
    if (!holds(job->coef, bytes->coef, sources, targets, basis, size)) return "coef is shorter than its shape says";
    if (!holds(job->weight, bytes->weight, sources, targets, 1, size)) return "base_weight is shorter than its shape says";
    if (!holds(job->y, bytes->y, points, targets, 1, size)) return "y is shorter than its shape says";
    if (!backward) return holds(job->bias, bytes->bias, targets, 1, 1, size) ? 0 : "bias is shorter than its shape says";
    if (job->x_grad && !holds(job->x_grad, bytes->x_grad, points, sources, 1, size)) return "the gradient of x is too short";
    if (!job->coef_grad != !job->weight_grad) return "the gradients of coef and base_weight come together";
    if (job->coef_grad && !(holds(job->coef_grad, bytes->coef_grad, sources, targets, basis, size) &&
                            holds(job->weight_grad, bytes->weight_grad, sources, targets, 1, size)))
        return "the gradient of coef or base_weight is too short";
    if (job->bias_grad && !holds(job->bias_grad, bytes->bias_grad, targets, 1, 1, size)) return "the gradient of bias is too short";
    return 0;
}

#define SHORT_OF_MEMORY ((const char *)1)

/* One layer, forward or backward, at `by_row` or target by target; 0, SHORT_OF_MEMORY, or what does not fit. */
static const char *layer(Job *job, int backward, int wide, int by_row) {
    const char *wrong = refusal(job, backward, wide);
    if (wrong) return wrong;
    job->coef_target = by_row ? 1 : job->basis;
    job->coef_basis = by_row ? job->targets : 1;
    job->knots = job->basis + job->order + 1;
    /* starting a thread costs as much as 100,000 edges at points */
    const double most = (double)job->points * job->sources * job->targets / 100000 + 1;
    job->threads = job->threads < 1 ? 1 : job->threads > MOST_THREADS ? MOST_THREADS : job->threads;
    job->threads = job->threads > most ? (int)most : job->threads;
    if (backward && job->threads > job->sources) job->threads = job->sources;
    return (wide ? run_double : run_float)(job, backward) ? SHORT_OF_MEMORY : 0;
}
