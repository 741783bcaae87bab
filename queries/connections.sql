-- Which peers were connected to or accepted, and what became of it.
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, args, coalesce(errno, ret::VARCHAR) AS result
FROM syscalls WHERE name IN ('connect', 'accept', 'accept4', 'bind', 'listen') ORDER BY event
