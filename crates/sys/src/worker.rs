//! Starting a worker: the same program again, with exactly the descriptors that it is given.
//!
//! The child has no environment, `/dev/null` for its input and output, its descriptors at the
//! fixed numbers 3, 4, …, nothing else open, a session of its own (an interrupt typed at the terminal
//! reaches the parent, which decides), and is killed by the kernel when this process ends.

use crate::privilege::control;
use crate::{Error, kernel};
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

/// Number of the first descriptor that a worker is given.
pub const FIRST_DESCRIPTOR: RawFd = 3;
/// Exit status of a worker that panicked, see [`silence_panics`]. `sysexits(3)`: `EX_SOFTWARE`.
pub const PANICKED: i32 = 70;
/// Exit status of a child that could not become the program.
const NOT_STARTED: i32 = 127;

/// Where the worker's standard error goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stderr {
    /// Nowhere. What production uses.
    Null,
    /// Where ours goes. For tests.
    Inherit,
    /// A pipe, see [`Worker::take_stderr`].
    Pipe,
}

/// A worker about to be started.
#[derive(Debug)]
pub struct Spawn<'a> {
    program: PathBuf,
    arguments: Vec<CString>,
    descriptors: Vec<BorrowedFd<'a>>,
    stderr: Stderr,
    namespace: Option<BorrowedFd<'a>>,
}

impl<'a> Spawn<'a> {
    /// The running program again (`/proc/self/exe`, `proc(5)`: right even when the file was
    /// replaced since), called `candor` in `ps`, with these arguments.
    ///
    /// # Panics
    /// When an argument holds a zero byte; arguments are literals of ours.
    pub fn again(arguments: &[&str]) -> Self {
        let arguments = ["candor"].iter().chain(arguments);
        Self {
            program: PathBuf::from("/proc/self/exe"),
            arguments: arguments
                .map(|text| CString::new(*text).expect("arguments are literals without zero bytes"))
                .collect(),
            descriptors: Vec::new(),
            stderr: Stderr::Null,
            namespace: None,
        }
    }

    /// Another program than the running one.
    pub fn program(mut self, program: &Path) -> Self {
        self.program = program.to_owned();
        self
    }

    /// Gives a descriptor; the first has number 3 in the worker, the next 4.
    pub fn give(mut self, descriptor: BorrowedFd<'a>) -> Self {
        self.descriptors.push(descriptor);
        self
    }

    /// Where standard error goes; nowhere unless said.
    pub fn stderr(mut self, stderr: Stderr) -> Self {
        self.stderr = stderr;
        self
    }

    /// Starts the worker in another network namespace.
    pub fn in_namespace(mut self, namespace: &'a crate::namespace::NetNamespace) -> Self {
        self.namespace = Some(namespace.as_fd());
        self
    }

    /// Starts it, and returns when it runs or when it could not.
    pub fn start(self) -> Result<Worker, Error> {
        let program =
            CString::new(self.program.as_os_str().as_bytes()).map_err(|_| Error::Proc("the program's path"))?;
        let null = OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/null")
            .map_err(|source| Error::Kernel {
                doing: "open /dev/null",
                source,
            })?;
        let (stderr, kept_stderr) = match self.stderr {
            Stderr::Null => (lift(null.as_fd(), self.first_free())?, None),
            Stderr::Inherit => (lift(io::stderr().as_fd(), self.first_free())?, None),
            Stderr::Pipe => {
                let (read, write) = pipe()?;
                (lift(write.as_fd(), self.first_free())?, Some(read))
            }
        };
        let (report, reporter) = pipe()?;
        let child = Child {
            program,
            arguments: self.arguments.clone(),
            null: lift(null.as_fd(), self.first_free())?,
            stderr,
            reporter: lift(reporter.as_fd(), self.first_free())?,
            descriptors: self
                .descriptors
                .iter()
                .map(|descriptor| lift(*descriptor, self.first_free()))
                .collect::<Result<_, _>>()?,
            namespace: match self.namespace {
                Some(namespace) => Some(lift(namespace, self.first_free())?),
                None => None,
            },
        };
        drop(reporter);
        let (process, descriptor) = from_lasting_thread(child)?;
        let worker = Worker {
            process,
            descriptor,
            stderr: kept_stderr,
            ended: None,
        };
        started(report)?;
        Ok(worker)
    }

    /// The first number that no given descriptor will take.
    fn first_free(&self) -> RawFd {
        FIRST_DESCRIPTOR + self.descriptors.len() as RawFd
    }
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It returned or called `exit` with this status.
    Exited(i32),
    /// This signal killed it. `SIGSYS`: it asked the kernel for something outside its lock.
    Killed(i32),
}

/// A running worker. Dropping it kills and reaps it.
#[derive(Debug)]
pub struct Worker {
    process: libc::pid_t,
    descriptor: OwnedFd,
    stderr: Option<OwnedFd>,
    ended: Option<Ended>,
}

