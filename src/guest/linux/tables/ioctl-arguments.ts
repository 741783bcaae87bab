// Source: include/uapi (asm-generic/ioctls.h, linux/fs.h, linux/sockios.h, linux/if.h) and fs/ioctl.c of Linux 6.1 (facts of
// the interface).

/**
 * Commands by what their third argument points to: `<` read, `>` written, `=` both; the struct's name. Commands that stand
 * nowhere here are shown with the argument's value.
 */
// biome-ignore format: a table
export const IOCTL_STRUCTS: Readonly<Record<string, readonly number[]>> = {
  '>termios': [0x5401],
  '<termios': [0x5402, 0x5403, 0x5404],
  '>winsize': [0x5413],
  '<winsize': [0x5414],
  // TIOCGPGRP, TIOCOUTQ, FIONREAD, TIOCGETD, TIOCGSID, SIOCATMARK, TIOCGPTN; TIOCSPGRP, FIONBIO, FIOASYNC, TIOCSETD, TIOCSPTLCK, TIOCPKT
  '>int': [0x540f, 0x5411, 0x541b, 0x5424, 0x5429, 0x8905, 0x80045430],
  '<int': [0x5410, 0x5421, 0x5452, 0x5423, 0x40045431, 0x5420],
  '>ulong': [0x80082407],
  '>clockTime': [0x80247009, 0x80247008],
  '<clockTime': [0x4024700a, 0x40247007],
  '<ulong': [0x40082404],
  // UFFDIO_UNREGISTER, UFFDIO_WAKE
  '>uffdRange': [0x8010aa01, 0x8010aa02],
  '>inodeFlags': [0x80086601, 0x80046601],
  '<inodeFlags': [0x40086602, 0x40046602],
};

/** Member of struct ifreq that a command reads (SIOCG...), or sets (SIOCS...). */
export type InterfaceMember = 'addr' | 'dstaddr' | 'broadaddr' | 'netmask' | 'hwaddr' | 'flags' | 'ifindex' | 'metric' | 'mtu' | 'qlen' | 'name'; // biome-ignore format: one row

// biome-ignore format: a table
export const INTERFACE_ASKED: Readonly<Record<number, InterfaceMember>> = {
  35091: 'flags', 35093: 'addr', 35095: 'dstaddr', 35097: 'broadaddr', 35099: 'netmask', 35101: 'metric', 35105: 'mtu',
  35111: 'hwaddr', 35123: 'ifindex', 35138: 'qlen', 35088: 'name',
};
// biome-ignore format: a table
export const INTERFACE_SET: Readonly<Record<number, InterfaceMember>> = {
  35092: 'flags', 35094: 'addr', 35096: 'dstaddr', 35098: 'broadaddr', 35100: 'netmask', 35102: 'metric', 35106: 'mtu',
  35108: 'hwaddr', 35139: 'qlen',
};

/** SIOCGIFCONF, which lists the interfaces that have addresses. */
export const INTERFACE_LIST = 0x8912;
