// What machine code tries that has taken over a cell's process: raw system calls, one line of outcome each. It is loaded in
// the place of the isolates' addon, and speaks Node-API by hand so that no header is needed. Nothing that it tries leaves a
// trace where it is let through: a wall that is missing must not cost the machine on which that is found out.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void *value;
extern int napi_create_function(void *, const char *, size_t, value (*)(void *, void *), void *, value *);
extern int napi_create_string_utf8(void *, const char *, size_t, value *);

static char report[16384];
static size_t used;

static void tell(const char *name, long outcome) {
  const char *words = outcome >= 0 ? "got" : strerrorname_np(errno);
  used += snprintf(report + used, sizeof report - used, "%s=%s\n", name, words == NULL ? "failed" : words);
}

static long reads(const char *path) {
  char bytes[64];
  int file = open(path, O_RDONLY);
  if (file < 0) return -1;
  long length = read(file, bytes, sizeof bytes);
  close(file);
  return length > 0 ? 0 : (errno = ENODATA, -1);
}

static long reads_memory(void) {
  char bytes[8], path[64];
  struct iovec here = {bytes, sizeof bytes}, there = {(void *)TARGET_ADDRESS, sizeof bytes};
  snprintf(path, sizeof path, "/proc/%d/mem", TARGET);
  int file = open(path, O_RDONLY);
  if (file >= 0) return 0;
  return syscall(SYS_process_vm_readv, TARGET, &here, 1, &there, 1, 0);
}

static long begins(int number) {
  long child = number == SYS_clone ? syscall(number, SIGCHLD, 0, 0, 0, 0) : syscall(number);
  if (child == 0) syscall(SYS_exit_group, 0);
  if (child > 0) waitpid(child, NULL, 0);
  return child;
}

static long connects(int type) {
  int out = socket(AF_INET, type, 0);
  if (out < 0) return -1;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return type == SOCK_STREAM ? connect(out, (struct sockaddr *)&to, sizeof to)
                             : sendto(out, "x", 1, 0, (struct sockaddr *)&to, sizeof to);
}

static long connects_locally(void) {
  int out = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = LOCAL};
  return out < 0 ? -1 : connect(out, (struct sockaddr *)&to, sizeof to);
}

static long writes(const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (file < 0) return -1;
  long outcome = write(file, "x", 1) == 1 ? 0 : -1, why = errno;
  unlink(path);
  return errno = why, outcome;
}

// Files, folders and sockets that are open beyond the standard streams and the pipe.
static long finds_descriptors(void) {
  struct stat found;
  for (int descriptor = 4; descriptor < 1024; descriptor++)
    if (fstat(descriptor, &found) == 0 && (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode) || S_ISSOCK(found.st_mode)))
      return descriptor;
  return errno = ENODATA, -1;
}

static long raises(int limit) {
  struct rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
  return setrlimit(limit, &more);
}

// Without touching it: what is used is the watchdog's to see, what is reserved the kernel's to refuse.
static long takes_memory(void) {
  return mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static value run(void *env, void *info) {
  (void)info;
  signal(SIGXFSZ, SIG_IGN);
  tell("open descriptors", finds_descriptors());
  tell("the seed", reads(SECRET));
  tell("the users of the machine", reads("/etc/passwd"));
  tell("the node's memory", reads_memory());
  tell("the node's environment", reads("/proc/" TARGET_TEXT "/environ"));
  tell("a debugger's hold of the node", ptrace(PTRACE_SEIZE, TARGET, 0, 0));
  tell("a signal to the node", kill(TARGET, 0));
  tell("a signal to every process", kill(-1, 0));
#ifdef SYS_fork
  tell("a process by fork", begins(SYS_fork));
#endif
  tell("a process by clone", begins(SYS_clone));
  tell("a shell", access("/bin/sh", X_OK));
  tell("a connection to the node", connects(SOCK_STREAM));
  tell("a datagram", connects(SOCK_DGRAM));
  tell("a connection to a socket in the file system", connects_locally());
  tell("the kernel's own network", socket(AF_NETLINK, SOCK_RAW, 0));
  tell("a file in the root", writes("/escaped"));
  tell("a file for all", writes("/tmp/fulgurite-escaped"));
  tell("a file in memory", syscall(SYS_memfd_create, "x", 0));
  tell("a better priority", setpriority(PRIO_PROCESS, 0, 0));
  tell("another user", setuid(0) == 0 && geteuid() == 0 && TARGET_UID == 0 ? 0 : (errno = EPERM, -1));
  tell("a user namespace", syscall(SYS_unshare, CLONE_NEWUSER));
  tell("a root of its choice", chroot("/"));
  tell("a program in the kernel", syscall(SYS_bpf, 5, 0, 0));
  tell("a queue to the kernel", syscall(SYS_io_uring_setup, 0, 0));
  tell("a hold of page faults", syscall(SYS_userfaultfd, 0));
  tell("the kernel's keys", syscall(SYS_keyctl, 0, -3, 0));
  tell("more descriptors", raises(RLIMIT_NOFILE));
  tell("more memory by asking", raises(RLIMIT_DATA));
  tell("a gigabyte", takes_memory());
  value text;
  napi_create_string_utf8(env, report, used, &text);
  return text;
}

value napi_register_module_v1(void *env, value exports) {
  (void)exports;
  value function;
  napi_create_function(env, "run", 3, run, NULL, &function);
  return function;
}