impl Worker {
    /// Its process id.
    pub fn process(&self) -> u32 {
        self.process.unsigned_abs()
    }

    /// The read end of its standard error, once, if it was started with [`Stderr::Pipe`].
    pub fn take_stderr(&mut self) -> Option<OwnedFd> {
        self.stderr.take()
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<Ended, Error> {
        loop {
            if let Some(ended) = self.reap(0)? {
                return Ok(ended);
            }
        }
    }

    /// Its end, if it has ended. The handle's descriptor (`pidfd_open(2)`) becomes readable then.
    pub fn try_wait(&mut self) -> Result<Option<Ended>, Error> {
        self.reap(libc::WNOHANG)
    }

    /// Kills it. Not an error when it has ended.
    pub fn kill(&mut self) -> Result<(), Error> {
        if self.ended.is_some() {
            return Ok(());
        }
        // SAFETY: pidfd_send_signal(2) takes a descriptor that self keeps open, a signal, a null
        // siginfo and no flags; the descriptor cannot mean another process.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.descriptor.as_raw_fd(),
                libc::SIGKILL,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        match kernel::done_long("stop the worker", answer) {
            Ok(_) => Ok(()),
            Err(Error::Kernel { source, .. }) if source.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn reap(&mut self, flags: libc::c_int) -> Result<Option<Ended>, Error> {
        if self.ended.is_some() {
            return Ok(self.ended);
        }
        let mut status = 0;
        // SAFETY: waitpid(2) writes one int; the process is an unreaped child of ours.
        let answer = unsafe { libc::waitpid(self.process, &mut status, flags) };
        match kernel::done("wait for the worker", answer) {
            Ok(0) => Ok(None),
            Ok(_) => {
                self.ended = Some(if libc::WIFSIGNALED(status) {
                    Ended::Killed(libc::WTERMSIG(status))
                } else {
                    Ended::Exited(libc::WEXITSTATUS(status))
                });
                Ok(self.ended)
            }
            Err(Error::Kernel { source, .. }) if source.kind() == io::ErrorKind::Interrupted => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Worker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Worker {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.kill().is_ok() {
            let _ = self.wait();
        }
    }
}

/// In the worker: the descriptors that the parent gave, in its order. Once for each process, and
/// before the process opens anything itself. Also asks again to die with the parent: a program that
/// has file capabilities forgot it when it was executed (`PR_SET_PDEATHSIG(2const)`).
pub fn inherited(count: usize) -> Result<Vec<OwnedFd>, Error> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::SeqCst) {
        return Err(Error::InheritedTwice);
    }
    control(
        "watch the parent",
        libc::PR_SET_PDEATHSIG,
        libc::SIGKILL as libc::c_ulong,
    )?;
    (FIRST_DESCRIPTOR..)
        .take(count)
        .map(|number| {
            // SAFETY: fcntl(2) with F_SETFD changes a flag of an open descriptor or answers EBADF.
            let answer = unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
            kernel::done("take over a descriptor of the parent's", answer)?;
            // SAFETY: execve(2) left the number to this program; TAKEN hands it out once.
            Ok(unsafe { OwnedFd::from_raw_fd(number) })
        })
        .collect()
}

/// Makes a panic end the process with [`PANICKED`] and without a word: a message could carry what
/// a member sent. To be called before the lock closes.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {
        // SAFETY: _exit(2) takes a status and does not return.
        unsafe { libc::_exit(PANICKED) }
    }));
}

/// Everything the child needs between `fork` and `exec`, prepared before: there it may neither
/// allocate nor lock (`signal-safety(7)`). All descriptors lie above the numbers that it fills.
struct Child {
    program: CString,
    arguments: Vec<CString>,
    null: OwnedFd,
    stderr: OwnedFd,
    reporter: OwnedFd,
    descriptors: Vec<OwnedFd>,
    namespace: Option<OwnedFd>,
}

impl Child {
    fn fork(&self) -> Result<(libc::pid_t, OwnedFd), Error> {
        let mut arguments: Vec<*const libc::c_char> = self.arguments.iter().map(|text| text.as_ptr()).collect();
        arguments.push(std::ptr::null());
        // SAFETY: getpid(2) has no arguments and cannot fail.
        let parent = unsafe { libc::getpid() };
        // SAFETY: fork(2): the child calls only what signal-safety(7) lists, in `become_program`.
        match kernel::done("start a process", unsafe { libc::fork() })? {
            0 => {
                let errno = self.become_program(parent, &arguments);
                self.report(errno)
            }
            process => {
                // SAFETY: pidfd_open(2) takes the number of our unreaped child and no flags.
                let number = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
                let number = kernel::done_long("watch the worker", number)?;
                // SAFETY: pidfd_open(2) just returned the number and nobody else holds it.
                Ok((process, unsafe { OwnedFd::from_raw_fd(number as RawFd) }))
            }
        }
    }

