// Source: the manual pages of section 2, include/uapi/linux (keyctl.h, quota.h, prctl.h, seccomp.h, syslog's list in
// include/linux/syslog.h) and ipc/*.c of Linux 6.1 (facts of the interface).
//
// Calls whose arguments hang on a command. `1&0xff=2,13` holds where argument 1, under the mask, is one of the values;
// several of these must all hold. The arguments then are the third column's, in the notation of syscalls-amd64.ts; those
// that it leaves out are not looked at. `<s+N`: the struct is where the pointer leads that stands N bytes behind.

/** Name, choices, arguments. */
export type VariantRow = readonly [name: string, choices: string, signature: string];

// biome-ignore format: a table
const SHARED_MEMORY_AND_MESSAGES: readonly VariantRow[] = [
  ['shmctl', '1&0xff=2,13,15', 'int C:shmControl >shmid'], ['shmctl', '1&0xff=1', 'int C:shmControl <shmidSet'],
  ['shmctl', '1&0xff=3', 'int C:shmControl >shmLimits'], ['shmctl', '1&0xff=14', 'int C:shmControl >shmUse'],
  ['msgctl', '1&0xff=2,11,13', 'int C:msgControl >msqid'], ['msgctl', '1&0xff=1', 'int C:msgControl <msqidSet'],
  ['msgctl', '1&0xff=3,12', 'int C:msgControl >msgLimits'],
];

