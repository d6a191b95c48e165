//! Connections that one side breaks off.

use super::*;

#[test]
fn whoever_breaks_off_the_other_side_hears_of_it() {
    let mut world = World::new(true, None).connected();
    let flow = world.flow.unwrap();
    world.member().abort();
    world.until("the destination hears", |world| !world.ended.is_empty());
    assert_eq!(world.ended, [Ended { flow, is_broken: true }]);

    let mut world = World::new(true, None).connected();
    world.core.reset(world.flow.unwrap());
    world.until("the member hears", |world| world.member().state() == State::Closed);
    world.until("it is forgotten", |world| world.core.residue() == 0);
}

#[test]
fn a_member_that_broke_off_is_not_taken_for_one_that_finished() {
    let mut world = World::new(true, None).connected();
    let flow = world.flow.unwrap();
    // The destination has said all; the member was still sending.
    world.core.finish(flow);
    world.until("the end arrives", |world| world.member().state() == State::CloseWait);
    world.member().abort();
    world.until("the destination hears", |world| !world.ended.is_empty());
    assert_eq!(world.ended, [Ended { flow, is_broken: true }]);
}

#[test]
fn what_waits_for_a_destination_that_broke_off_keeps_nothing_alive() {
    let mut world = World::new(true, None).connected();
    world.member().send_slice(b"nobody takes this").unwrap();
    let flow = world.flow.unwrap();
    world.until("it waits", |world| {
        world
            .core
            .endpoint(flow)
            .is_some_and(|endpoint| endpoint.take(|_| (0, ())).is_some())
    });
    world.core.reset(flow);
    world.until("the member hears", |world| world.member().state() == State::Closed);
    world.until("it is forgotten", |world| world.core.residue() == 0);
    assert_eq!(world.ended, [Ended { flow, is_broken: true }]);
}

#[test]
fn what_came_before_a_reset_arrives_before_it() {
    for loss in [None, Some(20)] {
        let mut world = World::new(true, loss).connected();
        let (flow, all) = (world.flow.unwrap(), noise(40_000));
        let mut sent = 0;
        world.until("the destination has said all", |world| {
            let rest = &all[sent..];
            let filled = world.core.fill(flow, |room| {
                let count = rest.len().min(room.len());
                room[..count].copy_from_slice(&rest[..count]);
                (count, count)
            });
            sent += filled.unwrap_or(0);
            sent == all.len()
        });
        world.core.reset(flow);
        let mut heard = Vec::new();
        world.until("the member hears of it", |world| {
            let member = world.member();
            while member.can_recv() {
                member
                    .recv(|bytes| (bytes.len(), heard.extend_from_slice(bytes)))
                    .unwrap();
            }
            // A reset may be lost, as any segment; who goes on sending is told again.
            if heard.len() == all.len() && member.can_send() {
                member.send_slice(b"x").unwrap();
            }
            member.state() == State::Closed
        });
        assert!(heard == all, "{} of {} bytes came", heard.len(), all.len());
        assert_eq!(world.ended, [Ended { flow, is_broken: true }]);
    }
}

#[test]
fn a_member_that_takes_nothing_hears_of_a_reset_all_the_same() {
    let mut world = World::new(true, None).connected();
    let flow = world.flow.unwrap();
    world.until("the member's room is full", |world| {
        let filled = world.core.fill(flow, |room| (room.len(), room.len()));
        filled.is_none() && world.member().recv_queue() == 65_535
    });
    let begun = world.now;
    world.core.reset(flow);
    world.until("the member hears of it", |world| {
        world.member().state() == State::Closed
    });
    let after = world.now - begun;
    assert!((limits::BROKEN..limits::BROKEN * 2).contains(&after), "{after:?}");
}
