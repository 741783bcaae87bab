-- Which files and sockets of a parent other programs could still use after their execve.
SELECT f.pid, x.path AS program, f.fd, f.kind, f.path
FROM files f JOIN executions x ON x.pid = f.pid AND (f.end_event IS NULL OR f.end_event > x.event + 1)
WHERE f.fd > 2 AND f.tid IS NULL AND (
  f.event < x.event AND (f.closed_by IS NULL OR f.closed_by NOT LIKE 'execve%'
    OR EXISTS (FROM executions y WHERE y.pid = f.pid AND y.event > x.event AND y.event < f.end_event))
  -- Who shared descriptors with others has its own from then on.
  OR f.opened_by LIKE 'execve%' AND f.event > x.event AND coalesce(f.end_event > f.event, true)
    AND NOT EXISTS (FROM executions y WHERE y.pid = f.pid AND y.event > x.event AND y.event < f.event))
ORDER BY f.pid, x.event, f.fd
