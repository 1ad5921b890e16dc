# Series with a season that repeats itself exactly, a drift, gaps, or few readings, and what
# auto.arima chooses for them: Rscript auto.R > auto.json
suppressMessages({library(forecast); library(jsonlite)})
set.seed(1)
season <- function(n, m) rep(3 * rnorm(m), length.out = n)
gaps <- function(x, at) { x[at] <- NA; x }
arma <- function(n, ...) as.numeric(arima.sim(list(...), n))
series <- list(
  list("season and line", 6, season(260, 6) + 0.05 * (1:260) + rnorm(260, 0, 3)),
  list("season and random walk", 6, season(200, 6) + cumsum(rnorm(200, 0.1, 0.5))),
  list("season, line, noise", 7, season(170, 7) + 0.05 * (1:170) + rnorm(170)),
  list("season and ARMA(1,1)", 4, season(200, 4) + arma(200, ar = 0.6, ma = 0.4)),
  list("season with gaps", 4, gaps(season(160, 4) + arma(160, ar = 0.5), c(3, 50:53, 120))),
  list("random walk with gaps", 1, gaps(cumsum(rnorm(180)), c(20:24, 90, 91, 150))),
  list("short season", 12, season(72, 12) + cumsum(rnorm(72))),
  list("short", 1, arma(30, ar = 0.7)),
  list("short with drift", 1, cumsum(rnorm(40, 0.3))))
cases <- lapply(series, function(s) {
  fit <- auto.arima(ts(s[[3]], frequency = s[[2]]))
  list(Name = s[[1]], Period = s[[2]], Values = s[[3]], AICc = fit$aicc, D = fit$arma[6], SeasonalD = fit$arma[7], Model = as.character(fit))
})
cat(toJSON(cases, auto_unbox = TRUE, digits = NA, na = "null"))
