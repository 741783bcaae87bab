-- Where processes changed users, groups, capabilities, namespaces or roots, or turned such changes off.
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, args, coalesce(errno, ret::VARCHAR) AS result
FROM syscalls
WHERE name IN ('setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setfsuid', 'setfsgid', 'setgroups',
               'capset', 'unshare', 'setns', 'chroot', 'pivot_root', 'mount', 'umount2', 'ptrace', 'seccomp', 'keyctl',
               'init_module', 'finit_module', 'delete_module', 'bpf', 'process_vm_writev')
   OR (name = 'prctl' AND (args LIKE 'PR_SET_KEEPCAPS%' OR args LIKE 'PR_CAP%' OR args LIKE 'PR_SET_NO_NEW_PRIVS%'
       OR args LIKE 'PR_SET_SECUREBITS%' OR args LIKE 'PR_SET_SECCOMP%'))
ORDER BY event
