// Package prophet fits and forecasts by the decomposable model of Taylor and Letham (2018),
// "Forecasting at Scale", The American Statistician 72(1), 37–45, as the program Prophet does.
//
// A value is trend, seasonalities, holidays and regressors, and noise:
//
//	y(t) = g(t)·(1 + Σ x_j β_j over multiplicative columns) + Σ x_j β_j over additive columns + ε,  ε ~ N(0, σ²)
//
//	linear    g = z(t)
//	logistic  g = C(t) / (1 + exp(-z(t)))
//	flat      g = m
//
// where z is continuous and piecewise linear, with changes δ_j of its slope at the changepoints s_j:
//
//	z(t) = k(t - m) + Σ δ_j (t - s_j)⁺   (logistic)        z(t) = m + kt + Σ δ_j (t - s_j)⁺   (linear)
//
// The columns of a seasonality of period P are sin 2πnt/P and cos 2πnt/P, n = 1…order; a holiday has an indicator for each
// day of its window; a regressor is standardised. Priors are k, m ~ N(0, 5), δ_j ~ Laplace(0, τ), β_j ~ N(0, scale of the
// component), σ ~ N⁺(0, 0.5), with time scaled to 0…1 over the history and values by the largest |value - floor|.
//
// Parameters are those of the highest posterior density (MAP), found exactly. The paper's program stops its quasi-Newton search early, as the
// Laplace prior has no gradient where most δ_j belong, at 0; its optimum is up to tens of nats lower. Here δ is solved for
// by active sets (as Lawson and Hanson 1974, ch. 23, for signs; Osborne, Presnell, Turlach 2000 for the penalty), k, m and β are eliminated
// by a Schur complement, and σ is alternated with both. When μ is linear in the parameters that needs the history only once, for
// its Gram matrix, of which the changepoints' part comes from running sums; the rest does not depend on the history's length. Logistic
// growth and multiplicative components take some rounds of Gauss–Newton, each of which is such a problem.
//
// Quantiles come from simulated futures: changes of the trend at the historical rate, with Laplace sizes of the historical
// mean, and noise; seeded, and the same whatever rows are asked for.
package prophet
