-- Which descriptors processes opened themselves and never closed.
SELECT pid, comm, fd, kind, path, opened_by, round(time / 1e9, 6) AS from_s, coalesce(closed_by, 'still open') AS ended_by
FROM files WHERE opened_by NOT IN ('fork', 'unshare', 'execve', 'execveat') AND (closed_by IS NULL OR closed_by = 'exit') ORDER BY pid, event
