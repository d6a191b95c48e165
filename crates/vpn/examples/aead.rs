//! What the cipher alone costs on this machine now: seconds for each gigabyte of packets of 1420
//! bytes, with the calls that the engine makes. `bench/vpn/run` prints it beside its results.

#![allow(clippy::print_stdout, reason = "its answer")]

use std::time::{Duration, Instant};

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

const PACKET_BYTES: usize = 1420;
const TAG_BYTES: usize = 16;
/// How long each half is measured.
const TIME: Duration = Duration::from_millis(700);

fn main() {
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, &[7; 32]).expect("the key has 32 bytes");
    let key = LessSafeKey::new(unbound);
    let mut packet = [1; PACKET_BYTES];
    let seal = per_gigabyte(|counter| {
        let tag = key.seal_in_place_separate_tag(nonce(counter), Aad::empty(), &mut packet);
        std::hint::black_box(tag.expect("a packet is short").as_ref()[0]);
    });
    let mut sealed = [1; PACKET_BYTES + TAG_BYTES];
    let (text, room) = sealed.split_at_mut(PACKET_BYTES);
    let tag = key.seal_in_place_separate_tag(nonce(0), Aad::empty(), text);
    room.copy_from_slice(tag.expect("a packet is short").as_ref());
    // As the engine does, in place; the copy that makes the next round possible is part of it.
    let open = per_gigabyte(|_| {
        let mut copy = sealed;
        let opened = key.open_in_place(nonce(0), Aad::empty(), &mut copy);
        std::hint::black_box(opened.expect("it was sealed with this key").len());
    });
    println!("{{\"seal\": {seal:.3}, \"open\": {open:.3}}}");
}

fn per_gigabyte(mut work: impl FnMut(u64)) -> f64 {
    let begun = Instant::now();
    let mut packets = 0;
    while begun.elapsed() < TIME {
        for _ in 0..256 {
            work(packets);
            packets += 1;
        }
    }
    begun.elapsed().as_secs_f64() / (packets as f64 * PACKET_BYTES as f64 / 1e9)
}

fn nonce(counter: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes[4..].copy_from_slice(&counter.to_le_bytes());
    Nonce::assume_unique_for_key(bytes)
}
