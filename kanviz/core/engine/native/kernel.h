/* One KAN layer, forward and backward, for one kind of number and one width of vectors.

   Included once per instruction set and precision, after vectors.h.

   y[n,t] = bias[t] + sum_s ( sum_r w_r(x[n,s]) C[s, c+r, t] + b(x[n,s]) W[s,t] ), r = 0 .. order: a point touches the
   order + 1 rows of its cell c and the base row, whatever the grid. The table holds, tile of targets by tile, per source
   its rows of coefficients and the base weights as one more row, so that a row is contiguous. Nothing is kept from the
   forward pass: the backward pass computes the weights again from x. Its slope is a spline of one order less over the
   differences of the rows; gradients of the table are summed cell by cell in registers, over points sorted by cell.
   Weights and slope: de Boor, A Practical Guide to Splines, ch. X. */

/* The sums of QUAD vectors side by side: 16 bytes hold one number of each. Adds and shuffles within lanes, then lanes. */
INLINE NAME(Q) NAME(totals)(const V *s) {
#if defined(DOUBLE)
    V u = LOW(s[0], s[1]) + HIGH(s[0], s[1]);
#else
    V p = LOW(s[0], s[1]) + HIGH(s[0], s[1]), q = LOW(s[2], s[3]) + HIGH(s[2], s[3]);
    V u = LOWS(p, q) + HIGHS(p, q);
#endif
    union { V v; NAME(Q) q[VB / 16]; } lanes = {u};
#if VB == 64
    return (lanes.q[0] + lanes.q[1]) + (lanes.q[2] + lanes.q[3]);
#elif VB == 32
    return lanes.q[0] + lanes.q[1];
#else
    return lanes.q[0];
#endif
}

/* exp(x), within 2 units in the last place for |x| below the clamp: x = n ln 2 + r, a polynomial in r, 2^n by its bits
   (Cody & Waite 1980). */
