/* The end of what was defined for one precision and one instruction set. */

#undef REAL
#undef INT
#undef NAME
#undef V
#undef VI
#undef VL
#undef REGISTERS
#undef WIDE_ENOUGH
#undef QUAD
#undef LOW
#undef HIGH
#undef LOWS
#undef HIGHS
