-- Who sent signals to whom.
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, args, coalesce(errno, ret::VARCHAR) AS result
FROM syscalls WHERE name IN ('kill', 'tkill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo', 'pidfd_send_signal')
ORDER BY event
