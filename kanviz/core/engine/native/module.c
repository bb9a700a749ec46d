/* kanviz.core.engine.native._kernel: layer.h and curves.h for Python. Addresses come as whole numbers, each with the bytes that are there, so
   that torch's headers are not needed. The lock of the interpreter is released while it runs. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "curves.h"

static PyObject *answer(const char *wrong) {
    if (wrong == SHORT_OF_MEMORY) return PyErr_NoMemory();
    if (wrong) {
        PyErr_SetString(PyExc_ValueError, wrong);
        return 0;
    }
    Py_RETURN_NONE;
}

/* run(backward, double, points, sources, targets, basis, order, base, linear, threads, by_row, x, knots, coef, weight, bias,
   y or y_grad, x_grad, coef_grad, weight_grad, bias_grad); each array is a pair (address, bytes), an address of 0 one that is not
   there. by_row: each source's coefficients, and their gradient, lie as (basis, target) instead of (target, basis). */
static PyObject *run(PyObject *self, PyObject *args) {
    int backward, wide, by_row;
    Py_ssize_t points;
    unsigned long long at[10], bytes[10];
    Job job;
    memset(&job, 0, sizeof job);
    if (!PyArg_ParseTuple(args, "iiniiiiiiii(KK)(KK)(KK)(KK)(KK)(KK)(KK)(KK)(KK)(KK)", &backward, &wide, &points, &job.sources,
                          &job.targets, &job.basis, &job.order, &job.base, &job.linear, &job.threads, &by_row, &at[0], &bytes[0],
                          &at[1], &bytes[1], &at[2], &bytes[2], &at[3], &bytes[3], &at[4], &bytes[4], &at[5], &bytes[5], &at[6],
                          &bytes[6], &at[7], &bytes[7], &at[8], &bytes[8], &at[9], &bytes[9]))
        return 0;
    const void *in[10];
    for (int n = 0; n < 10; n++) in[n] = (const void *)(uintptr_t)at[n];
    job.points = points < 0 ? 0 : (size_t)points;
    job.x = in[0], job.knot = in[1], job.coef = in[2], job.weight = in[3], job.bias = in[4], job.y_grad = in[5];
    job.y = (void *)in[5], job.x_grad = (void *)in[6], job.coef_grad = (void *)in[7], job.weight_grad = (void *)in[8];
    job.bias_grad = (void *)in[9];
    job.bytes = (Bytes){bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7], bytes[8], bytes[9]};
    const char *wrong;
    Py_BEGIN_ALLOW_THREADS
    wrong = layer(&job, backward, wide, by_row);
    Py_END_ALLOW_THREADS
    return answer(wrong);
}

/* run_curves(backward, double, rows, units, curves, basis, order, threads, x_by_row, y_by_row, x, knots, coef, y or y_grad,
   x_grad, coef_grad); arrays as for `run`. by_row: an array lies as (row, unit) instead of (unit, row). */
static PyObject *run_curves(PyObject *self, PyObject *args) {
    int backward, wide;
    Py_ssize_t rows;
    unsigned long long at[6], bytes[6];
    Units job;
    memset(&job, 0, sizeof job);
    if (!PyArg_ParseTuple(args, "iiniiiiiii(KK)(KK)(KK)(KK)(KK)(KK)", &backward, &wide, &rows, &job.units, &job.curves, &job.basis,
                          &job.order, &job.threads, &job.x_by_row, &job.y_by_row, &at[0], &bytes[0], &at[1], &bytes[1], &at[2],
                          &bytes[2], &at[3], &bytes[3], &at[4], &bytes[4], &at[5], &bytes[5]))
        return 0;
    void *in[6];
    for (int n = 0; n < 6; n++) in[n] = (void *)(uintptr_t)at[n];
    job.rows = rows < 0 ? 0 : (size_t)rows;
    job.x = in[0], job.knot = in[1], job.coef = in[2], job.y = in[3], job.y_grad = in[3], job.x_grad = in[4], job.coef_grad = in[5];
    job.bytes.x = bytes[0], job.bytes.knot = bytes[1], job.bytes.coef = bytes[2], job.bytes.y = bytes[3];
    job.bytes.x_grad = bytes[4], job.bytes.coef_grad = bytes[5];
    const char *wrong;
    Py_BEGIN_ALLOW_THREADS
    wrong = curves(&job, backward, wide);
    Py_END_ALLOW_THREADS
    return answer(wrong);
}

/* run_quotients(backward, double, rows, units, threads, x, coef, y or y_grad, x_grad, coef_grad); arrays as for `run`. */
static PyObject *run_quotients(PyObject *self, PyObject *args) {
    int backward, wide;
    Py_ssize_t rows;
    unsigned long long at[5], bytes[5];
    Quotients job;
    memset(&job, 0, sizeof job);
    if (!PyArg_ParseTuple(args, "iinii(KK)(KK)(KK)(KK)(KK)", &backward, &wide, &rows, &job.units, &job.threads, &at[0], &bytes[0],
                          &at[1], &bytes[1], &at[2], &bytes[2], &at[3], &bytes[3], &at[4], &bytes[4]))
        return 0;
    void *in[5];
    for (int n = 0; n < 5; n++) in[n] = (void *)(uintptr_t)at[n];
    job.rows = rows < 0 ? 0 : (size_t)rows;
    job.x = in[0], job.coef = in[1], job.y = in[2], job.y_grad = in[2], job.x_grad = in[3], job.coef_grad = in[4];
    job.bytes.x = bytes[0], job.bytes.coef = bytes[1], job.bytes.y = bytes[2], job.bytes.x_grad = bytes[3], job.bytes.coef_grad = bytes[4];
    const char *wrong;
    Py_BEGIN_ALLOW_THREADS
    wrong = quotients(&job, backward, wide);
    Py_END_ALLOW_THREADS
    return answer(wrong);
}

/* release(): frees the scratch memory that this thread keeps. */
static PyObject *release(PyObject *self, PyObject *none) {
    free(pthread_getspecific(kept_key));
    pthread_setspecific(kept_key, 0);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"run", run, METH_VARARGS, "One layer, forward or backward; see __init__.py beside it."},
                                {"run_curves", run_curves, METH_VARARGS, "Curves, forward or backward; see curves.py beside it."},
                                {"run_quotients", run_quotients, METH_VARARGS, "Quotients, forward or backward; see curves.py beside it."},
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
