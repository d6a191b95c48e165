//! How much a file system has left (`statvfs(3)`).

use crate::{Error, kernel};
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Space of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// Bytes that an ordinary user may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub total_bytes: u64,
}

/// The space of the file system on which a path lies.
///
/// # Errors
/// The path is not there, or not to be reached.
pub fn space(path: &Path) -> Result<Space, Error> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::Proc("the path"))?;
    // SAFETY: statvfs is plain numbers, for which zeroes are valid.
    let mut found: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: statvfs(3) reads a C string and writes one struct statvfs.
    let answer = unsafe { libc::statvfs(path.as_ptr(), &mut found) };
    kernel::done("look at a file system", answer)?;
    Ok(Space {
        free_bytes: found.f_bavail.saturating_mul(found.f_frsize),
        total_bytes: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_system_of_this_folder_has_a_size() {
        let found = space(Path::new(".")).unwrap();
        assert!(found.total_bytes > 0 && found.free_bytes <= found.total_bytes);
        assert!(space(Path::new("/nonexistent")).is_err());
    }
}
