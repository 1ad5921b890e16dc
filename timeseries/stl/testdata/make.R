# Makes r.json, small decompositions to compare with. Run: Rscript make.R > r.json
# Made with R 4.2.2 (stats). The series is of our own making: a season that grows,
# a trend, noise of a fixed recurrence and two outliers. Its length is odd, since
# R's robust stl misses the median of some series of even length.
n <- 131; u <- numeric(n); s <- 12345
for (i in 1:n) { s <- (1103515245 * s + 12345) %% 2147483648; u[i] <- s / 2147483648 - 0.5 }
i <- 1:n
v <- round(100 + 0.3 * i + (8 + 0.05 * i) * sin(2 * pi * i / 12) + 4 * cos(2 * pi * i / 4) + 6 * u, 3)
v[40] <- 400; v[90] <- -50
x <- ts(v, frequency = 12)
num <- function(v) paste0("[", paste(formatC(v, digits = 17, format = "g"), collapse = ","), "]")
one <- function(id, args, fit) {
  a <- paste(sprintf('"%s":%s', names(args), args), collapse = ",")
  d <- fit$time.series
  sprintf('{"id":"%s","args":{%s},\n"seasonal":%s,\n"trend":%s,\n"remainder":%s,\n"weights":%s}',
          id, a, num(d[, 1]), num(d[, 2]), num(d[, 3]), num(fit$weights))
}
cat(sprintf('{"oracle":"%s, stats::stl","series":{"name":"own","frequency":12,"values":%s},"cases":[\n', R.version.string, num(v)))
cat(paste(c(
  one("periodic", c(s.window = '"periodic"'), stl(x, "periodic")),
  one("w7_robust", c(s.window = "7", robust = "true"), stl(x, 7, robust = TRUE)),
  one("w9_deg1_jumps", c(s.window = "9", s.degree = "1", t.window = "21", s.jump = "2", t.jump = "4", l.jump = "3", outer = "3"),
      stl(x, 9, s.degree = 1, t.window = 21, s.jump = 2, t.jump = 4, l.jump = 3, outer = 3))
), collapse = ",\n"), "]}\n")
