/* Sockets of every kind that talk to each other on this machine. Each line that it prints is what the table of sockets is to have:
 * descriptor, family, type, own address, the other's, bytes sent and received; - for what no call has told. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in at(int port) {
  return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void line(int fd, const char *what, int sent, int received) { dprintf(1, "%d %s %d %d\n", fd, what, sent, received); }

static char bytes[4096];

static void streams(void) {
  struct sockaddr_in server = at(4001), client = at(4002), none = at(4999);
  int listening = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  bind(listening, (void *)&server, sizeof server);
  listen(listening, 5);
  int c = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  bind(c, (void *)&client, sizeof client);
  if (connect(c, (void *)&server, sizeof server) != 0) perror("connect");
  struct sockaddr_in who;
  socklen_t length = sizeof who;
  int a = accept4(listening, (void *)&who, &length, SOCK_CLOEXEC);
  write(c, bytes, 100);
  send(c, bytes, 11, 0);
  read(a, bytes, 50);
  recv(a, bytes, 61, MSG_WAITALL);
  struct iovec two[] = {{bytes, 10}, {bytes, 20}};
  writev(a, two, 2);
  readv(c, two, 2);
  int file = open("/tmp/file", O_CREAT | O_RDWR | O_TRUNC, 0600), ends[2];
  write(file, bytes, 300);
  sendfile(a, file, &(off_t){0}, 200);
  pipe(ends);
  splice(c, NULL, ends[1], NULL, 200, 0);
  splice(ends[0], NULL, c, NULL, 150, 0);
  recv(a, bytes, 150, MSG_WAITALL);
  int refused = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(refused, (void *)&none, sizeof none) != -1 || errno != ECONNREFUSED) perror("refused");
  int again = dup(c);
  write(again, bytes, 7);
  line(listening, "AF_INET SOCK_STREAM 127.0.0.1:4001 -", 0, 0);
  line(c, "AF_INET SOCK_STREAM 127.0.0.1:4002 127.0.0.1:4001", 261, 230);
  line(a, "AF_INET SOCK_STREAM 127.0.0.1:4001 127.0.0.1:4002", 230, 261);
  line(refused, "AF_INET SOCK_STREAM - -", 0, 0);
  line(again, "AF_INET SOCK_STREAM 127.0.0.1:4002 127.0.0.1:4001", 7, 0);
}

static void datagrams(void) {
  struct sockaddr_in first = at(5001), second = at(5002);
  int a = socket(AF_INET, SOCK_DGRAM, 0), b = socket(AF_INET, SOCK_DGRAM, 0);
  bind(a, (void *)&first, sizeof first);
  bind(b, (void *)&second, sizeof second);
  sendto(a, bytes, 30, 0, (void *)&second, sizeof second);
  struct sockaddr_in who;
  socklen_t length = sizeof who;
  recvfrom(b, bytes, sizeof bytes, 0, (void *)&who, &length);
  connect(b, (void *)&first, sizeof first);
  struct iovec parts[] = {{bytes, 5}, {bytes, 6}};
  struct mmsghdr many[2] = {{.msg_hdr = {.msg_iov = parts, .msg_iovlen = 1}}, {.msg_hdr = {.msg_iov = parts, .msg_iovlen = 2}}};
  sendmmsg(b, many, 2, 0);
  recvmmsg(a, many, 2, 0, NULL);
  struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(5003), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int c = socket(AF_INET6, SOCK_DGRAM, 0);
  bind(c, (void *)&six, sizeof six);
  sendto(c, bytes, 9, 0, (void *)&six, sizeof six);
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  recvmsg(c, &message, 0);
  line(a, "AF_INET SOCK_DGRAM 127.0.0.1:5001 127.0.0.1:5002", 30, 16);
  line(b, "AF_INET SOCK_DGRAM 127.0.0.1:5002 127.0.0.1:5001", 16, 30);
  line(c, "AF_INET6 SOCK_DGRAM [::1]:5003 [::1]:5003", 9, 9);
}

static void locals(void) {
  struct sockaddr_un path = {AF_UNIX, "../tmp/./door"}, hidden = {AF_UNIX, "\0hidden"};
  socklen_t length = sizeof hidden.sun_family + 7;
  int listening = socket(AF_UNIX, SOCK_STREAM, 0);
  unlink("/tmp/door");
  bind(listening, (void *)&path, sizeof path);
  listen(listening, 5);
  int c = socket(AF_UNIX, SOCK_STREAM, 0);
  connect(c, (void *)&path, sizeof path);
  int a = accept(listening, NULL, NULL);
  write(c, bytes, 3);
  read(a, bytes, 3);
  int d = socket(AF_UNIX, SOCK_DGRAM, 0), e = socket(AF_UNIX, SOCK_DGRAM, 0), pair[2];
  bind(d, (void *)&hidden, length);
  sendto(e, bytes, 13, 0, (void *)&hidden, length);
  recv(d, bytes, 64, 0);
  socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair);
  write(pair[0], bytes, 4);
  read(pair[1], bytes, 4);
  line(listening, "AF_UNIX SOCK_STREAM /tmp/door -", 0, 0);
  line(c, "AF_UNIX SOCK_STREAM - /tmp/door", 3, 0);
  line(a, "AF_UNIX SOCK_STREAM /tmp/door -", 0, 3);
  line(d, "AF_UNIX SOCK_DGRAM @hidden -", 0, 13);
  line(e, "AF_UNIX SOCK_DGRAM - @hidden", 13, 0);
  line(pair[0], "AF_UNIX SOCK_SEQPACKET - -", 4, 0);
  line(pair[1], "AF_UNIX SOCK_SEQPACKET - -", 0, 4);
}

static void others(void) {
  struct sockaddr_nl name = {AF_NETLINK};
  int n = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  bind(n, (void *)&name, sizeof name);
  int r = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  line(n, "AF_NETLINK SOCK_RAW netlink:0 -", 0, 0);
  line(r, "AF_INET SOCK_RAW - -", 0, 0);
}

int main(void) {
  struct ifreq lo = {.ifr_name = "lo"};
  int control = socket(AF_INET, SOCK_DGRAM, 0);
  ioctl(control, SIOCGIFFLAGS, &lo);
  lo.ifr_flags |= IFF_UP;
  ioctl(control, SIOCSIFFLAGS, &lo);
  chdir("/tmp");
  streams();
  datagrams();
  locals();
  others();
  return 0;
}
