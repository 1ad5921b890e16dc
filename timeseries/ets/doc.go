// Package ets fits and forecasts by exponential smoothing in its state space form:
// Hyndman, Koehler, Ord, Snyder (2008), "Forecasting with Exponential Smoothing", and
// Hyndman, Koehler, Snyder, Grose (2002), Int. J. Forecasting 18(3).
//
// The state is a level l, a trend b and the season s of each step of the period. With
// q = l + φb the level expected next,
//
//	forecast  μ = q,  q + s  or  q·s               season none, additive, multiplicative
//	level     l ← q + α(p - q),  p = y, y - s, y/s
//	trend     b ← φb + β(p - q)
//	season    s ← s + γ(t - s),  t = y - q or y/q
//
// The error ε = y - μ (additive) or (y - μ)/μ (multiplicative) is independent and
// normal with variance σ². A missing reading (NaN) has ε = 0 and counts for nothing.
//
// Parameters and initial state maximise the likelihood; up to constants, as in the
// forecast package,
//
//	log L = -½ n log Σε²  [ - Σ log|μ| for multiplicative errors ]
//
// within 1e-4 ≤ α ≤ 0.9999, 1e-4 ≤ β ≤ α, 1e-4 ≤ γ ≤ 1-α, 0.8 ≤ φ ≤ 0.98, or what is given; the season
// starts with sum 0 or mean 1. The maximum is found by BFGS with the exact gradient,
// computed backwards through the recursion, from several starting points. Among models
// the one with the least AICc (or AIC, or BIC) is chosen; those with additive errors and multiplicative
// season are left out, as they are unstable.
//
// Means and variances of forecasts are those of chapter 6 of the book, all exact: additive errors
// without multiplicative season (class 1), multiplicative errors with additive parts (class 2) and with
// a multiplicative season (class 3). Quantiles are those of a normal distribution with these moments;
// [Model.Simulate] draws paths for everything else.
//
// [FitHoltWinters] is the classical method with R's start values, least squares and one parameter for each part.
package ets
