-- Which processes ran and were never named by a directory listing of /proc, though one was made while they lived.
WITH listings AS (
  SELECT event, return_event, time, args FROM syscalls
  WHERE name IN ('getdents64', 'getdents') AND fd_path = '/proc' AND ret > 0
)
SELECT p.pid, p.comm, p.command, round(p.time / 1e9, 6) AS from_s, count(*) AS listings
FROM processes p JOIN listings l ON l.event > p.event AND (p.end_event IS NULL OR l.return_event < p.end_event)
GROUP BY p.pid, p.comm, p.command, p.time
HAVING bool_and(l.args NOT LIKE '%d_name="' || p.pid || '"%')
ORDER BY p.time
