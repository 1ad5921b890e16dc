// Package arima fits ARIMA models with season, regressors and gaps, and forecasts by
// them: ARIMA(p,d,q)(P,D,Q)[m] of Box, Jenkins (1976).
//
// A series y with regressors x is y_t = x_t'β + η_t, and the differences of η,
// w_t = (1-B)^d (1-B^m)^D η_t with B η_t = η_(t-1), are a stationary process
//
//	φ(B) Φ(B^m) w_t = θ(B) Θ(B^m) ε_t,  ε independent, normal, variance σ²
//	φ(B) = 1 - φ_1 B - … - φ_p B^p,  θ(B) = 1 + θ_1 B + … + θ_q B^q
//
// A mean is a regressor of ones, a drift one of 1, 2, 3, …
//
// The likelihood is exact. With v_t the innovations of the Kalman filter and σ² f_t their
// variances, n of them,
//
//	log L = -½ ( n log 2πσ² + n + Σ log f_t ),  σ² = Σ v_t²/f_t / n
//
// For given φ and θ, β is what generalised least squares give, so that only the former
// are searched for. Without gaps f and v come from the Chandrasekhar recursions (Morf,
// Sidhu, Kailath 1974), which take time proportional to the order at each step; with
// gaps from the covariance of the state (Durbin, Koopman 2012), which takes its square
// until the covariance has converged. The first d+mD readings are known constants:
// the likelihood is that of the differences, which is the limit of a diffuse start. R
// has a prior variance of 1e6 σ² in its place; Config.PriorVariance does the same.
//
// The search is BFGS over the inverse hyperbolic tangents of partial autocorrelations
// (Barndorff-Nielsen, Schou 1973; Monahan 1984), which keep the autoregression stationary
// and the moving average invertible. It starts from zeros, from the regression of Hannan
// and Rissanen (1982), from the least conditional sum of squares, and, where the
// likelihood may have several maxima, from other points too. Standard errors come from
// the second derivatives of the likelihood.
//
// Choose is Hyndman and Khandakar (2008): a season is differenced when STL finds it
// strong, and the rest until the test of Kwiatkowski, Phillips, Schmidt and Shin (1992)
// does not reject stationarity; from four models the search goes on to the first better
// one among those whose orders differ by one, and ends where there is none. Models with a
// root within 1 % of the unit circle are not taken, but the search passes through those
// that would be much better. Candidates are compared by their exact likelihood; for more than
// 150 readings without season, and where readings times reach of the longest model (with gaps,
// its square) are more than 5e5, at conditional estimates, and the best three again at the
// maximum of their likelihood.
//
// Sources besides: Durbin, Koopman (2012), "Time Series Analysis by State Space Methods";
// Gardner, Harvey, Phillips (1980), Applied Statistics 29, AS 154; Hyndman, Khandakar (2008),
// J. Statistical Software 27(3).
package arima
