/* Learned functions of single units, as layer.h has a layer: `curves` and `quotients` refuse what does not fit their memory. */

#include "layer.h"

#define MOST_CELLS (1 << 20) /* their numbers are whole in a float */

/* What does not fit, in words; 0 where all does. */
static const char *curves_refusal(const Units *job, int backward, int wide) {
    const size_t size = wide ? sizeof(double) : sizeof(float), rows = job->rows, units = job->units;
    if (!rows || rows > PTRDIFF_MAX || job->units < 1 || job->units > MOST_COUNT || job->curves < 1 || job->curves > job->units ||
        job->units % job->curves || job->order < 1 || job->order > 5 || job->basis <= job->order ||
        job->basis - job->order > MOST_CELLS)
        return "the kernel takes at least one row, unit and cell, a whole number of units for each curve, and orders 1 to 5";
    if (!holds(job->x, job->bytes.x, rows, units, 1, size)) return "x is shorter than its shape says";
    if (!holds(job->knot, job->bytes.knot, job->basis + job->order + 1, 1, 1, size)) return "knots are shorter than their shape says";
    if (!holds(job->coef, job->bytes.coef, job->curves, job->basis, 1, size)) return "coef is shorter than its shape says";
    if (!holds(job->y, job->bytes.y, rows, units, 1, size)) return "y is shorter than its shape says";
    if (!backward) return job->x_by_row == job->y_by_row ? 0 : "x and y lie in different orders";
    if (job->x_grad && !holds(job->x_grad, job->bytes.x_grad, rows, units, 1, size)) return "the gradient of x is too short";
    if (job->coef_grad && !holds(job->coef_grad, job->bytes.coef_grad, job->curves, job->basis, 1, size))
        return "the gradient of coef is too short";
    return 0;
}

/* The polynomials of the functions of a cell, as PIECES in kanviz/core/curves/pieces.py. */
static void pieces(int order, double piece[6][6]) {
    memset(piece, 0, 6 * sizeof *piece);
    piece[0][0] = 1;
    for (int p = 1; p <= order; p++) {
        double less[6][6];
        memcpy(less, piece, sizeof less);
        for (int r = 0; r <= p; r++)
            for (int j = 0; j <= p; j++) {
                double sum = 0;
                if (r) sum += (p - r) * less[r - 1][j] + (j ? less[r - 1][j - 1] : 0);
                if (r < p) sum += (r + 1) * less[r][j] - (j ? less[r][j - 1] : 0);
                piece[r][j] = sum / p;
            }
    }
}

/* How many threads are worth starting: to start one costs as much as 100,000 points. */
static int worth(int threads, size_t rows, int units) {
    const double most = (double)rows * units / 100000 + 1;
    threads = threads < 1 ? 1 : threads > MOST_THREADS ? MOST_THREADS : threads;
    return threads > most ? (int)most : threads;
}

/* All curves, forward or backward; 0, SHORT_OF_MEMORY, or what does not fit. */
static const char *curves(Units *job, int backward, int wide) {
    const char *wrong = curves_refusal(job, backward, wide);
    if (wrong) return wrong;
    double piece[6][6];
    pieces(job->order, piece);
    job->share = job->units / job->curves;
    job->threads = worth(job->threads, job->rows, job->units);
    if (backward && job->threads > job->curves) job->threads = job->curves;
    return (wide ? run_curves_double : run_curves_float)(job, piece, backward) ? SHORT_OF_MEMORY : 0;
}

/* All quotients, forward or backward; 0, or what does not fit. */
static const char *quotients(const Quotients *job, int backward, int wide) {
    const size_t size = wide ? sizeof(double) : sizeof(float), rows = job->rows, units = job->units;
    if (!rows || rows > PTRDIFF_MAX || job->units < 1 || job->units > MOST_COUNT) return "the kernel takes at least one row and unit";
    if (!holds(job->x, job->bytes.x, rows, units, 1, size)) return "x is shorter than its shape says";
    if (!holds(job->coef, job->bytes.coef, ABOVE + BELOW, units, 1, size)) return "coef is shorter than its shape says";
    if (!holds(job->y, job->bytes.y, rows, units, 1, size)) return "y is shorter than its shape says";
    if (backward && job->x_grad && !holds(job->x_grad, job->bytes.x_grad, rows, units, 1, size)) return "the gradient of x is too short";
    if (backward && job->coef_grad && !holds(job->coef_grad, job->bytes.coef_grad, ABOVE + BELOW, units, 1, size))
        return "the gradient of coef is too short";
    (wide ? run_quotients_double : run_quotients_float)(job, backward, worth(job->threads, rows, job->units));
    return 0;
}
