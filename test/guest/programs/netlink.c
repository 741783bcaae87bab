/* Netlink: routes, addresses, rules and neighbours asked for and changed, sockets counted, events, messages that are none. An
 * oracle of test/guest/strace.test.ts. */
#include "oracle.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/inet_diag.h>
#include <linux/unix_diag.h>
#include <linux/netlink_diag.h>
#include <linux/if_link.h>
#include <linux/if.h>
#include <linux/genetlink.h>
static char reply[65536];
static struct { struct nlmsghdr h; char data[1000]; } m;
static void start(int type, int flags, const void *header, int length) {
  memset(&m, 0, sizeof m);
  m.h = (struct nlmsghdr){NLMSG_LENGTH(length), type, flags, 7, 0};
  memcpy(m.data, header, length);
}
static struct rtattr *attribute(int type, const void *value, int length) {
  struct rtattr *a = (void *)((char *)&m + NLMSG_ALIGN(m.h.nlmsg_len));
  a->rta_type = type; a->rta_len = RTA_LENGTH(length);
  memcpy(RTA_DATA(a), value, length);
  m.h.nlmsg_len = NLMSG_ALIGN(m.h.nlmsg_len) + RTA_ALIGN(a->rta_len);
  return a;
}
static void talk(int s) {
  struct sockaddr_nl to = {.nl_family = AF_NETLINK};
  struct iovec v = {&m, m.h.nlmsg_len};
  struct msghdr h = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &v, .msg_iovlen = 1};
  sendmsg(s, &h, 0);
  for (int i = 0; i < 20; i++) {
    struct sockaddr_nl from; struct iovec r = {reply, sizeof reply};
    struct msghdr g = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &r, .msg_iovlen = 1};
    int n = recvmsg(s, &g, MSG_DONTWAIT);
    struct nlmsghdr *first = (void *)reply;
    if (n < 16 || first->nlmsg_type == NLMSG_DONE || first->nlmsg_type == NLMSG_ERROR || !(first->nlmsg_flags & NLM_F_MULTI)) break;
  }
}
int main(void) {
  int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  struct timeval timeout = {1, 0};
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  bind(s, (struct sockaddr *)&(struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = 5}, 12);
  struct ifinfomsg up = {.ifi_index = 1, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  start(RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, &up, sizeof up); attribute(IFLA_TXQLEN, &(int){500}, 4); talk(s);
  struct ifinfomsg any = {0};
  start(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, &any, sizeof any); attribute(IFLA_EXT_MASK, &(int){9}, 4); talk(s);
  start(RTM_GETLINK, NLM_F_REQUEST, &any, sizeof any); attribute(IFLA_IFNAME, "lo", 3); attribute(IFLA_EXT_MASK, &(int){RTEXT_FILTER_SKIP_STATS}, 4); talk(s);
  start(RTM_GETLINK, NLM_F_REQUEST, &any, sizeof any); attribute(IFLA_IFNAME, "none", 5); talk(s);
  struct ifaddrmsg address = {AF_INET, 24, 0, 0, 1};
  start(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &address, sizeof address);
  attribute(1, "\x0a\0\0\1", 4); attribute(2, "\x0a\0\0\1", 4); attribute(3, "lo:1", 5); talk(s);
  struct ifaddrmsg six = {AF_INET6, 64, 2, 0, 1};
  start(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_REPLACE, &six, sizeof six); attribute(1, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16); talk(s);
  start(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &any, 1); talk(s);
  struct rtmsg route = {AF_INET, 16, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST, RTNH_F_ONLINK};
  start(RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, &route, sizeof route);
  attribute(RTA_DST, "\x0a\1\0\0", 4); attribute(RTA_GATEWAY, "\x0a\0\0\2", 4); attribute(RTA_OIF, &(int){1}, 4); attribute(RTA_PRIORITY, &(int){9}, 4);
  struct rtattr *nest = attribute(RTA_METRICS | NLA_F_NESTED, "", 0); attribute(RTAX_MTU, &(int){1300}, 4); nest->rta_len += 8; talk(s);
  struct rtmsg all = {.rtm_family = AF_INET};
  start(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &all, sizeof all); talk(s);
  all.rtm_family = AF_INET6; start(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, &all, sizeof all); attribute(RTA_TABLE, &(int){255}, 4); talk(s);
  all.rtm_family = AF_INET; all.rtm_dst_len = 32; all.rtm_flags = RTM_F_LOOKUP_TABLE; start(RTM_GETROUTE, NLM_F_REQUEST, &all, sizeof all); attribute(RTA_DST, "\x0a\1\2\3", 4); talk(s);
  struct { unsigned char family, dst, src, tos, table, r1, r2, action; unsigned flags; } rule = {AF_INET};
  start(RTM_GETRULE, NLM_F_REQUEST | NLM_F_DUMP, &rule, sizeof rule); talk(s);
  struct ndmsg neighbour = {AF_INET, 0, 0, 1, NUD_PERMANENT, 0, 0};
  start(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, &neighbour, sizeof neighbour); attribute(NDA_DST, "\x0a\0\0\7", 4); attribute(NDA_LLADDR, "\2\0\0\0\0\1", 6); talk(s);
  start(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP, &(struct ndmsg){0}, sizeof neighbour); talk(s);
  start(RTM_GETQDISC, NLM_F_REQUEST | NLM_F_DUMP, &(struct tcmsg){0}, sizeof(struct tcmsg)); talk(s);
  start(RTM_GETNSID, NLM_F_REQUEST, "\0\0\0", 4); talk(s);
  start(RTM_GETLINK, NLM_F_REQUEST, &any, 1); talk(s);
  start(200, NLM_F_REQUEST | NLM_F_ACK, "\2abc", 5); talk(s);
  start(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO, "x", 1); talk(s);
  send(s, "abc", 3, 0); send(s, &m, 0, 0); m.h.nlmsg_len = 4; send(s, &m, 16, 0); m.h.nlmsg_len = 5000; send(s, &m, 100, 0); send(s, NULL, 20, 0); send(s, BAD, 20, 0);
  start(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &address, sizeof address); int d = dup(s); write(d, &m, m.h.nlmsg_len); recv(d, reply, sizeof reply, MSG_PEEK | MSG_DONTWAIT); recv(d, reply, 40, MSG_DONTWAIT); recvfrom(s, reply, sizeof reply, MSG_DONTWAIT, NULL, NULL);
  close(d); if (fork() == 0) { start(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, &address, sizeof address); talk(s); _exit(0); } wait(NULL);
  int l = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_UNIX, SOCK_STREAM, 0), q = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
  bind(l, (struct sockaddr *)&(struct sockaddr_in){AF_INET, htons(4444)}, 16); listen(l, 5); bind(u, (struct sockaddr *)&(struct sockaddr_un){AF_UNIX, "/tmp/us"}, 10); listen(u, 3);
  struct inet_diag_req_v2 ask = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP, .idiag_ext = 0x13, .idiag_states = 0xfff};
  start(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &ask, sizeof ask); talk(q);
  ask.sdiag_family = AF_INET6; ask.sdiag_protocol = IPPROTO_UDP; start(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &ask, sizeof ask); talk(q);
  struct unix_diag_req path = {.sdiag_family = AF_UNIX, .udiag_states = -1, .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_VFS | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN | UDIAG_SHOW_MEMINFO | UDIAG_SHOW_UID};
  start(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &path, sizeof path); talk(q);
  struct netlink_diag_req nd = {.sdiag_family = AF_NETLINK, .sdiag_protocol = 255, .ndiag_show = 1};
  start(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, &nd, sizeof nd); talk(q);
  start(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, "\x22zz", 4); talk(q); start(SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, &ask, sizeof ask); talk(q);
  int g = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_GENERIC); start(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, "\3\1\0\0", 4); attribute(2, "nlctrl", 7); talk(g);
  int a = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT); start(1000, NLM_F_REQUEST | NLM_F_ACK, "", 0); talk(a);
  int e = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT); bind(e, (struct sockaddr *)&(struct sockaddr_nl){.nl_family = AF_NETLINK, .nl_groups = 1}, 12);
  int f = open("/sys/class/net/lo/uevent", O_WRONLY); write(f, "change", 6); recv(e, reply, 500, MSG_DONTWAIT);
  return 0;
}
