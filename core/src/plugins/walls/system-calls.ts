/** The numbers of a system call on x86-64 and on arm64, where it exists there. */
export type SystemCall = readonly [x64: number, arm64?: number]

/**
 * What Node, V8 and the C library need once a cell's process is being started, and as it runs: memory, threads' locks, time,
 * what is open already, and files to read (there are only its own). Numbers: the kernel's `asm/unistd_64.h` and
 * `asm-generic/unistd.h`.
 */
export const NEEDED: Readonly<Record<string, SystemCall>> = {
  read: [0, 63],
  write: [1, 64],
  close: [3, 57],
  fstat: [5, 80],
  poll: [7],
  lseek: [8, 62],
  mmap: [9, 222],
  mprotect: [10, 226],
  munmap: [11, 215],
  brk: [12, 214],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  rt_sigreturn: [15, 139],
  pread64: [17, 67],
  readv: [19, 65],
  writev: [20, 66],
  access: [21],
  sched_yield: [24, 124],
  mremap: [25, 216],
  madvise: [28, 233],
  dup: [32, 23],
  dup2: [33],
  nanosleep: [35, 101],
  getpid: [39, 172],
  getsockname: [51, 204],
  getsockopt: [55, 209],
  // The wrapper starts Node behind the filter. There is no other program within reach, and Node started anew is behind the
  // same walls.
  execve: [59, 221],
  exit: [60, 93],
  uname: [63, 160],
  fcntl: [72, 25],
  getcwd: [79, 17],
  readlink: [89],
  gettimeofday: [96, 169],
  getrusage: [98, 165],
  sysinfo: [99, 179],
  times: [100, 153],
  getuid: [102, 174],
  getgid: [104, 176],
  geteuid: [107, 175],
  getegid: [108, 177],
  getppid: [110, 173],
  capget: [125, 90],
  sigaltstack: [131, 132],
  getpriority: [140, 141],
  setpriority: [141, 140],
  arch_prctl: [158],
  gettid: [186, 178],
  futex: [202, 98],
  sched_getaffinity: [204, 123],
  set_tid_address: [218, 96],
  restart_syscall: [219, 128],
  clock_gettime: [228, 113],
  clock_getres: [229, 114],
  clock_nanosleep: [230, 115],
  exit_group: [231, 94],
  epoll_wait: [232],
  epoll_ctl: [233, 21],
  // How a process ends itself by a signal. It reaches no other: the cell is alone in its namespace.
  tgkill: [234, 131],
  openat: [257, 56],
  newfstatat: [262, 79],
  readlinkat: [267, 78],
  faccessat: [269, 48],
  ppoll: [271, 73],
  set_robust_list: [273, 99],
  epoll_pwait: [281, 22],
  eventfd2: [290, 19],
  epoll_create1: [291, 20],
  dup3: [292, 24],
  pipe2: [293, 59],
  getrandom: [318, 278],
  membarrier: [324, 283],
  pkey_mprotect: [329, 288],
  pkey_alloc: [330, 289],
  pkey_free: [331, 290],
  statx: [332, 291],
  rseq: [334, 293],
  faccessat2: [439, 439],
}

/** Calls that are let through when one argument is right, by its lower half; otherwise they fail with `errno`. */
export const CONDITIONAL: Readonly<
  Record<
    string,
    {
      readonly numbers: SystemCall
      readonly argument: number
      readonly errno: number
      readonly equals?: readonly number[]
      readonly has?: number
    }
  >
> = {
  // FIONREAD, FIONBIO, FIONCLEX, FIOCLEX, and what tells a terminal (TCGETS, TIOCGWINSZ); otherwise ENOTTY.
  ioctl: { numbers: [16, 29], argument: 1, errno: 25, equals: [0x541b, 0x5421, 0x5450, 0x5451, 0x5401, 0x5413] },
  // CLONE_THREAD: threads, and no processes.
  clone: { numbers: [56, 220], argument: 0, errno: 1, has: 0x10000 },
  // A thread's name, a mapping's name, and which capabilities there are; otherwise EINVAL.
  prctl: { numbers: [157, 167], argument: 0, errno: 22, equals: [15, 16, 23, 0x53564d41] },
  // Its own limits, which it cannot raise.
  prlimit64: { numbers: [302, 261], argument: 0, errno: 1, equals: [0] },
}

/**
 * Calls that are reported as missing, so that another way is used: `clone3`, whose flags a filter cannot see, and `io_uring`, which could
 * make calls that a filter does not see.
 */
export const ABSENT: Readonly<Record<string, SystemCall>> = {
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  clone3: [435, 435],
}
