# Makes cases.json: what R's prophet makes of holidays, regressors, conditional seasonalities, modes, floors, short and irregular series.
# Made with R 4.2.2, prophet 1.0, rstan 2.21.7, jsonlite.  Rscript cases.R > cases.json
suppressMessages({library(prophet); library(jsonlite)})
Sys.setenv(TZ = "UTC")
set.seed(20261126)

times <- function(start, step, n) as.POSIXct(start, tz = "UTC") + step * (0:(n - 1))
hour <- function(ds) as.numeric(format(ds, "%H", tz = "UTC")) + as.numeric(format(ds, "%M", tz = "UTC")) / 60
wday <- function(ds) as.POSIXlt(ds, tz = "UTC")$wday
cases <- list()

# run fits a case and keeps what is compared. build makes the model before it is fitted.
run <- function(name, history, future, build) {
  m <- suppressMessages(suppressWarnings(fit.prophet(build(), history)))
  p <- suppressMessages(suppressWarnings(predict(m, future)))
  features <- prophet:::make_all_seasonality_features(m, m$history)$seasonal.features
  columns <- setdiff(names(p), c("ds", "cap", "floor", "trend", "yhat", "yhat_lower", "yhat_upper", "trend_lower", "trend_upper"))
  columns <- columns[!grepl("_(lower|upper)$", columns) & sapply(columns, function(n) any(p[[n]] != 0))]
  frame <- function(df) { df$ds <- as.numeric(df$ds); as.list(df) }
  params <- list(k = as.numeric(m$params$k), m = as.numeric(m$params$m), delta = I(as.numeric(m$params$delta)),
    beta = as.list(setNames(as.numeric(m$params$beta), colnames(features))), sigma_obs = as.numeric(m$params$sigma_obs))
  cases[[length(cases) + 1]] <<- list(name = name, history = frame(history), future = frame(future),
    y_scale = m$y.scale, changepoints = I(as.numeric(m$changepoints.t)), params = params,
    log_posterior = if (is.null(m$stan.fit)) NULL else m$stan.fit$value,
    forecast = as.list(p[c("trend", "yhat", "yhat_lower", "yhat_upper", "trend_lower", "trend_upper", columns)]))
}
plain <- function(...) { args <- list(...); function() do.call(prophet, c(list(fit = FALSE), args)) }
noise <- function(n, sd) round(rnorm(n, 0, sd), 3)
observed <- function(df, y) { df$y <- round(y, 3); df }
ahead <- function(df, step, n) data.frame(ds = max(df$ds) + step * (1:n))
DAY <- 86400

# Holidays with windows, prior scales, a day that is listed but never seen.
df <- data.frame(ds = times("2023-03-01", DAY, 200))
playoff <- data.frame(holiday = "playoff", ds = as.Date(c("2023-04-10", "2023-05-20", "2023-07-02", "2023-09-20")), lower_window = -1, upper_window = 2, prior_scale = 5)
sale <- data.frame(holiday = "sale", ds = as.Date(c("2023-03-15", "2023-06-15", "2023-08-01", "2023-10-01")), lower_window = 0, upper_window = 0, prior_scale = 0.05)
days <- rbind(playoff, sale)
is <- function(ds, list, offset) as.numeric(as.Date(ds) %in% (list + offset))
y <- 50 + 0.05 * (1:200) + 3 * (wday(df$ds) == 6) + 12 * is(df$ds, playoff$ds, 0) + 5 * is(df$ds, playoff$ds, 1) - 4 * is(df$ds, playoff$ds, -1) + 9 * is(df$ds, sale$ds, 0) + noise(200, 1)
run("holidays", observed(df, y), ahead(df, DAY, 30), plain(holidays = days))
run("holidays multiplicative", observed(df, y), ahead(df, DAY, 30), plain(holidays = days, seasonality.mode = "multiplicative", holidays.prior.scale = 0.5))

# Regressors: standardised, binary, as a share of the trend, taken raw, constant.
df <- data.frame(ds = times("2024-02-01", 3600, 300))
x <- function(ds) { h <- as.numeric(ds) / 3600; list(load = round(100 + 20 * sin(h / 11) + 7 * cos(h / 3.3), 2), backup = as.numeric(h %% 31 < 3),
  share = round(sin(h / 29), 3), raw = round(5 * cos(h / 17), 3), same = rep(4, length(ds))) }
withx <- function(df) cbind(df, as.data.frame(x(df$ds)))
v <- x(df$ds)
y <- 200 + 0.1 * (1:300) + 0.8 * v$load + 25 * v$backup + 30 * v$share - 2 * v$raw + 10 * sin(2 * pi * hour(df$ds) / 24) + noise(300, 3)
run("regressors", observed(withx(df), y), withx(ahead(df, 3600, 48)), function() {
  m <- prophet(fit = FALSE)
  m <- add_regressor(m, "load"); m <- add_regressor(m, "backup", prior.scale = 0.1); m <- add_regressor(m, "share", mode = "multiplicative")
  m <- add_regressor(m, "raw", standardize = FALSE); add_regressor(m, "same")
})

