/* Quotients P(x) / (1 + |Q(x)|) of units, P of degree 5 and Q of degree 4 without a constant, forward and backward.

   Included once per instruction set and precision, after curve.h. Rows lie one after the other, so that a vector holds
   neighbouring units of one row; their coefficients, and the gradients of these, stay in registers over all rows. */

/* Units from `from` to `to`. coef: 6 rows of P from the constant up, then 4 of Q from x up, each with all units. */
static TARGET void NAME(quotient_units)(const Quotients *job, int backward, size_t from, size_t to) {
    const size_t units = job->units;
    const REAL *coef = job->coef, *xs = job->x, *gs = job->y_grad;
    REAL *ys = job->y, *dx = job->x_grad, *into = job->coef_grad;
    for (size_t u = from; u < to; u += VL) {
        const size_t many = to - u;
        V c[ABOVE + BELOW], sum[ABOVE + BELOW];
        UNROLL for (int m = 0; m < ABOVE + BELOW; m++) {
            c[m] = NAME(some)(coef + m * units + u, many, 0);
            sum[m] = NAME(all)(0);
        }
        const V *a = c, *b = c + ABOVE;
        for (size_t n = 0; n < job->rows; n++) {
            const size_t at = n * units + u;
            const V x = NAME(some)(xs + at, many, 0), zero = NAME(all)(0);
            V p = a[ABOVE - 1], slope = zero, q = b[BELOW - 1], rate = zero;
            UNROLL for (int m = ABOVE - 2; m >= 0; m--) slope = slope * x + p, p = p * x + a[m];
            UNROLL for (int m = BELOW - 2; m >= 0; m--) rate = rate * x + q, q = q * x + b[m];
            rate = rate * x + q, q = q * x;
            const V size = NAME(pick)(q < zero, -q, q), share = 1 / (1 + size);
            if (!backward) {
                NAME(put_some)(ys + at, many, p * share);
                continue;
            }
            const V g = NAME(some)(gs + at, many, 0) * share, whole = -g * p * share;
            const V sign = NAME(pick)(q < zero, NAME(all)(-1), NAME(pick)(q > zero, NAME(all)(1), q)); /* as torch: 0 at 0 */
            const V t = whole * sign;
            if (dx) NAME(put_some)(dx + at, many, g * slope + t * rate);
            V up = g, down = t * x;
            UNROLL for (int m = 0; m < ABOVE; m++) sum[m] += up, up *= x;
            UNROLL for (int m = 0; m < BELOW; m++) sum[ABOVE + m] += down, down *= x;
        }
        for (int m = 0; backward && into && m < ABOVE + BELOW; m++) NAME(put_some)(into + m * units + u, many, sum[m]);
    }
}

static TARGET void *NAME(quotients_part)(void *part_of) {
    const QuotientsPart *part = part_of;
    NAME(quotient_units)(part->job, part->backward, part->from, part->to);
    return 0;
}

static TARGET void NAME(run_quotients)(const Quotients *job, int backward, int threads) {
    QuotientsPart parts[MOST_THREADS];
    const size_t blocks = ((size_t)job->units + VL - 1) / VL, units = job->units;
    for (int p = 0; p < threads; p++) {
        const size_t from = blocks * p / threads * VL, to = blocks * (p + 1) / threads * VL;
        parts[p] = (QuotientsPart){job, from, to < units ? to : units, backward};
    }
    share(NAME(quotients_part), parts, sizeof *parts, threads);
}
