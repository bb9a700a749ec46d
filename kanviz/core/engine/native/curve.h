/* One learned function for each unit, forward and backward, for one kind of number and one width of vectors.

   Included once per instruction set and precision, after vectors.h. A curve is a table of polynomials: one for each cell, in
   f = 0 .. 1 across it, and one more at each end for the straight line beyond. Points of one unit lie side by side, so that a
   few registers hold the whole table of that unit. The gradient of the control points is summed as g (1, f, f^2, ..) for each
   cell, and goes from the cells to the control points at the end. Source: de Boor, A Practical Guide to Splines, ch. X. */

/* What all units have in common. begin: where each cell begins, in the first one and the last one the border. */
typedef struct {
    const REAL *begin;
    REAL low, scale;
    int cells, entries; /* inner cells; cells of a table, with those at the ends and up to whole pairs of vectors */
} NAME(Grid);

#ifndef PITCH
#define PITCH(k) ((k) <= 3 ? 4 : 8) /* numbers of a row of sums, g, g f, g f^2 .. up to the order, filled up */
#define QUADS(k) (((k) + QUAD) / QUAD) /* that hold the numbers of a row that count */
#define COPIES 4 /* of the sums, for neighbouring points: an addition need not wait for the last one to the same cell */
#define CHUNK 256 /* points whose rows are made before any is added: what was just stored is slow to load */
#define TILE_UNITS 16 /* units that lie side by side in a line of the cache */
#define TILE_ROWS 256 /* of them at a time, where they must be turned */
#define TILE_STEP (TILE_ROWS + 16) /* between units: not a power of two, which would share few places of the cache */
#endif
#ifdef DOUBLE
typedef uint64_t NAME(Index);
#else
typedef uint32_t NAME(Index);
#endif

/* The registers that hold a row of a table, 0 where it must be read from memory. Few numbers, for each is compiled. A table in
   registers is stored power by power, one in memory cell by cell, so that a point reads its numbers at once. */
static int NAME(registers)(int cells) {
    const int vectors = (cells + 2 + VL - 1) / VL;
#if VB == 64 && defined(DOUBLE)
    return vectors <= 2 ? 2 : 0;
#elif VB == 64
    return vectors <= 2 ? vectors : 0;
#elif VB == 32 && !defined(DOUBLE)
    return vectors <= 2 ? 2 : vectors == 3 ? 3 : 0;
#else
    return vectors * 0;
#endif
}

INLINE V NAME(look)(int many, const V *held, const REAL *row, VI cell) {
#if VB == 64 && defined(DOUBLE)
    if (many == 1) return (V)_mm512_permutexvar_pd((__m512i)cell, (__m512d)held[0]);
    if (many == 2) return (V)_mm512_permutex2var_pd((__m512d)held[0], (__m512i)cell, (__m512d)held[1]);
#elif VB == 64
    if (many == 1) return (V)_mm512_permutexvar_ps((__m512i)cell, (__m512)held[0]);
    if (many == 2) return (V)_mm512_permutex2var_ps((__m512)held[0], (__m512i)cell, (__m512)held[1]);
#elif VB == 32 && !defined(DOUBLE)
    if (many) {
        V found = (V)_mm256_permutevar8x32_ps((__m256)held[0], (__m256i)cell);
        UNROLL for (int m = 1; m < many; m++)
            found = NAME(pick)(cell >= (INT)(m * VL), (V)_mm256_permutevar8x32_ps((__m256)held[m], (__m256i)cell), found);
        return found;
    }
#endif
    return NAME(gather)(row, cell);
}

/* The lesser and the greater of two; b where a is no number. */
INLINE V NAME(least)(V a, V b) {
#if VB == 64 && defined(DOUBLE)
    return (V)_mm512_min_pd((__m512d)a, (__m512d)b);
#elif VB == 64
    return (V)_mm512_min_ps((__m512)a, (__m512)b);
#elif VB == 32 && defined(DOUBLE)
    return (V)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif VB == 32
    return (V)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return NAME(pick)(a < b, a, b);
#endif
}
INLINE V NAME(most)(V a, V b) {
#if VB == 64 && defined(DOUBLE)
    return (V)_mm512_max_pd((__m512d)a, (__m512d)b);
#elif VB == 64
    return (V)_mm512_max_ps((__m512)a, (__m512)b);
#elif VB == 32 && defined(DOUBLE)
    return (V)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif VB == 32
    return (V)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return NAME(pick)(a > b, a, b);
#endif
}

