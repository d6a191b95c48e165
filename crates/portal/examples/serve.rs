//! The pages over invented people, to look at while they are being made.

#[path = "../tests/world/mod.rs"]
mod world;

use std::net::SocketAddr;

use account::{KeyText, UsageDelta};
use axum::Extension;
use portal::Transport;
use world::{DEFAULT_POLICY, START, World};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let port: u16 = arguments.get(1).and_then(|port| port.parse().ok()).unwrap_or(8080);
    let policy = arguments.get(2).map_or(DEFAULT_POLICY.to_owned(), |file| std::fs::read_to_string(file).unwrap());
    let vpn = arguments.get(3).is_none_or(|word| word != "off");
    let start = START.plus_seconds(-86_400 * 29);
    let world = World::with(&policy, vpn, start).await;
    let mut operator = world.operator().await;
    let mut members = Vec::new();
    for name in ["ada", "grace", "edith", "mary"] {
        members.push(world.member(&format!("{name}@example.org")).await);
    }
    let ids: Vec<_> = world.accounts.members(None, 10).await.unwrap().iter().map(|line| line.id).collect();
    for (index, id) in ids.iter().enumerate() {
        for device in 0..=index % 3 {
            let label = ["Phone", "Laptop", "Kitchen radio"][device].to_owned();
            let key = KeyText([(index * 3 + device + 1) as u8; 32]);
            let _ = world.accounts.add_device(*id, label, key).await;
        }
    }
    let mut seed: u64 = 42;
    for day in 0..30 {
        for (index, member) in ids.iter().enumerate() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if (seed >> 33) % 7 != 0 {
                let down = (seed >> 34) % (3 << 30) / (index as u64 + 1);
                let delta = UsageDelta { member: *member, up: down / 9 + (seed >> 40) % (200 << 20), down };
                world.accounts.record_usage(&[delta]).await.unwrap();
            }
        }
        if day < 29 {
            world.clock.advance_seconds(86_400);
        }
    }
    let sign_in = operator.sign_in("operator@example.org", world::PASSWORD).await;
    println!("operator cookie: {:?} {}", operator.cookie, sign_in.status);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    println!("http://localhost:{port}/");
    let router = world.router.clone().layer(Extension(Transport::Plaintext));
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
}
