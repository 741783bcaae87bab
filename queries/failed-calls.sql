-- Which calls failed, with what error, how often, and on which path most recently.
SELECT name, errno, count(*) AS times, count(DISTINCT pid) AS processes, arg_max(comm, event) AS last_by,
       arg_max(coalesce(path, fd_path, args), event) AS last_on
FROM syscalls WHERE errno IS NOT NULL GROUP BY name, errno ORDER BY times DESC, name
