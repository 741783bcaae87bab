-- Which pages of memory were written, how often, by how many processes (--traps page-write or pages).
SELECT physical // 4096 * 4096::UBIGINT AS page, count(*) FILTER (kind <> 'content') AS writes, count(*) FILTER (changed) AS changes,
       count(DISTINCT pid) AS processes, arg_max(comm, event) FILTER (kind <> 'content') AS last_by,
       round(min(time) / 1e9, 6) AS first_s, round(max(time) / 1e9, 6) AS last_s
FROM page_writes GROUP BY page ORDER BY writes DESC, page
