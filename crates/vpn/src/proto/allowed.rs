//! Which device an inner address belongs to: longest prefix over the whole device set.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and how many of its leading bits count (RFC 4632, RFC 4291).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prefix {
    bits: u128,
    len: u8,
    family: Family,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Family {
    V4,
    V6,
}

impl Prefix {
    /// A prefix of `len` bits; bits beyond are cleared. `None` if `len` exceeds the address.
    pub fn new(address: IpAddr, len: u8) -> Option<Self> {
        let (bits, family) = left_aligned(address);
        let longest = match family {
            Family::V4 => 32,
            Family::V6 => 128,
        };
        (len <= longest).then(|| Self {
            bits: bits & mask(len),
            len,
            family,
        })
    }

    /// One address.
    pub fn host(address: IpAddr) -> Self {
        let (bits, family) = left_aligned(address);
        let len = match family {
            Family::V4 => 32,
            Family::V6 => 128,
        };
        Self { bits, len, family }
    }

    /// Its first address.
    pub fn address(&self) -> IpAddr {
        match self.family {
            Family::V4 => Ipv4Addr::from_bits((self.bits >> 96) as u32).into(),
            Family::V6 => Ipv6Addr::from_bits(self.bits).into(),
        }
    }

    /// How many bits count.
    #[allow(
        clippy::len_without_is_empty,
        reason = "a prefix of no bits is everything, not nothing"
    )]
    pub fn len(&self) -> u8 {
        self.len
    }

    /// Whether `address` lies within.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (bits, family) = left_aligned(address);
        family == self.family && bits & mask(self.len) == self.bits
    }
}

fn left_aligned(address: IpAddr) -> (u128, Family) {
    match address {
        IpAddr::V4(ip) => (u128::from(ip.to_bits()) << 96, Family::V4),
        IpAddr::V6(ip) => (ip.to_bits(), Family::V6),
    }
}

fn mask(len: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or_default()
}

/// The prefixes of all devices.
#[derive(Default)]
pub(crate) struct AllowedAddresses {
    v4: Trie,
    v6: Trie,
}

impl AllowedAddresses {
    /// Gives `prefix` to `device` and returns who had it.
    pub(crate) fn insert(&mut self, prefix: Prefix, device: u32) -> Option<u32> {
        self.trie_mut(prefix.family).insert(prefix.bits, prefix.len, device)
    }

    pub(crate) fn owner_of(&self, prefix: &Prefix) -> Option<u32> {
        match prefix.family {
            Family::V4 => self.v4.exact(prefix.bits, prefix.len),
            Family::V6 => self.v6.exact(prefix.bits, prefix.len),
        }
    }

    pub(crate) fn remove(&mut self, prefix: &Prefix) {
        self.trie_mut(prefix.family).remove(prefix.bits, prefix.len);
    }

    pub(crate) fn device(&self, address: IpAddr) -> Option<u32> {
        let (bits, family) = left_aligned(address);
        match family {
            Family::V4 => self.v4.longest(bits),
            Family::V6 => self.v6.longest(bits),
        }
    }

    fn trie_mut(&mut self, family: Family) -> &mut Trie {
        match family {
            Family::V4 => &mut self.v4,
            Family::V6 => &mut self.v6,
        }
    }
}

const NOBODY: u32 = u32::MAX;
const NOWHERE: u32 = u32::MAX;

/// A node of a binary trie in which chains of single children are folded (D. R. Morrison,
/// "PATRICIA", 1968): two nodes for each prefix at most.
#[derive(Clone, Copy)]
struct Node {
    bits: u128,
    len: u8,
    device: u32,
    children: [u32; 2],
}

impl Node {
    fn covers(&self, bits: u128, len: u8) -> bool {
        self.len <= len && bits & mask(self.len) == self.bits
    }
}

fn side(bits: u128, at: u8) -> usize {
    (bits >> (127 - u32::from(at)) & 1) as usize
}

