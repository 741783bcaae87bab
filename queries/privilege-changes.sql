-- Where processes changed users, groups, capabilities, namespaces or roots, or turned such changes off.
SELECT event, round(time / 1e9, 6) AS at_s, pid, comm, name, args, coalesce(errno, ret::VARCHAR) AS result
FROM syscalls
WHERE replace(name, '32', '') IN
              ('setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid', 'setfsuid', 'setfsgid', 'setgroups',
               'capset', 'unshare', 'setns', 'chroot', 'pivot_root', 'mount', 'umount', 'umount2', 'fsmount', 'move_mount',
               'mount_setattr', 'ptrace', 'seccomp', 'landlock_restrict_self', 'keyctl', 'init_module', 'finit_module',
               'delete_module', 'kexec_load', 'kexec_file_load', 'iopl', 'ioperm', 'bpf', 'process_vm_writev', 'pidfd_getfd')
   OR (name IN ('clone', 'clone3') AND args LIKE '%CLONE_NEW%')
   OR (name = 'prctl' AND (args LIKE 'PR_SET_KEEPCAPS%' OR args LIKE 'PR_CAP%' OR args LIKE 'PR_SET_NO_NEW_PRIVS%'
       OR args LIKE 'PR_SET_SECUREBITS%' OR args LIKE 'PR_SET_SECCOMP%'))
ORDER BY event