/* Where points are: their cells, how far they are from where these begin (f), and that between 0 and 1 (h). What is no number
   is in the last cell. At order 1 slopes jump, so that rounding must not move a point into the next cell. */
INLINE void NAME(place)(int k, int many, const NAME(Grid) *grid, const V *begins, V x, VI *cell, V *f, V *h) {
    const V zero = NAME(all)(0), last = NAME(all)((REAL)(grid->cells + 1));
    const V at = NAME(most)(NAME(least)((x - grid->low) * grid->scale + 1, last), zero);
    VI c = __builtin_convertvector(at, VI);
    if (k == 1) {
        const VI more = c <= (INT)grid->cells; /* -1 where there is a next cell */
        c -= more & (x >= NAME(look)(many, begins, grid->begin, c - more));
        c += (c > 0) & (x < NAME(look)(many, begins, grid->begin, c));
    }
    *f = (x - NAME(look)(many, begins, grid->begin, c)) * grid->scale;
    *h = NAME(least)(NAME(most)(*f, zero), NAME(all)(1));
    *cell = c;
}

/* Up to a vector of numbers, filled up with `rest`. */
INLINE V NAME(some)(const REAL *from, size_t count, REAL rest) {
    if (count >= VL) return NAME(load)(from);
    REAL held[VL];
    for (int e = 0; e < VL; e++) held[e] = e < (int)count ? from[e] : rest;
    return NAME(load)(held);
}
INLINE void NAME(put_some)(REAL *to, size_t count, V v) {
    if (count >= VL) {
        NAME(store)(to, v);
        return;
    }
    REAL held[VL];
    NAME(store)(held, v);
    memcpy(to, held, count * sizeof(REAL));
}

/* QUAD numbers of each of VB / 16 points, by their addresses. */
INLINE V NAME(points_at)(const REAL *table, const NAME(Index) *place) {
#if VB == 16
    return NAME(load)(table + place[0]);
#else /* as numbers of 32 bits, whatever they are */
#define AT(n) _mm_loadu_ps((const float *)(table + place[(n) * QUAD]))
    const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(AT(0)), AT(1), 1);
#if VB == 32
    return (V)low;
#else
    const __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(AT(2)), AT(3), 1);
    return (V)_mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
#endif
#undef AT
#endif
}

/* The numbers of each point's cell, power by power. */
INLINE void NAME(fetch)(int k, int many, const NAME(Grid) *grid, V held[6][4], const REAL *table, VI cell, V *found) {
    if (many) {
        UNROLL for (int j = 0; j <= k; j++) found[j] = NAME(look)(many, held[j], table, cell);
        return;
    }
    NAME(Index) place[VL] __attribute__((aligned(64)));
    *(VI *)place = cell * PITCH(k);
    const int quads = QUADS(k);
    UNROLL for (int q = 0; q < quads; q++) {
        const REAL *from = table + q * QUAD;
        const V a = NAME(points_at)(from, place), b = NAME(points_at)(from, place + 1);
#ifdef DOUBLE
        found[q * QUAD] = LOW(a, b), found[q * QUAD + 1] = HIGH(a, b);
#else
        const V c = NAME(points_at)(from, place + 2), d = NAME(points_at)(from, place + 3);
        const V ab = LOW(a, b), cd = LOW(c, d), AB = HIGH(a, b), CD = HIGH(c, d);
        found[q * QUAD] = LOWS(ab, cd), found[q * QUAD + 1] = HIGHS(ab, cd);
        found[q * QUAD + 2] = LOWS(AB, CD), found[q * QUAD + 3] = HIGHS(AB, CD);
#endif
    }
}

/* The rows of a table in registers. */
INLINE void NAME(hold)(int k, int many, const NAME(Grid) *grid, const REAL *table, V *begins, V held[6][4]) {
    UNROLL for (int m = 0; m < many; m++) {
        begins[m] = NAME(load)(grid->begin + m * VL);
        UNROLL for (int j = 0; j <= k; j++) held[j][m] = NAME(load)(table + (size_t)j * grid->entries + m * VL);
    }
}

