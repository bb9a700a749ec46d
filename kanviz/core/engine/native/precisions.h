/* The kernels in both precisions for one instruction set. */

#define REAL float
#define INT int32_t
#define NAME(x) JOIN(JOIN(JOIN(x, _), ISA), _float)
#include "vectors.h"
#include "kernel.h"
#include "curve.h"
#include "quotient.h"
#include "forget.h"

#define REAL double
#define INT int64_t
#define DOUBLE
#define NAME(x) JOIN(JOIN(JOIN(x, _), ISA), _double)
#include "vectors.h"
#include "kernel.h"
#include "curve.h"
#include "quotient.h"
#include "forget.h"
#undef DOUBLE
