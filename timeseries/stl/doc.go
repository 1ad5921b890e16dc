// Package stl splits a series into trend, seasonal and remainder by STL: Cleveland,
// Cleveland, McRae and Terpenning (1990), "STL: A Seasonal-Trend Decomposition
// Procedure Based on Loess", J. Official Statistics 6(1), 3–73, with the parameters
// and defaults of R's stl.
//
//	x = Trend + Seasonal + Remainder
//
// An inner pass detrends x, smooths each cycle-subseries (all first steps of the
// period, all second ones, …) by loess, takes what is left of trend out of that by
// moving averages of Period, Period and 3 steps and a loess, and smooths the
// deseasonalised x by loess to the trend. An outer pass gives each reading the
// weight (1-u²)², u = |remainder| / (6 · median|remainder|), in the next round of
// inner passes, so that outliers bend neither trend nor season.
//
// Two things differ from R on purpose. The median is always the median: R's partial
// sort sometimes returns another order statistic for series of even length. And NaN
// is a missing reading: it has weight 0 in every loess, Trend and Seasonal are
// there nevertheless, Remainder is NaN, Weights is 0. Where all readings in a window
// are missing, linear interpolation between the readings beside the gap stands in.
//
// [Workspace.Renew] decomposes a window that has moved on, in one pass instead of up to 16.
// [DecomposeMulti] handles several periods, as MSTL does (Bandara, Hyndman, Bergmeir
// 2021, arXiv:2107.13462); [FindPeriod] tells which periods are there at all.
package stl
