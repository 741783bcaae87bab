// Opens files and sockets of every kind, prints what /proc says of them, and waits for ever.
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <sys/un.h>
#include <unistd.h>

static void show(const char *heading, const char *path)
{
	char line[4096];
	FILE *file = fopen(path, "r");

	printf("== %s\n", heading);
	while (fgets(line, sizeof line, file))
		fputs(line, stdout);
	fclose(file);
}

static void show_descriptors(int count)
{
	char path[64], target[4096];

	puts("== fd");
	for (int fd = 0; fd < count; fd++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
		ssize_t length = readlink(path, target, sizeof target - 1);
		if (length < 0)
			continue;
		target[length] = 0;
		printf("%d %s\n", fd, target);
	}
}

int main(void)
{
	struct sockaddr_in tcp = { .sin_family = AF_INET, .sin_port = htons(8080), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 udp = { .sin6_family = AF_INET6, .sin6_port = htons(5353), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_un path = { .sun_family = AF_UNIX, .sun_path = "/tmp/socket" };
	struct sockaddr_un abstract = { .sun_family = AF_UNIX, .sun_path = "\0hidden" };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int file = open("/tmp/file", O_RDWR | O_CREAT | O_APPEND, 0600), gone = open("/tmp/gone", O_RDWR | O_CREAT, 0600);
	int local = socket(AF_UNIX, SOCK_STREAM, 0), named = socket(AF_UNIX, SOCK_DGRAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);

	setvbuf(stdout, malloc(1 << 16), _IOFBF, 1 << 16);
	bind(listener, (void *)&tcp, sizeof tcp);
	listen(listener, 4);
	connect(client, (void *)&tcp, sizeof tcp);
	bind(local, (void *)&path, sizeof path);
	listen(local, 1);
	bind(named, (void *)&abstract, sizeof(sa_family_t) + 7);
	bind(six, (void *)&udp, sizeof udp);
	struct sockaddr_nl link = { .nl_family = AF_NETLINK, .nl_pid = 7777, .nl_groups = 0x11 };
	int netlink = socket(AF_NETLINK, SOCK_RAW, 0);

	bind(netlink, (void *)&link, sizeof link);
	if (write(file, "12345", 5) != 5)
		return 1;
	unlink("/tmp/gone");
	epoll_create1(0);
	memfd_create("scratch", 0);
	mmap(NULL, 8192, PROT_READ, MAP_SHARED, file, 0);
	mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	printf("== pid\n%d\n", getpid());
	show("tcp", "/proc/net/tcp");
	show("netlink", "/proc/net/netlink");
	show("modules", "/proc/modules");
	show_descriptors(64);
	show("maps", "/proc/self/maps");
	fflush(stdout);
	(void)gone;
	for (;;)
		pause();
}
