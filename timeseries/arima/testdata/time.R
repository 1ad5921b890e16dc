# Reads lines "fit N PERIOD p,d,q P,D,Q values..." or "auto N PERIOD values..." from standard input, and answers each with
# the seconds of processor time that arima() or auto.arima() took and its log-likelihood or AICc.
suppressMessages(library(forecast))
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) > 0) {
  word <- strsplit(line, " ")[[1]]
  numbers <- function(s) as.integer(strsplit(s, ",")[[1]])
  skip <- if (word[1] == "fit") 5 else 3
  x <- ts(as.numeric(word[-seq_len(skip)]), frequency = as.integer(word[3]))
  before <- sum(proc.time()[1:2])
  if (word[1] == "fit") {
    m <- arima(x, order = numbers(word[4]), seasonal = numbers(word[5]))
    value <- m$loglik
  } else {
    m <- auto.arima(x)
    value <- m$aicc
  }
  cat(sum(proc.time()[1:2]) - before, value, "\n")
  flush(stdout())
}