/* Values of one unit; at infinity there is none, as on any straight line. */
INLINE void NAME(unit_forward)(int k, int many, const NAME(Grid) *of_all, const REAL *table, const REAL *xs, REAL *y, size_t count) {
    const NAME(Grid) own = *of_all, *grid = &own; /* no store can change it */
    V begins[4], held[6][4];
    NAME(hold)(k, many, grid, table, begins, held);
    for (size_t n = 0; n < count; n += VL) {
        const V x = NAME(some)(xs + n, count - n, grid->low);
        V f, h, of[8], line = NAME(all)(0);
        VI cell;
        NAME(place)(k, many, grid, begins, x, &cell, &f, &h);
        NAME(fetch)(k, many, grid, held, table, cell, of);
        UNROLL for (int j = k; j > 1; j--) line = (line + of[j]) * h;
        NAME(put_some)(y + n, count - n, of[0] + (line + of[1]) * f + (x - x));
    }
}

/* The rows of some points, and where each is added to the sums. */
typedef struct {
    REAL row[8 / QUAD][CHUNK * QUAD] __attribute__((aligned(64)));
    NAME(Index) place[CHUNK] __attribute__((aligned(64)));
} NAME(Rows);

/* The rows of a vector of points, QUAD numbers side by side: powers of f times g. */
INLINE void NAME(rows_of)(int k, V g, V f, V h, REAL row[8 / QUAD][CHUNK * QUAD], int from) {
    V power[8] = {g, g * f};
    const int quads = QUADS(k);
    UNROLL for (int j = 2; j < 8; j++) power[j] = power[j - 1] * (j <= k ? h : NAME(all)(0));
    UNROLL for (int q = 0; q < quads; q++) {
        const V *v = power + q * QUAD;
        REAL *to = row[q] + from * QUAD;
#ifdef DOUBLE
        NAME(store)(to, LOW(v[0], v[1]));
        NAME(store)(to + VL, HIGH(v[0], v[1]));
#else
        const V a = LOW(v[0], v[1]), b = LOW(v[2], v[3]), c = HIGH(v[0], v[1]), d = HIGH(v[2], v[3]);
        NAME(store)(to, LOWS(a, b));
        NAME(store)(to + VL, HIGHS(a, b));
        NAME(store)(to + 2 * VL, LOWS(c, d));
        NAME(store)(to + 3 * VL, HIGHS(c, d));
#endif
    }
}

/* Add the rows of some vectors of points to the sums. */
INLINE void NAME(add_rows)(int k, const NAME(Rows) *made, int count, REAL *sums) {
    const int quads = QUADS(k);
    for (int n = 0; n < count; n += VL)
        UNROLL for (int e = 0; e < VL; e++) {
            REAL *to = sums + made->place[n + e];
            const int from = n * QUAD + e % QUAD * VL + e / QUAD * QUAD;
            UNROLL for (int q = 0; q < quads; q++)
                *(NAME(Q) *)(to + q * QUAD) += *(const NAME(Q) *)(made->row[q] + from);
        }
}

/* Gradients of one unit: of x, and sums for the control points, each where it is wanted. The table holds slopes. */
INLINE void NAME(unit_backward)(int k, int many, const NAME(Grid) *of_all, const REAL *table, const REAL *xs, const REAL *gs,
                                REAL *dx, REAL *sums, size_t count) {
    const NAME(Grid) own = *of_all, *grid = &own;
    V begins[4], held[6][4];
    NAME(hold)(k, many, grid, table, begins, held);
    VI copy;
    for (int e = 0; e < VL; e++) copy[e] = e % COPIES * grid->entries * PITCH(k);
    NAME(Rows) made;
    for (size_t from = 0; from < count; from += CHUNK) {
        const int some = count - from < CHUNK ? (int)(count - from) : CHUNK;
        for (int n = 0; n < some; n += VL) {
            const V x = NAME(some)(xs + from + n, some - n, grid->low), g = NAME(some)(gs + from + n, some - n, 0);
            V f, h;
            VI cell;
            NAME(place)(k, many, grid, begins, x, &cell, &f, &h);
            if (sums) {
                NAME(rows_of)(k, g, f, h, made.row, n);
                *(VI *)(made.place + n) = cell * PITCH(k) + copy;
            }
            if (!dx) continue;
            V of[8], slope = NAME(all)(0);
            NAME(fetch)(k, many, grid, held, table, cell, of);
            UNROLL for (int j = k; j > 1; j--) slope = (slope + of[j]) * h;
            NAME(put_some)(dx + from + n, some - n, g * (slope + of[1]));
        }
        if (sums) NAME(add_rows)(k, &made, some, sums);
    }
}

