-- Who opened which file, how, and how often.
SELECT path, comm, pid, flags, count(*) AS times, round(min(time) / 1e9, 6) AS first_s
FROM files WHERE kind = 'file' AND opened_by NOT IN ('fork', 'unshare', 'execve', 'execveat') GROUP BY path, comm, pid, flags ORDER BY first_s, path