    /// In the child. Returns `errno` when it could not become the program.
    fn become_program(&self, parent: libc::pid_t, arguments: &[*const libc::c_char]) -> i32 {
        let first_free = FIRST_DESCRIPTOR + self.descriptors.len() as RawFd;
        let places = [(&self.null, 0), (&self.null, 1), (&self.stderr, 2)];
        let given = self.descriptors.iter().zip(FIRST_DESCRIPTOR..);
        let environment: [*const libc::c_char; 1] = [std::ptr::null()];
        // SAFETY: every call is listed in signal-safety(7) or is a bare system call (prctl(2),
        // setns(2), close_range(2)); the pointers are to memory that fork(2) copied.
        unsafe {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) < 0 || libc::getppid() != parent {
                return errno();
            }
            if libc::setsid() < 0 {
                return errno();
            }
            if let Some(namespace) = &self.namespace
                && libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) < 0
            {
                return errno();
            }
            for (source, number) in places.into_iter().chain(given) {
                if libc::dup2(source.as_raw_fd(), number) < 0 {
                    return errno();
                }
            }
            // The reporter lies above and must live until exec: it is marked, like all others.
            let mark = libc::CLOSE_RANGE_CLOEXEC as libc::c_uint;
            if libc::syscall(libc::SYS_close_range, first_free, libc::c_uint::MAX, mark) < 0 {
                return errno();
            }
            let mut nothing = std::mem::zeroed();
            libc::sigemptyset(&mut nothing);
            libc::sigprocmask(libc::SIG_SETMASK, &nothing, std::ptr::null_mut());
            libc::execve(self.program.as_ptr(), arguments.as_ptr(), environment.as_ptr());
            errno()
        }
    }

    /// In the child: tells the parent why, and ends.
    fn report(&self, errno: i32) -> ! {
        let bytes = errno.to_ne_bytes();
        // SAFETY: write(2) reads four bytes; _exit(2) does not return. Both: signal-safety(7).
        unsafe {
            libc::write(self.reporter.as_raw_fd(), bytes.as_ptr().cast(), bytes.len());
            libc::_exit(NOT_STARTED)
        }
    }
}

fn errno() -> i32 {
    // SAFETY: errno(3): the location is valid for the calling thread.
    unsafe { *libc::__errno_location() }
}

type Forked = Result<(libc::pid_t, OwnedFd), Error>;

/// `PR_SET_PDEATHSIG(2const)`: the "parent" is the *thread* that forked. A thread of a pool may end
/// long before the process does, so one that never ends starts all workers.
fn from_lasting_thread(child: Child) -> Forked {
    type Order = (Child, mpsc::SyncSender<Forked>);
    static ORDERS: OnceLock<mpsc::Sender<Order>> = OnceLock::new();
    let orders = ORDERS.get_or_init(|| {
        let (orders, queue) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (child, answer) in queue {
                // The asker waits below and is there to hear it.
                let _ = answer.send(child.fork());
            }
        });
        orders
    });
    let gone = || Error::Kernel {
        doing: "start a process",
        source: io::ErrorKind::BrokenPipe.into(),
    };
    let (answer, forked) = mpsc::sync_channel(1);
    orders.send((child, answer)).map_err(|_| gone())?;
    forked.recv().map_err(|_| gone())?
}

/// Reads the child's report: nothing when `exec` closed the pipe, else the reason.
fn started(report: OwnedFd) -> Result<(), Error> {
    let mut bytes = Vec::new();
    File::from(report)
        .read_to_end(&mut bytes)
        .map_err(|source| Error::Kernel {
            doing: "hear from the worker",
            source,
        })?;
    match <[u8; 4]>::try_from(bytes.as_slice()) {
        Err(_) => Ok(()),
        Ok(errno) => Err(Error::Kernel {
            doing: "start the worker",
            source: io::Error::from_raw_os_error(i32::from_ne_bytes(errno)),
        }),
    }
}

/// A copy of a descriptor with a number of at least `lowest`, closed at `exec`.
fn lift(descriptor: BorrowedFd<'_>, lowest: RawFd) -> Result<OwnedFd, Error> {
    // SAFETY: fcntl(2) with F_DUPFD_CLOEXEC copies a descriptor that is borrowed.
    let number = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest) };
    let number = kernel::done("copy a descriptor", number)?;
    // SAFETY: fcntl(2) just returned the number and nobody else holds it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn pipe() -> Result<(OwnedFd, OwnedFd), Error> {
    let (read, write) = io::pipe().map_err(|source| Error::Kernel {
        doing: "make a pipe",
        source,
    })?;
    Ok((read.into(), write.into()))
}