typedef void (*NAME(UnitForward))(const NAME(Grid) *, const REAL *, const REAL *, REAL *, size_t);
typedef void (*NAME(UnitBackward))(const NAME(Grid) *, const REAL *, const REAL *, const REAL *, REAL *, REAL *, size_t);

#define UNIT(k, many)                                                                                                      \
    static APART TARGET void NAME(unit_forward_##k##_##many)(const NAME(Grid) * grid, const REAL *table, const REAL *x, \
                                                                   REAL *y, size_t count) {                                \
        NAME(unit_forward)(k, many, grid, table, x, y, count);                                                             \
    }                                                                                                                      \
    static APART TARGET void NAME(unit_backward_##k##_##many)(const NAME(Grid) * grid, const REAL *table, const REAL *x, \
                                                                    const REAL *g, REAL *dx, REAL *sums, size_t count) {   \
        NAME(unit_backward)(k, many, grid, table, x, g, dx, sums, count);                                                  \
    }
#define UNITS(many) UNIT(1, many) UNIT(2, many) UNIT(3, many) UNIT(4, many) UNIT(5, many)
#define LIST(way, many) {NAME(way##_1_##many), NAME(way##_2_##many), NAME(way##_3_##many), NAME(way##_4_##many), NAME(way##_5_##many)}
#define NONE(way) {0}
UNITS(0)
#if VB == 64 && !defined(DOUBLE)
UNITS(1)
#define WAYS(way) {LIST(way, 0), LIST(way, 1), LIST(way, 2)}
#elif VB == 64
#define WAYS(way) {LIST(way, 0), NONE(way), LIST(way, 2)}
#elif VB == 32 && !defined(DOUBLE)
UNITS(3)
#define WAYS(way) {LIST(way, 0), NONE(way), LIST(way, 2), LIST(way, 3)}
#else
#define WAYS(way) {LIST(way, 0)}
#endif
#if VB == 64 || (VB == 32 && !defined(DOUBLE))
UNITS(2)
#endif
static const NAME(UnitForward) NAME(forward_units)[][5] = WAYS(unit_forward);
static const NAME(UnitBackward) NAME(backward_units)[][5] = WAYS(unit_backward);
#undef NONE
#undef WAYS
#undef UNIT
#undef UNITS
#undef LIST

INLINE void NAME(turn_square)(const REAL *from, size_t from_step, REAL *to, size_t to_step) {
    NAME(Q) q[QUAD];
    UNROLL for (int j = 0; j < QUAD; j++) q[j] = *(const NAME(Q) *)(from + j * from_step);
#ifdef DOUBLE
    *(NAME(Q) *)to = SHUFFLE_Q(q[0], q[1], 0, 2);
    *(NAME(Q) *)(to + to_step) = SHUFFLE_Q(q[0], q[1], 1, 3);
#else
    const NAME(Q) a = SHUFFLE_Q(q[0], q[1], 0, 4, 1, 5), b = SHUFFLE_Q(q[2], q[3], 0, 4, 1, 5);
    const NAME(Q) c = SHUFFLE_Q(q[0], q[1], 2, 6, 3, 7), d = SHUFFLE_Q(q[2], q[3], 2, 6, 3, 7);
    *(NAME(Q) *)to = SHUFFLE_Q(a, b, 0, 1, 4, 5);
    *(NAME(Q) *)(to + to_step) = SHUFFLE_Q(a, b, 2, 3, 6, 7);
    *(NAME(Q) *)(to + 2 * to_step) = SHUFFLE_Q(c, d, 0, 1, 4, 5);
    *(NAME(Q) *)(to + 3 * to_step) = SHUFFLE_Q(c, d, 2, 3, 6, 7);
#endif
}

