//! The fuzz bodies under proptest: shorter than a fuzzer's night, but on every run.

use proptest::prelude::*;

fn step() -> impl Strategy<Value = Vec<u8>> {
    let bytes = proptest::collection::vec(any::<u8>(), 0..120);
    (0u8..7, bytes).prop_map(|(operation, mut bytes)| {
        // Half-way plausible: a message type or an IP version in front.
        if let Some(first) = bytes.first_mut() {
            *first = match operation {
                0 | 1 => *first % 6,
                _ => [0x45, 0x60, 0x46, 0x00][usize::from(*first % 4)],
            };
        }
        let mut step = vec![operation, bytes.len() as u8];
        step.extend_from_slice(&bytes);
        step
    })
}

proptest! {
    #[test]
    fn datagrams(steps in proptest::collection::vec(step(), 0..30)) {
        vpn::proto::fuzzing::datagrams(&steps.concat());
    }

    #[test]
    fn translate(input in proptest::collection::vec(any::<u8>(), 0..200), six: bool) {
        let mut input = input;
        if input.len() > 42 {
            input[1] = if six { 0x60 } else { 0x45 };
            let len = (input.len() - 1) as u16;
            if six {
                input[5..7].copy_from_slice(&(len - 40).to_be_bytes());
            } else {
                input[3..5].copy_from_slice(&len.to_be_bytes());
            }
        }
        vpn::proto::fuzzing::translate(&input);
    }
}
