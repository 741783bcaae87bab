-- Which files and directories were removed or renamed away, by whom, and who had created or written them before.
SELECT gone.event, round(gone.time / 1e9, 6) AS at_s, gone.pid, gone.comm, gone.action, gone.path, gone.to_path,
       string_agg(DISTINCT made.pid || ' ' || made.comm || ' ' || made.action, ', ') AS before
FROM file_events gone LEFT JOIN file_events made
  ON (made.path = gone.path OR made.to_path = gone.path) AND made.event < gone.event
WHERE gone.action IN ('removed', 'renamed')
GROUP BY ALL ORDER BY gone.event