/* Turns `rows` times `units` numbers: held[unit][row] = all[row][unit], or back. A line of `all` is done before the next. */
INLINE void NAME(turn)(int back, REAL *all, size_t step, int rows, int units, REAL *held) {
    for (int r = 0; r < rows; r += QUAD)
        for (int u = 0; u < units; u += QUAD) {
            REAL *one = all + r * step + u, *other = held + (size_t)u * TILE_STEP + r;
            if (r + QUAD <= rows && u + QUAD <= units) {
                if (back) NAME(turn_square)(other, TILE_STEP, one, step);
                else NAME(turn_square)(one, step, other, TILE_STEP);
                continue;
            }
            for (int i = 0; i < QUAD && r + i < rows; i++)
                for (int j = 0; j < QUAD && u + j < units; j++)
                    if (back) one[i * step + j] = other[(size_t)j * TILE_STEP + i];
                    else other[(size_t)j * TILE_STEP + i] = one[i * step + j];
        }
}
static APART TARGET void NAME(turn_in)(const REAL *all, size_t step, int rows, int units, REAL *held) {
    NAME(turn)(0, (REAL *)all, step, rows, units, held);
}
static APART TARGET void NAME(turn_out)(const REAL *held, int rows, int units, REAL *all, size_t step) {
    NAME(turn)(1, all, step, rows, units, (REAL *)held);
}

/* How many numbers the table of a curve has. */
INLINE size_t NAME(size)(const NAME(Grid) *grid, int k) {
    return (size_t)grid->entries * (NAME(registers)(grid->cells) ? k + 1 : PITCH(k));
}

/* The tables of all curves: values, or slopes in units of x (then row 0 is not used). */
INLINE void NAME(polynomials)(int k, const Units *job, const NAME(Grid) *grid, const double piece[6][6], int slopes, REAL *all, REAL *spare) {
    const int cells = grid->cells, whole = NAME(registers)(cells), pitch = PITCH(k);
    const size_t entries = grid->entries, size = NAME(size)(grid, k);
    const double scale = slopes ? (double)grid->scale : 1;
    for (int curve = 0; curve < job->curves; curve++, all += size) {
        REAL *table = whole ? all : spare;
        const REAL *restrict c = (const REAL *)job->coef + (size_t)curve * job->basis;
        UNROLL for (int j = 0; j <= k; j++) {
            REAL *restrict row = table + j * entries;
            const double factor = slopes ? j * scale : 1;
            double part[6];
            UNROLL for (int r = 0; r <= k; r++) part[r] = piece[r][j] * factor;
            for (int cell = 0; cell < cells; cell++) {
                double sum = 0;
                UNROLL for (int r = 0; r <= k; r++) sum += part[r] * c[cell + r];
                row[cell + 1] = (REAL)sum;
            }
            row[0] = j < 2 ? row[1] : 0; /* the line before the first border */
            for (int e = cells + 1; e < (int)entries; e++) row[e] = 0;
        }
        double value = 0, rate = 0; /* at the last border */
        UNROLL for (int r = 0; r <= k; r++)
            UNROLL for (int j = 0; j <= k; j++) value += piece[r][j] * c[cells - 1 + r], rate += j * piece[r][j] * c[cells - 1 + r];
        table[cells + 1] = (REAL)value;
        table[entries + cells + 1] = (REAL)(rate * scale);
        for (int cell = 0; !whole && cell < cells + 2; cell++)
            UNROLL for (int j = 0; j < pitch; j++) all[(size_t)cell * pitch + j] = j <= k ? spare[j * entries + cell] : 0;
    }
}

/* The function of each order, by a number that the compiler knows. */
#define BY_ORDER(order, call)                                                                                              \
    switch (order) {                                                                                                       \
    case 1: call(1); break;                                                                                                \
    case 2: call(2); break;                                                                                                \
    case 3: call(3); break;                                                                                                \
    case 4: call(4); break;                                                                                                \
    default: call(5);                                                                                                      \
    }

static APART TARGET void NAME(tables_of)(const Units *job, const NAME(Grid) *grid, const double piece[6][6], int slopes, REAL *table, REAL *spare) {
#define CALL(k) NAME(polynomials)(k, job, grid, piece, slopes, table, spare)
    BY_ORDER(job->order, CALL)
#undef CALL
}

