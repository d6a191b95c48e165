//! What the parent may say, and what ends a worker.

use std::time::Duration;

use sys::worker::Ended;
use vpn::driver::worker::End;
use vpn::handover::{FromWorker, ToWorker};

use super::world::{Keys, Served, configure};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_worker_that_is_told_to_stop_says_farewell", stop),
    ("a_worker_flushes_by_its_own_clock", own_clock),
    ("what_is_no_message_ends_a_worker", garbage),
    ("a_message_at_the_wrong_time_ends_a_worker", wrong_time),
    ("a_worker_ends_with_its_parent", parent_gone),
    ("pools_that_cannot_be_drawn_from_end_a_worker", bad_pools),
    ("a_vanished_tunnel_device_ends_a_worker", vanished_device),
];

fn ends_with(served: &mut Served, end: End) {
    assert_eq!(served.worker.wait().unwrap(), Ended::Exited(end as i32));
}

fn stop() {
    let mut served = Served::alone().configured(Duration::from_secs(3600));
    served.line.say(&ToWorker::Stop);
    assert!(matches!(
        served.line.hear(),
        FromWorker::Flushed {
            ticket: 0,
            active_devices: 0
        }
    ));
    assert!(matches!(served.line.hear(), FromWorker::Stopped));
    assert_eq!(served.worker.wait().unwrap(), Ended::Exited(0));
}

fn own_clock() {
    let mut served = Served::alone().configured(Duration::from_secs(1));
    for _ in 0..2 {
        assert!(matches!(served.line.hear(), FromWorker::Flushed { ticket: 0, .. }));
    }
}

fn garbage() {
    for message in [&[0u8][..], &[255; 300], &[2, 1, 2, 3], &[4, 0, 0, 0, 0]] {
        let mut served = Served::alone().configured(Duration::from_secs(3600));
        served.line.channel.send(message).unwrap();
        ends_with(&mut served, End::Message);
    }
}

fn wrong_time() {
    let mut served = Served::alone();
    served.line.say(&ToWorker::PutDevices(vec![Keys::new(1).handed(1)]));
    ends_with(&mut served, End::Message);
    let mut served = Served::alone().configured(Duration::from_secs(3600));
    served.line.say(&configure(Duration::from_secs(1)));
    ends_with(&mut served, End::Message);
}

fn parent_gone() {
    let served = Served::alone().configured(Duration::from_secs(3600));
    let Served { mut worker, line, .. } = served;
    drop(line);
    assert_eq!(worker.wait().unwrap(), Ended::Exited(End::ParentGone as i32));
}

fn bad_pools() {
    let mut served = Served::alone();
    let ToWorker::Configure(mut configuration) = configure(Duration::from_secs(1)) else {
        unreachable!()
    };
    configuration.translation.pool_v4_len = 30;
    served.line.say(&ToWorker::Configure(configuration));
    ends_with(&mut served, End::Configuration);
}

fn vanished_device() {
    let mut served = Served::alone().configured(Duration::from_secs(3600));
    served
        .server
        .run(|| {
            let link = sys::LinkName::new("candor0").unwrap().index().unwrap();
            sys::netlink::Netlink::open().unwrap().remove_link(link).unwrap();
        })
        .unwrap();
    assert!(served.line.hear_or_end().is_none());
    ends_with(&mut served, End::Tunnel);
}
