/* Vectors of one kind of number and one width: what the kernels build on.

   Included once per instruction set and precision, with REAL, INT, VB (bytes of a vector) and NAME(x) defined. */

#define V NAME(V)
#define VI NAME(VI)
#define VL ((int)(VB / sizeof(REAL)))
typedef REAL V __attribute__((vector_size(VB), aligned(sizeof(REAL)), may_alias));
typedef INT VI __attribute__((vector_size(VB), aligned(sizeof(REAL)), may_alias));

#if VB == 64
#define REGISTERS 32
#define WIDE_ENOUGH(many, few) many
#else
#define REGISTERS 16
#define WIDE_ENOUGH(many, few) few
#endif

INLINE V NAME(all)(REAL v) {
#if VB == 64 && !defined(DOUBLE)
    return (V){v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v};
#elif VB == 64 || (VB == 32 && !defined(DOUBLE))
    return (V){v, v, v, v, v, v, v, v};
#elif VB == 32 || !defined(DOUBLE)
    return (V){v, v, v, v};
#else
    return (V){v, v};
#endif
}
INLINE V NAME(pick)(VI m, V a, V b) { return (V)((m & (VI)a) | (~m & (VI)b)); }
INLINE V NAME(load)(const REAL *p) { return *(const V *)p; }
INLINE void NAME(store)(REAL *p, V v) { *(V *)p = v; }

#define QUAD ((int)(16 / sizeof(REAL)))
typedef REAL NAME(Q) __attribute__((vector_size(16), aligned(sizeof(REAL)), may_alias));
typedef INT NAME(QI) __attribute__((vector_size(16)));

/* Shuffles within 16 bytes: one number of each of two vectors in turn, from the lower and the upper half; and whole halves. */
#if defined(DOUBLE)
#if VB == 64
#define LOW(a, b) SHUFFLE(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define HIGH(a, b) SHUFFLE(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#elif VB == 32
#define LOW(a, b) SHUFFLE(a, b, 0, 4, 2, 6)
#define HIGH(a, b) SHUFFLE(a, b, 1, 5, 3, 7)
#else
#define LOW(a, b) SHUFFLE(a, b, 0, 2)
#define HIGH(a, b) SHUFFLE(a, b, 1, 3)
#endif
#else
#if VB == 64
#define LOW(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define HIGH(a, b) SHUFFLE(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define LOWS(a, b) SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define HIGHS(a, b) SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#elif VB == 32
#define LOW(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 4, 12, 5, 13)
#define HIGH(a, b) SHUFFLE(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
#define LOWS(a, b) SHUFFLE(a, b, 0, 1, 8, 9, 4, 5, 12, 13)
#define HIGHS(a, b) SHUFFLE(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
#else
#define LOW(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define HIGH(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#define LOWS(a, b) SHUFFLE(a, b, 0, 1, 4, 5)
#define HIGHS(a, b) SHUFFLE(a, b, 2, 3, 6, 7)
#endif
#endif

INLINE V NAME(gather)(const REAL *from, VI at) {
#if VB == 64 && defined(DOUBLE)
    return (V)_mm512_i64gather_pd((__m512i)at, from, 8);
#elif VB == 64
    return (V)_mm512_i32gather_ps((__m512i)at, from, 4);
#elif VB == 32 && defined(DOUBLE)
    return (V)_mm256_i64gather_pd(from, (__m256i)at, 8);
#elif VB == 32
    return (V)_mm256_i32gather_ps(from, (__m256i)at, 4);
#else
    V found;
    for (int j = 0; j < VL; j++) found[j] = from[at[j]];
    return found;
#endif
}

/* The next `count` numbers of the scratch memory. */
static REAL *NAME(part)(REAL **at, size_t count) {
    REAL *mine = *at;
    FORBID(mine + count, GAP * sizeof(REAL));
    *at = mine + count + GAP;
    return mine;
}
