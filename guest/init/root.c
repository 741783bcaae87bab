#include "root.h"

#define SHARE_TAG "trapline"
/* Where the host puts the files of `--rootfs none`. */
#define INITRAMFS_ROOT "/program"
#define NEW_ROOT "/root"

enum { MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_BIND = 4096, MS_MOVE = 8192 };

static long attach(const char *what, const char *where, const char *type, u64 flags, const char *options)
{
	return call5(SYS_MOUNT, what, where, type, flags, options);
}

static int refused(struct text *reason, const char *what, long error)
{
	text_join(reason, "the guest's kernel refused to mount ", what, ", errno ");
	text_add_number(reason, -error);
	return -1;
}

/* A writable overlay in memory over the share. */
static int overlay(struct text *reason)
{
	make_directory("/lower", 0755);
	make_directory("/upper", 0755);
	long error = attach(SHARE_TAG, "/lower", "virtiofs", MS_RDONLY, NULL);
	if (error != 0)
		return refused(reason, "the share (virtiofs)", error);
	error = attach("tmpfs", "/upper", "tmpfs", 0, "mode=755,size=90%");
	if (error != 0)
		return refused(reason, "memory (tmpfs)", error);
	make_directory("/upper/files", 0755);
	make_directory("/upper/work", 0755);
	error = attach("overlay", NEW_ROOT, "overlay", 0, "lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work");
	return error == 0 ? 0 : refused(reason, "the overlay", error);
}

static void kernel_file_systems(void)
{
	make_directory("/proc", 0555);
	make_directory("/sys", 0555);
	make_directory("/dev", 0755);
	make_directory("/run", 0755);
	make_directory("/tmp", 01777);
	make_directory("/var", 0755);
	make_directory("/var/tmp", 01777);
	attach("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	attach("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	attach("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	make_directory("/dev/pts", 0755);
	make_directory("/dev/shm", 01777);
	attach("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "gid=5,mode=620,ptmxmode=666");
	attach("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777");
	call2(SYS_SYMLINK, "/proc/self/fd", "/dev/fd");
	call2(SYS_SYMLINK, "/proc/self/fd/0", "/dev/stdin");
	call2(SYS_SYMLINK, "/proc/self/fd/1", "/dev/stdout");
	call2(SYS_SYMLINK, "/proc/self/fd/2", "/dev/stderr");
}

static void wanted_directories(const struct spec *spec)
{
	const struct record *record = NULL;
	while ((record = spec_next(spec, RECORD_MAKE_DIRECTORY, record)) != NULL) {
		char *path = (char *)record->bytes + 12;
		struct status status;
		if (record->length <= 12 || call2(SYS_STAT, path, &status) == 0)
			continue;
		make_directories(path, record_number(record, 0));
		call3(SYS_CHOWN, path, record_number(record, 1), record_number(record, 2));
	}
}

int root_enter(const struct spec *spec, struct text *reason)
{
	make_directory(NEW_ROOT, 0755);
	make_directory(INITRAMFS_ROOT, 0755);
	if (spec->root == ROOT_SHARE) {
		if (overlay(reason) != 0)
			return -1;
	} else {
		long error = attach(INITRAMFS_ROOT, NEW_ROOT, NULL, MS_BIND, NULL);
		if (error != 0)
			return refused(reason, "the program's files", error);
	}
	/* The initramfs can't be unmounted, so the new root goes on top of it. */
	call1(SYS_CHDIR, NEW_ROOT);
	attach(".", "/", NULL, MS_MOVE, NULL);
	call1(SYS_CHROOT, ".");
	call1(SYS_CHDIR, "/");
	kernel_file_systems();
	wanted_directories(spec);
	return 0;
}
