//! Memory that outlives the process that uses it: an anonymous file (`memfd_create(2)`) of a fixed length, which the
//! parent holds and never looks into, and which one worker after the other maps.
//!
//! A worker maps it before its lock closes and closes the descriptor: the lock knows nothing of it, no system call moves
//! bytes into it, and what the worker may leave behind is a number of words that was fixed before it began.

use crate::{Error, kernel};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

/// `MFD_NOEXEC_SEAL` (`memfd_create(2)`, Linux 6.3): never executable. `libc` does not name it on every target.
const NOEXEC: libc::c_uint = 8;
/// Its length is for ever, and so are the seals (`fcntl(2)`, "File Sealing").
const SEALS: libc::c_int = libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_SEAL;
const WORD_BYTES: usize = size_of::<u64>();

/// The parent's side: a descriptor to hand on. There is no way to read here. When the last descriptor and the last
/// mapping are gone, so is what was in it.
#[derive(Debug)]
pub struct MemoryFile(OwnedFd);

impl MemoryFile {
    /// An empty file of so many words. It takes memory only where it is written to.
    ///
    /// # Errors
    /// As `memfd_create(2)`, `ftruncate(2)`.
    pub fn create(words: usize) -> Result<Self, Error> {
        const DOING: &str = "make a memory file";
        let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
        let make = |flags: libc::c_uint| {
            // SAFETY: memfd_create(2) reads a zero-terminated name.
            kernel::done(DOING, unsafe { libc::memfd_create(c"candor".as_ptr(), flags) })
        };
        // Before Linux 6.3 the last flag is an error.
        let number = make(flags | NOEXEC).or_else(|_| make(flags))?;
        // SAFETY: memfd_create(2) just returned the number and nobody else holds it.
        let file = unsafe { OwnedFd::from_raw_fd(number) };
        let bytes = libc::off_t::try_from(words * WORD_BYTES).unwrap_or(libc::off_t::MAX);
        // SAFETY: ftruncate(2) and fcntl(2) take numbers.
        kernel::done(DOING, unsafe { libc::ftruncate(file.as_raw_fd(), bytes) })?;
        // SAFETY: as above.
        kernel::done(DOING, unsafe {
            libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, SEALS)
        })?;
        Ok(Self(file))
    }
}

impl AsFd for MemoryFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for MemoryFile {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// The worker's side: the file's words, mapped. Stores reach the file in the order in which they are made, whenever the
/// worker is killed.
#[derive(Debug)]
pub struct Words {
    first: NonNull<AtomicU64>,
    count: usize,
}

// SAFETY: atomics may be used from any thread; the mapping belongs to the process.
unsafe impl Send for Words {}

impl Words {
    /// Maps the whole file and closes the descriptor.
    ///
    /// # Errors
    /// A file whose length could still change is refused: reading beyond the end would kill the process.
    pub fn map(file: OwnedFd) -> Result<Self, Error> {
        const DOING: &str = "map a memory file";
        // SAFETY: fcntl(2) with F_GET_SEALS answers a set of flags, or EINVAL for another kind of file.
        let seals = kernel::done(DOING, unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GET_SEALS) })?;
        if seals & SEALS != SEALS {
            return Err(Error::Kernel {
                doing: DOING,
                source: std::io::ErrorKind::InvalidInput.into(),
            });
        }
        // SAFETY: fstat(2) writes one struct stat, for which zeroes are valid.
        let mut about: libc::stat = unsafe { std::mem::zeroed() };
        // SAFETY: as above.
        kernel::done(DOING, unsafe { libc::fstat(file.as_raw_fd(), &mut about) })?;
        let bytes = usize::try_from(about.st_size).unwrap_or(0);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: mmap(2): a new mapping at a place of the kernel's choice, of a file whose length is sealed.
        let place = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                protection,
                libc::MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if place == libc::MAP_FAILED {
            return Err(kernel::last(DOING));
        }
        let first = NonNull::new(place.cast()).ok_or_else(|| kernel::last(DOING))?;
        Ok(Self {
            first,
            count: bytes / WORD_BYTES,
        })
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// The word with this number, counted from 0.
    ///
    /// # Panics
    /// Beyond the last.
    #[must_use]
    pub fn load(&self, at: usize) -> u64 {
        self.word(at).load(Ordering::Acquire)
    }

    /// Writes the word with this number.
    ///
    /// # Panics
    /// Beyond the last.
    pub fn store(&self, at: usize, value: u64) {
        self.word(at).store(value, Ordering::Release);
    }

    fn word(&self, at: usize) -> &AtomicU64 {
        assert!(at < self.count, "a word beyond the end");
        // SAFETY: the mapping has `count` words, begins at a page and lives as long as self.
        unsafe { self.first.add(at).as_ref() }
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        // SAFETY: munmap(2): the mapping that `map` made, to which no reference is left.
        let _unmapped = unsafe { libc::munmap(self.first.as_ptr().cast(), self.count * WORD_BYTES) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::Write as _;

    #[test]
    fn what_one_mapping_wrote_the_next_one_reads() {
        let file = MemoryFile::create(1 << 20).unwrap();
        let map = || Words::map(file.as_fd().try_clone_to_owned().unwrap()).unwrap();
        let words = map();
        assert_eq!((words.count(), words.load((1 << 20) - 1)), (1 << 20, 0));
        words.store(7, 0x1234);
        drop(words);
        assert_eq!(map().load(7), 0x1234);
    }

    #[test]
    fn its_length_cannot_be_changed_by_anybody() {
        let file = MemoryFile::create(16).unwrap();
        let mut file = File::from(file.0);
        file.set_len(8).unwrap_err();
        file.set_len(4096).unwrap_err();
        file.write_all(&[1; 128]).unwrap();
        file.write_all(&[1]).unwrap_err();
    }

    #[test]
    fn a_file_that_could_shrink_is_not_mapped() {
        let file = tempfile();
        file.set_len(4096).unwrap();
        Words::map(file.into()).unwrap_err();
    }

    fn tempfile() -> File {
        // SAFETY: memfd_create(2) reads a zero-terminated name and answers a descriptor that is ours.
        unsafe { File::from_raw_fd(libc::memfd_create(c"unsealed".as_ptr(), libc::MFD_ALLOW_SEALING)) }
    }
}