/* From the sums of a curve's cells to the gradient of its control points; at the ends only value and slope count. */
INLINE void NAME(points_of)(int k, const NAME(Grid) *grid, const double piece[6][6], const REAL *sums, REAL *to) {
    const int cells = grid->cells;
    const size_t step = (size_t)grid->entries * PITCH(k);
    const int quads = QUADS(k);
    double next[6] = {0}; /* of the control points that this cell is the first to reach, or that earlier ones reached too */
    for (int cell = 0; cell < cells + 2; cell++, sums += PITCH(k)) {
        REAL all[8];
        UNROLL for (int q = 0; q < quads; q++) {
            NAME(Q) sum = *(const NAME(Q) *)(sums + q * QUAD);
            UNROLL for (int copy = 1; copy < COPIES; copy++) sum += *(const NAME(Q) *)(sums + copy * step + q * QUAD);
            *(NAME(Q) *)(all + q * QUAD) = sum;
        }
        if (cell > 0 && cell <= cells) {
            UNROLL for (int r = 0; r <= k; r++)
                UNROLL for (int j = 0; j <= k; j++) next[r] += piece[r][j] * all[j];
        } else {
            UNROLL for (int r = 0; r <= k; r++) {
                double value = piece[r][0], rate = piece[r][1];
                if (cell) UNROLL for (int j = 1; j <= k; j++) value += piece[r][j], rate += j > 1 ? j * piece[r][j] : 0;
                next[r] += value * all[0] + rate * all[1];
            }
        }
        if (cell == 0 || cell == cells) continue; /* the cell at an end reaches the same control points as its neighbour */
        *to++ = (REAL)next[0];
        UNROLL for (int r = 0; r < k; r++) next[r] = next[r + 1];
        next[k] = 0;
    }
    UNROLL for (int r = 0; r < k; r++) *to++ = (REAL)next[r];
}

static APART TARGET void NAME(points_out)(const Units *job, const NAME(Grid) *grid, const double piece[6][6], const REAL *sums, REAL *to) {
#define CALL(k) NAME(points_of)(k, grid, piece, sums, to)
    BY_ORDER(job->order, CALL)
#undef CALL
#undef BY_ORDER
}

/* Rows from `from` to `to`: their values. */
static TARGET void NAME(forward_curves)(const Units *job, const NAME(Grid) *grid, const REAL *table, REAL *turned, size_t from,
                                        size_t to) {
    const NAME(UnitForward) run = NAME(forward_units)[NAME(registers)(grid->cells)][job->order - 1];
    const size_t step = NAME(size)(grid, job->order), units = job->units;
    const REAL *x = job->x;
    REAL *y = job->y;
    if (!job->x_by_row) {
        for (size_t u = 0; u < units; u++)
            run(grid, table + u / job->share * step, x + u * job->rows + from, y + u * job->rows + from, to - from);
        return;
    }
    for (size_t row = from; row < to; row += TILE_ROWS) {
        const int count = to - row < TILE_ROWS ? (int)(to - row) : TILE_ROWS;
        for (size_t first = 0; first < units; first += TILE_UNITS) {
            const int many = units - first < TILE_UNITS ? (int)(units - first) : TILE_UNITS;
            NAME(turn_in)(x + row * units + first, units, count, many, turned);
            for (int i = 0; i < many; i++) {
                REAL *here = turned + (size_t)i * TILE_STEP;
                run(grid, table + (first + i) / job->share * step, here, here, count);
            }
            NAME(turn_out)(turned, count, many, y + row * units + first, units);
        }
    }
}

