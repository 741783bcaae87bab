-- Everything that was done with a path, by whom: opened, renamed, removed, changed, looked at, read and written.
-- $path: an absolute path, % stands for anything
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, coalesce(path, fd_path) AS path, path2,
       coalesce(errno, ret::VARCHAR) AS result
FROM syscalls WHERE path LIKE getvariable('path') OR path2 LIKE getvariable('path') OR fd_path LIKE getvariable('path')
ORDER BY event