// biome-ignore format: a table
export const VARIANTS: readonly VariantRow[] = [
  ...SHARED_MEMORY_AND_MESSAGES,
  ['semctl', '2&0xff=2,18,20', 'int int C:semControl >semid'], ['semctl', '2&0xff=1', 'int int C:semControl <semidSet'],
  ['semctl', '2&0xff=3,19', 'int int C:semControl >semLimits'],
  ['mq_open', '1&0x40=0x40', 'str open mode <mqCreation'],
  ['reboot', '2=0xa1b2c3d4', 'E:rebootMagic1 E:rebootMagic2 E:reboot str'],
  ['syslog', '0=0,1,5,6,7,9,10', 'V:syslog'], ['syslog', '0=2,3,4', 'V:syslog out:2 int'], ['syslog', '0=8', 'V:syslog ptr V:logLevel'],
  ['keyctl', '0=0', 'E:keyctl keyring int'], ['keyctl', '0=1', 'E:keyctl str'], ['keyctl', '0=2', 'E:keyctl keyring in:3 size'],
  ['keyctl', '0=3,7,16,21', 'E:keyctl keyring'], ['keyctl', '0=4', 'E:keyctl keyring uid uid'], ['keyctl', '0=5', 'E:keyctl keyring F:keyPermission'],
  ['keyctl', '0=6,17', 'E:keyctl keyring text:3 size'], ['keyctl', '0=8,9', 'E:keyctl keyring keyring'], ['keyctl', '0=10', 'E:keyctl keyring str str keyring'],
  ['keyctl', '0=11', 'E:keyctl keyring out:3 size'], ['keyctl', '0=12', 'E:keyctl keyring in:3 size keyring'], ['keyctl', '0=13', 'E:keyctl keyring uint keyring'],
  ['keyctl', '0=14', 'E:keyctl E:keyDefault'], ['keyctl', '0=15', 'E:keyctl keyring uint'], ['keyctl', '0=18', 'E:keyctl'],
  ['keyctl', '0=19', 'E:keyctl keyring uint errno keyring'], ['keyctl', '0=22', 'E:keyctl uid keyring'], ['keyctl', '0=29', 'E:keyctl keyring str str'],
  ['keyctl', '0=31', 'E:keyctl >keyCapabilities[2] size'], ['keyctl', '0=30', 'E:keyctl keyring keyring keyring F:keyMove'],
  ['quotactl', '0&0xffffff00=0x80000100,0x80000300,0x580700', 'quota path'], ['quotactl', '0&0xffffff00=0x80000200', 'quota path E:quotaFormat path'],
  ['quotactl', '0&0xffffff00=0x80000400', 'quota path skip >quotaFormatWord'], ['quotactl', '0&0xffffff00=0x80000500', 'quota path skip >quotaTimes'],
  ['quotactl', '0&0xffffff00=0x80000600', 'quota path skip <quotaTimes'], ['quotactl', '0&0xffffff00=0x80000700', 'quota path uid >quotaBlock'],
  ['quotactl', '0&0xffffff00=0x80000800', 'quota path uid <quotaBlock'],
  ['prctl', '0=52', 'prctl E:speculation'], ['prctl', '0=53', 'prctl E:speculation E:speculationControl'], ['prctl', '0=57', 'prctl int hex hex hex'],
  ['prctl', '0=28', 'prctl F:secureBits'], ['prctl', '0=35', 'prctl E:processMemory hex hex hex'], ['prctl', '0=47 1=1,2,3', 'prctl E:ambient capability hex hex'],
  ['prctl', '0=0x53564d41 1=0', 'prctl E:memoryName ptr ulong str'],
  ['prctl', '0=22 1=1', 'prctl E:seccompMode'], ['prctl', '0=22 1=2', 'prctl E:seccompMode <filterProgram'],
  ['seccomp', '0=1', 'E:seccompOp F:seccomp <filterProgram'], ['seccomp', '0=2', 'E:seccompOp hex <seccompAction'],
  ['seccomp', '0=3', 'E:seccompOp hex >seccompSizes'], ['seccomp', '0=0', 'E:seccompOp hex ptr'],
  ['ptrace', '0=0', 'E:ptrace'], ['ptrace', '0=8,16,0x4207,0x4208', 'E:ptrace pid'], ['ptrace', '0=1,2', 'E:ptrace pid ptr >ptr'],
  ['ptrace', '0=3', 'E:ptrace pid user >ptr'], ['ptrace', '0=6', 'E:ptrace pid user ptr'], ['ptrace', '0=7,9,17,24,31,32,33', 'E:ptrace pid ptr sig'],
  ['ptrace', '0=12,13,14,15', 'E:ptrace pid skip ptr'], ['ptrace', '0=0x4200,0x4206', 'E:ptrace pid ptr F:ptraceOptions'],
  ['ptrace', '0=0x4201', 'E:ptrace pid ptr >ulong'], ['ptrace', '0=0x4202', 'E:ptrace pid ptr >siginfo'], ['ptrace', '0=0x4203', 'E:ptrace pid ptr <siginfo'],
  ['ptrace', '0=0x4204,0x4205', 'E:ptrace pid E:note ptr'],
  ['io_uring_register', '1=0', 'fd E:uringRegister <remoteIov[3] uint'], ['io_uring_register', '1=2', 'fd E:uringRegister <int[3] uint'],
  ['io_uring_register', '1=4,7', 'fd E:uringRegister <int uint'],
  ['fsconfig', '1=0', 'fd E:fsconfig str ptr int'], ['fsconfig', '1=1', 'fd E:fsconfig str str int'], ['fsconfig', '1=2', 'fd E:fsconfig str hexbytes:4 int'],
  ['fsconfig', '1=3,4', 'fd E:fsconfig str path at'], ['fsconfig', '1=5', 'fd E:fsconfig str ptr fd'],
  ['modify_ldt', '0=1,17', 'int <userdesc size'],
  ['landlock_add_rule', '1=1', 'fd E:landlockRule <landlockPath hex'],
];

/** Of the calls behind ipc: semctl's last argument points to what the others have in a register. */
// biome-ignore format: a table
export const IPC_VARIANTS: readonly VariantRow[] = [
  ...SHARED_MEMORY_AND_MESSAGES,
  ['semctl', '2&0xff=2,18,20', 'int int C:semControl >semid+0'], ['semctl', '2&0xff=1', 'int int C:semControl <semidSet+0'],
  ['semctl', '2&0xff=3,19', 'int int C:semControl >semLimits+0'],
];
