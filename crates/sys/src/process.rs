//! Asking another process to end, and what files of this one are like.

use crate::{Error, kernel};

/// Asks a process of ours to end in its own way (`SIGTERM`, `kill(2)`).
///
/// # Errors
/// There is no such process, or it is not ours.
pub fn ask_to_end(process: u32) -> Result<(), Error> {
    let process = i32::try_from(process).unwrap_or(i32::MAX).max(2);
    // SAFETY: kill(2) takes two numbers. A positive one names a single process.
    let answer = unsafe { libc::kill(process, libc::SIGTERM) };
    kernel::done("ask a process to end", answer).map(|_| ())
}

/// From now on, files that this process makes are their owner's alone (`umask(2)`), those of libraries included.
pub fn keep_files_private() {
    // SAFETY: umask(2) takes a number and cannot fail.
    unsafe { libc::umask(0o077) };
}

/// Leaves the terminal's session for one of its own (`setsid(2)`), so that the terminal's end is not ours.
///
/// # Errors
/// The process leads a group already: it was not started by a program for this.
pub fn begin_session() -> Result<(), Error> {
    // SAFETY: setsid(2) takes nothing.
    let answer = unsafe { libc::setsid() };
    kernel::done("begin a session", answer).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    #[test]
    fn a_process_that_is_asked_to_end_ends() {
        let mut child = Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep(1) is part of Debian");
        ask_to_end(child.id()).expect("the child is ours");
        let status = child.wait().expect("the child is ours");
        assert_eq!(status.signal(), Some(libc::SIGTERM));
    }
}
