#include "program.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
enum { EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

static const char *search_path(const struct spec *spec)
{
	for (char **entry = spec->environment; *entry != NULL; entry++)
		if ((*entry)[0] == 'P' && (*entry)[1] == 'A' && (*entry)[2] == 'T' && (*entry)[3] == 'H' &&
		    (*entry)[4] == '=')
			return *entry + 5;
	return DEFAULT_PATH;
}

/* A file that the kernel knows no format of is a script for sh, as execvp has it. */
static void run_by_shell(const struct spec *spec, const char *path)
{
	u64 count = 0;
	while (spec->arguments[count] != NULL)
		count++;
	char **arguments = pages((count + 3) * sizeof *arguments);
	arguments[0] = "/bin/sh";
	arguments[1] = (char *)path;
	for (u64 i = 1; i < count; i++)
		arguments[i + 1] = spec->arguments[i];
	call3(SYS_EXECVE, arguments[0], arguments, spec->environment);
}

static int is_binary(const char *path)
{
	u8 head[4] = {0};
	int file = call3(SYS_OPEN, path, O_RDONLY | O_CLOEXEC, 0);
	long length = file < 0 ? -1 : call3(SYS_READ, file, head, sizeof head);
	call1(SYS_CLOSE, file);
	for (long i = 0; i < length; i++)
		if (head[i] == 0 || head[i] == 0x7f)
			return 1;
	return length <= 0;
}

static int attempt(const struct spec *spec, struct program_failure *failure)
{
	int error = -call3(SYS_EXECVE, failure->path, spec->arguments, spec->environment);
	if (error == ENOEXEC && !is_binary(failure->path))
		run_by_shell(spec, failure->path);
	return error;
}

static void set_path(struct program_failure *failure, const char *folder, u64 folder_length, const char *name)
{
	u64 length = text_length(name), slash = folder_length > 0;
	if (folder_length + slash + length + 1 > sizeof failure->path)
		return;
	memcpy(failure->path, folder, folder_length);
	failure->path[folder_length] = '/';
	memcpy(failure->path + folder_length + slash, name, length + 1);
}

void program_become(const struct spec *spec, struct program_failure *failure)
{
	const char *name = spec->program != NULL ? spec->program : spec->arguments[0];
	failure->error = ENOENT;
	set_path(failure, "", 0, name);
	if (spec->program != NULL || text_has(name, '/')) {
		failure->error = attempt(spec, failure);
		return;
	}
	int denied = 0;
	for (const char *folder = search_path(spec);;) {
		u64 length = 0;
		while (folder[length] != 0 && folder[length] != ':')
			length++;
		set_path(failure, folder, length, name);
		int error = attempt(spec, failure);
		struct status status;
		if (error == EACCES)
			denied = 1;
		else if ((error != ENOENT && error != ENOTDIR) || call2(SYS_LSTAT, failure->path, &status) == 0) {
			failure->error = error;
			return;
		}
		if (folder[length] == 0)
			break;
		folder += length + 1;
	}
	set_path(failure, "", 0, name);
	failure->error = denied ? EACCES : ENOENT;
}

struct elf { /* Elf64_Ehdr; the class and the machine lie alike in both classes */
	u8 magic[4], class, order, version, abi, padding[8];
	u16 type, machine;
	u32 file_version;
	u64 entry, program_offset, section_offset;
	u32 flags;
	u16 header_size, program_size, program_count, section_size, section_count, section_names;
};

struct segment { /* Elf64_Phdr */
	u32 type, flags;
	u64 offset, address, physical, file_size, memory_size, alignment;
};

static const char *machine_name(const struct elf *elf)
{
	switch (elf->machine) {
	case 8: return "MIPS";
	case 21: return "64-bit POWER";
	case 22: return "S/390";
	case 40: return "32-bit ARM";
	case 183: return "64-bit ARM";
	case 243: return "RISC-V";
	case 258: return "LoongArch";
	default: return "another processor";
	}
}

/* The loader that the program (64-bit ELF) or script at `path` asks for, in `loader`; 1 if there is one. */
static int find_loader(int file, char *loader, u64 room)
{
	enum { PT_INTERP = 3 };
	struct elf elf;
	memset(loader, 0, room);
	if (call4(SYS_PREAD64, file, loader, room - 1, 0) > 2 && loader[0] == '#' && loader[1] == '!') {
		u64 from = 2, to = 0;
		while (loader[from] == ' ' || loader[from] == '\t')
			from++;
		while (loader[from] != 0 && loader[from] != ' ' && loader[from] != '\t' && loader[from] != '\n')
			loader[to++] = loader[from++];
		loader[to] = 0;
		return 1;
	}
	if (call4(SYS_PREAD64, file, &elf, sizeof elf, 0) != sizeof elf || elf.class != 2)
		return 0;
	for (u32 i = 0; i < elf.program_count; i++) {
		struct segment segment;
		call4(SYS_PREAD64, file, &segment, sizeof segment, elf.program_offset + i * sizeof segment);
		if (segment.type != PT_INTERP || segment.file_size >= room)
			continue;
		memset(loader, 0, room);
		call4(SYS_PREAD64, file, loader, segment.file_size, segment.offset);
		return 1;
	}
	return 0;
}

static void explain_missing(int file, struct text *reason)
{
	static char loader[1024];
	struct status status;
	if (find_loader(file, loader, sizeof loader) && call2(SYS_STAT, loader, &status) != 0) {
		text_add(reason, ": needs ");
		text_add(reason, loader);
		text_add(reason, ", which is not in the guest (--share adds folders)");
	} else
		text_add(reason, ": needs a loader that is not in the guest (32-bit programs need a 32-bit C library)");
}

static void explain_format(int file, struct text *reason)
{
	struct elf elf = {0};
	long length = call3(SYS_READ, file, &elf, sizeof elf);
	if (length < 20 || elf.magic[0] != 0x7f || elf.magic[1] != 'E') {
		text_add(reason, ": not an executable format that the guest's kernel knows");
		return;
	}
	if (elf.machine == 62 || elf.machine == 3) {
		text_add(reason, ": a damaged ELF file");
		return;
	}
	text_add(reason, ": made for ");
	text_add(reason, machine_name(&elf));
	text_add(reason, ", the guest is x86-64");
}

u32 program_explain(const struct spec *spec, const struct program_failure *failure, struct text *reason)
{
	int file = call3(SYS_OPEN, failure->path, O_RDONLY | O_CLOEXEC, 0);
	struct status status = {0};
	call2(SYS_STAT, failure->path, &status);
	text_join(reason, failure->path, "", "");
	if (failure->error == ENOENT && file >= 0)
		explain_missing(file, reason);
	else if (failure->error == ENOENT)
		text_add(reason, text_has(spec->arguments[0], '/') ? ": no such file in the guest" : ": command not found in the guest");
	else if (failure->error == ENOEXEC && file >= 0)
		explain_format(file, reason);
	else if (failure->error == EACCES && (status.mode & S_IFMT) == S_IFDIR)
		text_add(reason, ": is a directory");
	else if (failure->error == EACCES)
		text_add(reason, ": permission denied");
	else {
		text_add(reason, ": can't be executed, errno ");
		text_add_number(reason, failure->error);
	}
	if (file >= 0)
		call1(SYS_CLOSE, file);
	return failure->error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
