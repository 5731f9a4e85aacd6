# expect {"status": "ok", "output": "all worked", "error": "", "stderrMatches": "^$"}
# What Python's own modules offer on Linux, each once: the filter of system calls lets all of it through.
import array, fcntl, mmap, os, resource, select, signal, socket, struct, tempfile, threading, time
failed = []
def works(name, action):
    try:
        return action()
    except Exception as error:
        failed.append((name, repr(error)))
open("f", "w").write("x" * 10000)
fd = os.open("f", os.O_RDWR)
folder = os.open(".", os.O_RDONLY)
for name in ("getpgrp", "getppid", "getgroups", "getresuid", "getresgid", "getloadavg", "times", "uname", "cpu_count", "sync", "sched_yield", "getcwd"):
    works(name, getattr(os, name))
for name in ("getpgid", "getsid", "sched_getaffinity", "sched_getscheduler", "sched_getparam", "sched_rr_get_interval"):
    works(name, lambda: getattr(os, name)(0))
works("sched_setaffinity", lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)))
works("sched_setscheduler", lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)))
works("nice", lambda: os.nice(1))
works("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0)))
works("pread", lambda: (os.pread(fd, 5, 0), os.pwrite(fd, b"a", 0), os.preadv(fd, [bytearray(5)], 0), os.pwritev(fd, [b"a"], 0), os.readv(fd, [bytearray(5)]), os.writev(fd, [b"a"])))
works("preadv2", lambda: (os.preadv(fd, [bytearray(5)], 0, os.RWF_HIPRI), os.pwritev(fd, [b"a"], 0, os.RWF_SYNC)))
works("fsync", lambda: (os.fsync(fd), os.fdatasync(fd), os.ftruncate(fd, 9000), os.truncate("f", 9000)))
works("posix_fallocate", lambda: (os.posix_fallocate(fd, 0, 20000), os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_WILLNEED)))
other = os.open("g", os.O_RDWR | os.O_CREAT)
works("copy_file_range", lambda: os.copy_file_range(fd, other, 100))
works("sendfile", lambda: os.sendfile(other, fd, 0, 100))
read_end, write_end = os.pipe()
works("splice", lambda: os.splice(fd, write_end, 100, 0))
works("fcntl", lambda: (fcntl.fcntl(read_end, fcntl.F_GETPIPE_SZ), fcntl.lockf(fd, fcntl.LOCK_EX), fcntl.flock(fd, fcntl.LOCK_EX), fcntl.ioctl(read_end, 0x541B, array.array("i", [0]))))
works("links", lambda: (os.link("f", "l"), os.symlink("f", "s"), os.readlink("s"), os.rename("l", "m"), os.replace("m", "n"), os.unlink("n")))
works("folders", lambda: (os.mkdir("d"), os.rmdir("d"), os.mkfifo("fifo"), os.listdir(folder), os.fchdir(folder), list(os.fwalk("."))))
works("at folder", lambda: (os.mkdir("d", dir_fd=folder), os.rmdir("d", dir_fd=folder), os.stat("f", dir_fd=folder), os.access("f", os.R_OK, dir_fd=folder, effective_ids=True), os.chmod("f", 0o600, dir_fd=folder)))
works("times and modes", lambda: (os.utime("f"), os.utime(fd), os.chmod("f", 0o600), os.fchmod(fd, 0o600), os.chown("f", -1, -1), os.lchown("s", -1, -1), os.statvfs("f"), os.fstatvfs(fd), os.umask(0o22)))
works("memfd", lambda: fcntl.fcntl(os.memfd_create("x", os.MFD_ALLOW_SEALING), fcntl.F_ADD_SEALS, 0))
works("eventfd", lambda: os.eventfd_read(os.eventfd(1)))
works("getrandom", lambda: os.getrandom(8))
def child():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return pid
works("waitid", lambda: os.waitid(os.P_PID, child(), os.WEXITED))
works("wait4", lambda: os.wait4(child(), 0))
def pidfd():
    pid = child()
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, 0)
    os.waitpid(pid, 0)
works("pidfd", pidfd)
works("posix_spawn", lambda: os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0))
works("openpty", os.openpty)
works("ids", lambda: (os.setuid(os.getuid()), os.setgid(os.getgid()), os.setreuid(-1, -1), os.setresuid(-1, -1, -1), os.setregid(-1, -1), os.setresgid(-1, -1, -1)))
for limit in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS, resource.RLIMIT_CORE, resource.RLIMIT_STACK):
    works("setrlimit", lambda: resource.setrlimit(limit, resource.getrlimit(limit)))
works("prlimit", lambda: resource.prlimit(0, resource.RLIMIT_NOFILE, resource.getrlimit(resource.RLIMIT_NOFILE)))
works("getrusage", lambda: (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_THREAD)))
signal.signal(signal.SIGALRM, lambda *_: None)
signal.signal(signal.SIGUSR1, lambda *_: None)
works("itimer", lambda: (signal.setitimer(signal.ITIMER_REAL, 0.02), signal.pause(), signal.getitimer(signal.ITIMER_REAL), signal.alarm(0)))
works("raise", lambda: (signal.raise_signal(signal.SIGUSR1), signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)))
works("sigwait", lambda: (signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1]), os.kill(os.getpid(), signal.SIGUSR1), signal.sigpending(), signal.sigtimedwait([signal.SIGUSR1], 1), os.kill(os.getpid(), signal.SIGUSR1), signal.sigwaitinfo([signal.SIGUSR1])))
for clock in ("REALTIME", "MONOTONIC", "PROCESS_CPUTIME_ID", "THREAD_CPUTIME_ID", "BOOTTIME"):
    works(clock, lambda: (time.clock_gettime(getattr(time, "CLOCK_" + clock)), time.clock_getres(getattr(time, "CLOCK_" + clock))))
def waits():
    select.select([read_end], [], [], 0)
    poll = select.poll()
    poll.register(read_end)
    poll.poll(0)
    with select.epoll() as epoll:
        epoll.register(write_end)
        epoll.poll(0)
works("select, poll, epoll", waits)
def maps():
    area = mmap.mmap(fd, 0)
    area.flush()
    area.madvise(mmap.MADV_WILLNEED)
    area.resize(20000)
    area.close()
works("mmap", maps)
def sockets(family, kind):
    a, b = socket.socketpair(family, kind)
    socket.send_fds(a, [b"x"], [fd])
    socket.recv_fds(b, 1, 1)
    a.sendmsg([b"y"])
    b.recvmsg(1)
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    works("socketpair", lambda: sockets(socket.AF_UNIX, kind))
def connection(family, address):
    with socket.create_server(address, family=family) as server, socket.socket(family) as client:
        client.connect(server.getsockname())
        with server.accept()[0] as peer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            client.sendall(b"x")
            peer.recv(1)
            client.shutdown(socket.SHUT_RDWR)
works("TCP", lambda: connection(socket.AF_INET, ("127.0.0.1", 0)))
works("unix", lambda: socket.socket(socket.AF_UNIX).bind("socket"))
works("localhost", lambda: socket.getaddrinfo("localhost", 80))
works("temporary files", lambda: (tempfile.TemporaryFile().close(), tempfile.NamedTemporaryFile().close(), tempfile.TemporaryDirectory().cleanup()))
print(failed or "all worked")