# A seasonality of its own for each condition, and one of another period, prior and mode.
df <- data.frame(ds = times("2024-01-01", 3600, 18 * 24 + 12))
off <- function(df) { df$weekend <- wday(df$ds) %in% c(0, 6); df$working <- !df$weekend; df }
y <- 80 + ifelse(off(df)$weekend, 5, 20) * sin(2 * pi * hour(df$ds) / 24) + 4 * cos(2 * pi * (1:444) / 60) + noise(444, 2)
run("conditional", observed(off(df), y), off(ahead(df, 3600, 48)), function() {
  m <- prophet(fit = FALSE, daily.seasonality = FALSE, weekly.seasonality = 2)
  m <- add_seasonality(m, "daily_working", 1, 3, condition.name = "working")
  m <- add_seasonality(m, "daily_weekend", 1, 3, condition.name = "weekend", prior.scale = 0.3)
  add_seasonality(m, "shift", 2.5, 2, prior.scale = 0.02, mode = "multiplicative")
})

# Multiplicative, hourly, with a trend that bends.
df <- data.frame(ds = times("2024-05-06", 3600, 20 * 24))
level <- 100 + 0.2 * (1:480) - 0.5 * pmax(0, 1:480 - 250)
y <- level * (1 + 0.3 * sin(2 * pi * hour(df$ds) / 24) - 0.2 * (wday(df$ds) %in% c(0, 6))) + noise(480, 4)
run("multiplicative hourly", observed(df, y), ahead(df, 3600, 72), plain(seasonality.mode = "multiplicative"))

# Every five minutes, with gaps and missing values.
df <- data.frame(ds = times("2024-05-06", 300, 3 * 288))[-c(100:160, 400), , drop = FALSE]
y <- 30 + 8 * sin(2 * pi * hour(df$ds) / 24) + 3 * (hour(df$ds) > 22) + noise(nrow(df), 1)
y[c(5, 300:310)] <- NA
run("five minutes", observed(df, y), ahead(df, 300, 60), plain())

# Logistic growth: a floor; a cap that grows; both modes.
df <- data.frame(ds = times("2022-01-01", DAY, 300))
y <- 40 + 60 / (1 + exp(-(1:300 - 140) / 30)) + 2 * sin(2 * pi * (1:300) / 7) + noise(300, 1.5)
bounds <- function(df, cap, floor) { df$cap <- cap; df$floor <- floor; df }
run("logistic floor", bounds(observed(df, y), 110, 35), bounds(ahead(df, DAY, 60), 110, 35), plain(growth = "logistic"))
run("logistic floor multiplicative", bounds(observed(df, y), 110, 35), bounds(ahead(df, DAY, 60), 110, 35), plain(growth = "logistic", seasonality.mode = "multiplicative"))
rising <- function(df) { df$cap <- round(90 + as.numeric(df$ds - as.POSIXct("2022-01-01", tz = "UTC"), units = "days") / 10, 2); df }
run("logistic rising cap", rising(observed(df, y)), rising(ahead(df, DAY, 60)), plain(growth = "logistic", changepoint.prior.scale = 0.5))

# Flat with a multiplicative season; given changepoints; none; unsorted rows and a time that is there twice.
y <- 20 * (1 + 0.2 * sin(2 * pi * (1:300) / 7)) + noise(300, 1)
run("flat multiplicative", observed(df, y), ahead(df, DAY, 20), plain(growth = "flat", seasonality.mode = "multiplicative"))
y <- 10 + 0.1 * (1:300) - 0.25 * pmax(0, 1:300 - 120) + noise(300, 1)
run("given changepoints", observed(df, y), ahead(df, DAY, 20), plain(changepoints = as.POSIXct(c("2022-05-01", "2022-03-01", "2022-09-01"), tz = "UTC"), changepoint.prior.scale = 0.2))
run("no changepoints", observed(df, y), ahead(df, DAY, 20), plain(n.changepoints = 0))
run("unsorted and twice", observed(df, y)[c(150:300, 150, 20, 1:149), ], ahead(df, DAY, 20), plain())

# Two years by the week: yearly without weekly.
df <- data.frame(ds = times("2020-01-05", 7 * DAY, 120))
y <- 300 - 0.4 * (1:120) + 40 * cos(2 * pi * (1:120) / 52.18) + noise(120, 8)
run("weekly rows", observed(df, y), ahead(df, 7 * DAY, 26), plain())

# Short ones, large and negative values, a constant.
short <- function(name, n, y) { df <- data.frame(ds = times("2024-01-01", 3600, n)); run(name, observed(df, y), ahead(df, 3600, 12), plain()) }
short("ten readings", 10, 5 + noise(10, 1) + (1:10) / 5)
short("thirty readings", 30, 5 + noise(30, 1) + 3 * ((1:30) > 12))
short("large and negative", 200, -1e9 + 1e7 * sin(2 * pi * (1:200) / 24) + 1e6 * noise(200, 1))
short("constant", 60, rep(7, 60))

cat(toJSON(cases, digits = NA, auto_unbox = TRUE, na = "null", null = "null"), "\n")
