/* The kernel in both precisions for one instruction set. */

#define REAL float
#define INT int32_t
#define NAME(x) JOIN(JOIN(JOIN(x, _), ISA), _float)
#include "kernel.h"
#undef REAL
#undef INT
#undef NAME

#define REAL double
#define INT int64_t
#define DOUBLE
#define NAME(x) JOIN(JOIN(JOIN(x, _), ISA), _double)
#include "kernel.h"
#undef REAL
#undef INT
#undef NAME
#undef DOUBLE
