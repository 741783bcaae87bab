-- Where processes made memory executable: mappings, and protection that was changed.
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, args, coalesce(errno, ret::VARCHAR) AS result, fd_path
FROM syscalls WHERE name IN ('mmap', 'mprotect', 'pkey_mprotect') AND args LIKE '%PROT_EXEC%'
  AND (name <> 'mmap' OR args LIKE '%MAP_ANONYMOUS%' OR args LIKE '%PROT_WRITE%')
ORDER BY event
