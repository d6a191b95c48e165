//! The file of a backup: a header of fixed length, and sealed chunks of which each knows its place.
//!
//! ```text
//!   header  "candor-backup\r\n" 00 │ format u16 │ kind u8 │ 00 │ made_at i64 │ backup 16 bytes │ salt 20 bytes   64 bytes
//!   chunk   length u32 │ sealed bytes … the tag                                          again and again, then no more
//! ```
//!
//! Numbers are big-endian. A chunk is sealed with AES-256-GCM under a key of this file alone (HKDF-SHA256 of the secret,
//! with the salt). Its nonce is its number and whether it is the last (the STREAM construction: Hoang, Reyhanitabar,
//! Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", 2015), its associated data
//! the whole header. So a bit that was changed anywhere, a chunk that is missing, moved, doubled or from another file,
//! and an end that is not the end do not open.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use plan::Timestamp;
use thiserror::Error;

use crate::seal::{KEY_LENGTH, random};

const MAGIC: &[u8; 16] = b"candor-backup\r\n\0";
/// The newest format that this program reads, and the one that it writes.
pub const FORMAT: u16 = 1;
/// Length of a header in bytes.
pub const HEADER_LENGTH: usize = 64;
/// Plain bytes of a chunk at most.
const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// Rows.
    Data,
    /// The keys of people, and the key of the data file that was made with it.
    Keys,
    /// Who was erased, as marks that say nothing to anybody without the keys.
    Erasures,
}

impl FileKind {
    const fn number(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Keys => 2,
            Self::Erasures => 3,
        }
    }
}

/// The head of a file, which anybody may read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FileHeader {
    /// What the file holds.
    pub kind: FileKind,
    /// When it was made.
    pub made_at: Timestamp,
    /// The same in both files of one backup.
    pub backup: [u8; 16],
    salt: [u8; 20],
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum FileError {
    /// It begins differently.
    #[error("it is no backup of candor's")]
    NotABackup,
    /// A newer program wrote it.
    #[error(
        "it has the format {0}, and this program reads up to {FORMAT}; restore it with the version of candor that made it, or a newer one"
    )]
    Newer(u16),
    /// It is a file of another kind.
    #[error("it is not the file that is meant here: of a backup, one file ends in .data, the other in .keys")]
    OtherKind,
    /// It does not open.
    #[error("it does not open: it was changed or is damaged, or was made under another key")]
    DoesNotOpen,
    /// It ends before its end, or goes on after it.
    #[error("it is cut short or has something after its end")]
    WrongEnd,
    /// The operating system.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl FileHeader {
    /// A new one.
    #[must_use]
    pub fn new(kind: FileKind, made_at: Timestamp, backup: [u8; 16]) -> Self {
        Self {
            kind,
            made_at,
            backup,
            salt: random(),
        }
    }

    /// As it is written.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[..16].copy_from_slice(MAGIC);
        bytes[16..18].copy_from_slice(&FORMAT.to_be_bytes());
        bytes[18] = self.kind.number();
        bytes[20..28].copy_from_slice(&self.made_at.microseconds().to_be_bytes());
        bytes[28..44].copy_from_slice(&self.backup);
        bytes[44..].copy_from_slice(&self.salt);
        bytes
    }

    /// Reads one. That it was not changed is known only when the first chunk opens.
    ///
    /// # Errors
    /// [`FileError::NotABackup`], [`FileError::Newer`], [`FileError::WrongEnd`].
    pub fn parse(bytes: &[u8]) -> Result<Self, FileError> {
        let Some((head, _)) = bytes.split_first_chunk::<HEADER_LENGTH>() else {
            return Err(match bytes.starts_with(MAGIC) {
                true => FileError::WrongEnd,
                false => FileError::NotABackup,
            });
        };
        if !head.starts_with(MAGIC) {
            return Err(FileError::NotABackup);
        }
        match u16::from_be_bytes([head[16], head[17]]) {
            FORMAT => {}
            0 => return Err(FileError::NotABackup),
            newer => return Err(FileError::Newer(newer)),
        }
        let kinds = [FileKind::Data, FileKind::Keys, FileKind::Erasures];
        let kind = kinds.into_iter().find(|kind| kind.number() == head[18]);
        let (Some(kind), 0) = (kind, head[19]) else {
            return Err(FileError::NotABackup);
        };
        let part = |from: usize| &head[from..];
        let (made_at, _) = part(20).split_first_chunk().ok_or(FileError::NotABackup)?;
        let (backup, _) = part(28).split_first_chunk().ok_or(FileError::NotABackup)?;
        let (salt, _) = part(44).split_first_chunk().ok_or(FileError::NotABackup)?;
        Ok(Self {
            kind,
            made_at: Timestamp::from_microseconds(i64::from_be_bytes(*made_at)),
            backup: *backup,
            salt: *salt,
        })
    }

    fn key(&self, secret: &[u8; KEY_LENGTH]) -> LessSafeKey {
        let extracted = Salt::new(HKDF_SHA256, &self.salt).extract(secret);
        let info = [b"candor backup".as_slice(), &[self.kind.number()]];
        let expanded = extracted
            .expand(&info, &AES_256_GCM)
            .expect("32 bytes are less than HKDF can give");
        LessSafeKey::new(UnboundKey::from(expanded))
    }
}

