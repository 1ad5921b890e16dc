# Times R's prophet on the series that come as JSON on standard input: [{name, ds, y, cap, growth, mode, ahead}]. Prints the seconds of
# fit and prediction for each, the best of three; those of the processor, so that other work on the machine is not counted.
suppressMessages({library(prophet); library(jsonlite)})
Sys.setenv(TZ = "UTC")
best <- function(f) min(sapply(1:3, function(i) { gc(); sum(system.time(f())[c("user.self", "sys.self")]) }))
out <- lapply(fromJSON(file("stdin"), simplifyDataFrame = FALSE), function(s) {
  df <- data.frame(ds = as.POSIXct(s$ds, origin = "1970-01-01", tz = "UTC"), y = s$y, cap = s$cap)
  ahead <- data.frame(ds = as.POSIXct(s$ahead, origin = "1970-01-01", tz = "UTC"), cap = s$cap)
  quiet <- function(e) suppressMessages(suppressWarnings(e))
  fit <- function() quiet(prophet(df, growth = s$growth, seasonality.mode = s$mode))
  m <- fit()
  list(name = s$name, fit = best(fit), predict = best(function() quiet(predict(m, ahead))), log_posterior = m$stan.fit$value)
})
cat(toJSON(out, auto_unbox = TRUE, digits = NA))
