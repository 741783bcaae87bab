-- How often each interrupt came, and what it interrupted (--traps interrupt).
SELECT vector, name, count(*) AS times, count(*) FILTER (cpl = 3) AS in_user_mode,
       round(count(*) / nullif((max(time) - min(time)) / 1e9, 0), 1) AS per_second
FROM interrupts GROUP BY vector, name ORDER BY times DESC
