-- Who wrote to a file, when, and how many bytes; mmap: who could from then on, and how many.
-- $path: an absolute path, % stands for anything
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, fd, ret AS bytes, fd_path AS path
FROM syscalls
WHERE name IN ('write', 'writev', 'pwrite64', 'pwritev', 'pwritev2', 'sendfile', 'sendfile64', 'ftruncate', 'ftruncate64', 'fallocate', 'vmsplice')
  AND fd_path LIKE getvariable('path') AND errno IS NULL
UNION ALL
SELECT event, round(time / 1e9, 6), pid, comm, name, fd, a1::BIGINT, fd_path
FROM syscalls
WHERE name IN ('mmap', 'mmap2') AND args LIKE '%PROT_WRITE%, MAP_SHARED%' AND fd_path LIKE getvariable('path') AND errno IS NULL
UNION ALL
SELECT event, round(time / 1e9, 6), pid, comm, name, NULL, ret, path
FROM syscalls WHERE name IN ('truncate', 'truncate64') AND path LIKE getvariable('path') AND errno IS NULL
UNION ALL
SELECT s.event, round(s.time / 1e9, 6), s.pid, s.comm, s.name, f.fd, s.ret, f.path
FROM syscalls s JOIN files f
  ON f.pid = s.pid AND f.fd = CASE s.name WHEN 'tee' THEN s.a1 ELSE s.a2 END AND coalesce(f.tid, s.tid) = s.tid AND s.event > f.event AND (f.end_event IS NULL OR s.event < f.end_event)
WHERE s.name IN ('copy_file_range', 'splice', 'tee') AND f.path LIKE getvariable('path') AND s.errno IS NULL AND s.ret > 0
ORDER BY event
