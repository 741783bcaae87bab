-- Which calls took longest.
-- $count = 20: how many are shown
SELECT event, round(time / 1e9, 6) AS at_s, round(duration / 1e6, 3) AS msecs, pid, comm, name, errno
FROM syscalls WHERE duration IS NOT NULL
ORDER BY duration DESC LIMIT getvariable('count')
