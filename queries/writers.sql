-- Which instructions wrote to watched memory, and how often (--traps page-write).
SELECT watch, rip, pid, comm, source, count(*) AS writes, min(address) AS lowest, max(address) AS highest
FROM page_writes WHERE kind = 'write' GROUP BY ALL ORDER BY writes DESC, rip
