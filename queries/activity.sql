-- What each process did: calls, failures, time spent in calls, files opened.
SELECT pid, arg_max(comm, event) AS comm, count(*) AS calls, count(errno) AS errors,
       round(sum(duration) / 1e9, 6) AS in_calls_s, count(*) FILTER (name IN ('open', 'openat', 'openat2', 'creat')) AS opens,
       round(min(time) / 1e9, 6) AS first_s, round(max(time + coalesce(duration, 0)) / 1e9, 6) AS last_s
FROM syscalls GROUP BY pid ORDER BY first_s