INLINE V NAME(exponential)(V x) {
#ifdef DOUBLE
    const double low = -708.0, high = 708.0, ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
    const double round = 6755399441055744.0; /* 1.5 * 2^52 */
    const int bits = 52, bias = 1023;
#else
    const float low = -87.0f, high = 87.0f, ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    const float round = 12582912.0f; /* 1.5 * 2^23 */
    const int bits = 23, bias = 127;
#endif
    x = NAME(pick)(x < low, NAME(all)(low), x);
    x = NAME(pick)(x > high, NAME(all)(high), x);
    V shifted = x * (REAL)1.44269504088896340736 + round;
    V n = shifted - round;
    V r = (x - n * ln2_high) - n * ln2_low;
#ifdef DOUBLE
    static const double term[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                  1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
#else
    static const float term[] = {1.0f / 5040, 1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f};
#endif
    V e = NAME(all)(term[0]);
    for (int j = 1; j < (int)(sizeof term / sizeof *term); j++) e = e * r + term[j];
    VI power = ((VI)shifted - (VI)NAME(all)(round) + bias) << bits;
    return e * (V)power;
}

/* The base function and its slope: 0 none, 1 silu, 2 identity. At infinity as torch has them: silu is NaN at the lower one,
   its slope at both, none is 0. What is no number stays so. */
INLINE void NAME(base)(int kind, V x, V *value, V *slope) {
    if (kind == 1) {
        const V zero = NAME(all)(0), far = NAME(all)((REAL)(sizeof(REAL) == 4 ? 87 : 708)); /* where `exponential` is clamped */
        V e = NAME(exponential)(-x), s = 1 / (1 + e);
        V rest = NAME(pick)(x > far, zero, e * s); /* 1 - s */
        s = NAME(pick)(x < -far, zero, s);
        *value = x * s;
        *slope = s * (1 + x * rest);
    } else {
        *value = kind ? x : NAME(pick)(x == x, NAME(all)(0), x);
        *slope = NAME(all)(kind ? 1 : 0);
    }
}

/* What a source's points need: where the grid lies, and its knots where they are uneven. */
typedef struct {
    const REAL *knots; /* all of them */
    const REAL *inverse; /* uneven: 1 / width of the supports around each cell, order (order + 1) / 2 a cell */
    REAL first, last; /* of the knots points may lie between */
    REAL start, scale; /* uniform: the first knot, cells by length */
    int lowest, highest; /* cells that may be meant */
    int count; /* knots */
    int uniform;
} NAME(Source);

/* Weights of the order + 1 functions of each point's cell, and the base value, as rows of w, POINTS apart; in d the
   weights of the order functions of one order less, and the base slope. `cell` counts intervals between knots, less
   `shift`. */
INLINE void NAME(finish)(int k, int linear, int base, const V *now, const V *before, V scale, V x, V near, VI in, REAL *w,
                         REAL *d, int n) {
    V value, slope;
    NAME(base)(base, x, &value, &slope);
    UNROLL for (int r = 0; r <= k; r++) {
        V a = now[r];
        if (linear) { /* past the border in a straight line, which has no value at infinity */
            V rate = r ? before[r - 1] : NAME(all)(0);
            if (r < k) rate -= before[r];
            a += (x - near) * (rate * scale) + (x - x);
        } else a = NAME(pick)(in, a, NAME(all)(0));
        NAME(store)(w + r * POINTS + n, a);
    }
    NAME(store)(w + (k + 1) * POINTS + n, value);
    if (!d) return;
    UNROLL for (int r = 0; r < k; r++) NAME(store)(d + r * POINTS + n, NAME(pick)(in, before[r], NAME(all)(0)));
    NAME(store)(d + k * POINTS + n, slope);
}

INLINE void NAME(uniform_weights)(int k, const NAME(Source) *s, int linear, int base, int shift, const REAL *xs, int count,
                                  REAL *w, REAL *d, INT *cell) {
    for (int n = 0; n < count; n += VL) {
        V x = NAME(load)(xs + n), near = x;
        near = NAME(pick)(near < s->first, NAME(all)(s->first), near);
        near = NAME(pick)(near > s->last, NAME(all)(s->last), near);
        V at = (near - s->start) * s->scale;
        at = NAME(pick)(at >= (REAL)s->lowest, at, NAME(all)((REAL)s->lowest)); /* NaN goes to the lowest cell */
        at = NAME(pick)(at <= (REAL)s->highest, at, NAME(all)((REAL)s->highest));
        VI c = __builtin_convertvector(at, VI);
        V f = (near - NAME(gather)(s->knots, c)) * s->scale; /* from its own knot: in float32 the only exact difference */
        *(VI *)(cell + n) = c - shift;
        V now[6] = {NAME(all)(1)}, before[6];
        UNROLL for (int p = 1; p <= k; p++) {
            UNROLL for (int r = 0; r < p; r++) before[r] = now[r];
            UNROLL for (int r = 0; r <= p; r++) {
                V sum = NAME(all)(0);
                if (r) sum += (f + (REAL)(p - r)) * before[r - 1];
                if (r < p) sum += ((REAL)(r + 1) - f) * before[r];
                now[r] = sum * (REAL)(1.0 / p);
            }
        }
        NAME(finish)(k, linear, base, now, before, NAME(all)(s->scale), x, near,
                     linear ? (VI)NAME(all)(0) == (VI)NAME(all)(0) : ~((x < s->first) | (x > s->last)), w, d, n);
    }
}

/* The same on uneven knots, by search and the recursion on each cell's own knots. */
INLINE void NAME(uneven_weights)(int k, const NAME(Source) *s, int linear, int base, int shift, const REAL *xs, int count,
                                 REAL *w, REAL *d, INT *cell) {
    const REAL *t = s->knots;
    for (int n = 0; n < count; n += VL) {
        V x = NAME(load)(xs + n), value, slope;
        NAME(base)(base, x, &value, &slope);
        NAME(store)(w + (k + 1) * POINTS + n, value);
        if (d) NAME(store)(d + k * POINTS + n, slope);
    }
    for (int n = 0; n < count; n++) {
        REAL x = xs[n], near = x < s->first ? s->first : x > s->last ? s->last : x;
        int c = s->lowest, length = s->highest - s->lowest + 1; /* the last cell that begins at or before the point */
        while (length > 1) {
            int half = length / 2;
            c += t[c + half] <= near ? half : 0;
            length -= half;
        }
        while (c > s->lowest && t[c + 1] == t[c]) c--; /* the end belongs to the last interval that has a width */
        cell[n] = c - shift;
        const REAL *inverse = s->inverse + (size_t)c * (k * (k + 1) / 2);
        REAL now[6] = {1}, before[6] = {1}, rate[6] = {0};
        int in = linear || !(x < s->first || x > s->last);
        for (int p = 1; p <= k; p++) {
            REAL up = 0, slip = 0;
            for (int r = 0; r < p; r++) before[r] = now[r];
            for (int r = 0; r < p; r++) { /* function r of order p - 1 lies over knots c-p+1+r .. c+1+r */
                int left = c - p + 1 + r, right = c + 1 + r;
                REAL part = now[r] * *inverse++;
                REAL tl = left < 0 ? t[0] + left : t[left], tr = right >= s->count ? t[s->count - 1] + (right - s->count + 1) : t[right];
                now[r] = up + (tr - near) * part;
                up = (near - tl) * part;
                if (p == k) {
                    rate[r] = slip - p * part;
                    slip = p * part;
                }
            }
            now[p] = up;
            if (p == k) rate[p] = slip;
        }
        for (int r = 0; r <= k; r++) w[r * POINTS + n] = !in ? 0 : linear ? now[r] + (x - near) * rate[r] + (x - x) : now[r];
        for (int r = 0; d && r < k; r++) d[r * POINTS + n] = in ? before[r] : 0;
    }
}

/* Outputs of points from..to over TV vectors of targets, for some sources; NS points at a time. */
INLINE void NAME(forward_tile)(int k, int tv, int ns, const REAL *table, size_t rows, int sources,
                               const REAL *w, const INT *cell, int from, int to, REAL *out, const REAL *bias) {
    const size_t pitch = tv * VL;
    for (int n = from; n < to; n += ns) {
        V sum[16];
        UNROLL for (int s = 0; s < ns; s++)
            UNROLL for (int v = 0; v < tv; v++) sum[s * tv + v] = NAME(load)(bias ? bias + v * VL : out + (n + s) * pitch + v * VL);
        const REAL *mine = table, *wi = w + n;
        const INT *ci = cell + n;
        for (int i = 0; i < sources; i++, mine += rows * pitch, wi += (k + 2) * POINTS, ci += POINTS) {
            UNROLL for (int s = 0; s < ns; s++) {
                const REAL *p = mine + ((size_t)ci[s] + 1) * pitch;
                UNROLL for (int r = 0; r <= k; r++) {
                    V a = NAME(all)(wi[r * POINTS + s]);
                    UNROLL for (int v = 0; v < tv; v++) sum[s * tv + v] += a * NAME(load)(p + r * pitch + v * VL);
                }
            }
            UNROLL for (int s = 0; s < ns; s++) {
                V a = NAME(all)(wi[(k + 1) * POINTS + s]);
                UNROLL for (int v = 0; v < tv; v++) sum[s * tv + v] += a * NAME(load)(mine + v * VL);
            }
        }
        UNROLL for (int s = 0; s < ns; s++)
            UNROLL for (int v = 0; v < tv; v++) NAME(store)(out + (n + s) * pitch + v * VL, sum[s * tv + v]);
    }
}

/* One source's part of dx at one point, as a vector still to be summed: g (sum_r w'_r D[c+r] + b' W). */
INLINE V NAME(slope_one)(int k, int tv, const REAL *mine, const REAL *di, INT cell, const V *grad) {
    const size_t pitch = tv * VL;
    const REAL *p = mine + ((size_t)cell + 1) * pitch;
    V part[4], sum;
    UNROLL for (int r = 0; r < k; r++) {
        V a = NAME(all)(di[r * POINTS]);
        UNROLL for (int v = 0; v < tv; v++) {
            V row = NAME(load)(p + r * pitch + v * VL);
            part[v] = r ? part[v] + a * row : a * row;
        }
    }
    V a = NAME(all)(di[k * POINTS]);
    UNROLL for (int v = 0; v < tv; v++) part[v] += a * NAME(load)(mine + v * VL);
    sum = part[0] * grad[0];
    UNROLL for (int v = 1; v < tv; v++) sum += part[v] * grad[v];
    return sum;
}

/* Adds to dx (point by source, `across` sources wide) what TV vectors of targets say; `table` holds the differences. */
INLINE void NAME(slope_tile)(int k, int tv, const REAL *table, size_t rows, int sources, const REAL *d,
                             const INT *cell, int count, const REAL *g, REAL *dx, size_t across) {
    const size_t pitch = tv * VL;
    for (int n = 0; n < count; n++) {
        V grad[4];
        UNROLL for (int v = 0; v < tv; v++) grad[v] = NAME(load)(g + n * pitch + v * VL);
        const REAL *mine = table, *di = d + n;
        const INT *ci = cell + n;
        REAL *to = dx + n * across;
        int i = 0;
        for (; i + QUAD <= sources; i += QUAD) {
            V part[4];
            UNROLL for (int q = 0; q < QUAD; q++, mine += rows * pitch, di += (k + 1) * POINTS, ci += POINTS)
                part[q] = NAME(slope_one)(k, tv, mine, di, *ci, grad);
            *(NAME(Q) *)(to + i) += NAME(totals)(part);
        }
        if (i == sources) continue;
        V part[4] = {NAME(all)(0), NAME(all)(0), NAME(all)(0), NAME(all)(0)};
        for (int q = 0; i + q < sources; q++, mine += rows * pitch, di += (k + 1) * POINTS, ci += POINTS)
            part[q] = NAME(slope_one)(k, tv, mine, di, *ci, grad);
        NAME(Q) rest = NAME(totals)(part);
        for (int q = 0; i + q < sources; q++) to[i + q] += rest[q];
    }
}

INLINE void NAME(put)(int tv, REAL *row, const V *sum, int fresh) {
    UNROLL for (int v = 0; v < tv; v++) {
        V now = sum[v];
        if (!fresh) now += NAME(load)(row + v * VL);
        NAME(store)(row + v * VL, now);
    }
}

/* Where the gradients of one source's base weights and rows go: row c, if it is one, to rows + (c - low) step. */
typedef struct {
    REAL *base, *rows;
    size_t step;
    int low, high, fresh;
} NAME(Into);

/* Those gradients over TV vectors of targets, from points sorted by cell: they stay in registers till their cell is done. */
INLINE void NAME(table_tile)(int k, int tv, const REAL *w, const int *begin, const int *sorted, int cells, const REAL *g,
                             size_t pitch, const NAME(Into) *into) {
    V sum[28], extra[4];
    UNROLL for (int j = 0; j < (k + 1) * tv; j++) sum[j] = NAME(all)(0);
    UNROLL for (int v = 0; v < tv; v++) extra[v] = NAME(all)(0);
    for (int c = 0; c < cells + k; c++) {
        if (c < cells)
            for (const int *at = sorted + begin[c], *end = sorted + begin[c + 1]; at < end; at++) {
                const size_t n = *at;
                V here[4];
                UNROLL for (int v = 0; v < tv; v++) here[v] = NAME(load)(g + n * pitch + v * VL);
                UNROLL for (int r = 0; r <= k; r++) {
                    V a = NAME(all)(w[r * POINTS + n]);
                    UNROLL for (int v = 0; v < tv; v++) sum[r * tv + v] += a * here[v];
                }
                V a = NAME(all)(w[(k + 1) * POINTS + n]);
                UNROLL for (int v = 0; v < tv; v++) extra[v] += a * here[v];
            }
        if (c >= into->low && c < into->high) NAME(put)(tv, into->rows + (c - into->low) * into->step, sum, into->fresh);
        UNROLL for (int j = 0; j < k * tv; j++) sum[j] = sum[j + tv];
        UNROLL for (int v = 0; v < tv; v++) sum[k * tv + v] = NAME(all)(0);
    }
    NAME(put)(tv, into->base, extra, into->fresh);
}

/* --- each of them for every order, as functions of their own ----------------------------------------------------- */

typedef void (*NAME(Weigh))(const NAME(Source) *, int, int, int, const REAL *, int, REAL *, REAL *, INT *);
typedef void (*NAME(Forward))(const REAL *, size_t, int, const REAL *, const INT *, int, REAL *, const REAL *);
typedef void (*NAME(Slope))(const REAL *, size_t, int, const REAL *, const INT *, int, const REAL *, REAL *, size_t);
typedef void (*NAME(Table))(const REAL *, const int *, const int *, int, const REAL *, size_t, const NAME(Into) *);

#define FORWARD(k, tv, ns)                                                                                              \
    static TARGET APART void NAME(forward_##k##_##tv)(const REAL *table, size_t rows, int sources,        \
                                                      const REAL *w, const INT *cell, int count, REAL *out,             \
                                                      const REAL *bias) {                                               \
        const int whole = count / ns * ns;                                                                              \
        NAME(forward_tile)(k, tv, ns, table, rows, sources, w, cell, 0, whole, out, bias);                    \
        NAME(forward_tile)(k, tv, 1, table, rows, sources, w, cell, whole, count, out, bias);                 \
    }
#define SLOPE(k, tv)                                                                                                    \
    static TARGET APART void NAME(slope_##k##_##tv)(const REAL *table, size_t rows, int sources,          \
                                                    const REAL *d, const INT *cell, int count, const REAL *g, REAL *dx, \
                                                    size_t across) {                                                    \
        NAME(slope_tile)(k, tv, table, rows, sources, d, cell, count, g, dx, across);                         \
    }
#define TABLE(k, tv)                                                                                                    \
    static TARGET APART void NAME(table_##k##_##tv)(const REAL *w, const int *begin, const int *sorted, int cells,      \
                                                    const REAL *g, size_t pitch, const NAME(Into) *into) {              \
        NAME(table_tile)(k, tv, w, begin, sorted, cells, g, pitch, into);                                               \
    }
#define OF_ORDER(k)                                                                                                     \
    FORWARD(k, 1, WIDE_ENOUGH(8, 8)) FORWARD(k, 2, WIDE_ENOUGH(8, 4)) FORWARD(k, 3, WIDE_ENOUGH(4, 3)) FORWARD(k, 4, WIDE_ENOUGH(4, 2))                                                 \
    SLOPE(k, 1) SLOPE(k, 2) SLOPE(k, 3) SLOPE(k, 4) TABLE(k, 1) TABLE(k, 2) TABLE(k, 3) TABLE(k, 4)                     \
    static TARGET APART void NAME(uniform_##k)(const NAME(Source) *s, int linear, int base, int shift, const REAL *xs,  \
                                               int count, REAL *w, REAL *d, INT *cell) {                                \
        NAME(uniform_weights)(k, s, linear, base, shift, xs, count, w, d, cell);                                        \
    }                                                                                                                   \
    static TARGET APART void NAME(uneven_##k)(const NAME(Source) *s, int linear, int base, int shift, const REAL *xs,   \
                                              int count, REAL *w, REAL *d, INT *cell) {                                 \
        NAME(uneven_weights)(k, s, linear, base, shift, xs, count, w, d, cell);                                         \
    }
OF_ORDER(1) OF_ORDER(2) OF_ORDER(3) OF_ORDER(4) OF_ORDER(5)
#undef OF_ORDER
#undef FORWARD
#undef SLOPE
#undef TABLE

#define EVERY(name) {name(1), name(2), name(3), name(4), name(5)}
#define ROW(k) {NAME(forward_##k##_1), NAME(forward_##k##_2), NAME(forward_##k##_3), NAME(forward_##k##_4)}
static const NAME(Forward) NAME(forwards)[5][4] = EVERY(ROW);
#undef ROW
#define ROW(k) {NAME(slope_##k##_1), NAME(slope_##k##_2), NAME(slope_##k##_3), NAME(slope_##k##_4)}
static const NAME(Slope) NAME(slopes)[5][4] = EVERY(ROW);
#undef ROW
#define ROW(k) {NAME(table_##k##_1), NAME(table_##k##_2), NAME(table_##k##_3), NAME(table_##k##_4)}
static const NAME(Table) NAME(tables)[5][4] = EVERY(ROW);
#undef ROW
#define ROW(k) {NAME(uneven_##k), NAME(uniform_##k)}
static const NAME(Weigh) NAME(weighs)[5][2] = EVERY(ROW);
#undef ROW
#undef EVERY

/* --- the layer --------------------------------------------------------------------------------------------------- */

/* The first `some` numbers of a row of a tile, the rest zero; a row of a tile without its rest. */
INLINE void NAME(widen)(REAL *to, const REAL *from, int some, int pitch) {
    int j = 0;
    for (; j + VL <= some; j += VL) NAME(store)(to + j, NAME(load)(from + j));
    for (; j < some; j++) to[j] = from[j];
    for (; j < pitch; j++) to[j] = 0;
}
INLINE void NAME(narrow)(REAL *to, const REAL *from, int some) {
    int j = 0;
    for (; j + VL <= some; j += VL) NAME(store)(to + j, NAME(load)(from + j));
    for (; j < some; j++) to[j] = from[j];
}

/* Width of the tile of targets that starts at t: up to TILE vectors. Tiles follow each other, `height` numbers a column. */
INLINE int NAME(tile)(const Job *job, int t) {
    const int left = (job->width - t) / VL;
    return left < TILE ? left : TILE;
}

/* The base weights and rows of sources from..to out of coefficients (source, target, basis). With `sources`, the rows'
   differences over their knots instead: the slope's coefficients, k (c_m - c_{m-1}) / (t_{m+k} - t_m). */
static TARGET void NAME(table_in)(const Job *job, const NAME(Source) *sources, REAL *table, int from, int to) {
    const int count = job->basis, k = job->order;
    const size_t across = job->coef_target, along = job->coef_basis;
    for (int t = 0; t < job->width; t += TILE * VL) {
        const int pitch = NAME(tile)(job, t) * VL, some = job->targets - t < pitch ? job->targets - t : pitch;
        for (int i = from; i < to; i++) {
            REAL *mine = table + ((size_t)t * job->sources + (size_t)i * pitch) * job->rows;
            const REAL *coef = (const REAL *)job->coef + (size_t)i * job->targets * count + t * across;
            memset(mine, 0, (size_t)(1 + job->pad) * pitch * sizeof(REAL));
            memset(mine + (job->rows - job->pad) * pitch, 0, (size_t)job->pad * pitch * sizeof(REAL));
            if (job->base) memcpy(mine, (const REAL *)job->weight + (size_t)i * job->targets + t, some * sizeof(REAL));
            for (int m = 0; m < count && (!sources || across != 1); m++) {
                REAL *row = mine + (size_t)(1 + job->pad + m) * pitch;
                if (across == 1) {
                    NAME(widen)(row, coef + m * along, some, pitch);
                    continue;
                }
                for (int j = 0; j < some; j++) row[j] = coef[j * across + m * along];
                for (int j = some; j < pitch; j++) row[j] = 0;
            }
            for (int m = 0; sources && m <= count; m++) { /* each in the place of the row below, where the cell begins */
                if (!job->pad && (m == 0 || m == count)) continue; /* reaches nobody inside the border */
                const REAL span = sources[i].knots[m + k] - sources[i].knots[m], scale = span > 0 ? k / span : 0;
                REAL *row = mine + (size_t)(job->pad + m) * pitch;
                if (across != 1) {
                    for (int j = 0; j < pitch; j++) row[j] = scale * (row[j + pitch] - row[j]);
                    continue;
                }
                const REAL *up = coef + m * along, *down = up - along;
                if (m == 0)
                    for (int j = 0; j < some; j++) row[j] = scale * up[j];
                else if (m == count)
                    for (int j = 0; j < some; j++) row[j] = -scale * down[j];
                else
                    for (int j = 0; j < some; j++) row[j] = scale * (up[j] - down[j]);
                for (int j = some; j < pitch; j++) row[j] = 0;
            }
        }
    }
}

static TARGET void NAME(table_out)(const Job *job, const REAL *table, int from, int to) {
    const size_t across = job->coef_target, along = job->coef_basis;
    for (int t = 0; t < job->width; t += TILE * VL) {
        const int pitch = NAME(tile)(job, t) * VL, some = job->targets - t < pitch ? job->targets - t : pitch;
        for (int i = from; i < to; i++) {
            const REAL *mine = table + ((size_t)t * job->sources + (size_t)i * pitch) * job->rows, *rows = mine + (1 + job->pad) * pitch;
            REAL *coef = (REAL *)job->coef_grad + (size_t)i * job->targets * job->basis + t * across;
            memcpy((REAL *)job->weight_grad + (size_t)i * job->targets + t, mine, some * sizeof(REAL));
            if (across == 1)
                for (int m = 0; m < job->basis; m++) NAME(narrow)(coef + m * along, rows + (size_t)m * pitch, some);
            else
                for (int j = 0; j < some; j++)
                    for (int m = 0; m < job->basis; m++) coef[j * across + m * along] = rows[(size_t)m * pitch + j];
        }
    }
}

/* Whether the grid of any source has no width: all its knots are in one place. */
static int NAME(is_flat)(const Job *job) {
    const int k = job->order, cells = job->knots - 1;
    for (int i = 0; i < job->sources; i++) {
        const REAL *t = (const REAL *)job->knot + (size_t)i * job->knots;
        if (!(t[k] < t[cells - k])) return 1;
    }
    return 0;
}

/* Where each source's grid lies; whether its knots are even to rounding, so that the closed form holds. */
static TARGET void NAME(describe)(const Job *job, NAME(Source) *sources, REAL *inverses) {
    const int k = job->order, cells = job->knots - 1, widths = k * (k + 1) / 2;
    for (int i = 0; i < job->sources; i++) {
        NAME(Source) *s = sources + i;
        const REAL *t = (const REAL *)job->knot + (size_t)i * job->knots;
        double step = ((double)t[cells] - t[0]) / cells, most = 0;
        for (int c = 0; c <= cells; c++) {
            double off = fabs((double)t[c] - (t[0] + c * step));
            most = off > most ? off : most;
        }
        s->knots = t;
        s->count = job->knots;
        s->first = job->linear ? t[k] : t[0];
        s->last = job->linear ? t[cells - k] : t[cells];
        s->lowest = job->linear && s->first < s->last ? k : 0; /* a grid without width is in a cell before it */
        s->highest = job->linear ? cells - k - 1 : cells - 1;
        s->start = t[0];
        s->scale = (REAL)(1 / step);
        s->uniform = k > 1 && step > 0 && most <= step * (sizeof(REAL) == 4 ? 1e-5 : 4e-13); /* at order 1 slopes jump on knots */
        s->inverse = inverses + (size_t)i * cells * widths;
        if (s->uniform) continue;
        for (int c = 0; c < cells; c++) {
            REAL *to = inverses + ((size_t)i * cells + c) * widths;
            for (int p = 1; p <= k; p++)
                for (int r = 0; r < p; r++) {
                    int left = c - p + 1 + r, right = c + 1 + r;
                    REAL tl = left < 0 ? t[0] + left : t[left], tr = right > cells ? t[cells] + (right - cells) : t[right];
                    *to++ = tr > tl ? 1 / (tr - tl) : 0;
                }
        }
    }
}

/* One block of points and sources, source by source: weights, derivatives, cells. x is (point, source). */
static TARGET void NAME(block_weights)(const Job *job, const NAME(Source) *sources, size_t row, int count, int first,
                                       int many, REAL *xs, REAL *w, REAL *d, INT *cell) {
    const REAL *x = (const REAL *)job->x + row * job->sources + first;
    const int k = job->order, even = (count + VL - 1) / VL * VL, shift = k - job->pad;
    for (int n = 0; n < count; n += 16) { /* columns side by side, a few lines of the cache at a time */
        const int end = n + 16 < count ? n + 16 : count;
        for (int i = 0; i < many; i++)
            for (int q = n; q < end; q++) xs[i * POINTS + q] = x[(size_t)q * job->sources + i];
    }
    for (int i = 0; i < many; i++) {
        for (int n = count; n < even; n++) xs[i * POINTS + n] = xs[i * POINTS + count - 1];
        const size_t at = (size_t)i * (k + 2) * POINTS, below = (size_t)i * (k + 1) * POINTS;
        const NAME(Source) *s = sources + first + i;
        NAME(weighs)[k - 1][s->uniform](s, job->linear, job->base, shift, xs + i * POINTS, even, w + at, d ? d + below : 0, cell + (size_t)i * POINTS);
    }
}

/* How many sources' rows fit the first cache over one tile of targets; at least as many as are summed side by side. */
INLINE int NAME(near)(const Job *job, int many, int tv) {
    const int fit = (int)(NEAR_BYTES / ((size_t)(job->rows - 2 * job->pad) * tv * VB));
    return fit < QUAD ? QUAD < many ? QUAD : many : fit < many ? fit / QUAD * QUAD : many;
}

/* Points from `from` to `to`: their outputs. */
static TARGET void NAME(forward_rows)(const Job *job, const NAME(Source) *sources, const REAL *table, const REAL *bias,
                                      REAL *scratch, size_t from, size_t to) {
    const int k = job->order;
    REAL *xs = scratch, *w = xs + (size_t)SOURCES * POINTS, *held = w + (size_t)SOURCES * (k + 2) * POINTS;
    INT *cell = (INT *)(held + (size_t)POINTS * job->width);
    for (size_t row = from; row < to; row += POINTS) {
        const int count = to - row < POINTS ? (int)(to - row) : POINTS;
        for (int first = 0; first < job->sources; first += SOURCES) {
            const int many = job->sources - first < SOURCES ? job->sources - first : SOURCES;
            NAME(block_weights)(job, sources, row, count, first, many, xs, w, 0, cell);
            for (int t = 0; t < job->width; t += TILE * VL) {
                const int tv = NAME(tile)(job, t), fit = NAME(near)(job, many, tv);
                for (int i = 0; i < many; i += fit)
                    NAME(forwards)[k - 1][tv - 1](
                        table + ((size_t)t * job->sources + (size_t)(first + i) * tv * VL) * job->rows, job->rows,
                        many - i < fit ? many - i : fit, w + (size_t)i * (k + 2) * POINTS, cell + (size_t)i * POINTS, count,
                        held + (size_t)t * POINTS, first + i ? 0 : bias + t);
            }
        }
        for (int t = 0; t < job->width; t += TILE * VL) {
            const int pitch = NAME(tile)(job, t) * VL, some = job->targets - t < pitch ? job->targets - t : pitch;
            REAL *y = (REAL *)job->y + row * job->targets + t;
            for (int n = 0; n < count; n++)
                NAME(narrow)(y + (size_t)n * job->targets, held + (size_t)t * POINTS + (size_t)n * pitch, some);
        }
    }
}

/* Points of a source in the order of their cells: cell c has sorted[begin[c] .. begin[c + 1]]. */
static TARGET void NAME(sort)(const INT *cell, int count, int cells, int *begin, int *other, int *sorted) {
#if VB == 64
    if (cells <= FEW_CELLS) { /* each cell picks its points, a vector of them at a time */
        int at = 0;
        for (int c = 0; c < cells; c++) {
            begin[c] = at;
            for (int n = 0; n < count; n += VL) {
                const unsigned here = count - n < VL ? (1u << (count - n)) - 1 : 0xffff;
#ifdef DOUBLE
                const __mmask8 mine = here & _mm512_cmpeq_epi64_mask(_mm512_loadu_si512(cell + n), _mm512_set1_epi64(c));
                const __m256i points = _mm256_add_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
                _mm256_storeu_si256((void *)(sorted + at), _mm256_maskz_compress_epi32(mine, points));
#else
                const __mmask16 mine = here & _mm512_cmpeq_epi32_mask(_mm512_loadu_si512(cell + n), _mm512_set1_epi32(c));
                const __m512i points = _mm512_add_epi32(
                    _mm512_set1_epi32(n), _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
                _mm512_storeu_si512(sorted + at, _mm512_maskz_compress_epi32(mine, points));
#endif
                at += __builtin_popcount(mine);
            }
        }
        begin[cells] = at;
        return;
    }
#endif
    /* A counting sort; odd and even points are counted apart, since an increment waits for the last of the same number. */
    memset(begin, 0, (cells + 2) * sizeof(int));
    memset(other, 0, (cells + 2) * sizeof(int));
    for (int n = 0; n + 1 < count; n += 2) begin[cell[n] + 2]++, other[cell[n + 1] + 2]++;
    if (count & 1) begin[cell[count - 1] + 2]++;
    for (int c = 0; c < cells; c++) { /* where a cell's even points begin; its odd ones follow */
        const int even = begin[c + 2];
        begin[c + 2] = begin[c + 1] + even + other[c + 2];
        other[c + 1] = begin[c + 1] + even;
    }
    for (int n = 0; n + 1 < count; n += 2) {
        sorted[begin[cell[n] + 1]++] = n;
        sorted[other[cell[n + 1] + 1]++] = n + 1;
    }
    if (count & 1) sorted[begin[cell[count - 1] + 1]++] = count - 1;
    for (int c = 0; c < cells; c++) begin[c + 1] = other[c + 1];
}

/* Sources from `from` to `to`: their columns of dx, and their part of the table's gradient, over all points. */
static TARGET void NAME(backward_sources)(const Job *job, const NAME(Source) *sources, const REAL *table, REAL *grad,
                                          REAL *scratch, int from, int to) {
    const int k = job->order, cells = (int)job->rows - 1 - k;
    const int most = REGISTERS == 32 ? (k <= 3 ? 4 : k == 4 ? 3 : 2) : (k <= 3 ? 2 : 1); /* vectors of k + 2 rows that fit */
    REAL *xs = scratch, *w = xs + (size_t)SOURCES * POINTS, *d = w + (size_t)SOURCES * (k + 2) * POINTS;
    REAL *g = d + (size_t)SOURCES * (k + 1) * POINTS;
    INT *cell = (INT *)(g + (size_t)job->width * POINTS);
    int *begin = (int *)(cell + (size_t)SOURCES * POINTS), *other = begin + (size_t)SOURCES * (cells + 2);
    int *sorted = other + cells + 2;
    for (size_t row = 0; row < job->points; row += POINTS) {
        const int count = job->points - row < POINTS ? (int)(job->points - row) : POINTS;
        for (int t = 0; t < job->width; t += TILE * VL) { /* the incoming gradient, tile by tile */
            const int pitch = NAME(tile)(job, t) * VL, some = job->targets - t < pitch ? job->targets - t : pitch;
            const REAL *y = (const REAL *)job->y_grad + row * job->targets + t;
            for (int n = 0; n < count; n++)
                NAME(widen)(g + (size_t)t * POINTS + (size_t)n * pitch, y + (size_t)n * job->targets, some, pitch);
        }
        for (int first = from; first < to; first += SOURCES) {
            const int many = to - first < SOURCES ? to - first : SOURCES;
            REAL *dx = (REAL *)job->x_grad + row * job->sources + first;
            NAME(block_weights)(job, sources, row, count, first, many, xs, w, job->x_grad ? d : 0, cell);
            if (job->coef_grad)
                for (int i = 0; i < many; i++)
                    NAME(sort)(cell + (size_t)i * POINTS, count, cells, begin + (size_t)i * (cells + 2), other,
                               sorted + (size_t)i * (POINTS + VL));
            if (job->x_grad)
                for (int n = 0; n < count; n++) memset(dx + (size_t)n * job->sources, 0, many * sizeof(REAL));
            for (int t = 0; t < job->width; t += TILE * VL) {
                const int tv = NAME(tile)(job, t), fit = NAME(near)(job, many, tv);
                const REAL *gt = g + (size_t)t * POINTS;
                const size_t at = ((size_t)t * job->sources + (size_t)first * tv * VL) * job->rows, step = job->rows * tv * VL;
                for (int i = 0; job->coef_grad && i < many; i++)
                    for (int u = 0; u < tv; u += most) {
                        const size_t source = first + i, column = t + u * VL;
                        NAME(Into) into = {grad + at + i * step + u * VL, 0, tv * VL, 0, cells + k, row == 0};
                        into.rows = into.base + into.step;
                        if (job->direct)
                            into = (NAME(Into)){(REAL *)job->weight_grad + source * job->targets + column,
                                                (REAL *)job->coef_grad + source * job->basis * job->targets + column,
                                                job->targets, job->pad, job->pad + job->basis, row == 0};
                        NAME(tables)[k - 1][(tv - u < most ? tv - u : most) - 1](
                            w + (size_t)i * (k + 2) * POINTS, begin + (size_t)i * (cells + 2),
                            sorted + (size_t)i * (POINTS + VL), cells, gt + u * VL, tv * VL, &into);
                    }
                if (job->x_grad)
                    for (int i = 0; i < many; i += fit)
                        NAME(slopes)[k - 1][tv - 1](table + at + i * step, job->rows, many - i < fit ? many - i : fit,
                                                    d + (size_t)i * (k + 1) * POINTS, cell + (size_t)i * POINTS, count, gt,
                                                    dx + i, job->sources);
            }
        }
    }
}

static TARGET void *NAME(forward_part)(void *part_of) {
    Part *part = part_of;
    NAME(forward_rows)(part->job, part->sources, part->table, part->bias, part->scratch, part->from, part->to);
    return 0;
}
static TARGET void *NAME(backward_part)(void *part_of) {
    Part *part = part_of;
    NAME(backward_sources)(part->job, part->sources, part->table, part->grad, part->scratch, (int)part->from, (int)part->to);
    if (part->job->coef_grad && !part->job->direct) NAME(table_out)(part->job, part->grad, (int)part->from, (int)part->to);
    return 0;
}

/* Run the job; 0, or -1 where memory is short. */
static TARGET int NAME(run)(Job *job, int backward) {
    const size_t k = job->order, cells = job->knots - 1;
    job->width = (job->targets + VL - 1) / VL * VL;
    job->pad = job->linear && !NAME(is_flat)(job) ? 0 : job->order;
    job->rows = job->basis + 2 * job->pad + 1;
    const size_t table = (size_t)job->sources * job->rows * job->width + 64, inverse = (size_t)job->sources * cells * k * (k + 1) / 2;
    const size_t forward_room = (size_t)SOURCES * (k + 3) * POINTS + POINTS * (size_t)job->width + (size_t)SOURCES * POINTS;
    const size_t backward_room = (size_t)SOURCES * POINTS * (2 * k + 6) + POINTS * (size_t)job->width +
                                 (size_t)(SOURCES + 1) * (job->rows + 2) + (size_t)SOURCES * (POINTS + VL);
    const size_t room = ((backward ? backward_room : forward_room) + 127) / 64 * 64;
    job->direct = job->coef_target == 1 && job->width == job->targets; /* gradients lie as the table's rows do */
    const size_t grads = backward && job->coef_grad && !job->direct ? table : 0;
    const size_t reals = table + grads + job->width + inverse + room * job->threads + GAP * (4 + job->threads);
    Scratch *memory = borrow(reals * sizeof(REAL) + job->sources * sizeof(NAME(Source)) + 256);
    if (!memory) return -1;
    REAL *at = (REAL *)(((size_t)memory->memory + 63) / 64 * 64);
    REAL *rows = NAME(part)(&at, table), *grad = NAME(part)(&at, grads);
    REAL *bias = NAME(part)(&at, job->width), *inverses = NAME(part)(&at, inverse);
    REAL *scratch[MOST_THREADS];
    for (int p = 0; p < job->threads; p++) scratch[p] = NAME(part)(&at, room);
    NAME(Source) *sources = (NAME(Source) *)(((size_t)at + 63) / 64 * 64);
    NAME(describe)(job, sources, inverses);
    if (!backward || job->x_grad) NAME(table_in)(job, backward ? sources : 0, rows, 0, job->sources);
    for (int t = 0; t < job->width; t++) bias[t] = !backward && t < job->targets ? ((const REAL *)job->bias)[t] : 0;
    const size_t total = backward ? job->sources : job->points;
    Part parts[MOST_THREADS];
    for (int p = 0; p < job->threads; p++)
        parts[p] = (Part){job, sources, rows, bias, grad, scratch[p], total * p / job->threads, total * (p + 1) / job->threads};
    share(backward ? NAME(backward_part) : NAME(forward_part), parts, sizeof *parts, job->threads);
    if (backward && job->bias_grad) {
        REAL *sum = job->bias_grad;
        const REAL *g = job->y_grad;
        memset(sum, 0, job->targets * sizeof(REAL));
        for (size_t n = 0; n < job->points; n++)
            for (int t = 0; t < job->targets; t++) sum[t] += g[n * job->targets + t];
    }
    give_back(memory);
    return 0;
}
