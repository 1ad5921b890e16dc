# Makes the series of this folder and what R has to say of them. Run it here: Rscript --vanilla make.R
# A unit is what the forecast is uncertain by anyway: the standard deviation one step ahead, or that of the series.
# R 4.2.2, forecast 8.20, prophet 1.0, jsonlite. The series are drawn with the seed below; each value is the one that is written, with all its digits.
suppressMessages({library(forecast); library(prophet); library(jsonlite)})
Sys.setenv(TZ = "UTC")
set.seed(20261126)

text <- function(x) ifelse(is.na(x), "NaN", format(x, digits = 17, trim = TRUE))
keep <- function(name, x) {
  writeLines(c("value", text(round(x, 3))), paste0(name, ".csv"))
  as.numeric(sub("NaN", NA, readLines(paste0(name, ".csv"))[-1]))
}
noise <- function(n, ...) as.numeric(arima.sim(list(...), n))

daily <- keep("daily", 200 + 0.05 * (1:205) + 30 * sin(2 * pi * (1:205) / 24) + 8 * noise(205, ar = 0.6))
weekly <- keep("weekly", 100 + 20 * sin(2 * pi * (1:151) / 6) + 9 * cos(2 * pi * (1:151) / 42) + 4 * rnorm(151))
walk <- keep("walk", 500 + cumsum(3 * rnorm(120)) + 4 * rnorm(120))
gaps <- local({ x <- 50 + noise(90, ar = c(0.5, 0.2), ma = 0.4); x[c(7, 31:34, 60)] <- NA; keep("gaps", x) })

cases <- list()
add <- function(name, file, args, ...) cases[[length(cases) + 1]] <<- list(name = name, args = c(args[1], paste0("testdata/r/", file, ".csv"), args[-1]), ...)

split <- function(name, file, x, args, period, ...) {
  if (length(period) == 1) {
    r <- stl(ts(x, frequency = period), ...)$time.series
    parts <- list(trend = r[, "trend"], seasonal = r[, "seasonal"], remainder = r[, "remainder"])
  } else {
    r <- unclass(mstl(msts(x, period), ...))
    parts <- list(trend = r[, "Trend"], seasonal = r[, 3], seasonal2 = r[, 4], remainder = r[, "Remainder"])
  }
  add(name, file, c("decompose", "--period", paste(period, collapse = ","), args), columns = lapply(parts, as.numeric))
}
split("stl, periodic", "daily", daily, c(), 24, s.window = "periodic")
split("stl, windows", "daily", daily, c("--s-window", "9", "--t-window", "51", "--l-window", "31"), 24, s.window = 9, t.window = 51, l.window = 31)
split("stl, degrees and jumps", "daily", daily, c("--s-window", "11", "--s-degree", "1", "--t-degree", "0", "--l-degree", "0", "--s-jump", "1", "--t-jump", "3", "--l-jump", "2"),
  24, s.window = 11, s.degree = 1, t.degree = 0, l.degree = 0, s.jump = 1, t.jump = 3, l.jump = 2)
split("stl, robust", "weekly", weekly, c("--robust"), 6, s.window = "periodic", robust = TRUE)
split("stl, passes", "weekly", weekly, c("--s-window", "7", "--inner", "3", "--outer", "4"), 6, s.window = 7, inner = 3, outer = 4)
split("mstl", "weekly", weekly, c(), c(6, 42))
split("mstl, windows", "weekly", weekly, c("--s-window", "7,13", "--iterate", "3"), c(6, 42), s.window = c(7, 13), iterate = 3)

ahead <- function(name, file, args, h, f, ...) add(name, file, c("forecast", "--horizon", h, args, "-o", "json"), forecast = lapply(f, as.numeric), ...)
coefs <- function(r) list(coef = as.list(r$coef), se = as.list(setNames(sqrt(diag(r$var.coef)), names(r$coef))), loglik = r$loglik, aic = r$aic)
fixed <- function(name, file, x, args, period, order, seasonal = c(0, 0, 0), ...) {
  r <- arima(ts(x, frequency = period), order, list(order = seasonal, period = period), method = "ML", ...)
  p <- predict(r, 24, newxreg = if (!is.null(r$call$xreg)) length(x) + 1:24)
  ahead(name, file, c("--model", "arima", "--period", period, args), 24, list(mean = p$pred, se = p$se), unit = p$se[1], fit = c(coefs(r), sigma2 = r$sigma2))
}
fixed("arima", "walk", walk, c("--order", "0,1,1"), 1, c(0, 1, 1))
fixed("arima with mean and gaps", "gaps", gaps, c("--order", "2,0,1"), 1, c(2, 0, 1))
fixed("arima with season", "weekly", weekly, c("--order", "1,0,1", "--seasonal", "0,1,1"), 6, c(1, 0, 1), c(0, 1, 1))
drift <- seq_along(weekly)
fixed("arima with season and drift", "weekly", weekly, c("--order", "1,0,0", "--seasonal", "0,1,1", "--drift"), 6, c(1, 0, 0), c(0, 1, 1), xreg = cbind(drift))

chosen <- function(name, file, x, period) {
  r <- auto.arima(ts(x, frequency = period))
  p <- forecast(r, 24, level = 95)
  ahead(name, file, c("--model", "arima", "--period", period), 24, list(mean = p$mean, lo95 = p$lower, hi95 = p$upper), unit = sqrt(r$sigma2),
    fit = c(coefs(r), sigma2 = r$sigma2, aicc = r$aicc), order = as.integer(r$arma[c(1, 6, 2)]), seasonal_order = as.integer(r$arma[c(3, 7, 4)]))
}
chosen("auto.arima", "walk", walk, 1)
chosen("auto.arima with season", "weekly", weekly, 6)

r <- ets(walk)
p <- forecast(r, 24, level = c(80, 95))
ahead("ets", "walk", c("--model", "ets", "--period", "none", "--level", "95,80"), 24,
  list(mean = p$mean, lo95 = p$lower[, 2], hi95 = p$upper[, 2], lo80 = p$lower[, 1], hi80 = p$upper[, 1]), unit = as.numeric(p$upper[1, 2] - p$mean[1]) / qnorm(0.975), fit = list(loglik = r$loglik, aic = r$aic, aicc = r$aicc, bic = r$bic, sigma2 = r$sigma2))

p <- snaive(ts(daily, frequency = 24), 60, level = c(95, 80))
ahead("snaive", "daily", c("--model", "naive", "--period", "24", "--level", "95,80"), 60,
  list(mean = p$mean, lo95 = p$lower[, 1], hi95 = p$upper[, 1], lo80 = p$lower[, 2], hi80 = p$upper[, 2]), unit = sqrt(mean(residuals(p)^2, na.rm = TRUE)))

m <- prophet(data.frame(ds = seq(as.POSIXct("2024-01-01", tz = "UTC"), by = "hour", length.out = length(daily)), y = daily))
p <- predict(m, make_future_dataframe(m, 24, freq = 3600, include_history = FALSE))
ahead("prophet", "daily", c("--model", "prophet", "--period", "24"), 24, list(mean = p$yhat, trend = p$trend, daily = p$daily), unit = sd(daily))

write(toJSON(list(made_with = R.version.string, cases = cases), digits = NA, auto_unbox = TRUE, na = "null"), "r.json")