/* Curves from `from` to `to`: the gradients of their control points and of x at their units, over all rows. */
static TARGET void NAME(backward_curves)(const Units *job, const NAME(Grid) *grid, const double piece[6][6], const REAL *table,
                                         REAL *turned, REAL *sums, size_t from, size_t to) {
    const NAME(UnitBackward) run = NAME(backward_units)[NAME(registers)(grid->cells)][job->order - 1];
    const size_t step = NAME(size)(grid, job->order), each = (size_t)COPIES * grid->entries * PITCH(job->order);
    const size_t units = job->units, rows = job->rows, share = job->share, group = share < TILE_UNITS ? TILE_UNITS / share : 1;
    const int turns = job->x_by_row || job->y_by_row;
    const REAL *x = job->x, *g = job->y_grad;
    REAL *dx = job->x_grad, *into = job->coef_grad, *other = turned + TILE_UNITS * TILE_STEP;
    for (size_t curve = from; curve < to; curve += group) {
        const size_t some = to - curve < group ? to - curve : group, end = (curve + some) * share;
        if (into) memset(sums, 0, some * each * sizeof(REAL));
        for (size_t first = curve * share; first < end; first += TILE_UNITS) {
            const int many = end - first < TILE_UNITS ? (int)(end - first) : TILE_UNITS;
            for (size_t row = 0; row < rows; row += turns ? TILE_ROWS : rows) {
                const size_t count = !turns || rows - row < TILE_ROWS ? rows - row : TILE_ROWS;
                if (job->x_by_row) NAME(turn_in)(x + row * units + first, units, (int)count, many, turned);
                if (job->y_by_row) NAME(turn_in)(g + row * units + first, units, (int)count, many, other);
                for (int i = 0; i < many; i++) {
                    const size_t unit = first + i, at = unit * rows + row, here = (size_t)i * TILE_STEP;
                    run(grid, table + unit / share * step, job->x_by_row ? turned + here : x + at,
                        job->y_by_row ? other + here : g + at, !dx ? 0 : job->x_by_row ? turned + here : dx + at,
                        into ? sums + (unit / share - curve) * each : 0, count);
                }
                if (dx && job->x_by_row) NAME(turn_out)(turned, (int)count, many, dx + row * units + first, units);
            }
        }
        for (size_t c = curve; into && c < curve + some; c++)
            NAME(points_out)(job, grid, piece, sums + (c - curve) * each, into + c * job->basis);
    }
}

static TARGET void *NAME(curves_part)(void *part_of) {
    const UnitsPart *part = part_of;
    if (part->backward)
        NAME(backward_curves)(part->job, part->grid, part->piece, part->table, part->turned, part->sums, part->from, part->to);
    else NAME(forward_curves)(part->job, part->grid, part->table, part->turned, part->from, part->to);
    return 0;
}

/* Run the job; 0, or -1 where memory is short. */
static TARGET int NAME(run_curves)(Units *job, const double piece[6][6], int backward) {
    NAME(Grid) grid = {.cells = job->basis - job->order};
    grid.entries = (grid.cells + 2 + 2 * VL - 1) / (2 * VL) * (2 * VL);
    const size_t entries = grid.entries, k = job->order, group = job->share < TILE_UNITS ? TILE_UNITS / job->share : 1;
    const size_t table = (size_t)job->curves * NAME(size)(&grid, (int)k), turned = 2 * TILE_UNITS * TILE_STEP;
    const size_t sums = backward && job->coef_grad ? group * COPIES * entries * PITCH(k) : 0;
    const size_t reals = table + (k + 2) * entries + VL + job->threads * (turned + sums) + GAP * (3 + 2 * job->threads);
    Scratch *memory = borrow(reals * sizeof(REAL) + 256);
    if (!memory) return -1;
    REAL *at = (REAL *)(((size_t)memory->memory + 63) / 64 * 64);
    REAL *begin = NAME(part)(&at, entries + VL), *values = NAME(part)(&at, table), *spare = NAME(part)(&at, (k + 1) * entries);
    const REAL *border = (const REAL *)job->knot + k;
    grid.begin = begin, grid.low = border[0];
    grid.scale = (REAL)(grid.cells / ((double)border[grid.cells] - border[0]));
    for (int c = 0; c < (int)entries + VL; c++) begin[c] = border[c == 0 ? 0 : c <= grid.cells ? c - 1 : grid.cells];
    NAME(tables_of)(job, &grid, piece, backward, values, spare);
    const size_t total = backward ? job->curves : job->rows;
    UnitsPart parts[MOST_THREADS];
    for (int p = 0; p < job->threads; p++) {
        REAL *mine = NAME(part)(&at, turned), *own = NAME(part)(&at, sums);
        parts[p] = (UnitsPart){job, &grid, piece, values, mine, own, total * p / job->threads, total * (p + 1) / job->threads, backward};
    }
    share(NAME(curves_part), parts, sizeof *parts, job->threads);
    give_back(memory);
    return 0;
}
