// Package quantile keeps the last N readings of a series in two bytes each and
// answers count, mean, standard deviation and quantiles of them.
//
// # Codes
//
// A reading x ≥ 0 is stored as a [Code], the index of the nearest point of a
// logarithmic grid from [MinValue] to [MaxValue]:
//
//	code(x) = 1 + round(ln(x/1e-9) / s),   s = ln(1e24) / 65533
//
// Neighbouring points differ by a factor exp(s) ≈ 1.000844, so a decoded value
// is within [RelativeError] (0.0422 %) of the reading. Code 0 is zero and code
// 65535 is a missing reading. The idea of a logarithmic grid with a stated
// relative error is that of DDSketch (Masson, Rim, Lee 2019, VLDB 12(12)); here
// the readings themselves are kept, so that the oldest can be taken out again.
//
// # Window
//
// [Window] holds at most Capacity codes. Quantiles are exact order statistics of
// the decoded values (R's type 7, linear interpolation), found by counting the
// codes by their high and then their low byte: O(n), no sort, no allocation.
// Mean and sum of squares follow each arrival and each departure (Welford 1962,
// run backwards for the departure) with the decoded value, so what comes in is
// exactly what goes out.
//
// [Ring] is the same storage with gaps and without statistics. [Histories] are
// long ones that are read together: what is not recent takes a byte, or six bits.
// In a [Compact] every reading takes a byte.
//
// All state is exported, plain data: write it with any codec. What was read from
// outside must pass Valid before it is used. Nothing here is safe for concurrent
// use.
package quantile
