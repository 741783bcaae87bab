-- Which process started which, what they executed, how long they lived and how they ended.
WITH RECURSIVE born AS (
  SELECT *, (SELECT max(q.event) FROM processes q WHERE q.pid = p.ppid AND q.event < p.event) AS parent FROM processes p
), tree AS (
  SELECT pid, ppid, comm, command, event, time, end_time, exit_status, exit_signal, 0 AS depth,
         [event] AS place
  FROM born WHERE parent IS NULL
  UNION ALL
  SELECT p.pid, p.ppid, p.comm, p.command, p.event, p.time, p.end_time, p.exit_status, p.exit_signal, depth + 1,
         list_append(place, p.event)
  FROM born p JOIN tree t ON p.ppid = t.pid AND p.parent = t.event
)
SELECT pid, repeat('  ', depth) || coalesce(command, comm) AS process, round(time / 1e9, 6) AS from_s,
       round((end_time - time) / 1e9, 6) AS lived_s,
       CASE WHEN exit_signal IS NOT NULL THEN 'signal ' || exit_signal ELSE exit_status::VARCHAR END AS ended
FROM tree ORDER BY place
