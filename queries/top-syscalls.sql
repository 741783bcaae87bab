-- Which system calls are made, how often they fail, and how long they take.
SELECT name, count(*) AS calls, count(errno) AS errors,
       round(sum(duration) / 1e9, 6) AS seconds, round(avg(duration) / 1e3, 1) AS usecs_per_call,
       round(max(duration) / 1e3, 1) AS longest_usecs
FROM syscalls GROUP BY name ORDER BY calls DESC, name
