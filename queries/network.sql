-- Which sockets were used, with which addresses, by whom, and how much went through.
SELECT pid, comm, fd, family, type, local, peer, sent, received, opened_by,
       round(time / 1e9, 6) AS from_s, round((end_time - time) / 1e9, 6) AS open_s
FROM sockets ORDER BY event