/// Nodes in one vector, so that there is no recursion and no pointer to chase wrongly.
#[derive(Default)]
struct Trie {
    nodes: Vec<Node>,
    free: Vec<u32>,
    root: Option<u32>,
}

impl Trie {
    fn longest(&self, bits: u128) -> Option<u32> {
        let mut best = None;
        let mut at = self.root.unwrap_or(NOWHERE);
        while at != NOWHERE {
            let node = &self.nodes[at as usize];
            if !node.covers(bits, 128) {
                break;
            }
            if node.device != NOBODY {
                best = Some(node.device);
            }
            if node.len == 128 {
                break;
            }
            at = node.children[side(bits, node.len)];
        }
        best
    }

    fn exact(&self, bits: u128, len: u8) -> Option<u32> {
        let (at, _) = self.find(bits, len);
        let node = self.nodes.get(at? as usize)?;
        (node.bits == bits && node.len == len && node.device != NOBODY).then_some(node.device)
    }

    /// The last node that covers the prefix, and the one above it.
    fn find(&self, bits: u128, len: u8) -> (Option<u32>, Option<u32>) {
        let (mut parent, mut found) = (None, None);
        let mut at = self.root.unwrap_or(NOWHERE);
        while at != NOWHERE && self.nodes[at as usize].covers(bits, len) {
            parent = found;
            found = Some(at);
            let node = &self.nodes[at as usize];
            if node.len == len {
                break;
            }
            at = node.children[side(bits, node.len)];
        }
        (found, parent)
    }

    fn insert(&mut self, bits: u128, len: u8, device: u32) -> Option<u32> {
        let (above, _) = self.find(bits, len);
        if let Some(at) = above {
            let node = &mut self.nodes[at as usize];
            if node.len == len {
                let before = std::mem::replace(&mut node.device, device);
                return (before != NOBODY).then_some(before);
            }
        }
        let below = match above {
            Some(at) => {
                let node = &self.nodes[at as usize];
                node.children[side(bits, node.len)]
            }
            None => self.root.unwrap_or(NOWHERE),
        };
        let fresh = self.leaf(bits, len, device);
        let top = if below == NOWHERE {
            fresh
        } else {
            self.join(fresh, below)
        };
        self.hang(above, bits, top);
        None
    }

    /// One node above both: `fresh` itself if it covers `below`, else where the two part.
    fn join(&mut self, fresh: u32, below: u32) -> u32 {
        let (one, other) = (self.nodes[fresh as usize], self.nodes[below as usize]);
        let common = (one.bits ^ other.bits).leading_zeros() as u8;
        let common = common.min(one.len).min(other.len);
        let top = if common == one.len {
            fresh
        } else {
            let top = self.leaf(one.bits & mask(common), common, NOBODY);
            self.nodes[top as usize].children[side(one.bits, common)] = fresh;
            top
        };
        self.nodes[top as usize].children[side(other.bits, common)] = below;
        top
    }

    fn remove(&mut self, bits: u128, len: u8) {
        let (Some(at), parent) = self.find(bits, len) else {
            return;
        };
        if self.nodes[at as usize].len != len {
            return;
        }
        self.nodes[at as usize].device = NOBODY;
        self.fold(at, parent);
        // The node above may have existed only to part two ways.
        if let Some(parent) = parent {
            let above = self.nodes[parent as usize];
            let (_, grandparent) = self.find(above.bits, above.len);
            self.fold(parent, grandparent);
        }
    }

    /// Takes a node without a device and with at most one child out of the chain.
    fn fold(&mut self, at: u32, parent: Option<u32>) {
        let node = self.nodes[at as usize];
        let [left, right] = node.children;
        if node.device != NOBODY || (left != NOWHERE && right != NOWHERE) {
            return;
        }
        let child = if left == NOWHERE { right } else { left };
        self.hang(parent, node.bits, child);
        self.free.push(at);
    }

    /// Puts `child` under `parent`, on the side of `bits`.
    fn hang(&mut self, parent: Option<u32>, bits: u128, child: u32) {
        match parent {
            Some(parent) => {
                let node = &mut self.nodes[parent as usize];
                node.children[side(bits, node.len)] = child;
            }
            None => self.root = (child != NOWHERE).then_some(child),
        }
    }

