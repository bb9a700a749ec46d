/* kanviz.core.engine.native._kernel: the local B-spline layer in C, forward and backward. Called through __init__.py beside it,
   which checks shapes; addresses come as whole numbers, so that torch's headers are not needed. The lock of the interpreter is
   released while it runs. Built for several instruction sets at once; the machine's best is taken when it is loaded. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
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

typedef struct {
    const void *x, *knot, *coef, *weight, *bias, *y_grad;
    void *y, *x_grad, *coef_grad, *weight_grad, *bias_grad;
    size_t points, rows;
    int sources, targets, basis, knots, order, base, linear, threads;
    int coef_target, coef_basis; /* steps between a source's coefficients: of targets, of the basis */
    int direct; /* gradients go where they belong at once, without a table between */
    int width, pad; /* targets rounded up to vectors; empty rows before and after a source's own */
} Job;

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

static Scratch *borrow(size_t bytes) {
    Scratch *kept = pthread_getspecific(kept_key);
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

/* Runs the parts side by side, the first one here. */
static void share(void *(*work)(void *), Part *parts, int count) {
    pthread_t helpers[MOST_THREADS];
    int started[MOST_THREADS];
    for (int p = 1; p < count; p++) started[p] = pthread_create(helpers + p, 0, work, parts + p) == 0;
    work(parts);
    for (int p = 1; p < count; p++)
        if (started[p]) pthread_join(helpers[p], 0);
        else work(parts + p);
}

#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif
#ifndef SHUFFLE /* GCC before 12 */
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (VI){__VA_ARGS__})
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
static Run run_float = run_plain_float, run_double = run_plain_double;
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
    } else if (avx2) {
        run_float = run_avx2_float, run_double = run_avx2_double, instructions = "avx2";
    }
#endif
}

/* run(backward, double, points, sources, targets, basis, order, base, linear, threads, by_row, x, knots, coef, weight, bias,
   y or y_grad, x_grad, coef_grad, weight_grad, bias_grad); an address of 0 is an array that is not there. by_row: each source's
   coefficients, and their gradient, lie as (basis, target) instead of (target, basis). */
static PyObject *run(PyObject *self, PyObject *args) {
    int backward, wide, by_row;
    Py_ssize_t points;
    unsigned long long x, knots, coef, weight, bias, y, x_grad, coef_grad, weight_grad, bias_grad;
    Job job;
    memset(&job, 0, sizeof job);
    if (!PyArg_ParseTuple(args, "iiniiiiiiiiKKKKKKKKKK", &backward, &wide, &points, &job.sources, &job.targets, &job.basis,
                          &job.order, &job.base, &job.linear, &job.threads, &by_row, &x, &knots, &coef, &weight, &bias, &y, &x_grad,
                          &coef_grad, &weight_grad, &bias_grad))
        return 0;
    if (points < 1 || job.sources < 1 || job.targets < 1 || job.order < 1 || job.order > 5 || job.basis <= job.order) {
        PyErr_SetString(PyExc_ValueError, "the kernel takes at least one point, source and target, and orders 1 to 5");
        return 0;
    }
    job.coef_target = by_row ? 1 : job.basis;
    job.coef_basis = by_row ? job.targets : 1;
    job.points = (size_t)points;
    job.knots = job.basis + job.order + 1;
    job.x = (const void *)(uintptr_t)x;
    job.knot = (const void *)(uintptr_t)knots;
    job.coef = (const void *)(uintptr_t)coef;
    job.weight = (const void *)(uintptr_t)weight;
    job.bias = (const void *)(uintptr_t)bias;
    job.y_grad = (const void *)(uintptr_t)y;
    job.y = (void *)(uintptr_t)y;
    job.x_grad = (void *)(uintptr_t)x_grad;
    job.coef_grad = (void *)(uintptr_t)coef_grad;
    job.weight_grad = (void *)(uintptr_t)weight_grad;
    job.bias_grad = (void *)(uintptr_t)bias_grad;
    const double work = (double)points * job.sources * job.targets;
    const int most = (int)(work / 100000) + 1; /* starting a thread costs as much as this many edges at points */
    job.threads = job.threads < 1 ? 1 : job.threads > MOST_THREADS ? MOST_THREADS : job.threads;
    job.threads = job.threads > most ? most : job.threads;
    if (backward && job.threads > job.sources) job.threads = job.sources;
    int short_of_memory;
    Py_BEGIN_ALLOW_THREADS
    short_of_memory = (wide ? run_double : run_float)(&job, backward);
    Py_END_ALLOW_THREADS
    if (short_of_memory) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

/* release(): frees the scratch memory that this thread keeps. */
static PyObject *release(PyObject *self, PyObject *none) {
    free(pthread_getspecific(kept_key));
    pthread_setspecific(kept_key, 0);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"run", run, METH_VARARGS, "One layer, forward or backward; see __init__.py beside it."},
                                {"release", release, METH_NOARGS, "Free the scratch memory that this thread keeps."},
                                {0, 0, 0, 0}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernel", 0, -1, methods, 0, 0, 0, 0};

PyMODINIT_FUNC PyInit__kernel(void) {
    choose(getenv("KANVIZ_INSTRUCTIONS"));
    if (pthread_key_create(&kept_key, free)) return PyErr_NoMemory();
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddStringConstant(module, "instructions", instructions)) {
        Py_DECREF(module);
        return 0;
    }
    return module;
}
