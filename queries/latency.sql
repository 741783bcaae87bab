-- How the durations of calls are spread: median, 90, 99 and 100 of 100, in microseconds.
SELECT name, count(duration) AS calls, round(median(duration) / 1e3, 1) AS p50,
       round(quantile_cont(duration, 0.9) / 1e3, 1) AS p90, round(quantile_cont(duration, 0.99) / 1e3, 1) AS p99,
       round(max(duration) / 1e3, 1) AS p100
FROM syscalls GROUP BY name HAVING count(duration) > 0 ORDER BY calls DESC, name