    fn leaf(&mut self, bits: u128, len: u8, device: u32) -> u32 {
        let node = Node {
            bits,
            len,
            device,
            children: [NOWHERE; 2],
        };
        match self.free.pop() {
            Some(at) => {
                self.nodes[at as usize] = node;
                at
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prefix(text: &str, len: u8) -> Prefix {
        Prefix::new(text.parse().unwrap(), len).unwrap()
    }

    #[test]
    fn the_longest_prefix_wins() {
        let mut table = AllowedAddresses::default();
        table.insert(prefix("0.0.0.0", 0), 1);
        table.insert(prefix("10.0.0.0", 8), 2);
        table.insert(prefix("10.1.2.3", 32), 3);
        table.insert(prefix("::", 0), 4);
        table.insert(prefix("2001:db8::", 32), 5);
        table.insert(prefix("2001:db8::7", 128), 6);
        for (address, device) in [
            ("192.0.2.1", 1),
            ("10.9.9.9", 2),
            ("10.1.2.3", 3),
            ("fe80::1", 4),
            ("2001:db8:1::", 5),
            ("2001:db8::7", 6),
        ] {
            assert_eq!(table.device(address.parse().unwrap()), Some(device));
        }
    }

    #[test]
    fn lengths_beyond_the_address_are_refused() {
        assert!(Prefix::new("10.0.0.0".parse().unwrap(), 33).is_none());
        assert!(Prefix::new("::".parse().unwrap(), 129).is_none());
        assert!(prefix("10.1.2.3", 8) == prefix("10.0.0.0", 8));
    }

    #[test]
    fn removing_everything_leaves_nothing() {
        let mut table = AllowedAddresses::default();
        let prefixes = [
            prefix("10.0.0.0", 8),
            prefix("10.0.0.0", 32),
            prefix("10.0.0.1", 32),
            prefix("10.128.0.0", 9),
        ];
        for (device, prefix) in prefixes.iter().enumerate() {
            table.insert(*prefix, device as u32);
        }
        for prefix in &prefixes {
            table.remove(prefix);
        }
        assert_eq!(table.v4.root, None);
        assert_eq!(table.v4.free.len(), table.v4.nodes.len());
    }

    proptest! {
        #[test]
        fn agrees_with_a_list(
            steps in proptest::collection::vec(
                (any::<bool>(), 0u32..0x40, 0u8..=32, 0u32..5, any::<bool>()), 1..80),
            questions in proptest::collection::vec(0u32..0x40, 20),
        ) {
            let spread = |number: u32| number << 26 | number;
            let mut table = AllowedAddresses::default();
            let mut list: Vec<(Prefix, u32)> = Vec::new();
            for (insert, number, len, device, v6) in steps {
                let address: IpAddr = if v6 {
                    std::net::Ipv6Addr::from_bits(u128::from(spread(number)) << 96).into()
                } else {
                    std::net::Ipv4Addr::from_bits(spread(number)).into()
                };
                let prefix = Prefix::new(address, len).unwrap();
                list.retain(|(other, _)| *other != prefix);
                if insert {
                    table.insert(prefix, device);
                    list.push((prefix, device));
                    prop_assert_eq!(table.owner_of(&prefix), Some(device));
                } else {
                    table.remove(&prefix);
                    prop_assert_eq!(table.owner_of(&prefix), None);
                }
            }
            for number in questions {
                for address in [
                    IpAddr::from(std::net::Ipv4Addr::from_bits(spread(number))),
                    IpAddr::from(std::net::Ipv6Addr::from_bits(u128::from(spread(number)) << 96)),
                ] {
                    let expected = list
                        .iter()
                        .filter(|(prefix, _)| prefix.contains(address))
                        .max_by_key(|(prefix, _)| prefix.len)
                        .map(|(_, device)| *device);
                    prop_assert_eq!(table.device(address), expected);
                }
            }
        }
    }
}
