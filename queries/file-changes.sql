-- What was created, opened for writing, removed, renamed or changed in the file system, in order.
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, action, what, path, to_path, certain
FROM file_events ORDER BY event