fn nonce(number: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    bytes[0] = u8::from(last);
    bytes[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

/// Writes frames of bytes into a file, sealed.
pub(crate) struct Sealer<W> {
    out: W,
    key: LessSafeKey,
    head: [u8; HEADER_LENGTH],
    number: u64,
    plain: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub(crate) fn begin(mut out: W, header: FileHeader, secret: &[u8; KEY_LENGTH]) -> Result<Self, FileError> {
        let head = header.to_bytes();
        out.write_all(&head)?;
        Ok(Self {
            out,
            key: header.key(secret),
            head,
            number: 0,
            plain: Vec::with_capacity(CHUNK + TAG),
        })
    }

    /// One frame: its length and its bytes.
    pub(crate) fn frame(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let length = u32::try_from(bytes.len()).map_err(|_| FileError::WrongEnd)?;
        self.write(&length.to_be_bytes())?;
        self.write(bytes)
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), FileError> {
        while !bytes.is_empty() {
            if self.plain.len() == CHUNK {
                self.chunk(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK - self.plain.len()));
            self.plain.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn chunk(&mut self, last: bool) -> Result<(), FileError> {
        self.key
            .seal_in_place_append_tag(nonce(self.number, last), Aad::from(&self.head), &mut self.plain)
            .expect("a chunk is far shorter than AES-GCM can seal");
        let length = u32::try_from(self.plain.len()).expect("a chunk is 64 KiB and a tag");
        self.out.write_all(&length.to_be_bytes())?;
        self.out.write_all(&self.plain)?;
        self.plain.clear();
        self.number += 1;
        Ok(())
    }

    /// Seals the last chunk and gives the file back, for the caller to sync.
    pub(crate) fn finish(mut self) -> Result<W, FileError> {
        self.chunk(true)?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads the frames of a file.
pub(crate) struct Opener<R> {
    input: R,
    key: LessSafeKey,
    header: FileHeader,
    number: u64,
    plain: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Opener<R> {
    pub(crate) fn begin(mut input: R, kind: FileKind, secret: &[u8; KEY_LENGTH]) -> Result<Self, FileError> {
        let header = read_header(&mut input)?;
        if header.kind != kind {
            return Err(FileError::OtherKind);
        }
        Ok(Self {
            input,
            key: header.key(secret),
            header,
            number: 0,
            plain: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    pub(crate) const fn header(&self) -> &FileHeader {
        &self.header
    }

    /// The next frame; `None` at the true end.
    pub(crate) fn frame(&mut self) -> Result<Option<Vec<u8>>, FileError> {
        let Some(first) = self.take(1)? else {
            return Ok(None);
        };
        let rest = self.take(3)?.ok_or(FileError::WrongEnd)?;
        let length = u32::from_be_bytes([first[0], rest[0], rest[1], rest[2]]);
        self.take(length as usize)?.ok_or(FileError::WrongEnd).map(Some)
    }

    /// So many bytes; `None` when there is not one more.
    fn take(&mut self, count: usize) -> Result<Option<Vec<u8>>, FileError> {
        let mut taken = Vec::with_capacity(count.min(CHUNK));
        while taken.len() < count {
            if self.at == self.plain.len() {
                if self.ended {
                    return if taken.is_empty() {
                        Ok(None)
                    } else {
                        Err(FileError::WrongEnd)
                    };
                }
                self.chunk()?;
                continue;
            }
            let now = (count - taken.len()).min(self.plain.len() - self.at);
            taken.extend_from_slice(&self.plain[self.at..self.at + now]);
            self.at += now;
        }
        Ok(Some(taken))
    }

    fn chunk(&mut self) -> Result<(), FileError> {
        let mut length = [0; 4];
        fill(&mut self.input, &mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if !(TAG..=CHUNK + TAG).contains(&length) {
            return Err(FileError::DoesNotOpen);
        }
        let mut sealed = vec![0; length];
        fill(&mut self.input, &mut sealed)?;
        let head = self.header.to_bytes();
        // A full chunk may be the last one or not; it opens as one of the two alone.
        let mut last = sealed.clone();
        let opens = |bytes: &mut Vec<u8>, last| {
            let opened = self
                .key
                .open_in_place(nonce(self.number, last), Aad::from(&head), bytes);
            opened.ok().map(|plain| plain.len())
        };
        let (mut plain, opened) = match opens(&mut sealed, false) {
            Some(opened) => (sealed, opened),
            None => {
                self.ended = true;
                let opened = opens(&mut last, true).ok_or(FileError::DoesNotOpen)?;
                (last, opened)
            }
        };
        plain.truncate(opened);
        self.plain = plain;
        self.at = 0;
        self.number += 1;
        if self.ended && self.input.read(&mut [0])? != 0 {
            return Err(FileError::WrongEnd);
        }
        Ok(())
    }
}

/// Reads the header of a file, which anybody may.
///
/// # Errors
/// As [`FileHeader::parse`]; I/O errors.
pub fn read_header(input: &mut impl Read) -> Result<FileHeader, FileError> {
    let mut head = Vec::with_capacity(HEADER_LENGTH);
    input.take(HEADER_LENGTH as u64).read_to_end(&mut head)?;
    FileHeader::parse(&head)
}

fn fill(input: &mut impl Read, buffer: &mut [u8]) -> Result<(), FileError> {
    input.read_exact(buffer).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => FileError::WrongEnd,
        _ => FileError::Io(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn file(frames: &[&[u8]]) -> Vec<u8> {
        let header = FileHeader::new(FileKind::Data, Timestamp::from_microseconds(1), [3; 16]);
        let mut sealer = Sealer::begin(Vec::new(), header, &SECRET).unwrap();
        frames.iter().for_each(|frame| sealer.frame(frame).unwrap());
        sealer.finish().unwrap()
    }

    fn read(file: &[u8]) -> Result<Vec<Vec<u8>>, FileError> {
        let mut opener = Opener::begin(file, FileKind::Data, &SECRET)?;
        let mut frames = Vec::new();
        while let Some(frame) = opener.frame()? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[test]
    fn what_was_written_is_read_at_every_length_around_a_chunk() {
        for length in [0, 1, CHUNK - 5, CHUNK - 4, CHUNK - 3, CHUNK, 2 * CHUNK - 8, 3 * CHUNK] {
            let frame = vec![5; length];
            assert_eq!(
                read(&file(&[&frame, b"end"])).unwrap(),
                [frame, b"end".to_vec()],
                "{length}"
            );
        }
        assert_eq!(read(&file(&[])).unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn every_single_bit_that_was_changed_is_noticed() {
        let whole = file(&[b"some rows", b"and more of them"]);
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&changed).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_other_length_is_noticed() {
        let whole = file(&[&vec![9; CHUNK], b"end"]);
        for length in (0..200).chain(whole.len() - 200..whole.len()) {
            assert!(read(&whole[..length]).is_err(), "{length}");
        }
        let mut longer = whole.clone();
        longer.push(0);
        assert!(matches!(read(&longer), Err(FileError::WrongEnd)));
        // The first chunk alone is no file, though it is whole.
        let first = HEADER_LENGTH + 4 + CHUNK + TAG;
        assert!(matches!(read(&whole[..first]), Err(FileError::WrongEnd)));
    }

    #[test]
    fn another_key_another_kind_and_a_newer_format_are_told_apart() {
        let mut whole = file(&[b"rows"]);
        let mut opener = Opener::begin(whole.as_slice(), FileKind::Data, &[8; 32]).unwrap();
        assert!(matches!(opener.frame(), Err(FileError::DoesNotOpen)));
        let other = Opener::begin(whole.as_slice(), FileKind::Keys, &SECRET);
        assert!(matches!(other, Err(FileError::OtherKind)));
        whole[17] = 2;
        assert!(matches!(read(&whole), Err(FileError::Newer(2))));
        assert!(matches!(read(b"SQLite format 3\0"), Err(FileError::NotABackup)));
    }
}
