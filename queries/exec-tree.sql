-- Which process started which, what they executed, how long they lived and how they ended.
WITH RECURSIVE tree AS (
  SELECT pid, ppid, comm, command, event, time, end_time, exit_status, exit_signal, 0 AS depth,
         [event] AS place
  FROM processes p WHERE NOT EXISTS (FROM processes q WHERE q.pid = p.ppid AND q.event < p.event)
  UNION ALL
  SELECT p.pid, p.ppid, p.comm, p.command, p.event, p.time, p.end_time, p.exit_status, p.exit_signal, depth + 1,
         list_append(place, p.event)
  FROM processes p JOIN tree t ON p.ppid = t.pid AND p.event > t.event
)
SELECT pid, repeat('  ', depth) || coalesce(command, comm) AS process, round(time / 1e9, 6) AS from_s,
       round((end_time - time) / 1e9, 6) AS lived_s,
       CASE WHEN exit_signal IS NOT NULL THEN 'signal ' || exit_signal ELSE exit_status::VARCHAR END AS ended
FROM tree ORDER BY place
